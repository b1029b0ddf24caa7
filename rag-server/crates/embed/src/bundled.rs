//! The model that ships with the server, computed in process.

mod float;
mod gguf;
mod linear;
mod model;
mod pool;
mod tokenizer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{EmbedError, Embedder, Passage, PassageVectors};
use model::{Model, Workspace};
use pool::{Lane, Pool};
use tokenizer::Tokenizer;

/// What the model was trained to see before a question and before a passage (Wang et al. 2024, "Multilingual E5
/// Text Embeddings").
const QUERY_PREFIX: &str = "query: ";
const PASSAGE_PREFIX: &str = "passage: ";

/// `<s>` and `</s>`.
const SPECIAL_TOKENS: usize = 2;

/// The bundled multilingual model.
///
/// Texts are computed one per thread, without padding, on threads of its own. One thread more than asked for
/// takes questions only, so that a question never waits behind passages: it shares the processor with them for
/// the few milliseconds it needs.
pub struct BundledEmbedder {
    encoder: Arc<Encoder>,
    pool: Pool<Workspace>,
}

/// Everything that turns a text into vectors, shared by the threads.
struct Encoder {
    model: Model,
    tokenizer: Tokenizer,
}

impl std::fmt::Debug for BundledEmbedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BundledEmbedder")
            .field("model", &self.encoder.model.name)
            .finish_non_exhaustive()
    }
}

impl BundledEmbedder {
    /// Loads the model from `dir`, which holds one `.gguf` file and its `tokenizer.json`, and starts `threads`
    /// threads for passages (at least one) and one for questions.
    ///
    /// Reads files: call it before serving, or from a blocking task.
    ///
    /// # Errors
    /// [`EmbedError::Model`] if a file is missing, damaged or not of the supported shape, or
    /// [`EmbedError::Compute`] if a thread cannot be started.
    pub fn load(dir: &Path, threads: usize) -> Result<Self, EmbedError> {
        let weights = find_weights(dir)?;
        let bytes = std::fs::read(&weights).map_err(|error| model_error(&weights, error))?;
        let model = Model::read(&bytes).map_err(|reason| model_error(&weights, reason))?;
        drop(bytes);

        let vocabulary = dir.join("tokenizer.json");
        let json = std::fs::read_to_string(&vocabulary)
            .map_err(|error| model_error(&vocabulary, error))?;
        let tokenizer =
            Tokenizer::read(&json).map_err(|reason| model_error(&vocabulary, reason))?;
        if tokenizer.vocabulary() != model.vocabulary {
            let reason = format!(
                "{} pieces, but the model has {}",
                tokenizer.vocabulary(),
                model.vocabulary
            );
            return Err(model_error(&vocabulary, reason));
        }
        let pool = Pool::start(threads.max(1)).map_err(|error| EmbedError::Compute {
            reason: format!("thread cannot be started: {error}"),
        })?;
        Ok(Self {
            encoder: Arc::new(Encoder { model, tokenizer }),
            pool,
        })
    }

    /// Tokens of the longest passage that is not cut, as [`Embedder::count_tokens`] counts them.
    pub fn passage_tokens(&self) -> usize {
        let Encoder { model, tokenizer } = &*self.encoder;
        model.context - SPECIAL_TOKENS - tokenizer.count(PASSAGE_PREFIX.trim_end())
    }

    async fn submit<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&Encoder, &mut Workspace) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let encoder = Arc::clone(&self.encoder);
        self.pool
            .submit(lane, move |space| work(&encoder, space))
            .await
    }
}

#[async_trait::async_trait]
impl Embedder for BundledEmbedder {
    fn model_id(&self) -> &str {
        &self.encoder.model.name
    }

    fn dimensions(&self) -> usize {
        self.encoder.model.hidden
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.encoder.tokenizer.count(text)
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let text = text.to_owned();
        let work = move |encoder: &Encoder, space: &mut Workspace| encoder.query(&text, space);
        self.submit(Lane::Question, work)
            .await
            .await
            .map_err(|_| lost())
    }

