#!/bin/sh
# Ensures that this machine has what a make target needs.
#
#   tests/needs.sh PROGRAM=PACKAGE...
#
# PACKAGE is the Debian package that provides PROGRAM. Run by root on a system with apt-get, it installs
# the packages of missing programs. Elsewhere it says what to install, and fails. `cargo-fmt` and
# `cargo-clippy` are parts of Rust and come from rustup if there is one. `a|b=PACKAGE` asks for a or b; a
# name that begins with / is a file.

set -eu

# Where Debian keeps servers; not on everyone's PATH.
PATH="$PATH:/usr/sbin:/usr/libexec"

is_there() {
    for name in $(echo "$1" | tr '|' ' '); do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
        case $name in /*) if [ -e "$name" ]; then return 0; fi ;; esac
    done
    return 1
}

# The packages of the missing programs or, for parts of Rust, their rustup names.
missing() {
    for need in "$@"; do
        if ! is_there "${need%%=*}"; then echo "${need#*=}"; fi
    done | sort -u | tr '\n' ' '
}

rust="" debian=""
for package in $(missing "$@"); do
    case $package in
        rustfmt | clippy) rust="$rust $package" ;;
        rust) echo "! There is no cargo: install Rust (rustup, https://rustup.rs), then run this again" >&2; exit 1 ;;
        *) debian="$debian $package" ;;
    esac
done

if [ -n "$rust" ]; then
    if is_there rustup; then
        # shellcheck disable=SC2086 # a list of words
        rustup component add $rust
    else
        echo "! Missing parts of Rust:$rust; install them beside cargo (Debian: apt-get install rustfmt rust-clippy)" >&2
        exit 1
    fi
fi

if [ -n "$debian" ]; then
    if [ "$(id -u)" -eq 0 ] && is_there apt-get; then
        echo "* Installing what is missing:$debian"
        export DEBIAN_FRONTEND=noninteractive
        # A stale package list names files that no longer exist.
        apt-get update -q </dev/null
        # shellcheck disable=SC2086 # a list of words
        apt-get install -q -y --no-install-recommends $debian </dev/null
    else
        echo "! Missing Debian packages:$debian" >&2
        echo "  Install them: sudo apt-get update && sudo apt-get install --no-install-recommends$debian" >&2
        exit 1
    fi
fi

left=$(missing "$@")
if [ -n "$left" ]; then
    echo "! Still missing after the installation: $left" >&2
    exit 1
fi
