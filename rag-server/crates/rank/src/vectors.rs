//! Likeness of vectors.

use serde::{Deserialize, Serialize};

/// Mean vectors of one embedding model over questions and over sentences.
///
/// Sentence embeddings crowd in a narrow cone (E5's cosines lie between 0.7 and 0.95), and questions in another than
/// sentences of passages. Taking the mean of its kind from each vector before the cosine makes likeness comparable across questions
/// (Mu and Viswanath, "All-but-the-Top", 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderMeans {
    /// Name and version of the embedding model.
    pub model_id: String,
    /// Mean of question vectors.
    pub question: Vec<f32>,
    /// Mean of sentence vectors.
    pub sentence: Vec<f32>,
}

impl EmbedderMeans {
    /// Means of the given vectors; a kind without vectors gets the zero vector, which leaves its cosines as they are.
    /// Vectors of another length than the first question's are left out.
    pub fn new(model_id: &str, questions: &[&[f32]], sentences: &[&[f32]]) -> Self {
        let dimensions = questions.first().map_or(0, |vector| vector.len());
        Self {
            model_id: model_id.to_owned(),
            question: mean(questions, dimensions),
            sentence: mean(sentences, dimensions),
        }
    }
}

fn mean(vectors: &[&[f32]], dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0_f64; dimensions];
    let mut count = 0_u32;
    for vector in vectors.iter().filter(|vector| vector.len() == dimensions) {
        for (sum, &value) in sum.iter_mut().zip(*vector) {
            *sum += f64::from(value);
        }
        count += 1;
    }
    // Four decimals keep the file small and move a cosine by less than 0.0001.
    sum.iter()
        .map(|sum| ((sum / f64::from(count.max(1)) * 1e4).round() / 1e4) as f32)
        .collect()
}

/// Cosines of one question with vectors of one kind, after both means are taken away.
pub(crate) struct Likeness {
    /// The question less its mean, unit length.
    question: Vec<f32>,
    /// Mean of the other kind.
    mean: Vec<f32>,
    /// Dot product of the two.
    offset: f32,
    /// Squared length of `mean`.
    mean_square: f32,
}

impl Likeness {
    /// `None` when the lengths differ or the question's vector is (nearly) the mean itself.
    pub(crate) fn new(question: &[f32], question_mean: &[f32], mean: &[f32]) -> Option<Self> {
        if question.len() != question_mean.len() || question.len() != mean.len() {
            return None;
        }
        let mut centred: Vec<f32> = question
            .iter()
            .zip(question_mean)
            .map(|(value, mean)| value - mean)
            .collect();
        let length = dot(&centred, &centred).sqrt();
        if !length.is_finite() || length < 1e-6 {
            return None;
        }
        for value in &mut centred {
            *value /= length;
        }
        Some(Self {
            offset: dot(&centred, mean),
            mean_square: dot(mean, mean),
            question: centred,
            mean: mean.to_vec(),
        })
    }

    /// The cosine, −1..=1; `None` for a vector of another length or (nearly) the mean itself.
    pub(crate) fn of(&self, vector: &[f32]) -> Option<f32> {
        if vector.len() != self.question.len() {
            return None;
        }
        // Expanded, so that no centred copy of each vector is needed.
        let square = dot(vector, vector) - 2.0 * dot(vector, &self.mean) + self.mean_square;
        let along = dot(&self.question, vector) - self.offset;
        let cosine = along / square.max(0.0).sqrt();
        (square > 1e-9 && cosine.is_finite()).then(|| cosine.clamp(-1.0, 1.0))
    }
}

/// Dot product of vectors of one length.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    // Eight sums side by side, so that the compiler can use vector registers.
    let mut sums = [0_f32; 8];
    let (left_chunks, right_chunks) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest = left_chunks.remainder().iter().zip(right_chunks.remainder());
    let rest: f32 = rest.map(|(left, right)| left * right).sum();
    for (left, right) in left_chunks.zip(right_chunks) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Cosine of two vectors of any length above 0; `None` when the dimensions differ or one is zero.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> Option<f32> {
    if left.len() != right.len() {
        return None;
    }
    let cosine = dot(left, right) / (dot(left, left) * dot(right, right)).sqrt();
    cosine.is_finite().then(|| cosine.clamp(-1.0, 1.0))
}
