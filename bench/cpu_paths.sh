#!/bin/sh
# cpu_paths.sh [LENGTHS]: what a machine with other instruction sets is asked: the op tests on every
# path that it has, the whole model against the reference, then speed per operation and as a whole.
# Needs build/paths (`make cpu-bundle`, on any x86-64 with the packages), no compiler.  Logs go to $OUT
# where it is set; the last lines are the short of it.  A test that lacks an instruction set says so.
cd "$(dirname "$0")/.." || exit 1
bin=build/paths
logs=${OUT:-$(mktemp -d)}
chmod +x $bin/* 2>/dev/null
lscpu | grep -E '^(Model name|CPU\(s\)|L2|L3|NUMA node\(s\))'
grep -m1 '^flags' /proc/cpuinfo | tr ' ' '\n' | grep -E '^(avx2|fma|f16c|avx_vnni|avx512.*|amx.*)$' | tr '\n' ' '
echo

for t in norm linear moe mla mha indexer; do
    timeout 100 $bin/test_op_$t >"$logs/$t.log" 2>&1
    rc=$?
    echo "op_$t: exit $rc, $(grep -c 'OK \]' "$logs/$t.log") ok"
    [ $rc -eq 0 ] || grep -E 'error|ERROR|Failure|differs' "$logs/$t.log" | head -8
    [ $t = linear ] && grep -oE 'SKIP [^:]*' "$logs/$t.log" | sort -u
done
timeout 100 $bin/test_reference 'model_with_shared*' >"$logs/reference.log" 2>&1
echo "reference: exit $?"
grep '^#' "$logs/reference.log"

timeout 120 $bin/op_bench -r 5 >"$logs/ops.log" 2>&1
grep -E 'registers|T 512  1 x|T 1  1 x' "$logs/ops.log"
timeout 60 $bin/op_bench -r 5 -t 1 >"$logs/ops-1-thread.log" 2>&1
grep -E 'registers|1536, 576\]' "$logs/ops-1-thread.log" | sed 's/^/one thread: /'
timeout 200 $bin/cpu -n "${1:-1024,8192,32768}" -d 64 --dense-to 8192 --csv "$logs/cpu.csv" 2>&1 | tee "$logs/cpu.log" | tail -n 40
