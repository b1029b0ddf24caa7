//! The float side of the forward pass: rounding to 8 bits, attention, GELU, layer normalisation.
//!
//! Each kernel is written once on vectors of 16 and compiled for AVX-512, AVX2, NEON and plain code; the
//! processor's best is chosen at run time.

use archmage::prelude::*;
use magetypes::simd::backends::{F32x16Backend, F32x16Convert};
use magetypes::simd::generic::f32x16 as Lanes;

use super::gguf::BLOCK;
use super::linear::Quantised;

/// Values per attention head; the kernels below keep two vectors of 16.
pub(super) const HEAD: usize = 32;

/// Keys whose scores are computed together.
const KEYS: usize = 32;

/// Scores of padding behind the last key: 2 to this power is nothing.
const MASKED: f32 = -1e30;

/// Rounds `tokens` rows of `inputs` values each to 8 bits, in blocks of 32.
pub(super) fn quantise(rows: &[f32], out: &mut Quantised) {
    out.reserve(rows.len() / BLOCK);
    incant!(quantise(rows, out), [v4x, v3, neon, scalar]);
}

#[magetypes(v4x, v3, neon, scalar)]
fn quantise(token: Token, rows: &[f32], out: &mut Quantised) {
    let blocks = rows.as_chunks::<16>().0.as_chunks::<2>().0;
    for (((block, values), scale), offset) in blocks
        .iter()
        .zip(&mut out.values)
        .zip(&mut out.scales)
        .zip(&mut out.offsets)
    {
        quantise_block(token, block, values, scale, offset);
    }
}

#[inline(always)]
fn quantise_block<T: F32x16Convert>(
    token: T,
    block: &[[f32; 16]; 2],
    values: &mut [i8; BLOCK],
    scale: &mut f32,
    offset: &mut i32,
) {
    let low = Lanes::load_t(token, &block[0]);
    let high = Lanes::load_t(token, &block[1]);
    let largest = low.abs().max(high.abs()).reduce_max();
    *scale = largest / 127.0;
    let inverse = Lanes::splat_t(token, if largest > 0.0 { 127.0 / largest } else { 0.0 });
    let low = (low * inverse).to_i32_round();
    let high = (high * inverse).to_i32_round();
    *offset = -8 * (low + high).reduce_add();
    let (first, second) = values.split_at_mut(BLOCK / 2);
    for (value, rounded) in first.iter_mut().zip(low.to_array()) {
        *value = rounded as i8;
    }
    for (value, rounded) in second.iter_mut().zip(high.to_array()) {
        *value = rounded as i8;
    }
}

/// GELU (with erf), then rounding to 8 bits.
pub(super) fn gelu_and_quantise(rows: &mut [f32], out: &mut Quantised) {
    out.reserve(rows.len() / BLOCK);
    incant!(gelu_and_quantise(rows, out), [v4x, v3, neon, scalar]);
}

#[magetypes(v4x, v3, neon, scalar)]
fn gelu_and_quantise(token: Token, rows: &mut [f32], out: &mut Quantised) {
    let blocks = rows.as_chunks_mut::<16>().0.as_chunks_mut::<2>().0;
    for (((block, values), scale), offset) in blocks
        .iter_mut()
        .zip(&mut out.values)
        .zip(&mut out.scales)
        .zip(&mut out.offsets)
    {
        for half in block.iter_mut() {
            gelu(token, Lanes::load_t(token, half)).store(half);
        }
        quantise_block(token, block, values, scale, offset);
    }
}

/// `x · Φ(x)`, where Φ is the normal distribution function.
///
/// With Abramowitz and Stegun 7.1.28, `erf(u) = 1 − p(u)⁻¹⁶` for u ≥ 0 within 3·10⁻⁷, the tail
/// `1 − Φ(|x|)` is `p(|x|/√2)⁻¹⁶ / 2`, and so `x · Φ(x) = max(x, 0) − |x| · tail`. It needs one division and
/// no exponential. The 1/√2 is folded into the coefficients.
#[inline(always)]
fn gelu<T: F32x16Backend>(token: T, x: Lanes<T>) -> Lanes<T> {
    const COEFFICIENTS: [f64; 6] = [
        0.070_523_078_4,
        0.042_282_012_3,
        0.009_270_527_2,
        0.000_152_014_3,
        0.000_276_567_2,
        0.000_043_063_8,
    ];
    const ROOT: f64 = std::f64::consts::FRAC_1_SQRT_2;
    const FOLDED: [f32; 6] = [
        (COEFFICIENTS[0] * ROOT) as f32,
        (COEFFICIENTS[1] * ROOT * ROOT) as f32,
        (COEFFICIENTS[2] * ROOT * ROOT * ROOT) as f32,
        (COEFFICIENTS[3] * ROOT * ROOT * ROOT * ROOT) as f32,
        (COEFFICIENTS[4] * ROOT * ROOT * ROOT * ROOT * ROOT) as f32,
        (COEFFICIENTS[5] * ROOT * ROOT * ROOT * ROOT * ROOT * ROOT) as f32,
    ];
    let size = x.abs();
    let mut p = Lanes::splat_t(token, FOLDED[5]);
    for coefficient in FOLDED[..5].iter().rev() {
        p = p.mul_add(size, Lanes::splat_t(token, *coefficient));
    }
    p = p.mul_add(size, Lanes::splat_t(token, 1.0));
    p = p * p;
    p = p * p;
    p = p * p;
    p = p * p;
    let tail = Lanes::splat_t(token, 0.5) / p;
    x.max(Lanes::zero_t(token)) - size * tail
}

