#!/usr/bin/env bash
# Runs schemathesis over the api-server's OpenAPI document, once as each kind of caller: no answer may be a 5xx, or one the
# document does not know.
# usage: scripts/fuzz-api.sh [examples per operation, 50]
# API_SERVER_BIN and RAG_SERVER_BIN name servers that are built already.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
examples=${1:-50}
need python3:python3 curl:curl

venv=$CARGO_TARGET_DIR/schemathesis
[ -x "$venv/bin/schemathesis" ] || {
    say "installing schemathesis"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet schemathesis==4.32.5
}
if [ -z "${API_SERVER_BIN:-}" ]; then
    need_toolchain
    cargo build --quiet --locked --workspace --bins
    API_SERVER_BIN=$CARGO_TARGET_DIR/debug/api-server
fi
rag_server=${RAG_SERVER_BIN:-$CARGO_TARGET_DIR/debug/rag-server}

folder=$(mktemp -d)
server=
rag=
# shellcheck disable=SC2317 # called by the trap
stop() {
    for one in $server $rag; do kill "$one" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap stop EXIT

random() { head -c 36 /dev/urandom | base64 | tr '+/' 'ab'; }
password=$(random)
port=$(shuf -i 20000-60000 -n 1)
service_secret=$(random)
rag_port=$((port + 1))
# Its own routes have a suite of their own; here it stands behind chat and materials.
env -i ENV_FILE=/dev/null DATA_DIR="$folder/rag" LOG_LEVEL=error PORT="$rag_port" SERVICE_SECRET="$service_secret" \
    MODEL_DIR="$root/assets/models/e5-small-pt-en" "$rag_server" serve 2>"$folder/rag.log" &
rag=$!
# The environment is the server's whole configuration: nothing of the operator's is fuzzed.
env -i ENV_FILE=/dev/null ENVIRONMENT=testing CONFIG_DIR="$root/config" DATA_DIR="$folder" LOG_LEVEL=error API_HOST=127.0.0.1 \
    API_PORT="$port" JWT_SECRET_KEY="$(random)" SERVICE_SECRET="$service_secret" RAG_SERVER_URL="http://127.0.0.1:$rag_port" WEBHOOK_SECRET="$(random)" \
    ADMIN_USERNAME=admin ADMIN_PASSWORD="$password" MAX_LOGIN_ATTEMPTS=1000000000 \
    "$API_SERVER_BIN" serve 2>"$folder/log" &
server=$!
base=http://127.0.0.1:$port
for url in "$base" "http://127.0.0.1:$rag_port"; do
    for _ in $(seq 300); do
        curl -fs -o /dev/null "$url/health" && break
        if ! kill -0 "$server" || ! kill -0 "$rag"; then
            cat "$folder/log" "$folder/rag.log" >&2
            exit 1
        fi
        sleep 0.1
    done
done

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
log_in() {
    curl -fs "$base/auth/token" --data-urlencode "username=$1" --data-urlencode "password=$2" | field access_token
}
send() { curl -fs -o /dev/stdout -H "Authorization: Bearer $1" -H 'Content-Type: application/json' "$base$2" -d "$3"; }
service_token() {
    python3 - "$service_secret" <<'PYTHON'
import base64, hashlib, hmac, json, sys, time, uuid
part = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
now = int(time.time())
claims = {"iss": "acervo-rag-server", "aud": "acervo-api-server", "iat": now, "exp": now + 60, "jti": str(uuid.uuid4())}
text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
print((text + b"." + part(hmac.new(sys.argv[1].encode(), text, hashlib.sha256).digest())).decode())
PYTHON
}

admin=$(log_in admin "$password")
for role in student instructor; do
    first=$(send "$admin" /auth/users "{\"username\": \"fuzz.$role\", \"email\": \"$role@example.org\", \"role\": \"$role\"}" |
        field generated_password)
    token=$(log_in "fuzz.$role" "$first")
    send "$token" /auth/change-password "{\"current_password\": \"$first\", \"new_password\": \"$password\"}" >/dev/null
done

failed=0
fuzz() {
    local role=$1 token=$2
    shift 2
    say "$role"
    # What ends the session that fuzzes is left out: everything after it would be 401.
    "$venv/bin/schemathesis" run "$base/openapi.json" --url "$base" --header "Authorization: Bearer $token" \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
        --phases examples,coverage,fuzzing --max-examples "$examples" --continue-on-failure --warnings off \
        --exclude-path /auth/logout --exclude-path '/auth/sessions/{id}' --report-dir "$folder/report" \
        --no-color "$@" || failed=1
    kill -0 "$server" || exit 1
}
fuzz anonymous none
fuzz student "$(log_in fuzz.student "$password")"
fuzz instructor "$(log_in fuzz.instructor "$password")"
fuzz service "$(service_token)" --include-path /internal/introspect
fuzz admin "$(log_in admin "$password")"
if grep -q . "$folder/log"; then
    say "the server's log:"
    cat "$folder/log"
fi
exit "$failed"
