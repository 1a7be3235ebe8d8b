# Mistakes in the command line: exit 2, nothing on standard output, one line that helps.
deepread
! Try 'deepread help'.
= 2
---
deepread sumarize lease.txt
! there is no command "sumarize"; did you mean summarize[?]
= 2
---
deepread -q ask x lease.txt
! options stand after the command*
= 2
---
deepread text --mapp lease.txt
! unknown option --mapp; did you mean --map?
! Try 'deepread help text'.
= 2
---
deepread text -x lease.txt
! unknown option -x (a file whose name begins with - is written ./-...)
= 2
---
deepread text --map --chunks lease.txt
! --map, --chunks and --list exclude each other
= 2
---
deepread text --map=yes lease.txt
! --map takes no value
= 2
---
deepread text lease.txt --pages
! --pages needs a value
= 2
---
deepread text --pages 0-x lease.txt
! *pages*
= 2
---
deepread text -i '[' tree
! *[[]*
= 2
---
deepread text --from word lease.txt
! *word*
= 2
---
deepread text --encoding klingon lease.txt
! *klingon*
= 2
---
deepread ask
! ask: no question
= 2
---
deepread ask '' lease.txt
! ask: the question is empty
= 2
---
deepread ask x -n 3 lease.txt
! --max-tokens: expected a number from 16 to 65536, found "3"
= 2
---
deepread ask x --parallel 4 lease.txt
! --parallel has no effect without -Q*
= 2
---
deepread ask -Q q --parallel 65 lease.txt
! --parallel: expected a number from 1 to 64, found "65"
= 2
---
deepread ask x --temp warm lease.txt
! --temp: expected a number, found "warm"
= 2
---
deepread ask x -f yaml lease.txt
! --format: expected text|markdown|json|jsonl|grep, found "yaml"
= 2
---
deepread ask x -O out lease.txt
! -O (--output-dir) goes with --each
= 2
---
deepread ask x -q -v lease.txt
! -q and -v exclude each other
= 2
---
deepread ask x --seed 4 lease.txt
! --seed has no effect*
= 2
---
deepread ask x --index-share maybe lease.txt
! --index-share: expected on, off or a number from 1 to 1000, found "maybe"
= 2
---
deepread ask -Q missing.txt lease.txt
! missing.txt: *
= 2
---
deepread ask -Q empty.txt lease.txt
! empty.txt: holds no question
= 2
---
deepread ask -Q - - <questions.txt
! standard input (-) can be read once only
= 2
---
deepread summarize ''
! an operand is empty
= 2
---
DEEPREAD_THREADS=many deepread ask x lease.txt
! environment DEEPREAD_THREADS: *
= 2
---
deepread model
! model: expected info
= 2
---
deepread model list
! model: expected info, found "list"
= 2
---
deepread help dance
! help: there is no command "dance"
= 2
---
deepread ask x -m nothing-like-it lease.txt
! model "nothing-like-it" is not installed*
= 6
---
deepread ask x -m ./nowhere lease.txt
! ./nowhere: no such model folder*
= 6
---
DEEPREAD_MODEL=tree deepread ask x lease.txt
! *tree*config.json*
= 6
---
deepread ask x --password-file missing lease.txt
! missing: *
= 2
---
deepread summarize --each -O out lease.txt tree ./lease.txt
! lease.txt and ./lease.txt would both be written to out/lease.txt.txt
= 2
---
deepread ask x --top-p 0.5 lease.txt
! --top-p and --min-p have no effect without --temp above 0
= 2
---
deepread ask x --seed 99999999999999999999 --temp 1 lease.txt
! --seed: expected a number from 0 to *, found "99999999999999999999"
= 2
---
deepread ask x --index-share 0 lease.txt
! --index-share: expected on, off or a number from 1 to 1000, found "0"
= 2
---
tar -cf t.tar lease.txt; deepread text -o t.tar t.tar/lease.txt; tar -tf t.tar
lease.txt
! -o (--output) names an input, which it would replace
---
deepread text -o '' lease.txt
! -o (--output): the name is empty
= 2
---
# A result never replaces what it was made from, whatever the name.
ln -s lease.txt link.txt; deepread text -o ./link.txt lease.txt; head -c 5 lease.txt | wc -c | tr -d ' '
5
! -o (--output) names an input, which it would replace
= 0
---
# The mode of a file that is replaced is kept, and a link is followed.
touch private.txt; chmod 600 private.txt; ln -s private.txt result; deepread text -o result lease.txt; stat -c %a private.txt; test -L result && cmp -s private.txt lease.txt; echo $?
600
0
= 0
---
printf 'ok?\n\377\n' > bad; deepread ask -Q bad lease.txt
! bad:2: questions must be UTF-8
= 2
---
printf 'ok?\r\rok?\r\n\377\r' > bad; deepread ask -Q bad lease.txt
! bad:4: questions must be UTF-8
= 2
---
mkdir nothing; deepread ask x --prompts nothing lease.txt
! nothing: holds no prompts: expected files such as compact/answer.txt*
= 2
---
mkdir compact; deepread ask x --prompts compact lease.txt
! compact: holds no prompts: expected files such as compact/answer.txt*
= 2
---
mkdir -p own/compact; printf 'Task\n' > own/compact/answer.txt; deepread ask x --prompts own lease.txt
! own/compact/answer.txt: holds no {question}: nothing would be asked
= 2
---
deepread text --doc-memory 1K lease.txt
! --doc-memory: expected a size from 16M to *G, found "1K"
= 2
---
# A question where a path should stand.
deepread ask -Q questions.txt 'Who pays the rent?' lease.txt
! Who pays the rent?: no such file; with -Q (--questions) the questions come from its file*
= 2
---
deepread ask lease.txt 'Who pays the rent?'
! Who pays the rent?: no such file; the question is the first operand, paths follow
= 2
---
printf 'o\0k\0\n\0' > wide; deepread ask -Q wide lease.txt
! wide:1: questions must be UTF-8
= 2
---
deepread ask "$(printf 'caf\351')" lease.txt
! ask: the question must be UTF-8
= 2
---
deepread summarize --focus ' ' lease.txt
! --focus: the text is empty
= 2
---
deepread help ask plan
! help: one command at a time, found "plan" behind ask
= 2
---
# What doctor has no use for it does not take.
deepread doctor --ctx 100
! unknown option --ctx*
= 2
---
# What a name holds neither steers a terminal nor turns the line around.
deepread text "$(printf 'a\302\2332J\342\200\256b')" 2>&1 | grep -c -e "$(printf '\342\200\256')" -e "$(printf '\302\233')"
0
= 1
---
# Reading ahead for a cache that cannot be written is refused before it costs anything.
seq 2000 >long.txt; deepread cache warm --cache-dir lease.txt long.txt
! lease.txt*: *
= 7
---
# Nothing is fetched; what would be is said.
deepread ask 'Who pays?' lease.txt https://example.org/page.html
! https://example.org/page.html: no such file, and nothing is fetched from the network; curl -s ADDRESS | deepread ask ...*
= 2
---
mkdir -p ftp:/x && cp lease.txt ftp:/x && deepread text ftp://x/lease.txt | head -n 1 | cut -c 1-9
The lease
---
deepread model info now
! model info: no operand expected, found "now"
= 2
---
# A table is none of what review is for.
printf 'a,b\n1,2\n' >t.csv; deepread review --max-tokens 16 t.csv >/dev/null
! t.csv: a table and no source code, which is what review is for
