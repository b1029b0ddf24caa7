# Commands for people. Each works from a clean clone; scripts/ holds what needs more than a line.

# lists what there is
default:
    @just --list --unsorted

# build, index the samples, answer a first question, stay up
run:
    scripts/run.sh

# format everything
fmt:
    cargo fmt --all

# what CI says of the code: format, clippy, documentation
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# all tests, on SQLite
test:
    scripts/test.sh

# the store and queue suites on Postgres too; `url` names a server on which databases may be created
test-pg url:
    TEST_POSTGRES_URL="{{ url }}" cargo nextest run --workspace --locked

# look at changed snapshots
snap:
    cargo insta review

# write the OpenAPI document anew
openapi:
    cargo run --locked -p rag-server -- openapi > rag-server/openapi.json

# quality of search on the development set
eval file="rag-server/evals/faquad-dev.json":
    cargo run --locked -p rag-server -- eval {{ file }}

# licences, advisories, banned crates
deny:
    cargo deny --all-features --locked check

# exactly what CI runs
ci:
    .ci/run
