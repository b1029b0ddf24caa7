//! PDF: `cargo +nightly fuzz run pdf`, seeded by `seed.sh`.
#![no_main]

use extract::{Limits, extract};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: extract_fuzz::let_libraries_panic(), |bytes: &[u8]| {
    let limits = Limits {
        pages: 50,
        characters: 1_000_000,
        unpacked_bytes: 16 << 20,
        ..Limits::default()
    };
    // A header makes every input one for this reader.
    let file = [b"%PDF-1.7\n", bytes].concat();
    let _ = extract(&file, "a.pdf", &limits);
});
