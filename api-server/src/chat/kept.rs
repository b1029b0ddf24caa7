//! Answers as they are given and kept.

use super::ChatError;
use super::answer::{Details, EducationalMetadata, LearningContext};
use super::conversations::context_of;
use super::guidance;
use super::model::Level;
use super::privacy::Mask;
use super::reading::Effort;
use super::service::{Answered, ChatService, Prepared};
use super::store::{self, NewMessage};
use super::wire::{RagAnswer, Source};
use crate::numbers::CountedAnswer;
use crate::runs::{Run, Texts};
use crate::usage::nanos;
use crate::video::{Cited, VideoSuggestion};

/// Topics kept of a conversation.
const MOST_TOPICS: usize = 20;

impl ChatService {
    /// What to watch after an answer. That it cannot be told leaves an answer without it.
    async fn watch(
        &self,
        answer: &RagAnswer,
        question: &str,
        level: Level,
    ) -> Vec<VideoSuggestion> {
        // A follow-up says what it is about only when it stands alone.
        let asked = answer.standalone_question.as_deref().unwrap_or(question);
        let cited: Vec<Cited<'_>> = answer
            .sources
            .iter()
            .map(|source| Cited {
                material_uid: &source.material_id,
                title: &source.title,
                locator: &source.locator,
                quote: &source.quote,
            })
            .collect();
        match self.videos.suggest(asked, &cited, level.as_str()).await {
            Ok(suggestions) => suggestions,
            Err(error) => {
                tracing::warn!(error = %shared::telemetry::chain(&error), "no recordings are suggested: {error}");
                Vec::new()
            }
        }
    }

