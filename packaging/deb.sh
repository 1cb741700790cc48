#!/bin/sh
# Makes the Debian package from what is already built: `make deb`.
#
#   packaging/deb.sh CARGO-DEB
#
# The maintainer comes from DEBFULLNAME and DEBEMAIL; without them, it is this user on this machine.

set -eu
cd "$(dirname "$0")/.."
umask 022

cargo_deb=$1
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
maintainer="${DEBFULLNAME:-$(id -un)} <${DEBEMAIL:-$(id -un)@$(hostname -f 2>/dev/null || hostname)}>"

mkdir -p target/deb
cat >target/deb/changelog <<END
ipta ($version-1) unstable; urgency=medium

  * CHANGELOG.md lists what changed.

 -- $maintainer  $(LC_ALL=C date -R -u -d "@$SOURCE_DATE_EPOCH")
END

gzip -9nc CHANGELOG.md >target/deb/changelog.gz

rm -f target/debian/ipta_*.deb
"$cargo_deb" --locked --no-build --quiet --maintainer "$maintainer" >/dev/null
ls target/debian/ipta_*.deb
