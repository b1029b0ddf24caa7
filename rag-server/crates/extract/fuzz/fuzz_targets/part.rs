//! Parts of packages: the first byte chooses a package, the second one of its parts, the rest takes that part's place. Changed
//! bytes of a zip container hardly ever reach the readers of its parts.
#![no_main]

use std::io::{Cursor, Read as _, Write as _};

use extract::{Limits, extract};
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const PACKAGES: [&[u8]; 6] = [
    include_bytes!("../../tests/fixtures/notas.xlsx"),
    include_bytes!("../../tests/fixtures/notas.xlsb"),
    include_bytes!("../../tests/fixtures/notas.ods"),
    include_bytes!("../../tests/fixtures/plano.docx"),
    include_bytes!("../../tests/fixtures/aula.pptx"),
    include_bytes!("../../tests/fixtures/plano.odt"),
];

fuzz_target!(init: extract_fuzz::let_libraries_panic(), |bytes: &[u8]| {
    let [package, part, content @ ..] = bytes else {
        return;
    };
    let package = PACKAGES[usize::from(*package) % PACKAGES.len()];
    let mut archive = ZipArchive::new(Cursor::new(package)).unwrap();
    let part = usize::from(*part) % archive.len();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        writer
            .start_file(entry.name().unwrap().into_owned(), stored)
            .unwrap();
        writer
            .write_all(if index == part { content } else { &data })
            .unwrap();
    }
    let changed = writer.finish().unwrap().into_inner();
    let limits = Limits {
        cells: 50_000,
        characters: 1_000_000,
        unpacked_bytes: 16 << 20,
        ..Limits::default()
    };
    let _ = extract(&changed, "a", &limits);
});