    /// Makes an answer of what the rag-server says, and keeps it.
    pub(super) async fn keep(
        &self,
        prepared: &Prepared,
        mut answer: RagAnswer,
    ) -> Result<Answered, ChatError> {
        if let Some(mask) = &self.mask {
            answer.answer = mask.hide(&answer.answer);
            answer.sources = hide(mask, answer.sources);
        }
        let question = &prepared.question.text;
        let guidance = guidance::after(&answer, question, prepared.level, prepared.style);
        let effort = Effort::of(&answer.answer);
        let text = format!("{}{}", answer.answer, notes(&prepared.notices));

        let now = self.clock.now_ms();
        let message_id = uuid::Uuid::now_v7().to_string();
        let tokens = answer
            .usage
            .map(|usage| (usage.prompt_tokens, usage.completion_tokens));
        let video_suggestions = self
            .watch(&answer, &prepared.question.text, prepared.level)
            .await;
        let zone = self.usage.zone().await?;
        let mut tx = self.db.begin_write().await?;
        self.usage
            .answered(
                &mut tx,
                &prepared.uid,
                zone,
                tokens.unwrap_or_default(),
                answer.cost,
            )
            .await?;
        // Gone when it was removed meanwhile: then the answer is given and not kept.
        let row = store::take_by_id(&mut tx, &prepared.uid, &prepared.conversation_id).await?;
        let mut context = LearningContext {
            user_level: prepared.level,
            learning_style: prepared.style,
            ..LearningContext::default()
        };
        let is_kept = row.is_some();
        if let Some(mut row) = row {
            let mut covered = context_of(&row).topics_covered;
            covered.retain(|topic| !guidance.topics.contains(topic));
            covered.extend(guidance.topics.iter().rev().cloned());
            let surplus = covered.len().saturating_sub(MOST_TOPICS);
            covered.drain(..surplus);
            row.topics = serde_json::to_string(&covered)?;
            if let Some(focus) = guidance.topics.first() {
                row.topic = Some(focus.clone());
            }
            row.updated_at = now;
            store::update(&mut tx, &row).await?;
            context = context_of(&row);
        }
        let details = Details {
            sources: answer.sources,
            mode: answer.mode,
            confidence: answer.confidence,
            model: answer.model,
            usage: answer.usage,
            cost: answer.cost,
            response_time: (prepared.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            timings: answer.timings,
            follow_up_questions: guidance.questions,
            learning_suggestions: guidance.suggestions,
            educational_metadata: EducationalMetadata {
                estimated_reading_time: effort.minutes(),
                complexity_score: effort.complexity(),
                difficulty: effort.difficulty(),
                words: effort.words(),
                topics_mentioned: guidance.topics.clone(),
            },
            related_topics: guidance.topics,
            learning_context: context,
            video_suggestions,
            notices: prepared.notices.clone(),
            standalone_question: answer.standalone_question,
            warnings: answer.warnings,
            computed: answer.computed,
            conversation_id: prepared.conversation_id.clone(),
            session_id: prepared.session_id.clone(),
            message_id: message_id.clone(),
        };
        if is_kept {
            let message = NewMessage {
                id: message_id,
                conversation_id: prepared.conversation_id.clone(),
                role: "assistant",
                text: text.clone(),
                answered: true,
                details: Some(serde_json::to_string(&details)?),
                mode: Some(details.mode.clone()),
                model: details.model.clone(),
                tokens,
                cost_nanos: Some(nanos(details.cost)),
                created_at: now,
            };
            store::insert_message(&mut tx, &message).await?;
            store::answered(&mut tx, &prepared.message_id).await?;
        }
        tx.commit().await?;
        let answered = Answered { text, details };
        self.count(prepared, &answered, tokens.unwrap_or_default())
            .await;
        Ok(answered)
    }

    /// Counts and records an answer.
    async fn count(&self, prepared: &Prepared, answered: &Answered, tokens: (i64, i64)) {
        let details = &answered.details;
        self.counts.answered(CountedAnswer {
            mode: &details.mode,
            model: details.model.as_deref(),
            tokens,
            cost: details.cost,
            took: prepared.started.elapsed(),
        });
        let code = |warning: &serde_json::Value| warning["code"].as_str().map(str::to_owned);
        let run = Run {
            request_id: prepared.request_id.as_ref().map(ToString::to_string),
            user_id: prepared.uid.clone(),
            conversation_id: details.conversation_id.clone(),
            message_id: details.message_id.clone(),
            mode: details.mode.clone(),
            model: details.model.clone(),
            confidence: details.confidence,
            sources: details.sources.len(),
            question_chars: prepared.question.text.chars().count(),
            answer_chars: answered.text.chars().count(),
            prompt_tokens: tokens.0,
            completion_tokens: tokens.1,
            cost: details.cost,
            response_time: details.response_time,
            timings: details.timings.clone(),
            warnings: details.warnings.iter().filter_map(code).collect(),
            texts: Some(Texts {
                question: prepared.question.text.clone(),
                answer: answered.text.clone(),
            }),
        };
        self.runs.record(run).await;
    }

    /// Sources as they may be shown.
    pub(super) fn shown(&self, sources: Vec<Source>) -> Vec<Source> {
        match &self.mask {
            Some(mask) => hide(mask, sources),
            None => sources,
        }
    }

    /// Text as it may be shown.
    pub(super) fn shown_text(&self, text: String) -> String {
        match &self.mask {
            Some(mask) => mask.hide(&text),
            None => text,
        }
    }
}

impl Prepared {
    /// What the reader should know about the answer, as it stands in its text; empty when there is nothing.
    pub(super) fn notes(&self) -> String {
        notes(&self.notices)
    }
}

fn notes(notices: &[String]) -> String {
    let mut text = String::new();
    for notice in notices {
        text.push_str("\n\n> Aviso: ");
        text.push_str(notice);
    }
    text
}

fn hide(mask: &Mask, sources: Vec<Source>) -> Vec<Source> {
    sources
        .into_iter()
        .map(|source| Source {
            quote: mask.hide(&source.quote),
            chunk: mask.hide(&source.chunk),
            ..source
        })
        .collect()
}
