//! Answers written by a chat model, of which only what is proven goes out.

use std::time::Duration;

use generate::prompt::{self, Numbered};
use generate::{
    ChatRequest, Evidence, Language, ModelEntry, Usage, Verified, Verifier, Writing, standalone,
};
use rank::Ranked;
use tokio::sync::mpsc;

use super::answer;
use super::retrieve::{Passage, Retrieved};
use super::wire::{AnswerWarning, Asked, Mode, QueryResponse, TokenUsage};
use crate::catalogue;
use crate::models::Models;

/// Longest wait for a follow-up to be rewritten; the rule does it otherwise.
const REWRITING: Duration = Duration::from_secs(8);
/// Tokens of a rewritten question.
const REWRITTEN: usize = 160;

/// Where words go as soon as they may be shown. `None` when nobody waits for them.
pub(super) type Tokens = Option<mpsc::Sender<String>>;

/// Makes a follow-up stand alone: by the model, or by a rule. `None` when there is nothing to change.
pub(super) async fn stand_alone(models: &Models, asked: &Asked) -> Option<String> {
    let history = asked.wanted.said();
    if history.is_empty() {
        return None;
    }
    let question = &asked.wanted.question;
    let written = if asked.wanted.generate {
        rewritten(models, asked).await
    } else {
        None
    };
    let alone = written
        .and_then(|written| standalone::accept(&written, question, &history))
        .unwrap_or_else(|| standalone::by_rule(question, &history));
    (alone != *question).then_some(alone)
}

async fn rewritten(models: &Models, asked: &Asked) -> Option<String> {
    let history = asked.wanted.said();
    let messages = standalone::messages(&asked.wanted.question, &history, asked.language());
    let prompt = |_: &ModelEntry| messages.clone();
    let request = ChatRequest {
        model: asked.wanted.model.as_deref(),
        temperature: Some(0.0),
        max_output: Some(REWRITTEN),
        schema: None,
        prompt: &prompt,
    };
    let write = async { models.chain().write(&request).await?.whole().await.ok() };
    tokio::time::timeout(REWRITING, write).await.ok().flatten()
}

