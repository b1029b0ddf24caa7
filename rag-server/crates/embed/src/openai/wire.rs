//! Bodies of `POST /embeddings`, as in OpenAI's API reference ("Create embeddings").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::EmbedError;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [Cow<'a, str>],
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Which of the texts this is the vector of.
    index: usize,
    embedding: Vec<f32>,
}

/// The body that asks for the vectors of `texts`.
pub(super) fn request(model: &str, texts: &[Cow<'_, str>]) -> Result<Vec<u8>, EmbedError> {
    serde_json::to_vec(&Request {
        model,
        input: texts,
    })
    .map_err(|_| EmbedError::Compute {
        reason: "request cannot be written".to_owned(),
    })
}

/// The vectors of `count` texts in the order they were asked for. All have the length that is asked for, or
/// without one the first's; all values are finite.
pub(super) fn vectors(
    body: &[u8],
    count: usize,
    dimensions: Option<usize>,
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let bad = |reason: String| EmbedError::BadAnswer { reason };
    // The parser's message can quote the body; only its place is passed on.
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        bad(format!(
            "something else at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    if answer.data.len() != count {
        return Err(bad(format!(
            "{} vectors for {count} texts",
            answer.data.len()
        )));
    }
    let dimensions = dimensions
        .or_else(|| answer.data.first().map(|entry| entry.embedding.len()))
        .unwrap_or_default();
    let mut vectors = vec![None; count];
    for Entry { index, embedding } in answer.data {
        if embedding.len() != dimensions || embedding.is_empty() {
            return Err(bad(format!(
                "a vector of {} values, expected {dimensions}",
                embedding.len()
            )));
        }
        if !embedding.iter().all(|value| value.is_finite()) {
            return Err(bad("a value that is not finite".to_owned()));
        }
        match vectors.get_mut(index) {
            Some(place @ None) => *place = Some(embedding),
            Some(Some(_)) => return Err(bad(format!("two vectors of index {index}"))),
            None => return Err(bad(format!("index {index} for {count} texts"))),
        }
    }
    // As many entries as places and none taken twice: every place is filled.
    Ok(vectors.into_iter().flatten().collect())
}