/// `x = normalise(x + y) · weight + bias`, row by row; rows are as long as `weight`.
pub(super) fn add_and_normalise(
    x: &mut [f32],
    y: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    incant!(
        add_and_normalise(x, y, weight, bias, epsilon),
        [v4x, v3, neon, scalar]
    );
}

#[magetypes(define(f32x16), v4x, v3, neon, scalar)]
fn add_and_normalise(
    token: Token,
    x: &mut [f32],
    y: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    let width = weight.len();
    let (weight, bias) = (weight.as_chunks::<16>().0, bias.as_chunks::<16>().0);
    for (x, y) in x.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
        let (x, y) = (x.as_chunks_mut::<16>().0, y.as_chunks::<16>().0);
        let mut sum = f32x16::zero_t(token);
        for (x, y) in x.iter_mut().zip(y) {
            let value = f32x16::load_t(token, x) + f32x16::load_t(token, y);
            value.store(x);
            sum += value;
        }
        let mean = f32x16::splat_t(token, sum.reduce_add() / width as f32);
        let mut squares = f32x16::zero_t(token);
        for x in x.iter() {
            let difference = f32x16::load_t(token, x) - mean;
            squares = difference.mul_add(difference, squares);
        }
        let variance = squares.reduce_add() / width as f32;
        let inverse = f32x16::splat_t(token, 1.0 / (variance + epsilon).sqrt());
        for ((x, weight), bias) in x.iter_mut().zip(weight).zip(bias) {
            let value = (f32x16::load_t(token, x) - mean) * inverse;
            value
                .mul_add(f32x16::load_t(token, weight), f32x16::load_t(token, bias))
                .store(x);
        }
    }
}

/// One head's keys and values, laid out for the kernel.
#[derive(Debug, Default)]
pub(super) struct HeadSpace {
    /// `[group of 32 keys][dimension]`, each of 32 keys.
    keys: Vec<[f32; KEYS]>,
    /// `[key]`.
    values: Vec<[f32; HEAD]>,
    /// Scores of up to three queries, one row of `groups × 32` keys each.
    scores: Vec<f32>,
}

/// Softmax attention of every head.
///
/// `projected` holds `[token][query | key | value]`, each of `hidden` values; `out` gets `[token][hidden]`.
/// Queries must have been scaled by `log₂ e / √32`, so that weights are powers of two.
pub(super) fn attend(projected: &[f32], hidden: usize, space: &mut HeadSpace, out: &mut [f32]) {
    incant!(
        attend(projected, hidden, space, out),
        [v4x, v3, neon, scalar]
    );
}

#[magetypes(v4x, v3, neon, scalar)]
fn attend(token: Token, projected: &[f32], hidden: usize, space: &mut HeadSpace, out: &mut [f32]) {
    let tokens = projected.len() / (3 * hidden);
    for head in 0..hidden / HEAD {
        space.load(projected, hidden, head);
        let mut first = 0;
        while first < tokens {
            let queries = &projected[first * 3 * hidden + head * HEAD..];
            let target = &mut out[first * hidden + head * HEAD..];
            match tokens - first {
                1 => attend_rows::<_, 1>(token, queries, hidden, space, target),
                2 => attend_rows::<_, 2>(token, queries, hidden, space, target),
                _ => attend_rows::<_, 3>(token, queries, hidden, space, target),
            }
            first += 3;
        }
    }
}

impl HeadSpace {
    /// Lays out the keys and values of one head.
    #[inline(always)]
    fn load(&mut self, projected: &[f32], hidden: usize, head: usize) {
        let tokens = projected.len() / (3 * hidden);
        let groups = tokens.div_ceil(KEYS);
        self.keys.resize(groups * HEAD, [0.0; KEYS]);
        self.values.resize(tokens, [0.0; HEAD]);
        self.scores.resize(3 * groups * KEYS, 0.0);
        for (index, row) in projected.chunks_exact(3 * hidden).enumerate() {
            let key = &row[hidden + head * HEAD..][..HEAD];
            let group = &mut self.keys[index / KEYS * HEAD..][..HEAD];
            for (column, value) in group.iter_mut().zip(key) {
                column[index % KEYS] = *value;
            }
            self.values[index].copy_from_slice(&row[2 * hidden + head * HEAD..][..HEAD]);
        }
        // What an earlier text left behind the last key must stay finite: it is masked, not skipped.
        for column in self.keys.iter_mut().skip((groups - 1) * HEAD) {
            for key in &mut column[(tokens - 1) % KEYS + 1..] {
                *key = 0.0;
            }
        }
    }
}

