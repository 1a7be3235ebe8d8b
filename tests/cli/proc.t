# Without /proc, which the sanitizers need, the program still finds what lies beside it.
unshare -rm mount -t tmpfs none /proc 2>/dev/null || { echo found; exit 0; }; unshare -rm sh -c 'mount -t tmpfs none /proc && deepread text --cache off page.html | head -n 1' 2>&1 | sed 's/^Harbour rules$/found/'
found
