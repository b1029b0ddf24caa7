//! Linear layers on 8-bit activations and 4-bit weights.
//!
//! Weights stay what the file says, blocks of 32 values `scale * (q - 8)` along a row; activations are rounded
//! to 8 bits with one scale per 32 values of a token (as ggml's `Q8_0`). For output `o` of token `t`:
//!
//! ```text
//! y[t][o] = bias[o] + Σ_block weight_scale[o][block] · token_scale[t][block] · (Σ_i q[o][i] · a[t][i] − 8 · Σ_i a[t][i])
//! ```
//!
//! The inner sum is exact in 32 bits. `q` is unsigned and `a` signed, which is what `vpdpbusd` (AVX-512 VNNI)
//! and `vpmaddubsw` (AVX2) multiply. The weights are laid out for them once, when the model is loaded.

use archmage::prelude::*;

use super::gguf::{BLOCK, Q4_0_BYTES, Tensor, half_to_f32, levels};

/// Outputs that are computed together: three registers of sixteen.
pub(super) const PANEL: usize = 48;
/// Vectors of 16 outputs in a panel.
const VECTORS: usize = PANEL / 16;
/// Steps of four inputs in a block.
const STEPS: usize = BLOCK / 4;

/// Weights and bias of `outputs` × `inputs`.
#[derive(Debug)]
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    /// `[panel][block][step][vector]`, each of 16 outputs × 4 inputs.
    levels: Vec<[u8; 64]>,
    /// `[panel][block][vector]`, each of 16 outputs.
    scales: Vec<[f32; 16]>,
    /// `[panel][vector]`.
    bias: Vec<[f32; 16]>,
}

/// Rows of one or more tensors, of one shape each, that share their input: `(weights, bias, factor)`, where
/// the factor is folded into both.
pub(super) type Part<'a> = (Tensor<'a>, Vec<f32>, f32);

impl Linear {
    /// Lays out the rows of `parts`, one below the other. Rows are `Q4_0` of equal length; their number in all
    /// must be a multiple of [`PANEL`].
    pub(super) fn new(parts: &[Part<'_>]) -> Result<Self, String> {
        let inputs = parts.first().map_or(0, |(weights, ..)| weights.columns);
        let outputs = parts
            .iter()
            .map(|(weights, ..)| weights.rows)
            .sum::<usize>();
        let blocks = inputs / BLOCK;
        if blocks == 0 || outputs % PANEL != 0 {
            return Err(format!(
                "{outputs} outputs of {inputs} inputs are not supported"
            ));
        }
        let mut layer = Self {
            inputs,
            outputs,
            levels: vec![[0; 64]; outputs * inputs / 64],
            scales: vec![[0.0; 16]; outputs * blocks / 16],
            bias: vec![[0.0; 16]; outputs / 16],
        };
        let mut output = 0;
        for (weights, bias, factor) in parts {
            let (rows, _) = weights.bytes.as_chunks::<Q4_0_BYTES>();
            for (row, bias) in rows.chunks_exact(blocks).zip(bias) {
                layer.bias[output / 16][output % 16] = bias * factor;
                for (index, block) in row.iter().enumerate() {
                    layer.place(output, index, block, *factor);
                }
                output += 1;
            }
        }
        Ok(layer)
    }

    fn place(&mut self, output: usize, index: usize, block: &[u8; Q4_0_BYTES], factor: f32) {
        let (panel, vector, lane) = (output / PANEL, output % PANEL / 16, output % 16);
        let place = panel * (self.inputs / BLOCK) + index;
        let scale = half_to_f32(u16::from_le_bytes([block[0], block[1]]));
        self.scales[place * VECTORS + vector][lane] = scale * factor;
        for (step, four) in levels(block).as_chunks::<4>().0.iter().enumerate() {
            let target = &mut self.levels[(place * STEPS + step) * VECTORS + vector];
            target.as_chunks_mut::<4>().0[lane] = *four;
        }
    }

    /// Number of values this layer writes per token.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Applies the layer to the first `tokens` rows of `input`, which must have been quantised with this
    /// layer's number of inputs, and writes `tokens` × `outputs` values.
    pub(super) fn apply(&self, input: &Quantised, tokens: usize, output: &mut [f32]) {
        incant!(multiply(self, input, tokens, output), [v4x, v3, scalar]);
    }

    fn panels(&self) -> impl Iterator<Item = Panel<'_>> {
        let blocks = self.inputs / BLOCK;
        let levels = self.levels.chunks_exact(blocks * STEPS * VECTORS);
        let scales = self.scales.chunks_exact(blocks * VECTORS);
        let bias = self.bias.as_chunks::<VECTORS>().0;
        levels
            .zip(scales)
            .zip(bias)
            .enumerate()
            .map(|(index, ((levels, scales), bias))| Panel {
                column: index * PANEL,
                levels: levels.as_chunks().0,
                scales: scales.as_chunks().0,
                bias,
            })
    }
}

