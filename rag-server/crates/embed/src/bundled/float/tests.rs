use archmage::prelude::*;
use proptest::prelude::*;

use super::super::gguf::BLOCK;
use super::{
    HEAD, HeadSpace, Quantised, add_and_normalise, add_and_normalise_scalar, attend, attend_scalar,
    gelu_and_quantise, gelu_and_quantise_scalar, quantise, quantise_scalar,
};

/// Calls a kernel as chosen for this processor, as compiled for AVX2, and as plain code.
macro_rules! on_each {
    ($chosen:ident, $v3:ident, $scalar:ident, ($($argument:expr),*), $check:expr) => {
        $chosen($($argument),*);
        $check("chosen");
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = X64V3Token::summon() {
            super::$v3(token, $($argument),*);
            $check("v3");
        }
        $scalar(ScalarToken, $($argument),*);
        $check("scalar");
    };
}

/// The error function's complement for u ≥ 0, by its continued fraction or, near zero, its series.
fn erfc(u: f64) -> f64 {
    if u < 2.0 {
        let (mut term, mut sum) = (u, u);
        for n in 1..80 {
            let n = f64::from(n);
            term *= -u * u / n;
            sum += term / (2.0 * n + 1.0);
        }
        return 1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let mut fraction = u;
    for n in (1..200).rev() {
        fraction = u + f64::from(n) / 2.0 / fraction;
    }
    (-u * u).exp() / fraction / std::f64::consts::PI.sqrt()
}

fn gelu(x: f64) -> f64 {
    let tail = erfc(x.abs() / std::f64::consts::SQRT_2) / 2.0;
    if x < 0.0 { x * tail } else { x * (1.0 - tail) }
}

#[test]
fn gelu_is_the_exact_one() {
    let input = (-4_000..4_000)
        .map(|step| f64::from(step) / 500.0)
        .collect::<Vec<_>>();
    let narrow = input.iter().map(|x| *x as f32).collect::<Vec<_>>();
    let check = |kernel: &str, rows: &[f32]| {
        for (x, y) in input.iter().zip(rows) {
            let error = (f64::from(*y) - gelu(*x)).abs();
            assert!(error < 2e-6, "{kernel}: gelu({x}) = {y}, not {}", gelu(*x));
        }
    };
    let mut quantised = Quantised::default();
    let mut rows = narrow.clone();
    gelu_and_quantise(&mut rows, &mut quantised);
    check("chosen", &rows);
    #[cfg(target_arch = "x86_64")]
    if let Some(token) = X64V3Token::summon() {
        let mut rows = narrow.clone();
        super::gelu_and_quantise_v3(token, &mut rows, &mut quantised);
        check("v3", &rows);
    }
    let mut rows = narrow;
    gelu_and_quantise_scalar(ScalarToken, &mut rows, &mut quantised);
    check("scalar", &rows);
}

/// Softmax attention by its definition, with the powers of two that [`attend`] expects.
fn expected_attention(projected: &[f32], hidden: usize) -> Vec<f64> {
    let value = |token: usize, part: usize, index: usize| {
        f64::from(projected[(token * 3 + part) * hidden + index])
    };
    let tokens = projected.len() / (3 * hidden);
    let mut out = vec![0.0; tokens * hidden];
    for query in 0..tokens {
        for head in (0..hidden).step_by(HEAD) {
            let score = |key: usize| {
                (head..head + HEAD)
                    .map(|i| value(query, 0, i) * value(key, 1, i))
                    .sum::<f64>()
            };
            let scores = (0..tokens).map(score).collect::<Vec<_>>();
            let largest = scores.iter().copied().fold(f64::MIN, f64::max);
            let weights = scores
                .iter()
                .map(|s| (s - largest).exp2())
                .collect::<Vec<_>>();
            let sum = weights.iter().sum::<f64>();
            for i in head..head + HEAD {
                out[query * hidden + i] = (0..tokens)
                    .map(|key| weights[key] / sum * value(key, 2, i))
                    .sum();
            }
        }
    }
    out
}

/// Rows of values that differ in size from row to row.
fn rows(width: usize, most: usize) -> impl Strategy<Value = Vec<f32>> {
    let row = (proptest::collection::vec(-1_f32..1.0, width), -3_f32..2.0)
        .prop_map(|(row, exponent)| row.iter().map(|x| x * exponent.exp2()).collect::<Vec<_>>());
    proptest::collection::vec(row, 1..most).prop_map(|rows| rows.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn attention_is_softmax_attention(first in rows(192, 40), second in rows(192, 80)) {
        // One space for two texts: what the first leaves behind must not reach the second.
        let mut space = HeadSpace::default();
        for projected in [first, second] {
            let expected = expected_attention(&projected, 64);
            let mut out = vec![0.0; expected.len()];
            let mut worst = Vec::new();
            on_each!(attend, attend_v3, attend_scalar, (&projected, 64, &mut space, &mut out), |kernel| {
                let errors = out.iter().zip(&expected).map(|(y, e)| (f64::from(*y) - e).abs());
                worst.push((kernel, errors.fold(0.0, f64::max)));
                out.fill(f32::NAN);
            });
            for (kernel, error) in worst {
                prop_assert!(error < 2e-5, "{kernel}: {error}");
            }
        }
    }

    #[test]
    fn quantised_values_are_within_half_a_step(rows in rows(64, 8)) {
        let mut out = Quantised::default();
        let mut failures = Vec::new();
        on_each!(quantise, quantise_v3, quantise_scalar, (&rows, &mut out), |kernel| {
            for (index, block) in rows.chunks(BLOCK).enumerate() {
                let (values, scale) = (&out.values[index], out.scales[index]);
                let sum = values.iter().map(|value| i32::from(*value)).sum::<i32>();
                let close = block.iter().zip(values).all(|(x, value)| {
                    (x - f32::from(*value) * scale).abs() <= scale * 0.5001
                });
                if !close || out.offsets[index] != -8 * sum || values.contains(&i8::MIN) {
                    failures.push((kernel, index));
                }
            }
        });
        prop_assert_eq!(failures, []);
    }

    #[test]
    fn normalised_rows_have_mean_zero_and_variance_one(x in rows(96, 8), scale in 0.5_f32..2.0) {
        let y = x.iter().rev().copied().collect::<Vec<_>>();
        let (weight, bias) = (vec![scale; 96], vec![0.25; 96]);
        for chosen in [true, false] {
            let mut x = x.clone();
            if chosen {
                add_and_normalise(&mut x, &y, &weight, &bias, 1e-12);
            } else {
                add_and_normalise_scalar(ScalarToken, &mut x, &y, &weight, &bias, 1e-12);
            }
            for row in x.chunks(96) {
                let mean = row.iter().sum::<f32>() / 96.0;
                let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 96.0;
                prop_assert!((mean - 0.25).abs() < 1e-4, "{mean}");
                prop_assert!((variance.sqrt() / scale - 1.0).abs() < 1e-3, "{variance}");
            }
        }
    }
}

#[test]
fn a_block_of_zeros_stays_zero() {
    let mut out = Quantised::default();
    quantise(&[0.0; BLOCK], &mut out);
    assert_eq!(
        (out.values[0], out.scales[0], out.offsets[0]),
        ([0; BLOCK], 0.0, 0)
    );
}
