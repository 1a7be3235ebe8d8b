# Source that does not fit: signatures instead of bodies.
(echo '/* Adds up. */'; echo 'int add(int a)'; echo '{'; seq -f '    a += %g;' 200; echo '    return a;'; echo '}') >long.c; deepread plan --budget 200 long.c >/dev/null
= 5
---
(echo '/* Adds up. */'; echo 'int add(int a)'; echo '{'; seq -f '    a += %g;' 200; echo '    return a;'; echo '}') >long.c; deepread plan --skeleton --budget 200 long.c | grep fits
fits          yes
! of 1 file only signatures and their comments are read (--skeleton)
---
echo 'int x;' >short.c; deepread plan --skeleton short.c 2>&1 | grep -c skeleton
0
= 1
---
seq -f 'line %g' 400 >long.txt; deepread plan --skeleton --budget 200 long.txt >/dev/null
= 5
---
(echo '/* Adds up all of it. */'; echo 'int add(int a)'; echo '{'; seq -f '    a += %g;' 200; echo '    return a;'; echo '}') >long.c; deepread ask --skeleton --budget 200 -f grep 'What does add do?' long.c | cut -d : -f 1 | uniq
long.c
---
# A question that does not fit anyway costs no bodies.
(echo '/* Adds up. */'; echo 'int add(int a)'; echo '{'; seq -f '    a += %g;' 60; echo '    return a;'; echo '}') >long.c; { echo 'What does add do?'; seq 900 | tr '\n' ' '; } >q; deepread ask -Q q --skeleton --budget 800 long.c 2>&1 >/dev/null | grep -e skeleton -e budget
? deepread: question 2 (*): the input needs * tokens, --budget allows 800