    async fn embed_passages(
        &self,
        passages: &[Passage],
    ) -> Result<Vec<PassageVectors>, EmbedError> {
        let mut answers = Vec::with_capacity(passages.len());
        for passage in passages {
            let passage = passage.clone();
            let work =
                move |encoder: &Encoder, space: &mut Workspace| encoder.passage(&passage, space);
            answers.push(self.submit(Lane::Passage, work).await);
        }
        let mut vectors = Vec::with_capacity(answers.len());
        for answer in answers {
            vectors.push(answer.await.map_err(|_| lost())?);
        }
        Ok(vectors)
    }
}

impl Encoder {
    fn query(&self, text: &str, space: &mut Workspace) -> Vec<f32> {
        let (ids, _, _) = self.tokens(QUERY_PREFIX, text);
        mean(
            self.model
                .states(&ids, space)
                .chunks_exact(self.model.hidden),
            self.model.hidden,
        )
    }

    fn passage(&self, passage: &Passage, space: &mut Workspace) -> PassageVectors {
        let hidden = self.model.hidden;
        let (ids, starts, truncated) = self.tokens(PASSAGE_PREFIX, &passage.text);
        let shift = PASSAGE_PREFIX.len();
        let states = self.model.states(&ids, space);
        let vector = mean(states.chunks_exact(hidden), hidden);
        let sentences = passage
            .sentences
            .iter()
            .map(|sentence| {
                // Starts ascend; a sentence without a token of its own has its passage's vector.
                let from = starts.partition_point(|start| *start < sentence.start + shift);
                let to = starts.partition_point(|start| *start < sentence.end + shift);
                if from >= to {
                    return vector.clone();
                }
                // The first state is that of `<s>`.
                let (from, to) = (from + 1, to + 1);
                mean(
                    states[from * hidden..to * hidden].chunks_exact(hidden),
                    hidden,
                )
            })
            .collect();
        PassageVectors {
            vector,
            sentences,
            truncated,
        }
    }

    /// The ids the model sees for `prefix` and `text`; for each of them but the special ones the byte where it
    /// starts, counted from the prefix; and whether `text` was cut.
    fn tokens(&self, prefix: &str, text: &str) -> (Vec<u32>, Vec<usize>, bool) {
        let limit = self.model.context - SPECIAL_TOKENS;
        let (tokens, truncated) = self.tokenizer.encode(&format!("{prefix}{text}"), limit);
        let begin = std::iter::once(self.tokenizer.begin);
        let end = std::iter::once(self.tokenizer.end);
        let ids = begin
            .chain(tokens.iter().map(|token| token.id))
            .chain(end)
            .collect();
        let starts = tokens.iter().map(|token| token.start).collect();
        (ids, starts, truncated)
    }
}

/// Mean of some states, at unit length.
fn mean<'a>(states: impl Iterator<Item = &'a [f32]>, hidden: usize) -> Vec<f32> {
    let mut sum = vec![0.0; hidden];
    for state in states {
        for (sum, value) in sum.iter_mut().zip(state) {
            *sum += value;
        }
    }
    crate::normalise(&mut sum);
    sum
}

fn find_weights(dir: &Path) -> Result<PathBuf, EmbedError> {
    let entries = std::fs::read_dir(dir).map_err(|error| model_error(dir, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| model_error(dir, error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "gguf")
        {
            found.push(path);
        }
    }
    match found.as_slice() {
        [path] => Ok(path.clone()),
        _ => Err(model_error(
            dir,
            format!("{} .gguf files, expected one", found.len()),
        )),
    }
}

fn model_error(path: &Path, reason: impl ToString) -> EmbedError {
    EmbedError::Model {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// The thread that held the work is gone, or the work panicked.
fn lost() -> EmbedError {
    EmbedError::Compute {
        reason: "the computation was given up".to_owned(),
    }
}
