#![allow(clippy::float_cmp, reason = "exact values of known texts")]
use proptest::prelude::*;

use super::{Encoding, Gguf, dequantise, half_to_f32};

/// A file with metadata of every kind, a vector and a matrix.
fn file() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let pair =
        |key: &str, kind: u32, value: &[u8]| [&text(key)[..], &kind.to_le_bytes(), value].concat();
    let mut bytes = Vec::new();
    bytes.extend(b"GGUF");
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    let array = [
        &8_u32.to_le_bytes()[..],
        &2_u64.to_le_bytes(),
        &text("a"),
        &text("b"),
    ]
    .concat();
    let pairs = [
        pair("general.name", 8, &text("small")),
        pair("count", 4, &7_u32.to_le_bytes()),
        pair("wide", 10, &9_u64.to_le_bytes()),
        pair("epsilon", 6, &0.5_f32.to_le_bytes()),
        pair("flag", 7, &[1]),
        pair("signed", 5, &(-1_i32).to_le_bytes()),
        pair("list", 9, &array),
    ];
    bytes.extend((pairs.len() as u64).to_le_bytes());
    bytes.extend(pairs.concat());
    for (name, shape, encoding, offset) in [
        ("vector", &[2_u64][..], 0_u32, 0_u64),
        ("matrix", &[32, 2], 2, 32),
    ] {
        bytes.extend(text(name));
        bytes.extend((shape.len() as u32).to_le_bytes());
        for length in shape {
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(encoding.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(1.5_f32.to_le_bytes());
    bytes.extend((-2_f32).to_le_bytes());
    bytes.resize(bytes.len() + 24, 0);
    bytes.extend([[0x00, 0x3c], [0x08, 0x19]].concat());
    bytes.resize(bytes.len() + 32, 0x88);
    bytes
}

#[test]
fn reads_metadata_and_tensors() {
    let bytes = file();
    let file = Gguf::parse(&bytes).unwrap();
    assert_eq!(file.text("general.name"), Ok("small"));
    assert_eq!(
        (file.integer("count"), file.integer("wide")),
        (Ok(7), Ok(9))
    );
    assert_eq!(file.float("epsilon"), Ok(0.5));
    assert_eq!(file.floats("vector", 1, 2), Ok(vec![1.5, -2.0]));
    let matrix = file.tensor("matrix", Encoding::Q4_0, 2, 32).unwrap();
    let mut values = [f32::NAN; 32];
    dequantise(matrix.bytes[..18].as_array().unwrap(), &mut values);
    assert_eq!(
        (values[0], values[16], values[1], values[17]),
        (0.0, -8.0, 1.0, -7.0)
    );

    assert!(file.tensor("matrix", Encoding::F32, 2, 32).is_err());
    assert!(file.floats("vector", 2, 1).is_err());
    assert!(file.floats("other", 1, 2).is_err());
    assert!(file.integer("epsilon").is_err());
    assert!(file.float("flag").is_err());
    assert!(file.text("count").is_err());
}

#[test]
fn a_cut_file_is_an_error() {
    let bytes = file();
    for length in 0..bytes.len() {
        assert!(
            Gguf::parse(&bytes[..length]).is_err(),
            "{length} of {}",
            bytes.len()
        );
    }
}

#[test]
fn halves_are_exact() {
    for (bits, value) in [
        (0x0000_u16, 0.0_f32),
        (0x0001, 2_f32.powi(-24)),
        (0x03ff, 1023.0 * 2_f32.powi(-24)),
        (0x0400, 2_f32.powi(-14)),
        (0x3c00, 1.0),
        (0x3c01, 1.0 + 2_f32.powi(-10)),
        (0xc000, -2.0),
        (0x7bff, 65_504.0),
        (0x7c00, f32::INFINITY),
        (0xfc00, f32::NEG_INFINITY),
    ] {
        assert_eq!(half_to_f32(bits), value, "{bits:#06x}");
    }
    assert!(half_to_f32(0x7e00).is_nan());
    assert!(half_to_f32(0x8000).is_sign_negative());
}

proptest! {
    /// Never a panic, never an allocation larger than the file calls for.
    #[test]
    fn a_damaged_file_does_no_harm(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = file();
        for (index, byte) in damage {
            *index.get_mut(&mut bytes) = byte;
        }
        if let Ok(file) = Gguf::parse(&bytes) {
            drop(file.floats("vector", 1, 2));
        }
    }
}
