# What ingestion sees.
deepread text lease.txt | head -n 1
The lease of the warehouse at Dock Street began on 1 March 2019 and ends on 30 April 2031.
---
deepread text --map lease.txt | cut -f 1-3
-	1	0-90
		
-	3	92-202
		
-	5	204-300
---
deepread text page.html
Harbour rules

Ships longer than 80 metres need a pilot between the outer buoy and the quay.

The speed limit inside the breakwater is five knots.
---
deepread text <page.html | tail -n 1
The speed limit inside the breakwater is five knots.
---
cat lease.txt | deepread text - | tail -n 1
Rent is due on the first working day of each month, in advance, to the account named in annex B.
---
deepread text tree | grep '^# '
# tree/main.c
# tree/sub/limit.c
---
deepread text -e '*.c' tree
! *
= 4
---
deepread text lease.txt -o out.txt && cmp out.txt lease.txt && ls
empty.txt
lease.txt
noise.bin
out.txt
page.html
questions.txt
tree
---
deepread text missing.txt
! missing.txt: *
= 4
---
deepread text empty.txt
! empty.txt: *
= 4
---
deepread text noise.bin
! noise.bin: *
= 4
---
deepread text lease.txt missing.txt | head -n 1; deepread text lease.txt missing.txt >/dev/null
# lease.txt
! missing.txt: *
= 3
---
printf 'caf\303' >cut.txt; deepread text cut.txt
? caf*
! cut.txt: *windows*
---
printf '<html><body><script>1</script></body></html>' >bare.html; deepread text bare.html
! bare.html: *
= 4
---
mkdir bare && cp noise.bin bare && deepread text bare
! *bare*
= 4
---
deepread text lease.txt -o missing/out.txt
! missing/out.txt: cannot write: *
= 7
---
deepread text lease.txt -o tree
! tree: cannot write: is a folder
= 7
---
deepread text lease.txt -o /dev/full
! /dev/full: *
= 7
---
deepread text lease.txt >/dev/full
! standard output: cannot write: *
= 7
---
deepread text lease.txt | true
---
cp noise.bin tree; deepread text -v tree >/dev/null
! skipped 1 file (1 binary)
---
cp noise.bin tree; deepread text -q tree 2>&1 >/dev/null
---
cp noise.bin tree; deepread text -q --strict tree >/dev/null
= 3
---
deepread text lease.txt >&-
! standard output: cannot write: *
= 7
---
mkfifo pipe; cat lease.txt >pipe & deepread text pipe | tail -n 1
Rent is due on the first working day of each month, in advance, to the account named in annex B.
---
printf 'abc\0def\n' >zero; deepread text zero
! zero: looks like binary data*
= 4
---
(printf '\247\r\r\n\0\0\0\0'; yes '"a":["b"],' | head -c 90000) >mod.pyc; deepread text mod.pyc
! mod.pyc: looks like Python bytecode*
= 4
---
mkdir late; (yes line | head -c 90000; printf '\0') >late/zero; cp lease.txt late; deepread text -v late | head -n 0
! skipped 1 file (1 binary)
! skipped late/zero: binary
---
printf 'a\0b\n' >zero; deepread text --encoding utf-8 zero
ab
! zero: left out 1 zero byte
---
printf 'h\0i\0 \0t\0h\0e\0r\0e\0\n\0' >wide; deepread text wide
hi there
! wide: taken for utf-16le
---
deepread text -i 'limit*' tree | head -n 1
# tree/sub/limit.c
---
ln -s main.c tree/a.c; ln -s main.c tree/b.c; deepread text tree >/dev/null
! skipped 2 files (2 symbolic links)
---
printf 'tree/main.c\r\n\n./tree/sub/limit.c' >list; deepread text --files-from list lease.txt | grep '^# '
# lease.txt
# tree/main.c
# tree/sub/limit.c
---
mkdir "$(printf 'two\nlines')"; cp lease.txt two*; find two* -type f -print0 | deepread text --files-from - | tail -n 1
Rent is due on the first working day of each month, in advance, to the account named in annex B.
---
printf 'lease.txt\nmissing.txt\n' | deepread text --files-from - | tail -n 1
! missing.txt: *
Rent is due on the first working day of each month, in advance, to the account named in annex B.
---
printf '\n' | deepread text --files-from -
! -: holds no path
= 4
---
deepread text --files-from missing.txt
! missing.txt: No such file or directory
= 4
---
deepread text --files-from /dev/null lease.txt | tail -n 1
Rent is due on the first working day of each month, in advance, to the account named in annex B.
---
echo lease.txt | deepread text --files-from - -
! standard input (-) can be read once only
= 2
---
echo list | deepread cache --files-from -
! cache: *
= 2
---
deepread text --list --max-depth 1 tree | cut -f 1
tree/main.c
---
deepread text --max-file-size 10 lease.txt
! lease.txt: larger than 10 bytes, the limit for one file (--max-file-size)
= 4
---
deepread text --from nope lease.txt
! --from: expected one of pdf, html, *, text, found "nope"
= 2
---
deepread text --pages 0 lease.txt
! --pages: expected page numbers like 1-4,9,20-, found "0"
= 2
---
deepread text --pages 2 lease.txt >/dev/null
! --pages: the document has no pages; all of it was read
---
deepread text --pages 2 $DATA/ingest/pdf/rotated-page.pdf lease.txt 2>&1 >/dev/null
---
(ulimit -n 8; deepread text page.html)
! page.html: *open files
= 6
---
mkdir alone && cp "$(readlink -f "$(command -v deepread)")" alone/deepread && alone/deepread text page.html
! page.html: deepread-extract is neither in */alone nor in *
= 6
---
mkdir alone && cp "$(readlink -f "$(command -v deepread)")" alone/deepread && echo >alone/deepread-extract && chmod +x alone/deepread-extract && alone/deepread text page.html
! page.html: cannot run */alone/deepread-extract: Exec format error
= 6
---
mkdir alone && cp "$(readlink -f "$(command -v deepread)")" alone/deepread && printf '#!/bin/sh\nkill -9 $$\n' >alone/deepread-extract && chmod +x alone/deepread-extract && alone/deepread text page.html
! page.html: deepread-extract does not start or is gone
= 6
---
printf '# Notes\n\nShort.\n' | deepread review -v - >/dev/null
! stdin: no source code, which is what review is for
! no findings in 1 file
---
deepread text --list tree lease.txt page.html
tree/main.c	code	c
tree/sub/limit.c	code	c
lease.txt	text	text
page.html	html	html
---
deepread text --list tree missing.txt
tree/main.c	code	c
tree/sub/limit.c	code	c
! missing.txt: *
= 3
---
deepread text --list missing.txt
! missing.txt: *
= 4
---
# Text is kept by content, and found again where it may be.
deepread text page.html >1; cp page.html other.html; deepread text other.html >2; cmp 1 2; deepread cache list | tail -n 1; ls -A $DEEPREAD_CACHE_DIR
text of 1 document, 1 MiB
CACHEDIR.TAG
text
---
deepread text --cache off page.html >1; deepread text --no-store page.html >2; cmp 1 2; ls -A $DEEPREAD_CACHE_DIR
= 2
---
deepread text page.html >1; for f in $DEEPREAD_CACHE_DIR/text/*; do echo x >$f; done; deepread text page.html >2; cmp 1 2; deepread text --cache refresh page.html >3; cmp 1 3; deepread cache prune; deepread cache clear; ls $DEEPREAD_CACHE_DIR/text
removed 0 MiB: 0 damaged, 0 unreachable, 0 unfinished, 0 old; 0 MiB left
removed 0 MiB of text: 0 damaged, 0 unfinished, 0 old; text of 1 document left
removed 1 MiB
---
# The same bytes, whatever is read at once.
deepread text -j 1 --cache off page.html lease.txt tree page.html >1; deepread text -j 8 --cache off page.html lease.txt tree page.html >2; cmp 1 2
---
deepread text -j 0 page.html
! --jobs: expected a number from 1 to 256, found "0"
= 2
---
# What is in an archive, and what is not.
tar -cf t.tar tree && deepread text --list t.tar t.tar/tree/main.c && deepread text t.tar/tree/main.c | head -n 1 | cut -c 1-3
t.tar/tree/main.c	code	c
t.tar/tree/sub/limit.c	code	c
t.tar/tree/main.c	code	c
#in
---
# Each member is an input of its own, and the archive is none.
tar -cf t.tar tree && deepread summarize --each -n 20 -f json t.tar/tree >out 2>&1; grep -o '"path": "t.tar[^"]*"' out | sort -u; grep '"used"' out
"path": "t.tar/tree/main.c"
"path": "t.tar/tree/sub/limit.c"
    "used": 1,
    "used": 1,
---
tar -cf t.tar tree && deepread text t.tar/nope 2>err; cat err
deepread: t.tar: no member nope in it that can be read
---
deepread text lease.txt/x
! lease.txt: is no folder and no archive *
= 4
---
deepread text --list lease.txt/x
! lease.txt/x: Not a directory
= 4
---
# Half an archive: its name and the rest of it are said, whether it was named or not.
tar -cf t.tar lease.txt page.html && head -c 1300 t.tar >cut.tar && deepread text --cache off cut.tar >/dev/null
! cut.tar: damaged: the rest cannot be unpacked
= 3
---
# --fail-fast: the first input that fails ends the run, in a folder too; its exit code is the failure's.
deepread text --fail-fast lease.txt missing.txt empty.txt
! missing.txt: No such file or directory
= 4
---
mkdir papers; cp lease.txt papers; printf '%%PDF-1.4\n' >papers/b.pdf; deepread text --fail-fast papers; echo $?; deepread text papers >out; echo $?
4
3
! papers/b.pdf: *
---
# Nobody writes into the pipe behind it: it is not waited for.
mkfifo pipe; timeout 60 deepread text --fail-fast lease.txt missing.txt pipe
! missing.txt: No such file or directory
= 4
---
mkfifo pipe; printf '%%PDF-1.4\n' >b.pdf; timeout 60 deepread text --cache off --fail-fast -j 4 page.html b.pdf page.html pipe
! b.pdf: *
= 4
---
mkfifo pipe; mkdir papers; printf '%%PDF-1.4\n' >papers/b.pdf; cp page.html papers; timeout 60 deepread text --cache off --fail-fast papers pipe
! papers/b.pdf: *
= 4
---
mkfifo pipe; mkdir none; timeout 60 deepread text --fail-fast none pipe
! none: no files in it to read *
= 4
---
mkfifo pipe; tar -cf t.tar lease.txt page.html && head -c 1300 t.tar >cut.tar && timeout 60 deepread text --cache off --fail-fast cut.tar pipe
! cut.tar: damaged: the rest cannot be unpacked
= 4
---
deepread text --list --fail-fast missing.txt lease.txt
! missing.txt: *
= 4
---
# What is counted is named as one or as several.
printf 'PK\5\6%018d' 0 | tr 0 '\000' >tree/a.zip; cp tree/a.zip tree/b.zip; ln -s main.c tree/l; deepread text tree >/dev/null
! skipped 3 files (2 archives: read when named, 1 symbolic link)
---
# A line for each file, whatever its name holds.
mkdir odd; cp lease.txt "odd/$(printf 'a\nb\tc.txt')"; cp lease.txt 'odd/ z.txt'; deepread text --list odd | cut -f 1
odd/ z.txt
odd/a\x0ab\x09c.txt
---
# A name is looked for below the folder that is read, not on the way there; a path is one from there or as shown.
mkdir -p src/app/src src/app/lib; cp lease.txt src/app/src/a.txt; cp lease.txt src/app/lib/b.txt; for g in '-i src' '-e src' '-i src/*.txt' '-i ./src/*.txt' '-e src/app/lib' '-e app' '-e src -e !src/app/src'; do set -f; echo $(deepread text --list src/app $g | cut -f 1); done
src/app/src/a.txt
src/app/lib/b.txt
src/app/src/a.txt
src/app/src/a.txt
src/app/src/a.txt
src/app/lib/b.txt src/app/src/a.txt
src/app/lib/b.txt src/app/src/a.txt
---
# A document whose end is lost is read as far as it goes, and the exit code says that it is not all.
printf '{\\rtf1 The rest {\\b is lost' >cut.rtf; deepread text cut.rtf
The rest is lost
! cut.rtf: damaged: text may be missing from its end
= 3