/// Attention of `ROWS` queries (1 to 3) of one head.
#[inline(always)]
fn attend_rows<T: F32x16Convert, const ROWS: usize>(
    token: T,
    queries: &[f32],
    hidden: usize,
    space: &mut HeadSpace,
    out: &mut [f32],
) {
    let tokens = space.values.len();
    let padded = tokens.next_multiple_of(KEYS);
    let queries: [&[f32; HEAD]; ROWS] =
        std::array::from_fn(|row| &queries[row * 3 * hidden..].as_chunks::<HEAD>().0[0]);

    for (group, keys) in space.keys.as_chunks::<HEAD>().0.iter().enumerate() {
        let mut sums = [[Lanes::zero_t(token); 2]; ROWS];
        for (dimension, keys) in keys.iter().enumerate() {
            let keys = keys.as_chunks::<16>().0;
            let keys = [
                Lanes::load_t(token, &keys[0]),
                Lanes::load_t(token, &keys[1]),
            ];
            for row in 0..ROWS {
                let query = Lanes::splat_t(token, queries[row][dimension]);
                sums[row][0] = query.mul_add(keys[0], sums[row][0]);
                sums[row][1] = query.mul_add(keys[1], sums[row][1]);
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let target = &mut space.scores[row * padded + group * KEYS..][..KEYS];
            let target = target.as_chunks_mut::<16>().0;
            sums[0].store(&mut target[0]);
            sums[1].store(&mut target[1]);
        }
    }

    let mut inverse = [0.0; ROWS];
    for (row, inverse) in inverse.iter_mut().enumerate() {
        let scores = &mut space.scores[row * padded..][..padded];
        scores[tokens..].fill(MASKED);
        *inverse = 1.0 / exponentiate(token, scores);
    }

    let mut sums = [[Lanes::zero_t(token); 2]; ROWS];
    let weights: [&[f32]; ROWS] =
        std::array::from_fn(|row| &space.scores[row * padded..][..tokens]);
    for (index, values) in space.values.iter().enumerate() {
        let values = values.as_chunks::<16>().0;
        let values = [
            Lanes::load_t(token, &values[0]),
            Lanes::load_t(token, &values[1]),
        ];
        for row in 0..ROWS {
            let weight = Lanes::splat_t(token, weights[row][index]);
            sums[row][0] = weight.mul_add(values[0], sums[row][0]);
            sums[row][1] = weight.mul_add(values[1], sums[row][1]);
        }
    }
    for row in 0..ROWS {
        let inverse = Lanes::splat_t(token, inverse[row]);
        let target = &mut out[row * hidden..].as_chunks_mut::<16>().0[..2];
        (sums[row][0] * inverse).store(&mut target[0]);
        (sums[row][1] * inverse).store(&mut target[1]);
    }
}

/// Replaces each score by 2 to the power of its distance from the largest; returns the sum.
///
/// `2^s = 2^n · 2^f` with `n` the nearest whole number and `f` from −½ to ½; `2^f` is its Taylor polynomial of
/// degree 5 (relative error under 3·10⁻⁶), `2^n` is added to the exponent's bits.
#[inline(always)]
fn exponentiate<T: F32x16Convert>(token: T, scores: &mut [f32]) -> f32 {
    const LN_2: f64 = std::f64::consts::LN_2;
    const TAYLOR: [f32; 6] = [
        1.0,
        LN_2 as f32,
        (LN_2 * LN_2 / 2.0) as f32,
        (LN_2 * LN_2 * LN_2 / 6.0) as f32,
        (LN_2 * LN_2 * LN_2 * LN_2 / 24.0) as f32,
        (LN_2 * LN_2 * LN_2 * LN_2 * LN_2 / 120.0) as f32,
    ];
    let scores = scores.as_chunks_mut::<16>().0;
    let mut largest = Lanes::splat_t(token, MASKED);
    for scores in scores.iter() {
        largest = largest.max(Lanes::load_t(token, scores));
    }
    let largest = Lanes::splat_t(token, largest.reduce_max());
    // The smallest exponent of a normal number.
    let floor = Lanes::splat_t(token, -126.0);
    let mut sum = Lanes::zero_t(token);
    for scores in scores {
        let distance = (Lanes::load_t(token, scores) - largest).max(floor);
        let whole = distance.round();
        let fraction = distance - whole;
        let mut power = Lanes::splat_t(token, TAYLOR[5]);
        for coefficient in TAYLOR[..5].iter().rev() {
            power = power.mul_add(fraction, Lanes::splat_t(token, *coefficient));
        }
        let power = (power.bitcast_to_i32() + whole.to_i32().shl_const::<23>()).bitcast_to_f32();
        power.store(scores);
        sum += power;
    }
    sum.reduce_add()
}

#[cfg(test)]
mod tests;
