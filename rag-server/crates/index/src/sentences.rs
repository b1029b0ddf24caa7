//! Vectors of a chunk's sentences, eight bits a value.
//!
//! Layout: for each sentence a little-endian `f32` scale, then one `i8` per dimension; a value is `scale * i8`.
//! The scale maps the largest magnitude of the sentence to 127 (symmetric quantisation). Each value is then off by
//! at most half a scale; for unit vectors of 384 dimensions a cosine is off by well under 0.01.

/// Bytes of the scale in front of each sentence.
const SCALE_BYTES: usize = size_of::<f32>();

/// Vectors of the sentences of one chunk, in their order, unit length, quantised to eight bits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SentenceVectors {
    bytes: Vec<u8>,
    dimensions: usize,
}

impl SentenceVectors {
    /// Quantises `vectors`, each of `dimensions` values; they are brought to unit length.
    pub(crate) fn quantise(vectors: &[Vec<f32>], dimensions: usize) -> Self {
        let mut bytes = Vec::with_capacity(vectors.len() * (SCALE_BYTES + dimensions));
        for vector in vectors {
            let unit = unit_length(vector);
            let largest = unit
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
            bytes.extend_from_slice(&scale.to_le_bytes());
            bytes.extend(
                unit.iter()
                    .map(|value| ((value / scale).round() as i8).cast_unsigned()),
            );
        }
        Self { bytes, dimensions }
    }

    /// Reads what [`Self::as_bytes`] gave; `None` if the length does not fit.
    pub fn from_bytes(bytes: &[u8], dimensions: usize) -> Option<Self> {
        bytes
            .len()
            .is_multiple_of(SCALE_BYTES + dimensions)
            .then(|| Self {
                bytes: bytes.to_vec(),
                dimensions,
            })
    }

    /// As stored: see the module's layout.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of sentences.
    pub fn len(&self) -> usize {
        self.bytes.len() / (SCALE_BYTES + self.dimensions)
    }

    /// There are no sentence vectors.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Cosine of each sentence with `query`, which need not be of unit length; −1 to 1 but for rounding. All 0
    /// when `query` has another number of dimensions.
    pub fn cosines(&self, query: &[f32]) -> Vec<f32> {
        if query.len() != self.dimensions {
            return vec![0.0; self.len()];
        }
        let query = unit_length(query);
        self.parts()
            .map(|(scale, values)| {
                let dot: f32 = values
                    .iter()
                    .zip(&query)
                    .map(|(value, weight)| f32::from(value.cast_signed()) * weight)
                    .sum();
                scale * dot
            })
            .collect()
    }

    /// The vectors themselves.
    pub fn vectors(&self) -> Vec<Vec<f32>> {
        self.parts()
            .map(|(scale, values)| {
                values
                    .iter()
                    .map(|value| f32::from(value.cast_signed()) * scale)
                    .collect()
            })
            .collect()
    }

    fn parts(&self) -> impl Iterator<Item = (f32, &[u8])> {
        self.bytes
            .chunks_exact(SCALE_BYTES + self.dimensions)
            .filter_map(|part| {
                let (scale, values) = part.split_first_chunk::<SCALE_BYTES>()?;
                Some((f32::from_le_bytes(*scale), values))
            })
    }
}

/// `vector` brought to unit length; all zeros stay zeros.
pub(crate) fn unit_length(vector: &[f32]) -> Vec<f32> {
    let norm = vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt();
    if norm == 0.0 {
        return vector.to_vec();
    }
    vector
        .iter()
        .map(|value| (f64::from(*value) / norm) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        unit_length(a)
            .iter()
            .zip(unit_length(b))
            .map(|(a, b)| a * b)
            .sum()
    }

    proptest! {
        #[test]
        fn quantised_cosines_are_close_to_exact_ones(
            sentences in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 64), 0..6),
            query in prop::collection::vec(-1.0_f32..1.0, 64),
        ) {
            let stored = SentenceVectors::quantise(&sentences, 64);
            prop_assert_eq!(stored.len(), sentences.len());
            let read = SentenceVectors::from_bytes(stored.as_bytes(), 64).unwrap();
            prop_assert_eq!(&read, &stored);
            for (sentence, found) in sentences.iter().zip(read.cosines(&query)) {
                prop_assert!((cosine(sentence, &query) - found).abs() < 0.01);
            }
        }
    }

    #[test]
    fn zero_vector_and_wrong_lengths_do_no_harm() {
        let stored = SentenceVectors::quantise(&[vec![0.0; 8]], 8);
        assert_eq!(stored.cosines(&[1.0; 8]), [0.0]);
        assert_eq!(stored.cosines(&[1.0; 4]), [0.0]);
        assert!(SentenceVectors::from_bytes(&[0; 11], 8).is_none());
        assert!(SentenceVectors::from_bytes(&[], 8).unwrap().is_empty());
    }
}
