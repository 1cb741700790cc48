#!/bin/sh
# Runs the tests with `cargo test`, and says which of them this system does not allow.
#
#   tests/run.sh [CARGO-TEST-ARGUMENT...]
#
# Some tests need their own namespaces, for a network, a resolver or a disk that fills up. Many containers
# refuse them. With IPTA_TEST_ALL=1, as in CI, that is a failure; otherwise the other tests run, and the last
# lines name those that did not.

set -eu

# Prefixes of their names.
NAMESPACES='names::
    blocking::nft_takes blocking::ipset_takes blocking::a_scan_forged
    examples::iptables_takes examples::nft_takes examples::the_rules_that_log examples::the_same_as
    crashes::a_full_disk'

cargo=${CARGO:-cargo}
# Root needs no user namespace, which is refused in a chroot.
kinds=-rnm
if [ "$(id -u)" -eq 0 ]; then kinds=-nm; fi
if refused=$(unshare $kinds sh -c 'mount -t tmpfs none /mnt && ip link set lo up' 2>&1); then
    exec "$cargo" test --locked "$@" </dev/null
fi
if [ "${IPTA_TEST_ALL:-}" = 1 ]; then
    echo "! This system refuses namespaces, which some tests need: $refused" >&2
    exit 1
fi

skipped=""
for name in $NAMESPACES; do skipped="$skipped --skip $name"; done
# shellcheck disable=SC2086 # a list of words
"$cargo" test --locked "$@" -- $skipped </dev/null
# shellcheck disable=SC2086
names=$("$cargo" test --locked --quiet --test suite -- --list $NAMESPACES </dev/null 2>/dev/null | sed -n 's/: test$//p')
echo
echo "- Not run, because this system refuses namespaces ($refused):"
echo "$names" | sed 's/^/    /'
