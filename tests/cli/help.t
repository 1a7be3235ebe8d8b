# Help goes to standard output.
deepread --version
? deepread [0-9]*.[0-9]*.[0-9]*
---
deepread -V | wc -l
1
---
deepread help | head -n 1
Usage: deepread COMMAND [OPTION]... [OPERAND]...
---
deepread --help | head -n 1
Usage: deepread COMMAND [OPTION]... [OPERAND]...
---
deepread ask --help | head -n 2
Usage: deepread ask [OPTION]... QUESTION [PATH]...
Answer a question, with quotations.
---
deepread help text | grep -c -e '--map'
2
---
for c in summarize ask review plan text model cache doctor help; do deepread help $c | awk 'length > 80'; done
---
deepread --man-options | grep -c '^\.SS'
12
---
deepread help >/dev/full
! standard output: cannot write: *
= 7
---
# As wide as the terminal, and no line of progress that wraps, which could not be taken away again.
for n in 60 100; do COLUMNS=$n deepread help ask | awk '{ if (length > m) m = length } END { print (m > n - 12 && m <= n) }' n=$n; done
1
1
---
command -v script >/dev/null || { echo short; exit 0; }; mkdir -p a/long/way/to/go; cp lease.txt a/long/way/to/go; script -qec 'stty cols 20; deepread text --cache off -o out a/long/way/to/go/lease.txt' log >/dev/null; tr '\r' '\n' <log | grep '^.\[Kreading' | awk 'length > 22 { exit 1 }' && echo short
short
