# Real runs of the embedded model, on short documents.
deepread ask 'When does the lease end?' lease.txt
? *30 April 2031 [[]1[]]

? [[]1[]] lease.txt:1 "The lease of the warehouse at Dock Street began on 1 March 2019 and ends on 30 April 2031."
---
cat lease.txt | deepread ask -f grep --stdin-name contract 'When does the lease end?'
? contract:1:1: The lease of the warehouse*
---
deepread ask -Q questions.txt -f jsonl --stats lease.txt | grep -c '"status": "ok"'
2
! prefill * tokens * s*
! [[]1[]] label 1: model *, words *
---
# Several questions at once: the same bytes as one after the other, and as each alone.
{ cat questions.txt; echo 'Who is the president of France?'; echo 'Which street?'; } >q; for n in 1 3 8; do deepread ask -Q q --parallel $n -f jsonl lease.txt >at$n; done; cmp at1 at3; cmp at1 at8; grep . q | while read -r one; do deepread ask -f jsonl "$one" lease.txt; done | sed 's/"usage".*//' >alone; sed 's/"usage".*//' at8 | cmp - alone; wc -l <at8
4
---
# A question that does not fit costs a line and the exit code, not the others.
{ printf '\357\273\277When does the lease end?\r\n'; seq 600 | tr '\n' ' '; echo; echo 'Which street?'; } | deepread ask -Q - -c 1500 -f jsonl -o out lease.txt; echo $?; grep -c '"question": "When does the lease end?"' out; grep -c '"question": "Which street?"' out; wc -l <out; ! grep partial out
3
1
1
2
! question 2 ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1..."): the input needs * tokens and the reply 768, the window holds 1500
---
# It may be the first; where it is the only one the run ends as it does without a file.
{ seq 600 | tr '\n' ' '; echo; echo 'Which street?'; } | deepread ask -Q - -c 1500 -f jsonl lease.txt | grep -c '"question": "Which street?"'
1
! question 1 (*
---
seq 600 | tr '\n' ' ' | deepread ask -Q - -c 1500 lease.txt
! the input needs * tokens and the reply 768, the window holds 1500
= 5
---
# Each document on its own: the line names it, and so does every JSON record.
{ seq 600 | tr '\n' ' '; echo; echo 'Who is the president of France?'; } >q; cp lease.txt 2.txt; deepread ask -Q q -c 1500 --each -f jsonl lease.txt 2.txt >out; echo $?; grep -o '"status": "[a-z]*", "document": "[^"]*"' out
3
"status": "unsupported", "document": "lease.txt"
"status": "unsupported", "document": "2.txt"
! lease.txt: question 1 (*
! 2.txt: question 1 (*
---
seq 2000 >long.txt; deepread ask --each --json -c 1500 'Which street?' long.txt lease.txt >out; echo $?; grep -c '"document": "lease.txt"' out
3
1
! long.txt: the input needs * tokens*
---
# An interruption closes those at work early and begins no other.
for i in 1 2 3 4 5 6 7 8 9; do echo "What happens in the year $i?"; done >q; mkfifo f; deepread ask -Q q --parallel 3 -f jsonl lease.txt >f & { read -r line; kill -INT $!; cat >rest; } <f; wait $!; echo $?; [ "$(wc -l <rest)" -lt 8 ] && echo fewer; grep -vc '^{.*"status": ".*}$' rest
130
fewer
0
= 1
---
# With --each, too, an attachment that cannot be read makes the run partial.
printf 'From: a@b.c\nSubject: dam\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nThe dam is 12 m high.\n--x\nContent-Type: application/octet-stream; name=r.pdf\nContent-Disposition: attachment; filename=r.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQgeAo=\n--x--\n' >m.eml; deepread ask --each -q 'How high is the dam?' m.eml >out
! *r.pdf*
= 3
---
# What an interruption finds finished stays whole.
echo "What is paid?" >q; for i in 1 2 3 4 5 6; do cp lease.txt $i.txt; done; deepread ask -Q q --each -O out ?.txt & while [ ! -s out/1.txt.txt ] && kill -0 $!; do sleep 0.1; done; kill -INT $!; wait $!; echo $?; find out -size 0 | wc -l
130
0
---
deepread ask 'Who is the president of France?' lease.txt
Not in the input.
= 1
---
deepread ask -q -f grep 'Who is the president of France?' lease.txt
= 1
---
deepread ask --cite none --no-color -f markdown 'When does the lease end?' lease.txt
? *30 April 2031
---
deepread ask 'When does the lease end?' --stdin-name x -o out.txt lease.txt && tail -n 1 out.txt | cut -c 1-13
[1] lease.txt
---
deepread ask -t 1 --json 'When does the lease end?' lease.txt >a && deepread ask -t 2 --json 'When does the lease end?' lease.txt >b && cmp a b
---
deepread ask --each -O out --json 'What is it about?' lease.txt missing.txt page.html; echo $?; ls out
3
lease.txt.json
page.html.json
! missing.txt: No such file or directory
! 1 of 3 inputs failed
---
cp noise.bin tree; deepread ask --each -f jsonl 'What is the retry limit?' tree | grep -c '"path": "tree/.*limit.c"'
1
! skipped 1 file (1 binary)
---
deepread ask --each --json 'What?' missing.txt noise.bin
! missing.txt: *
! noise.bin: *
! 2 of 2 inputs failed
= 4
---
deepread ask 'When?' --budget 20 lease.txt tree
! the input needs * tokens, --budget allows 20
! * lease.txt
! *raise --budget
= 5
---
# A file of one question makes a list, too.
echo 'Which street?' >q; deepread ask -Q q --json lease.txt | head -n 2
[
{
---
deepread summarize -c 64 lease.txt
! the input needs * tokens and the reply 768, the window holds 64
= 5
---
deepread ask 'When?' -c 10M lease.txt
! --ctx: 10485760 tokens asked for, deepread-150m holds at most 131072
= 2
---
deepread plan lease.txt tree | grep -E '^(documents|fits|.*lease)'
documents     3 in 3 chunks
fits          yes
? * lease.txt
---
# Lines end with \n, \r\n or \r.
printf 'Who?\rWhat?\r\r\n' >q; printf 'Who?\r\nWhat?\nWhere?\r' >r; for f in q r; do deepread plan -Q $f lease.txt | grep ^questions; done
? questions     2 of * tokens together*
? questions     3 of * tokens together*
---
# What several questions take together.
{ cat questions.txt; seq 600 | tr '\n' ' '; } >q; deepread plan -Q q --parallel 2 -n 100 -c 1500 lease.txt >out; echo $?; deepread plan -Q questions.txt -n 100 -c 1500 lease.txt >two; grep -E '^(questions|too long)' out; grep -E '^(questions|too long)' two; grep -c '^fits *yes' out two
3
? questions     2 of * tokens together; 2 at once, at most 100 passes for the replies
too long      1 question of more tokens than the window leaves
? questions     2 of * tokens together; 2 at once, at most 100 passes for the replies
out:1
two:1
---
# Those that are too long take no place, and are told of where none fits, too.
{ echo 'Which street?'; for i in 1 2; do seq 600 | tr '\n' ' '; echo; done; } >q; deepread plan -Q q -n 100 -c 1500 --json lease.txt >out; sed -n '/question\|repl.*at_once\|passes/p' out; echo 'Which street?' >one; deepread plan -Q one -n 100 -c 1500 --json lease.txt >out.one; for f in out out.one; do grep _bytes $f | grep -v free >$f.bytes; done; cmp out.bytes out.one.bytes
? *"questions": 1,
? *"questions_too_long": 2,
? *"question_tokens": *,
? *"replies_at_once": 1,
? *"reply_passes": 100,
---
{ for i in 1 2; do seq 600 | tr '\n' ' '; echo; done; } >none; deepread plan -Q none -n 100 -c 1500 lease.txt | grep -E '^(questions|too long|fits)'; deepread plan -Q none -n 100 -c 1500 --json lease.txt >out; echo $?; sed -n '/question\|repl.*at_once\|passes/p' out
questions     none that fits
too long      2 questions of more tokens than the window leaves
? fits          no: the input needs * tokens and the reply 100, the window holds 1500
5
? *"questions": 0,
? *"questions_too_long": 2,
? *"question_tokens": 0,
? *"replies_at_once": 0,
? *"reply_passes": 0,
---
# They take more memory at once than one after the other; what does not fit is refused with the figures.
for n in 1 2; do deepread plan -Q questions.txt --parallel $n --json lease.txt | sed -n 's/.*"state_bytes": \([0-9]*\).*/\1/p'; done >bytes; [ "$(head -n 1 bytes)" -lt "$(tail -n 1 bytes)" ] && echo more
more
---
# It is an estimate, measured when it is asked for, and what was computed for it is not kept.
seq 300 >long.txt; deepread plan --time -n 20 -Q questions.txt long.txt | sed -n 's/[0-9][0-9.]* s/N s/g;/^time/p'; deepread plan --time --json long.txt | grep -c -e '"read_seconds_estimate": [0-9.]*[1-9]' -e '"reply_seconds_estimate": [0-9.]*[1-9]' -e '"paced_tokens": 128'; deepread plan long.txt | grep -e ^cached -e ^time
time          about N s to read, about N s for the replies; at the pace of 128 tokens
3
cached        0 tokens, read before and kept
---
deepread plan -Q missing lease.txt
! missing: *
= 2
---
head -c 3000000 /dev/zero | tr '\0' a >line.txt; deepread plan line.txt >/dev/null
= 5
---
deepread ask 'When?' -o missing/out.txt lease.txt
! missing/out.txt: cannot write: No such file or directory
= 7
---
deepread ask 'When?' -o /dev/full lease.txt
! /dev/full: No space left on device
= 7
---
deepread ask 'When?' lease.txt >/dev/full
! standard output: cannot write: No space left on device
= 7
---
deepread ask 'When?' lease.txt missing.txt >out; echo $?; [ -s out ] && echo written
3
written
! missing.txt: No such file or directory
---
deepread ask 'When?' --backend gpu lease.txt
! backend 'gpu' is unknown*
= 2
---
deepread model info | head -n 3
? folder: */models/deepread-150m
name: deepread-150m
architecture: deepseek_v32
---
mkdir m && echo '{"model_type": "llama"}' >m/config.json && deepread ask 'When?' -m ./m lease.txt
! ./m/config.json: architecture 'llama' is not supported*
= 6
---
cp -r $DATA/moe-fixture m && deepread ask 'When?' -m m lease.txt
! m/tokenizer.json: *
= 6
---
mkdir m && ln -s $MODEL/* m && rm m/model-00002* && head -c 1000000 $MODEL/model-00002* >m/model-00002-of-00003.safetensors; deepread ask 'When?' -m m lease.txt
! m/model-00002-of-00003.safetensors: truncated*
= 6
---
mkdir m && ln -s $MODEL/* m && rm m/config.json && sed 's/"q_lora_rank": 384/"q_lora_rank": 380/' $MODEL/config.json >m/config.json; deepread ask 'When?' -m m lease.txt
! m: tensor '*q_a_proj*' is [[]384, 576[]], config.json asks for [[]380, 576[]]
= 6
---
# Questions may come through a pipe.
echo 'Who pays?' > q; mkfifo pipe; cat q > pipe & deepread ask -Q pipe -f jsonl lease.txt | grep -c '"question": *"Who pays?"'
1
= 0
---
# A named pipe among the files of a model is no reason to wait for ever.
mkdir m; cp "$MODEL"/*.json m; rm m/config.json; mkfifo m/config.json; deepread ask x -m m lease.txt
! m/config.json: expected a file, found a special file
= 6
---
mkdir m; ln -s "$MODEL"/* m; rm m/deepread.json; echo '{"prompts":"nope"}' > m/deepread.json; deepread ask x -m m lease.txt
! m/deepread.json: no prompt set 'nope'*
= 6
---
# Weights of nothing but NaN are named as what they are.
mkdir m; ln -s "$MODEL"/* m; f=model-00002-of-00003.safetensors; rm m/$f; cp "$MODEL"/$f m; chmod u+w m/$f; head -c 9000000 /dev/zero | tr '\0' '\377' | dd of=m/$f bs=1000000 seek=1 conv=notrunc iflag=fullblock 2>/dev/null; deepread ask 'Who pays?' -m m lease.txt
! deepread-150m: the model computes no numbers: its weights are damaged
= 6
---
# --fail-fast keeps what was written before the input that fails, and begins none behind it.
deepread ask --each --fail-fast -O out --json 'What is it about?' lease.txt missing.txt page.html; echo $?; ls out
3
lease.txt.json
! missing.txt: *
---
seq 2000 >long.txt; deepread ask --each --fail-fast --json -c 1500 'Which street?' long.txt lease.txt
! 1 of 2 inputs failed
= 5
---
deepread summarize --fail-fast missing.txt lease.txt
! missing.txt: No such file or directory
= 4
---
# A reply that a limit ends before its first sentence says nothing, "no" as little as anything else.
deepread ask -n 16 --json 'When does the lease end?' lease.txt | grep '"status"'; deepread ask -n 16 'When does the lease end?' lease.txt
  "status": "truncated",
? Cut short before the first sentence; the nearest passages:

? [[]1[]] lease.txt:1 *
! the reply reached a limit and is cut short (-n gives more)
