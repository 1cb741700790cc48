#!/bin/sh
# Tests the Debian package: lintian, then a clean Debian root where it is installed, used, removed and purged.
# `make test-package`; as root.
#
#   packaging/test.sh CARGO-DEB

set -eu
cd "$(dirname "$0")/.."

# A maintainer with a plausible address, whoever runs this.
deb=$(DEBFULLNAME=${DEBFULLNAME-Test} DEBEMAIL=${DEBEMAIL-test@example.org} packaging/deb.sh "$1")
failed=0
step() { echo "* $*"; }
# check WHAT COMMAND...: says whether the command succeeds.
check() {
    what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "  ok: $what"
    else
        echo "! FAILED: $what" >&2
        tail -n 20 "$work/said" >&2
        failed=1
    fi
}

work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT

step "lintian"
check "no errors" lintian --allow-root --fail-on error "$deb"

step "A clean root"
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' | sed -n 's/ Debian$//p' | head -n 1)
mmdebstrap --quiet --variant=minbase --include=adduser,man-db,systemd,rsyslog "$codename" "$root" "$mirror"
inside() { chroot "$root" "$@"; }
# files NAME: all files, except what dpkg itself remembers.
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./run -o -path ./var/log -o -path ./var/cache -o \
        -path ./var/lib/dpkg -o -path ./tmp \) -prune -o -print) | sort >"$work/$1"
    cut -d: -f1 "$root/etc/passwd" "$root/etc/group" | sort >"$work/$1.names"
}
files before
cp "$deb" "$root/tmp/ipta.deb"

step "Installed"
check "dpkg installs it" inside dpkg -i /tmp/ipta.deb
check "its version" inside ipta --version
as_ipta() { inside su -s /bin/sh ipta -c "HOME=/var/lib/ipta $*"; }
log=/usr/share/doc/ipta/examples/iptables.log
check "the timer's command imports" as_ipta "ipta --config /etc/ipta/ipta-conf --quiet --create-table --import $log"
as_ipta "ipta --config /etc/ipta/ipta-conf --analyze" >"$work/report" 2>"$work/notes" || failed=1
check "the report counts what the example log holds" grep -q '^ *138 213.136.38.8 .* INVALID$' "$work/report"
check "what was imported is not imported again" as_ipta \
    "ipta --config /etc/ipta/ipta-conf --import $log 2>&1 | grep -q '745 lines already imported, 0 new'"
check "others cannot read the settings" sh -c "! chroot $root su -s /bin/sh nobody -c 'cat /etc/ipta/ipta-conf'"
check "the user may read logs" sh -c "chroot $root id -nG ipta | grep -qw adm && chroot $root id -nG ipta | grep -qw systemd-journal"
check "man ipta" sh -c "chroot $root man ipta | grep -q 'FILES'"
check "completion of options in bash" inside bash -c '
    source /usr/share/bash-completion/completions/ipta
    COMP_WORDS=(ipta --alert); COMP_CWORD=1; _ipta ipta --alert ipta
    [ "${COMPREPLY[*]}" = --alert-command ]'
check "completion of tables in bash" inside bash -c '
    source /usr/share/bash-completion/completions/ipta
    COMP_WORDS=(ipta --db-file /var/lib/ipta/packets.db -t l); COMP_CWORD=4; _ipta ipta l -t
    [ "${COMPREPLY[*]}" = logs ]'
check "systemd takes the units" inside systemd-analyze verify --man=no /usr/lib/systemd/system/ipta-import.service \
    /usr/lib/systemd/system/ipta-import.timer
check "the timer is not enabled" sh -c "! test -e $root/etc/systemd/system/timers.target.wants/ipta-import.timer"

step "Removed"
check "dpkg removes it" inside dpkg -r ipta
check "packets and settings are kept" inside test -s /var/lib/ipta/packets.db -a -s /etc/ipta/ipta-conf

step "Purged"
check "dpkg purges it" inside dpkg -P ipta
files after
check "no file is left" diff "$work/before" "$work/after"
check "no user and no group is left" diff "$work/before.names" "$work/after.names"

exit "$failed"
