#!/usr/bin/env bash
# Sourced by the other scripts: where builds go, and how missing programs are installed.
# usage: . scripts/prepare.sh; need protoc:protobuf-compiler cc:gcc …

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit
# Outside the clone, so that a clean clone reuses what another one built.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-/var/tmp/acervo-target}"
export PATH="$HOME/.cargo/bin:$PATH"

say() { printf '== %s\n' "$*"; }

# Installs the Debian packages of the programs that are missing; each argument is program:package.
need() {
    local missing=() pair sudo=
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair#*:}")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null 2>&1 || {
        echo "please install: ${missing[*]}" >&2
        exit 1
    }
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    say "installing ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_toolchain() {
    command -v cargo >/dev/null 2>&1 || {
        echo "Rust is missing: install it with rustup (https://rustup.rs), then run this again" >&2
        exit 1
    }
    # protoc builds the index; a C and C++ compiler and make build SQLite, zstd and the tokenizer.
    need protoc:protobuf-compiler cc:gcc c++:g++ make:make
    # The messages that come with protoc are a package of their own in Debian.
    [ -e "$(dirname "$(command -v protoc)")/../include/google/protobuf/empty.proto" ] || need no-such-program:libprotobuf-dev
}

# Random secrets in .env, where there is no .env yet: servers never invent them.
make_secrets() {
    [ ! -e .env ] || return 0
    say "writing random secrets to .env"
    (
        umask 077
        for name in SERVICE_SECRET JWT_SECRET_KEY; do
            printf '%s=%s\n' "$name" "$(head -c 48 /dev/urandom | base64 -w 0)"
        done >.env.new
        mv .env.new .env
    )
}
