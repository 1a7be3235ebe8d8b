#!/bin/sh
# setup.sh [build] [test]: installs the Debian/Ubuntu packages that are missing, and says which.
# As root it calls apt-get itself, otherwise through sudo.  Does nothing when all are there.
set -eu

build="make gcc g++ pkg-config libc6-dev libjansson-dev libpcre2-dev libxml2-dev libpoppler-glib-dev
       libpoppler-private-dev libgit2-dev libuchardet-dev nettle-dev libxxhash-dev
       zlib1g-dev libarchive-dev libseccomp-dev linux-libc-dev poppler-data"
test="libcmocka-dev libsimde-dev git python3 poppler-utils tesseract-ocr"

want=
[ $# -gt 0 ] || set -- build
for set in "$@"; do
    case $set in
    build) want="$want $build" ;;
    test) want="$want $build $test" ;;
    *) echo "setup.sh: unknown set '$set' (build, test)" >&2; exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup.sh: not a Debian or Ubuntu system; these packages are needed:" $want >&2
    exit 0
fi
missing=
for p in $want; do
    case " $missing " in *" $p "*) continue ;; esac
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "setup.sh: installing:$missing" >&2
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: not root and no sudo; as root run: apt-get install$missing" >&2
        exit 1
    }
    as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >&2
$as_root apt-get install -q -y --no-install-recommends $missing >&2
