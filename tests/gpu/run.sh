#!/bin/sh
# run.sh [PART...]: what a machine with a GPU is asked: the op tests over the plugin, the fixtures through
# the whole engine, then bench/gpu.  Needs build/gpu (`make gpu-bundle`, on any machine with nvcc), no
# compiler and no -dev package.  Prints the short of it; all logs in one file, $OUT/all.log, where OUT is set.
cd "$(dirname "$0")/../.." || exit 1
bin=build/gpu
logs=$(mktemp -d)
export OMP_WAIT_POLICY=passive
cublas=$(find / -name 'libcublasLt.so.*' -not -path '/proc/*' 2>/dev/null | head -1)
[ -n "$cublas" ] && export LD_LIBRARY_PATH="$(dirname "$cublas"):$LD_LIBRARY_PATH"
chmod +x $bin/* 2>/dev/null

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

one() { # NAME COMMAND...
    name=$1
    shift
    timeout ${limit:-90} "$@" >"$logs/$name.log" 2>&1
    rc=$?
    echo "$name: exit $rc, $(grep -c 'OK \]' "$logs/$name.log") ok"
    [ $rc -eq 0 ] || grep -vE '^\[ +(RUN|OK)' "$logs/$name.log" | tail -12
    grep -E '^# (cuda|auto)' "$logs/$name.log"
}

wants() { # PART: nothing asked for is all
    case " $asked " in *" $1 "* | "  ") return 0 ;; *) return 1 ;; esac
}
asked=$*

if wants tests; then
    for t in cuda cuda_fp8 op_norm op_linear op_mla op_mha op_moe op_indexer; do one "$t" $bin/test_$t; done
fi
wants fixtures && one fixtures $bin/test_reference '*fixture' cuda
for part in ceilings topk index mla decode gemm few experts; do
    wants $part || continue
    timeout 45 $bin/gpu $part >>"$logs/gpu.log" 2>&1 || echo "$part: exit $?" >>"$logs/gpu.log"
done
if wants model && ls models/deepread-150m/*.safetensors >/dev/null 2>&1; then
    limit=240
    for t in with where on; do one "model_$t" $bin/test_reference "model_${t}_*" cuda; done
fi
if wants speed; then
    for lengths in 1024,8192,11000,32768 130000; do
        timeout 100 $bin/model -b cuda -n $lengths -d 64 --ops >>"$logs/speed.log" 2>&1 || echo "speed: exit $?"
    done
    grep -v '^  [rw]' "$logs/speed.log"
    grep '^  writing' "$logs/speed.log" | tail -14
fi
if wants v32; then
    timeout 150 $bin/model -b cuda --shape deepseek-v3.2 --layers 3 -w fp8 -n 8192,32768,65536,131072 -d 8 -c 8192 --ops \
        >"$logs/v32.log" 2>&1 || echo "v32: exit $?"
    grep -v '^  [rw]' "$logs/v32.log"
    grep '^  [rw]' "$logs/v32.log" | tail -26
fi
if wants far; then
    export DEEPREAD_TEST_LONG=1
    limit=200
    one far $bin/test_reference 'model_on_its_whole*' cuda
fi
if wants together; then # batches of 64 with 128K each; one MoE layer takes what three layers take beyond two
    for layers in 2 3; do
        timeout 120 $bin/model -b cuda --shape deepseek-v3.2 --layers $layers -w fp8 -n 131072 -d 16 -c 8192 --sequences 64 --own --ops \
            >>"$logs/together.log" 2>&1 || echo "together: exit $?"
    done
    grep -v '^  [rw]' "$logs/together.log"
fi
if wants share; then # on a card that holds a 32nd of the experts: all over one document, then with a copy each
    timeout 400 $bin/model -b cuda --shape deepseek-v3.2 --layers 1,2 --experts 8 -w fp8 -n 131072 -d 16 -c 8192 \
        --sequences 1,8,64,128,256 --own --ops >>"$logs/share.log" 2>&1 || echo "share: exit $?"
    grep 'sequences\|together, ' "$logs/share.log"
    grep '^  together' "$logs/share.log" | tail -13
fi
if wants sanitize && command -v compute-sanitizer >/dev/null; then
    limit=300 # racecheck; that of op_indexer, which checks long selections on the host as well, takes longer yet
    export DEEPREAD_TEST_PATHS=cuda
    for tool in memcheck racecheck; do
        for t in cuda_fp8 op_mla op_indexer op_moe op_linear; do
            one "${tool}_$t" compute-sanitizer --tool $tool --error-exitcode 9 $bin/test_$t '*_as_*' # left out: the two long ones
            grep '^=========' "$logs/${tool}_$t.log" | tail -1
        done
    done
fi
[ -z "$OUT" ] || tail -n +1 "$logs"/*.log >"$OUT/all.log"
[ ! -f "$logs/gpu.log" ] || grep -v "^card" "$logs/gpu.log" | tail -n 85
