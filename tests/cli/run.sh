#!/bin/sh
# run.sh PROGRAM [CASES.t...]: runs the command line cases, prints TAP.
#
# A case is a command, its exact standard output and its exit code:
#
#     # comment
#     deepread text notes.txt
#     the first line
#     = 0
#     ---
#     deepread text missing.txt
#     ! missing.txt: *
#     = 4
#
# The first line is a shell command, run in a scratch folder that holds a copy of tests/cli/data;
# `deepread` is the program under test, $DATA is tests/data and $MODEL the embedded model.
# `! PATTERN` is a shell pattern that some line of standard error must match (without `deepread: `
# before it); a case that names none does not look at standard error.  `? ` before an expected line
# makes that line a pattern; all other lines are exact, and every line counts.
set -u
program=$(realpath "$1") || exit 1
[ -x "$program" ] || { echo "$1: no such program" >&2; exit 1; }
shift
here=$(cd "$(dirname "$0")" && pwd)
DATA=$(cd "$here/../data" && pwd)
MODEL=$(cd "$here/../../models/deepread-150m" && pwd)
export DATA MODEL
scratch=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"
ln -s "$program" "$scratch/bin/deepread"
PATH=$scratch/bin:$PATH
# A machine's own settings must not decide a test.
unset DEEPREAD_MODEL DEEPREAD_BACKEND DEEPREAD_CACHE_MAX NO_COLOR COLUMNS
export DEEPREAD_CACHE_DIR="$scratch/cache" # empty in each case
# One thread: on a busy machine several wait for each other, and the result is the same.
export DEEPREAD_THREADS=1
LC_ALL=C
TERM=xterm
export PATH LC_ALL TERM
tests=0 failed=0

# Whether some line of the file matches the shell pattern.
some_line() { # FILE PATTERN
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line#deepread: }
        # shellcheck disable=SC2254
        case $line in $2) return 0 ;; esac
    done <"$1"
    return 1
}

# Compares $scratch/out with the expected lines; a line that starts with `? ` is a pattern.
same_output() {
    while IFS= read -r want <&3; do
        IFS= read -r got <&4 || return 1
        case $want in
        '? '*)
            # shellcheck disable=SC2254
            case $got in ${want#"? "}) ;; *) return 1 ;; esac
            ;;
        *) [ "$want" = "$got" ] || return 1 ;;
        esac
    done 3<"$scratch/want" 4<"$scratch/out"
    [ "$(wc -l <"$scratch/want")" -eq "$(wc -l <"$scratch/out")" ]
}

finish() { # runs the case that was read
    [ -n "$command" ] || return
    tests=$((tests + 1))
    rm -rf "$scratch/work" "$scratch/cache"
    cp -r "$here/data" "$scratch/work"
    (cd "$scratch/work" && eval "$command") >"$scratch/out" 2>"$scratch/err" </dev/null
    code=$?
    why=
    [ "$code" -eq "$expected" ] || why="exit $code, expected $expected"
    same_output || why="${why:+$why; }standard output differs"
    while IFS= read -r pattern; do
        some_line "$scratch/err" "$pattern" || why="${why:+$why; }no line on stderr: $pattern"
    done <"$scratch/patterns"
    if [ -z "$why" ]; then
        printf '%s\n' "ok $tests - $file: $command"
    else
        failed=$((failed + 1))
        printf '%s\n' "not ok $tests - $file: $command"
        echo "# $why"
        sed 's/^/#   out: /' "$scratch/out" | head -n 20
        sed 's/^/#   err: /' "$scratch/err" | head -n 10
    fi
}

begin() {
    command='' expected=0
    : >"$scratch/want"
    : >"$scratch/patterns"
}

[ $# -gt 0 ] || set -- "$here"/*.t
for path in "$@"; do
    file=$(basename "$path")
    begin
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        ---)
            finish
            begin
            ;;
        '= '*) expected=${line#= } ;;
        '! '*) printf '%s\n' "${line#! }" >>"$scratch/patterns" ;;
        '#'*) [ -z "$command" ] || printf '%s\n' "$line" >>"$scratch/want" ;;
        '') [ -z "$command" ] || printf '\n' >>"$scratch/want" ;;
        *)
            if [ -z "$command" ]; then command=$line; else printf '%s\n' "$line" >>"$scratch/want"; fi
            ;;
        esac
    done <"$path"
    finish
done
echo "1..$tests"
[ "$failed" -eq 0 ]
