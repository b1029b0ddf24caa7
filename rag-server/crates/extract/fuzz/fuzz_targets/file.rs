//! Whole files of any type: containers, binary workbooks, and the telling of types.
#![no_main]

use extract::{Limits, extract};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: extract_fuzz::let_libraries_panic(), |bytes: &[u8]| {
    let limits = Limits {
        cells: 50_000,
        characters: 1_000_000,
        unpacked_bytes: 16 << 20,
        ..Limits::default()
    };
    let _ = extract(bytes, "a", &limits);
});
