//! The bundled model: a BERT encoder (Devlin et al. 2019) with 4-bit weights, read from a GGUF file.

use super::float::{HEAD, HeadSpace, add_and_normalise, attend, gelu_and_quantise, quantise};
use super::gguf::{BLOCK, Encoding, Gguf, Q4_0_BYTES, dequantise};
use super::linear::{Linear, Quantised};

/// Tokens of the feed-forward part that are computed together, so that the widest activations stay in the
/// processor's second-level cache.
const FEED_FORWARD_TOKENS: usize = 64;

/// Weights.
#[derive(Debug)]
pub(super) struct Model {
    /// The file's `general.name`.
    pub(super) name: String,
    /// Length of a token's state.
    pub(super) hidden: usize,
    /// Most tokens of one text, special ones included.
    pub(super) context: usize,
    /// Tokens in the vocabulary.
    pub(super) vocabulary: usize,
    epsilon: f32,
    /// `[token][hidden / 32]`, `Q4_0`.
    words: Vec<[u8; Q4_0_BYTES]>,
    /// `[position][hidden]`, the embedding of token type 0 added.
    positions: Vec<f32>,
    embedding_norm: Norm,
    layers: Vec<Layer>,
}

/// Weight and bias of a layer normalisation.
#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    fn read(file: &Gguf<'_>, name: &str, hidden: usize) -> Result<Self, String> {
        Ok(Self {
            weight: file.floats(&format!("{name}.weight"), 1, hidden)?,
            bias: file.floats(&format!("{name}.bias"), 1, hidden)?,
        })
    }
}

/// One encoder layer.
#[derive(Debug)]
struct Layer {
    /// Query, key and value, one below the other; queries carry attention's scale.
    projection: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    widen: Linear,
    narrow: Linear,
    output_norm: Norm,
}

/// Buffers of one forward pass, kept between texts.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    states: Vec<f32>,
    projected: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
    quantised: Quantised,
    quantised_wide: Quantised,
    head: HeadSpace,
}

impl Model {
    /// Reads a model from the bytes of a GGUF file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let file = Gguf::parse(bytes)?;
        let hidden = file.integer("bert.embedding_length")?;
        let heads = file.integer("bert.attention.head_count")?;
        let wide = file.integer("bert.feed_forward_length")?;
        let context = file.integer("bert.context_length")?;
        let vocabulary = file.integer("bert.vocab_size")?;
        if hidden == 0 || heads.checked_mul(HEAD) != Some(hidden) || context < 3 {
            return Err(format!(
                "{hidden} values in {heads} heads are not supported"
            ));
        }

        let words = file.tensor(
            "embeddings.word_embeddings.weight",
            Encoding::Q4_0,
            vocabulary,
            hidden,
        )?;
        let mut positions =
            file.floats("embeddings.position_embeddings.weight", context, hidden)?;
        let types = file.floats("embeddings.token_type_embeddings.weight", 2, hidden)?;
        for row in positions.chunks_exact_mut(hidden) {
            for (value, kind) in row.iter_mut().zip(&types) {
                *value += kind;
            }
        }
        let layers = (0..file.integer("bert.block_count")?)
            .map(|index| Layer::read(&file, &format!("encoder.layer.{index}"), hidden, wide))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: file.text("general.name")?.to_owned(),
            hidden,
            context,
            vocabulary,
            epsilon: file.float("bert.attention.layer_norm_epsilon")?,
            words: words.bytes.as_chunks().0.to_vec(),
            positions,
            embedding_norm: Norm::read(&file, "embeddings.LayerNorm", hidden)?,
            layers,
        })
    }

    /// The last states, `[token][hidden]`, of `tokens`: ids of the vocabulary, at most `context` and at least
    /// one of them.
    pub(super) fn states<'a>(&self, tokens: &[u32], space: &'a mut Workspace) -> &'a [f32] {
        let (hidden, epsilon) = (self.hidden, self.epsilon);
        let count = tokens.len();
        let Workspace {
            states,
            projected,
            attended,
            wide,
            quantised,
            quantised_wide,
            head,
        } = space;
        states.resize(count * hidden, 0.0);
        attended.resize(count * hidden, 0.0);
        projected.resize(count * 3 * hidden, 0.0);

        for (state, token) in states.chunks_exact_mut(hidden).zip(tokens) {
            let blocks = hidden / BLOCK;
            let word = &self.words[*token as usize * blocks..][..blocks];
            for (out, block) in state.as_chunks_mut().0.iter_mut().zip(word) {
                dequantise(block, out);
            }
        }
        self.embedding_norm.apply(states, &self.positions, epsilon);

        for layer in &self.layers {
            quantise(states, quantised);
            layer.projection.apply(quantised, count, projected);
            attend(projected, hidden, head, attended);
            quantise(attended, quantised);
            layer.attention_output.apply(quantised, count, attended);
            layer.attention_norm.apply(states, attended, epsilon);

            for (states, narrowed) in states
                .chunks_mut(FEED_FORWARD_TOKENS * hidden)
                .zip(attended.chunks_mut(FEED_FORWARD_TOKENS * hidden))
            {
                let count = states.len() / hidden;
                wide.resize(FEED_FORWARD_TOKENS * layer.widen.outputs(), 0.0);
                let wide = &mut wide[..count * layer.widen.outputs()];
                quantise(states, quantised);
                layer.widen.apply(quantised, count, wide);
                gelu_and_quantise(wide, quantised_wide);
                layer.narrow.apply(quantised_wide, count, narrowed);
            }
            layer.output_norm.apply(states, attended, epsilon);
        }
        states
    }
}

impl Norm {
    fn apply(&self, states: &mut [f32], addend: &[f32], epsilon: f32) {
        add_and_normalise(states, addend, &self.weight, &self.bias, epsilon);
    }
}

impl Layer {
    fn read(file: &Gguf<'_>, name: &str, hidden: usize, wide: usize) -> Result<Self, String> {
        let part = |part: &str, rows: usize, columns: usize, factor: f32| {
            let weights = file.tensor(
                &format!("{name}.{part}.weight"),
                Encoding::Q4_0,
                rows,
                columns,
            )?;
            let bias = file.floats(&format!("{name}.{part}.bias"), 1, rows)?;
            Ok::<_, String>((weights, bias, factor))
        };
        let scale = std::f32::consts::LOG2_E / (HEAD as f32).sqrt();
        Ok(Self {
            projection: Linear::new(&[
                part("attention.self.query", hidden, hidden, scale)?,
                part("attention.self.key", hidden, hidden, 1.0)?,
                part("attention.self.value", hidden, hidden, 1.0)?,
            ])?,
            attention_output: Linear::new(&[part("attention.output.dense", hidden, hidden, 1.0)?])?,
            attention_norm: Norm::read(
                file,
                &format!("{name}.attention.output.LayerNorm"),
                hidden,
            )?,
            widen: Linear::new(&[part("intermediate.dense", wide, hidden, 1.0)?])?,
            narrow: Linear::new(&[part("output.dense", hidden, wide, 1.0)?])?,
            output_norm: Norm::read(file, &format!("{name}.output.LayerNorm"), hidden)?,
        })
    }
}
