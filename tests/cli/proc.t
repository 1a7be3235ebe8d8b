# Without /proc, which the sanitizers need, the program still finds what lies beside it.
unshare -rm mount -t tmpfs none /proc 2>/dev/null || { echo found; exit 0; }; unshare -rm sh -c 'mount -t tmpfs none /proc && deepread text --cache off page.html | head -n 1' 2>&1 | sed 's/^Harbour rules$/found/'
found
---
# SIGUSR1 asks how far it is and is answered at once, whatever it waits for.
mkfifo pipe; deepread text -o out pipe & exec 3>pipe; kill -USR1 $!; cat lease.txt >&3; exec 3>&-; wait $! && cmp lease.txt out && echo went on
went on
! reading pipe
---
# Asking all that run in its name does not end its reader.
seq 200000 | sed 's/.*/<p>Line &/' >long.html; deepread text --cache off -j 1 -o out long.html & for i in 1 2 3 4 5; do sleep 0.1; pkill -USR1 -P $! 2>/dev/null; done; wait $! && grep -c . out
200000