/// Lets a model answer from the passages that may be cited. `quoted` is the answer that stands when it cannot.
pub(super) async fn answer(
    models: &Models,
    asked: &Asked,
    retrieved: &Retrieved,
    quoted: QueryResponse,
    tokens: &Tokens,
) -> QueryResponse {
    let passages = answer::cited(asked, retrieved);
    let names: Vec<String> = passages.iter().map(|(_, passage)| name(passage)).collect();
    let numbered: Vec<Numbered<'_>> = passages
        .iter()
        .zip(&names)
        .map(|((_, passage), name)| Numbered {
            title: name,
            place: "",
            text: &passage.chunk.chunk.text,
        })
        .collect();
    let wanted = &asked.wanted;
    let history = wanted.said();
    let told = prompt::Asked {
        question: &wanted.question,
        language: asked.language(),
        level: wanted.level,
        style: wanted.style,
        topic: wanted.topic.as_deref(),
        objectives: &wanted.objectives,
        instructions: wanted.prompt.as_deref(),
        history: &history,
        passages: &numbered,
    };
    let fence = format!("{:016x}", rand::random::<u64>());
    let prompt = |entry: &ModelEntry| prompt::messages(&told, &fence, entry);
    let request = ChatRequest {
        model: wanted.model.as_deref(),
        temperature: wanted.temperature,
        max_output: None,
        schema: None,
        prompt: &prompt,
    };
    let Some(mut writing) = models.chain().write(&request).await else {
        return fall_back(quoted, None, "model_unavailable", tokens).await;
    };
    let evidence = numbered
        .iter()
        .map(|passage| Evidence::new(passage.text, passage.title))
        .collect();
    let rules = prompt::rules(&told, &fence);
    let mut verifier = Verifier::new(evidence, asked.language()).keeping(&rules, &fence);
    let mut is_shown = false;
    let failed = loop {
        match writing.next().await {
            Ok(Some(words)) => {
                let proven = verifier.push(&words);
                is_shown |= !proven.is_empty();
                send(tokens, proven).await;
            }
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    let spent = Some(Spent::of(&writing));
    if failed {
        // What was shown already is replaced by `done`; more words would only be mixed with it.
        let nobody = None;
        let waiting = if is_shown { &nobody } else { tokens };
        return fall_back(quoted, spent, "stream_broken", waiting).await;
    }
    let verified = verifier.finish();
    if verified.cited.is_empty() {
        return fall_back(quoted, spent, "nothing_proven", tokens).await;
    }
    send(tokens, verified.rest.clone()).await;
    let mut response = proven(quoted, &passages, &verified, writing.is_cut());
    response.model = Some(writing.entry().name.clone());
    response.with_costs(spent)
}

/// A verified answer, with the passages it cites as its sources.
fn proven(
    mut response: QueryResponse,
    passages: &[(&Ranked, &Passage)],
    verified: &Verified,
    is_cut: bool,
) -> QueryResponse {
    let source = |(at, cited): (usize, &generate::Cited)| {
        let (ranked, passage) = passages.get(cited.passage)?;
        // The words that the answer quotes, where it quotes any; else those that answer the question best.
        let quoted = cited
            .quotes
            .iter()
            .find_map(|span| answer::source_quoting(at + 1, ranked, passage, span));
        quoted.or_else(|| answer::source(at + 1, ranked, passage))
    };
    response.sources = verified
        .cited
        .iter()
        .enumerate()
        .filter_map(source)
        .collect();
    response.answer.clone_from(&verified.answer);
    response.mode = Mode::Generated;
    response.warnings = verified.warnings.iter().map(AnswerWarning::found).collect();
    if is_cut {
        response.warnings.push(AnswerWarning::new("cut", 1));
    }
    response
}

/// What a chat model took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spent {
    /// US dollars.
    cost: f64,
    usage: Usage,
}

impl Spent {
    /// So far.
    pub(super) fn of(writing: &Writing) -> Self {
        let usage = writing.usage();
        Self {
            cost: writing.entry().cost(&usage),
            usage,
        }
    }
}

/// The quoted answer, and why it stands in for a written one.
async fn fall_back(
    mut quoted: QueryResponse,
    spent: Option<Spent>,
    why: &'static str,
    tokens: &Tokens,
) -> QueryResponse {
    send_lines(tokens, &quoted.answer).await;
    quoted.warnings.push(AnswerWarning::new(why, 1));
    quoted.with_costs(spent)
}

/// Shows an answer that is there as a whole.
pub(super) async fn send_lines(tokens: &Tokens, answer: &str) {
    for line in answer.split_inclusive('\n') {
        send(tokens, line.to_owned()).await;
    }
}

async fn send(tokens: &Tokens, words: String) {
    if let Some(tokens) = tokens.as_ref().filter(|_| !words.is_empty()) {
        // Who no longer waits drops this future too.
        drop(tokens.send(words).await);
    }
}

/// Title, place and headings of a passage in one line.
fn name(passage: &Passage) -> String {
    let chunk = &passage.chunk.chunk;
    let mut name = catalogue::citation(&passage.title, &chunk.locator);
    for heading in &chunk.headings {
        name.push_str(" › ");
        name.push_str(heading);
    }
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl QueryResponse {
    /// Adds what a chat model took to what others took for the same answer.
    pub(super) fn with_costs(mut self, spent: Option<Spent>) -> Self {
        if let Some(Spent { cost, usage }) = spent {
            let before = self.usage.unwrap_or_default();
            let prompt_tokens = before.prompt_tokens + usage.prompt_tokens;
            let completion_tokens = before.completion_tokens + usage.completion_tokens;
            self.cost += cost;
            self.usage = Some(TokenUsage {
                prompt_tokens,
                completion_tokens,
                total_tokens: prompt_tokens + completion_tokens,
            });
        }
        self
    }
}

impl Asked {
    /// Language of the answer.
    pub(super) fn language(&self) -> Language {
        let is_english = self
            .english
            .unwrap_or_else(|| answer::is_english(&self.wanted.question));
        if is_english {
            Language::English
        } else {
            Language::Portuguese
        }
    }
}
