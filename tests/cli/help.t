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