/// [`PANEL`] outputs of a layer.
struct Panel<'a> {
    /// First output.
    column: usize,
    /// `[block][step]`.
    levels: &'a [[[u8; 64]; VECTORS]],
    /// `[block]`.
    scales: &'a [[[f32; 16]; VECTORS]],
    bias: &'a [[f32; 16]; VECTORS],
}

/// Activations of some tokens, rounded to 8 bits in blocks of 32.
#[derive(Debug, Default)]
pub(super) struct Quantised {
    /// `[token][block]`, −127 to 127.
    pub(super) values: Vec<[i8; BLOCK]>,
    /// `[token][block]`.
    pub(super) scales: Vec<f32>,
    /// `[token][block]`: −8 times the sum of the block's values.
    pub(super) offsets: Vec<i32>,
}

impl Quantised {
    /// Makes room for `blocks` blocks.
    pub(super) fn reserve(&mut self, blocks: usize) {
        if self.values.len() < blocks {
            self.values.resize(blocks, [0; BLOCK]);
            self.scales.resize(blocks, 0.0);
            self.offsets.resize(blocks, 0);
        }
    }

    /// The blocks of `rows` tokens from `token` on.
    fn rows(&self, token: usize, rows: usize, blocks: usize) -> Rows<'_> {
        let range = token * blocks..(token + rows) * blocks;
        Rows {
            blocks,
            values: &self.values[range.clone()],
            scales: &self.scales[range.clone()],
            offsets: &self.offsets[range],
        }
    }
}

/// Some tokens of [`Quantised`].
#[derive(Clone, Copy)]
struct Rows<'a> {
    blocks: usize,
    values: &'a [[i8; BLOCK]],
    scales: &'a [f32],
    offsets: &'a [i32],
}

/// Stands for a block's values until they are known.
const NO_VALUES: &[[i8; 4]; STEPS] = &[[0; 4]; STEPS];

