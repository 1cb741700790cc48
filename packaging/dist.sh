#!/bin/sh
# Makes all files of a release in target/dist: `make dist`.
#
# The source comes from the last commit, so commit first. Archive timestamps are SOURCE_DATE_EPOCH, or that
# commit's.

set -eu
cd "$(dirname "$0")/.."
umask 022

cargo=${CARGO:-cargo}
target=$(realpath "${CARGO_TARGET_DIR:-target}")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

if [ -n "$(git status --porcelain)" ]; then
    echo "! There are changes that are not committed; they would be in no archive. Commit them first:" >&2
    git status --short >&2
    exit 1
fi

dist=$target/dist
rm -rf "$dist"
mkdir -p "$dist"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# archive FOLDER NAME: the same bytes for the same files.
archive() {
    tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --format=gnu --mode=go=rX,u+rw -cf - "$1" | gzip -9n >"$dist/$2"
}

source=ipta-$version
git archive --format=tar --prefix="$source/" HEAD | tar -C "$work" -xf -
archive "$source" "$source.tar.gz"

mkdir "$work/$source/.cargo"
(
    cd "$work/$source"
    # Prints the settings that make cargo use the folder.
    "$cargo" vendor --locked vendor >"$work/config" 2>"$work/said" </dev/null || { cat "$work/said" >&2; exit 1; }
)
mv "$work/config" "$work/$source/.cargo/config.toml"
archive "$source" "$source-vendored.tar.gz"

make --no-print-directory build manual
# With musl the program needs no system library. It takes half as long again, because musl's
# memory allocator is slow.
static=$(uname -m)-unknown-linux-musl
program=$target/release/ipta
if rustup target list --installed 2>/dev/null | grep -qx "$static" && command -v musl-gcc >/dev/null; then
    "$cargo" build --release --locked --target "$static" --bin ipta </dev/null
    program=$target/$static/release/ipta
else
    echo "- The program in the archive needs the C library of this system or a newer one. For one that needs none:" >&2
    echo "  rustup target add $static && apt-get install musl-tools" >&2
fi
binary=ipta-$version-$(uname -m)-linux
make --no-print-directory install DESTDIR="$work/$binary" PREFIX= IPTA="$program" >/dev/null
strip "$work/$binary/bin/ipta"
archive "$binary" "$binary.tar.gz"

make --no-print-directory deb
cp "$target"/debian/ipta_*.deb "$dist"

cd "$dist"
sha256sum -- * >"$work/sums"
mv "$work/sums" SHA256SUMS
cat SHA256SUMS
