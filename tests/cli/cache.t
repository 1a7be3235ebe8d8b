# The cache on disk.  Each case starts with an empty one.
deepread cache list
? 0 entries, 0 MiB in */cache
---
deepread cache path --cache-dir x
x
---
DEEPREAD_CACHE_DIR='' XDG_CACHE_HOME=/a/b deepread cache path && DEEPREAD_CACHE_DIR='' XDG_CACHE_HOME='' HOME=/c deepread cache path
/a/b/deepread
/c/.cache/deepread
---
DEEPREAD_CACHE_DIR='' XDG_CACHE_HOME='' HOME='' deepread cache path
! no folder for the cache*
= 2
---
deepread cache
! cache: expected list, show, prune, path, warm or clear
! Try 'deepread help cache'.
= 2
---
deepread cache warmer lease.txt
! cache: expected * found "warmer"
= 2
---
deepread cache show
! cache show: an operand is missing
= 2
---
deepread cache list lease.txt
! cache list: too many operands
= 2
---
deepread cache show ''
! cache show: the name of the entry is empty
= 2
---
deepread cache show 0123
! cache show: no entry "0123" in *
= 2
---
deepread cache warm --no-store lease.txt
! cache warm: * leave nothing to do
= 2
---
deepread cache warm missing.txt
! missing.txt: No such file or directory
= 4
---
# The folder was made, to see that it can be, and nothing in it.
deepread cache warm lease.txt && ls $DEEPREAD_CACHE_DIR
? * tokens: fewer than 1024 are not kept
---
deepread ask 'When?' --cache-max 5 lease.txt
! --cache-max: *
= 2
---
# The same bytes cold and warm, but for what says so; the folder is the user's alone.
seq 150 | sed 's/.*/Line & says nothing at all./' >long.txt; for i in 1 2 3; do deepread ask -q --json 'Where is line 70?' long.txt >$i; done; deepread ask --cache=off -q --json 'Where is line 70?' long.txt >4; grep -c '"cached_tokens": 0,' 1 2 3 4; for i in 1 2 3 4; do grep -v cached_tokens $i | cksum; done | uniq | wc -l; stat -c %a $DEEPREAD_CACHE_DIR/kv $DEEPREAD_CACHE_DIR/kv/*.kv | sort -u; head -n 1 $DEEPREAD_CACHE_DIR/CACHEDIR.TAG
1:1
2:0
3:0
4:1
1
600
700
Signature: 8a477f597d28d172789f06886806bc55
---
# warm, list, show, prune, clear.
seq 150 | sed 's/.*/Line & says nothing at all./' >long.txt; deepread cache warm long.txt; deepread cache warm long.txt; deepread plan long.txt | grep cached; deepread cache list; id=$(deepread cache list | sed -n 2p | cut -c 1-8); deepread cache show $id; echo x >$DEEPREAD_CACHE_DIR/kv/mine; for f in $DEEPREAD_CACHE_DIR/kv/*.kv; do truncate -s -1 $f; break; done; deepread cache prune; deepread cache clear; ls $DEEPREAD_CACHE_DIR/kv
1570 tokens, 0 of them were there
1570 tokens, 1536 of them were there
cached        1536 tokens, read before and kept
ID         TOKENS    MIB  USED              MODEL          DOCUMENTS
? [0-9a-f]*     1536     * 20??-??-?? ??:??  deepread-150m  long.txt
? 1 entry, * MiB in */cache
? id         [0-9a-f]*
model      deepread-150m
documents  long.txt
tokens     1536 in 3 blocks
? size       * MiB
? used       20??-??-?? ??:??
state      intact
? removed * MiB: 1 damaged, * unreachable, 0 unfinished, 0 old; * MiB left
? removed * MiB
mine
---
# A cache that cannot be used is one line, and the run goes on.
seq 150 | sed 's/.*/Line & says nothing at all./' >long.txt; deepread ask --cache-dir /dev/null/x -f grep 'Where is line 70?' long.txt | cut -c 1-9
long.txt:
! cache: /dev/null/x/kv: *
---
seq 150 | sed 's/.*/Line & says nothing at all./' >long.txt; deepread ask --cache=only 'Where is line 70?' long.txt
! 15?? of 15?? tokens are not in the cache, and --cache only allows 1024
= 5
