#!/usr/bin/env bash
# Fills the corpora with the fixtures. Run it before the first `cargo +nightly fuzz run TARGET`.
set -euo pipefail
cd "$(dirname "$0")"
fixtures=../tests/fixtures
mkdir -p corpus/{pdf,file,text,part}
for file in "$fixtures"/*.* "$fixtures"/pdf/*.pdf; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    case $name in
    *.pdf) tail -n +2 "$file" >"corpus/pdf/$name" ;;
    *.csv) { printf '\0' && cat "$file"; } >"corpus/text/$name" ;;
    *.srt) { printf '\3' && cat "$file"; } >"corpus/text/$name" ;;
    *.xls* | *.ods | *.odt | *.docx | *.pptx) cp "$file" "corpus/file/$name" ;;
    esac
done
# Bytes 0 and 1 choose package and part.
for package in 0 1 2 3 4 5; do
    for part in 0 1 2 3 4 5 6 7 8 9; do
        # shellcheck disable=SC2059
        printf "\\$package\\$(printf '%o' "$part")<a/>" >"corpus/part/$package-$part"
    done
done
