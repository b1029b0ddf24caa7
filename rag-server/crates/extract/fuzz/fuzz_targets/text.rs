//! Everything that is read from text. The first byte chooses the name, and with it the reader.
#![no_main]

use extract::{Limits, extract};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = [
    "a.csv", "a.md", "a.html", "a.srt", "a.vtt", "a.txt", "a.eml", "a",
];

fuzz_target!(init: extract_fuzz::let_libraries_panic(), |bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let limits = Limits {
        cells: 50_000,
        characters: 1_000_000,
        ..Limits::default()
    };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let _ = extract(text, name, &limits);
});
