#!/usr/bin/env bash
# Checks every variable of env.example against the environment and .env: what is wrong, and how to mend it.
# usage: scripts/check-env.sh [--quiet]     --quiet: only what is wrong
# Then lets both servers check their settings themselves, where they are built or installed. Exit code 78: something is wrong.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

quiet=
case "${1:-}" in
    --quiet) quiet=1 ;;
    "") ;;
    *)
        sed -n '3,4p' "$0"
        exit 64
        ;;
esac

env_file="${ENV_FILE:-.env}"
faults=0
fault() {
    faults=$((faults + 1))
    printf '%-30s WRONG  %s\n' "$1" "$2"
}
note() { [ -n "$quiet" ] || printf '%-30s %s\n' "$1" "$2"; }

# Names and values of the file, as the servers read it: NAME=value, quotes and `export` allowed.
declare -A file=()
line_number=0
if [ -e "$env_file" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        line_number=$((line_number + 1))
        line=${line%$'\r'}
        if [[ "$line" =~ ^[[:space:]]*(#|$) ]]; then continue; fi
        if ! [[ "$line" =~ ^(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
            fault "line $line_number" "is not NAME=value: mend it in $env_file"
            continue
        fi
        name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
        case "$value" in \"*\" | \'*\') value=${value:1:${#value}-2} ;; esac
        [ -z "${file[$name]+set}" ] || fault "$name" "stands twice in $env_file: keep one"
        file[$name]=$value
    done <"$env_file"
    if [ "$env_file" = .env ] && [ "$(stat -c %a .env)" != 600 ]; then
        fault "$env_file" "others may read the secrets in it: chmod 600 $env_file"
    fi
else
    note "$env_file" "absent: scripts/deploy.sh deploy or scripts/run.sh writes one with random secrets"
fi

value_of() {
    if [ -n "${!1:-}" ]; then printf '%s' "${!1}"; else printf '%s' "${file[$1]:-}"; fi
}

# A name's nearest neighbour among the known ones, when it is at most two letters away.
nearest() {
    printf '%s\n' "${known[@]}" | awk -v word="$1" '
        function least(a, b) { return a < b ? a : b }
        function distance(a, b,   i, j, row, before, cost) {
            for (j = 0; j <= length(b); j++) before[j] = j
            for (i = 1; i <= length(a); i++) {
                row[0] = i
                for (j = 1; j <= length(b); j++) {
                    cost = substr(a, i, 1) == substr(b, j, 1) ? 0 : 1
                    row[j] = least(least(before[j] + 1, row[j - 1] + 1), before[j - 1] + cost)
                }
                for (j = 0; j <= length(b); j++) before[j] = row[j]
            }
            return before[length(b)]
        }
        { far = distance(word, $0); if (far <= 2 && (best == "" || far < least_far)) { best = $0; least_far = far } }
        END { print best }'
}

mapfile -t known < <(sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' env.example | sort -u)
for name in "${known[@]}"; do
    value=$(value_of "$name")
    from=environment
    [ -n "${!name:-}" ] || from=$env_file
    file_name=${name}_FILE
    path=$(value_of "$file_name")
    if [ -n "$path" ] && [ -n "$value" ]; then
        fault "$name" "is given, and $file_name too: keep one"
    elif [ -n "$path" ] && [ ! -r "$path" ]; then
        fault "$file_name" "$path cannot be read here (fine when it is a path inside a container)"
    elif [ -n "$path" ]; then
        note "$name" "from the file $path"
    elif [ -z "$value" ]; then
        note "$name" "default"
    else
        case "$name" in
            *_SECRET | *_SECRET_KEY | SECRET_KEY | METRICS_TOKEN | *_PASSWORD | *_API_KEY | *_KEYS | *_PRIVATE_KEY) note "$name" "set ($from), ${#value} characters" ;;
            *) note "$name" "$value ($from)" ;;
        esac
    fi
done

for name in SERVICE_SECRET JWT_SECRET_KEY; do
    value=$(value_of "$name")
    [ -z "$value" ] || [ "${#value}" -ge 32 ] || fault "$name" "is shorter than 32 characters: openssl rand -base64 48"
done
if [ -n "$(value_of JWT_SECRET_KEY)" ] && [ "$(value_of JWT_SECRET_KEY)" = "$(value_of SERVICE_SECRET)" ]; then
    fault JWT_SECRET_KEY "is the same as SERVICE_SECRET: make another one (openssl rand -base64 48)"
fi
given() { [ -n "$(value_of "$1")$(value_of "$1_FILE")" ]; }
if [ -e "$env_file" ]; then
    given SERVICE_SECRET || fault SERVICE_SECRET "is missing: openssl rand -base64 48"
    given JWT_SECRET_KEY || given SECRET_KEY || given JWT_PRIVATE_KEY || fault JWT_SECRET_KEY "is missing: openssl rand -base64 48"
fi

# What is written but nobody reads: most often misspelt.
for name in "${!file[@]}"; do
    case "$name" in RAG__* | API__* | COMPOSE_* | AWS_* | RUST_*) continue ;; esac
    plain=${name%_FILE}
    if ! printf '%s\n' "${known[@]}" | grep -qxF -e "$name" -e "$plain"; then
        near=$(nearest "$name")
        fault "$name" "is no variable of Acervo${near:+: did you mean $near?} (env.example lists them)"
    fi
done

# The servers' own judgement, with everything they know about ranges and combinations.
judge() {
    local program=$1 output
    [ -n "$program" ] || return 0
    if output=$("$program" check-config 2>&1 >/dev/null); then
        note "$(basename "$program")" "accepts these settings"
    else
        fault "$(basename "$program")" "does not accept these settings:"
        printf '%s\n' "$output" | sed 's/^/    /'
    fi
}
built() {
    local kind
    for kind in release debug; do
        [ ! -x "$CARGO_TARGET_DIR/$kind/$1" ] || {
            printf '%s\n' "$CARGO_TARGET_DIR/$kind/$1"
            return
        }
    done
    command -v "$1" || true
}
judge "${RAG_SERVER_BIN:-$(built rag-server)}"
judge "${API_SERVER_BIN:-$(built api-server)}"

if [ "$faults" -gt 0 ]; then
    printf '%s wrong\n' "$faults" >&2
    exit 78
fi
note "" "nothing is wrong"
