#!/usr/bin/env bash
# Install the core and run the quick tests on a Debian release's own Python, in a chroot that debootstrap makes.
#   usage (as root): scripts/python_in_chroot.sh SUITE FOLDER [MIRROR]
# bookworm has Python 3.11, trixie 3.13, sid what is newest. FOLDER/SUITE is made once and used again; nothing outside
# of it is written. Without MIRROR debootstrap takes its default.
set -euo pipefail
[ $# -ge 2 ] || { sed -n 2,5p "$0" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "a chroot needs root" >&2; exit 2; }
suite=$1 room=$2/$1 mirror=${3:-}
rules=()
[ -e "/usr/share/debootstrap/scripts/$suite" ] || rules=(/usr/share/debootstrap/scripts/sid)
if [ ! -x "$room/usr/bin/python3" ]; then
    mkdir -p "$room"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$room" ${mirror:-""} \
        ${rules[@]+"${rules[@]}"} >"$room.log" 2>&1 || { tail -5 "$room.log" >&2; exit 1; }
fi
# Names and certificates are those of this machine.
cp -L /etc/resolv.conf "$room/etc/resolv.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$room/etc/ssl/certs/ca-certificates.crt"
rm -rf "$room/imveil" && mkdir -p "$room/imveil"
git -C "$(dirname "$0")/.." archive HEAD | tar -x -C "$room/imveil"
chroot "$room" /usr/bin/env -u PYTHONPATH HOME=/root bash -euo pipefail -c '
    cd /imveil
    python3 --version
    [ -x /venv/bin/python ] || python3 -m venv /venv
    /venv/bin/python -m pip install --quiet --disable-pip-version-check -e . pytest hypothesis scipy mpmath scikit-image
    /venv/bin/imveil --help >/dev/null
    /venv/bin/python -m pytest -q -p no:cacheprovider tests/keys tests/plans tests/metrics tests/test_every_scheme.py 2>&1 | tail -5
'
