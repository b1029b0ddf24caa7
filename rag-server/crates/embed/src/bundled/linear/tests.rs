#![allow(clippy::float_cmp, reason = "exact values of known texts")]
use archmage::prelude::*;
use proptest::prelude::*;

use super::super::gguf::{Encoding, half_to_f32};
use super::{BLOCK, Linear, Quantised, Tensor, multiply_scalar};

/// A layer and activations of any content, as `(blocks per row, weights, bias, values, scales)`.
fn case() -> impl Strategy<Value = (usize, Vec<u8>, Vec<f32>, Vec<i8>, Vec<f32>)> {
    (1_usize..4, 1_usize..3, 1_usize..10).prop_flat_map(|(blocks, panels, tokens)| {
        let outputs = panels * 48;
        // A half of sign, exponent up to 15 and any fraction is at most 2 in size.
        let block = (0_u16..0x4000, any::<bool>(), any::<[u8; 16]>()).prop_map(
            |(bits, negative, levels)| {
                let bits = bits | u16::from(negative) << 15;
                [&bits.to_le_bytes()[..], &levels].concat()
            },
        );
        (
            Just(blocks),
            proptest::collection::vec(block, outputs * blocks).prop_map(|rows| rows.concat()),
            proptest::collection::vec(-10_f32..10.0, outputs),
            proptest::collection::vec(-127_i8..=127, tokens * blocks * BLOCK),
            proptest::collection::vec(0_f32..2.0, tokens * blocks),
        )
    })
}

fn quantised(values: &[i8], scales: &[f32]) -> Quantised {
    let values = values.as_chunks::<BLOCK>().0.to_vec();
    let sum = |block: &[i8; BLOCK]| block.iter().map(|value| i32::from(*value)).sum::<i32>();
    let offsets = values.iter().map(|block| -8 * sum(block)).collect();
    Quantised {
        values,
        scales: scales.to_vec(),
        offsets,
    }
}

/// The definition in double precision: value and the sum of the sizes of what is added up.
fn expected(weights: &[u8], bias: f32, factor: f32, values: &[i8], scales: &[f32]) -> (f64, f64) {
    let (mut sum, mut size) = (f64::from(bias * factor), f64::from(bias * factor).abs());
    for ((block, values), scale) in weights
        .chunks_exact(18)
        .zip(values.chunks_exact(BLOCK))
        .zip(scales)
    {
        let weight = f64::from(half_to_f32(u16::from_le_bytes([block[0], block[1]])) * factor);
        for (index, value) in values.iter().enumerate() {
            let byte = block[2 + index % 16];
            let level = if index < 16 { byte & 15 } else { byte >> 4 };
            let product = weight * (f64::from(level) - 8.0) * f64::from(*scale) * f64::from(*value);
            sum += product;
            size += product.abs();
        }
    }
    (sum, size)
}

proptest! {
    #[test]
    fn every_kernel_computes_the_definition(
        (blocks, weights, bias, values, scales) in case(),
        factor in 0.1_f32..2.0,
    ) {
        let (inputs, outputs) = (blocks * BLOCK, bias.len());
        let tokens = values.len() / inputs;
        let tensor =
            Tensor { encoding: Encoding::Q4_0, rows: outputs, columns: inputs, bytes: &weights };
        let layer = Linear::new(&[(tensor, bias.clone(), factor)]).unwrap();
        let input = quantised(&values, &scales);

        let mut results = vec![("scalar", vec![0.0; tokens * outputs])];
        multiply_scalar(ScalarToken, &layer, &input, tokens, &mut results[0].1);
        results.push(("chosen", vec![0.0; tokens * outputs]));
        layer.apply(&input, tokens, &mut results[1].1);
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = X64V3Token::summon() {
            results.push(("v3", vec![0.0; tokens * outputs]));
            super::multiply_v3(token, &layer, &input, tokens, &mut results.last_mut().unwrap().1);
        }

        for (kernel, result) in results {
            for (index, result) in result.iter().enumerate() {
                let (token, output) = (index / outputs, index % outputs);
                let row = &weights[output * blocks * 18..][..blocks * 18];
                let (sum, size) = expected(
                    row,
                    bias[output],
                    factor,
                    &values[token * inputs..][..inputs],
                    &scales[token * blocks..][..blocks],
                );
                let error = (f64::from(*result) - sum).abs();
                prop_assert!(error <= size * 1e-6 + 1e-6, "{kernel}: {result} for {sum} ± {size}");
            }
        }
    }
}

/// The largest products that can meet in one sum: 15 × ±127 throughout.
#[test]
fn extremes_do_not_overflow() {
    let mut block = [0xff_u8; 18];
    block[..2].copy_from_slice(&0x3c00_u16.to_le_bytes());
    let weights = block.repeat(48 * 4);
    let tensor = Tensor {
        encoding: Encoding::Q4_0,
        rows: 48,
        columns: 4 * BLOCK,
        bytes: &weights,
    };
    let layer = Linear::new(&[(tensor, vec![0.0; 48], 1.0)]).unwrap();
    for value in [127_i8, -127] {
        let input = quantised(&[value; 4 * BLOCK], &[1.0; 4]);
        let expected = f32::from(value) * 7.0 * 4.0 * 32.0;
        let mut result = [0.0; 48];
        layer.apply(&input, 1, &mut result);
        assert_eq!(result, [expected; 48]);
        multiply_scalar(ScalarToken, &layer, &input, 1, &mut result);
        assert_eq!(result, [expected; 48]);
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = X64V3Token::summon() {
            super::multiply_v3(token, &layer, &input, 1, &mut result);
            assert_eq!(result, [expected; 48]);
        }
    }
}

#[test]
fn refuses_outputs_that_make_no_panel() {
    let weights = [0; 18 * 32];
    let tensor = Tensor {
        encoding: Encoding::Q4_0,
        rows: 32,
        columns: BLOCK,
        bytes: &weights,
    };
    assert!(Linear::new(&[(tensor, vec![0.0; 32], 1.0)]).is_err());
}
