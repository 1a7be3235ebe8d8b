# What the machine has: one "key: value" a line.
deepread doctor | grep -vc '^[^:]*: .'
0
= 1
---
deepread doctor | grep -cE '^(processor|memory|NUMA nodes|backend cpu|cpu paths here|chosen|sandbox of deepread-extract|text in images): '
8
---
deepread doctor --weights f32 -t 1 | grep -c ', 1 thread, f32 weights, '
1
---
deepread doctor --backend nonsense | grep chosen
? chosen: no: backend 'nonsense' is unknown*
! backend 'nonsense' is unknown*
---
deepread doctor --backend nonsense >report; echo $?; grep -c '^sandbox of' report
2
1
! backend 'nonsense' is unknown*
---
deepread doctor now
! doctor: no operand expected, found "now"
! Usage: deepread doctor *
! Try 'deepread help doctor'.
= 2
---
deepread doctor | grep -c '^backend cpu: cpu'
0
= 1