impl<'a> Rows<'a> {
    /// One block's values, in steps of four.
    #[inline(always)]
    fn fours(self, row: usize, block: usize) -> &'a [[i8; 4]; STEPS] {
        match self.values[row * self.blocks + block]
            .as_chunks()
            .0
            .as_array()
        {
            Some(fours) => fours,
            None => NO_VALUES,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[arcane(import_intrinsics)]
fn multiply_v4x(
    _: X64V4xToken,
    layer: &Linear,
    input: &Quantised,
    tokens: usize,
    output: &mut [f32],
) {
    let blocks = layer.inputs / BLOCK;
    let width = layer.outputs;
    for panel in layer.panels() {
        let mut first = 0;
        while first < tokens {
            let rows = (tokens - first).min(4);
            let part = input.rows(first, rows, blocks);
            let output = &mut output[first * width..];
            match rows {
                4 => tile_v4x::<4>(&panel, part, output, width),
                3 => tile_v4x::<3>(&panel, part, output, width),
                2 => tile_v4x::<2>(&panel, part, output, width),
                _ => tile_v4x::<1>(&panel, part, output, width),
            }
            first += rows;
        }
    }
}

/// `ROWS` tokens × 48 outputs: twelve sums of integers and twelve of floats stay in registers.
#[cfg(target_arch = "x86_64")]
#[rite(v4x, import_intrinsics)]
fn tile_v4x<const ROWS: usize>(
    panel: &Panel<'_>,
    rows: Rows<'_>,
    output: &mut [f32],
    width: usize,
) {
    let bias = panel.bias;
    let start = [
        _mm512_loadu_ps(&bias[0]),
        _mm512_loadu_ps(&bias[1]),
        _mm512_loadu_ps(&bias[2]),
    ];
    let mut sums = [start; ROWS];
    for (block, (levels, scales)) in panel
        .levels
        .as_chunks::<STEPS>()
        .0
        .iter()
        .zip(panel.scales)
        .enumerate()
    {
        let mut exact = [[_mm512_setzero_si512(); VECTORS]; ROWS];
        for (row, exact) in exact.iter_mut().enumerate() {
            *exact = [_mm512_set1_epi32(rows.offsets[row * rows.blocks + block]); VECTORS];
        }
        let mut values = [NO_VALUES; ROWS];
        for (row, values) in values.iter_mut().enumerate() {
            *values = rows.fours(row, block);
        }
        for (step, levels) in levels.iter().enumerate() {
            let levels = [
                _mm512_loadu_si512(&levels[0]),
                _mm512_loadu_si512(&levels[1]),
                _mm512_loadu_si512(&levels[2]),
            ];
            for row in 0..ROWS {
                let four =
                    _mm512_set1_epi32(i32::from_le_bytes(values[row][step].map(i8::cast_unsigned)));
                for vector in 0..VECTORS {
                    exact[row][vector] =
                        _mm512_dpbusd_epi32(exact[row][vector], levels[vector], four);
                }
            }
        }
        let scales = [
            _mm512_loadu_ps(&scales[0]),
            _mm512_loadu_ps(&scales[1]),
            _mm512_loadu_ps(&scales[2]),
        ];
        for row in 0..ROWS {
            let scale = _mm512_set1_ps(rows.scales[row * rows.blocks + block]);
            for vector in 0..VECTORS {
                sums[row][vector] = _mm512_fmadd_ps(
                    _mm512_cvtepi32_ps(exact[row][vector]),
                    _mm512_mul_ps(scales[vector], scale),
                    sums[row][vector],
                );
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let from = row * width + panel.column;
        let target = output[from..from + PANEL].as_chunks_mut::<16>().0;
        for (target, sums) in target.iter_mut().zip(sums) {
            _mm512_storeu_ps(target, *sums);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[arcane(import_intrinsics)]
fn multiply_v3(
    _: X64V3Token,
    layer: &Linear,
    input: &Quantised,
    tokens: usize,
    output: &mut [f32],
) {
    let blocks = layer.inputs / BLOCK;
    let width = layer.outputs;
    for panel in layer.panels() {
        let mut first = 0;
        while first < tokens {
            let rows = (tokens - first).min(4);
            let part = input.rows(first, rows, blocks);
            let output = &mut output[first * width..];
            match rows {
                4 => tile_v3::<4>(&panel, part, output, width),
                3 => tile_v3::<3>(&panel, part, output, width),
                2 => tile_v3::<2>(&panel, part, output, width),
                _ => tile_v3::<1>(&panel, part, output, width),
            }
            first += rows;
        }
    }
}

/// `ROWS` tokens × 48 outputs, eight outputs at a time.
///
/// A block's products fit 16 bits: eight steps of two products of at most 15 × 127 make at most 30,480.
#[cfg(target_arch = "x86_64")]
#[rite(v3, import_intrinsics)]
fn tile_v3<const ROWS: usize>(panel: &Panel<'_>, rows: Rows<'_>, output: &mut [f32], width: usize) {
    let ones = _mm256_set1_epi16(1);
    for (vector, bias) in panel.bias.iter().enumerate() {
        for (half, bias) in bias.as_chunks::<8>().0.iter().enumerate() {
            let mut sums = [_mm256_loadu_ps(bias); ROWS];
            for (block, (levels, scales)) in panel
                .levels
                .as_chunks::<STEPS>()
                .0
                .iter()
                .zip(panel.scales)
                .enumerate()
            {
                let mut values = [NO_VALUES; ROWS];
                for (row, values) in values.iter_mut().enumerate() {
                    *values = rows.fours(row, block);
                }
                let mut exact = [_mm256_setzero_si256(); ROWS];
                for (step, levels) in levels.iter().enumerate() {
                    let levels = _mm256_loadu_si256(&levels[vector].as_chunks::<32>().0[half]);
                    for row in 0..ROWS {
                        let four = _mm256_set1_epi32(i32::from_le_bytes(
                            values[row][step].map(i8::cast_unsigned),
                        ));
                        exact[row] =
                            _mm256_add_epi16(exact[row], _mm256_maddubs_epi16(levels, four));
                    }
                }
                let scales = _mm256_loadu_ps(&scales[vector].as_chunks::<8>().0[half]);
                for row in 0..ROWS {
                    let place = row * rows.blocks + block;
                    let exact = _mm256_add_epi32(
                        _mm256_madd_epi16(exact[row], ones),
                        _mm256_set1_epi32(rows.offsets[place]),
                    );
                    let scale = _mm256_mul_ps(scales, _mm256_set1_ps(rows.scales[place]));
                    sums[row] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact), scale, sums[row]);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                let from = row * width + panel.column + vector * 16 + half * 8;
                _mm256_storeu_ps(&mut output[from..from + 8].as_chunks_mut().0[0], *sums);
            }
        }
    }
}

/// The same in plain loops, for processors without the instructions above.
fn multiply_scalar(
    _: ScalarToken,
    layer: &Linear,
    input: &Quantised,
    tokens: usize,
    output: &mut [f32],
) {
    let blocks = layer.inputs / BLOCK;
    for panel in layer.panels() {
        for token in 0..tokens {
            let row = input.rows(token, 1, blocks);
            let mut sums = *panel.bias;
            for (block, (levels, scales)) in panel
                .levels
                .as_chunks::<STEPS>()
                .0
                .iter()
                .zip(panel.scales)
                .enumerate()
            {
                let values = row.values[block].as_chunks::<4>().0;
                let mut exact = [[row.offsets[block]; 16]; VECTORS];
                for (levels, four) in levels.iter().zip(values) {
                    for (exact, levels) in exact.iter_mut().zip(levels) {
                        for (exact, levels) in exact.iter_mut().zip(levels.as_chunks::<4>().0) {
                            for (level, value) in levels.iter().zip(four) {
                                *exact += i32::from(*level) * i32::from(*value);
                            }
                        }
                    }
                }
                for vector in 0..VECTORS {
                    for lane in 0..16 {
                        sums[vector][lane] +=
                            exact[vector][lane] as f32 * (scales[vector][lane] * row.scales[block]);
                    }
                }
            }
            let from = token * layer.outputs + panel.column;
            output[from..from + PANEL].copy_from_slice(sums.as_flattened());
        }
    }
}

#[cfg(test)]
mod tests;
