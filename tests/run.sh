#!/bin/sh
# run.sh BUILD PROGRAM...: runs test programs (cmocka, TAP), the command line cases, the check of
# where lines come from (tests/map) and the fuzz targets' seeds, prints what failed, there and again at
# the end, and ends with `N passed, N failed, N skipped`.
set -u
build=$1
shift
export CMOCKA_MESSAGE_OUTPUT=TAP
export OMP_WAIT_POLICY=passive # the reference backend must not spin beside other programs
export DEEPREAD_BUILD="$build"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
passed=0 failed=0 skipped=0 since=$(date +%s)
out=$(mktemp) || exit 1
failures=$(mktemp) || exit 1
DEEPREAD_CACHE_DIR=$(mktemp -d) || exit 1 # not the user's
export DEEPREAD_CACHE_DIR
trap 'rm -rf "$out" "$failures" "$DEEPREAD_CACHE_DIR"' EXIT

# Counts the TAP lines of $out; a program that fails without saying `not ok` is one failure.
count() { # NAME STATUS
    s=$(grep -c '^[not ]*ok .*# SKIP' "$out") # cmocka calls a skipped test not ok
    p=$(grep '^ok ' "$out" | grep -vc '# SKIP')
    f=$(grep '^not ok ' "$out" | grep -vc '# SKIP')
    if [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$2" -eq 0 ] && [ $((p + s + f)) -eq 0 ]; then f=1; echo "$1: ran no test"; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    now=$(date +%s)
    echo "$1: $p passed, $f failed, $s skipped ($((now - since)) s)"
    since=$now
    if [ "$f" -ne 0 ]; then
        # first what failed, then what a sanitizer says of it
        { echo "--- $1 (exit $2)"; grep -A 4 '^not ok ' "$out" | head -n 40; grep -v '^ok ' "$out" | tail -n 60; echo "---"; } | tee -a "$failures"
    elif [ "$s" -ne 0 ]; then
        grep '# SKIP' "$out"
    fi
}

for program in "$@"; do
    "$program" >"$out" 2>&1
    count "$(basename "$program")" $?
done
for program in "$build"/emulated/test_*; do # kernels for AVX-512, on any machine
    [ -x "$program" ] || continue
    DEEPREAD_TEST_PATHS="cpu AVX-512" "$program" >"$out" 2>&1
    count "$(basename "$program"), AVX-512 emulated" $?
done
if [ -x tests/cli/run.sh ]; then
    # The cache's cases read thousands of tokens: minutes each under the sanitizers, where
    # test_prefix and test_prefix_store look at the same code.  No memory limit holds there, and
    # /proc is needed.
    case $build in
    */asan) cases=$(ls tests/cli/*.t | grep -vE '/(cache|memory|proc)\.t') ;;
    *) cases=$(ls tests/cli/*.t) ;;
    esac
    # shellcheck disable=SC2086
    tests/cli/run.sh "$build/deepread" $cases >"$out" 2>&1
    count cli $?
fi
if command -v python3 >/dev/null; then
    python3 tests/map/map.py "$build/deepread" tests/data >"$out" 2>&1
    count map $?
fi
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
    case $fuzzer in *.o | *.d) continue ;; esac
    [ -x "$fuzzer" ] || continue
    name=$(basename "$fuzzer")
    "$fuzzer" "tests/fuzz/${name#fuzz_}" >"$out" 2>&1
    count "$name" $?
done

cat "$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
