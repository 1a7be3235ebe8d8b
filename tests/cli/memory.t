# Limits of memory, which the sanitizers' own tables do not fit into.
seq 60000 | sed 's/.*/<p>Line &/' >long.html; deepread text --doc-memory 16M long.html
! long.html: the HTML reader ran out of its memory (--doc-memory gives more)
= 4
