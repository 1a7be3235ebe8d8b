#!/bin/sh
# embed.sh OUT.c FILE...: writes a C file that holds the bytes of every FILE, declared in
# prompts/data.h.  A file is found by its path without the leading `prompts/`.
set -eu
out=$1
shift
{
    echo '/* Written by tools/embed.sh; do not edit. */'
    echo '#include "prompts/data.h"'
    i=0
    for f in "$@"; do
        [ -r "$f" ] || { echo "embed.sh: cannot read $f" >&2; exit 1; }
        echo
        echo "static const unsigned char bytes_$i[] = {"
        od -An -v -tx1 "$f" | awk '{
            line = "   "
            for (k = 1; k <= NF; k++) line = line " 0x" $k ","
            print line
        }'
        echo '    0x00};'
        i=$((i + 1))
    done
    echo
    echo 'const struct data_file data_files[] = {'
    i=0
    for f in "$@"; do
        echo "    {\"${f#prompts/}\", (const char *)bytes_$i, sizeof bytes_$i - 1},"
        i=$((i + 1))
    done
    echo '};'
    echo "const size_t data_n_files = $i;"
} >"$out.tmp"
mv "$out.tmp" "$out"
