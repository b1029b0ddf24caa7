//! Answers computed on tables, where a question is one to a table.
//!
//! Asked are the tables of the materials that retrieval found, and where a course has only a few workbooks, of all of them. A
//! question is taken over only when the crate `tables` accounts for every word of it. Where it does not, a chat model may
//! propose what to compute: that is shown as its proposal, and only where no other material speaks to the question.
//! Everything else is left to retrieval.

mod response;

use std::collections::BTreeSet;
use std::sync::Arc;

use generate::Language;
use tables::plan::Plan;
use tables::{Answered, Considered, Reply, TableSet};
use tracing::warn;

use self::response::Response;
use super::proposed::Planned;
use super::retrieve::Retrieved;
use super::wire::{Asked, Mode, QueryResponse};
use super::write::Spent;
use super::{QueryError, QueryService};
use crate::catalogue::{self, Placed};
use crate::materials::{CitedRow, store};
use crate::tables::TableError;

/// Materials whose tables are asked at most.
const MOST_ASKED: usize = 8;
/// Readings less sure than this stand back behind what retrieval finds.
const SURE: f64 = 0.6;
/// How sure a plan is that a chat model proposed: less than any reading that answers.
const PROPOSED: f32 = 0.5;
/// Materials that answer side by side; with more, people are asked which they mean.
const MOST_ANSWERING: usize = 3;

/// What tables say to a question.
pub(super) enum Said {
    /// What it comes to.
    Answer(Box<QueryResponse>),
    /// A chat model proposed it, or read a question like the rules did that were not sure: it goes before passages of the
    /// same material, and not before those of others.
    Backed(Box<QueryResponse>),
    /// A question back, as something in it can mean several things; or what the question perhaps means.
    Back(Box<QueryResponse>),
}

impl Said {
    /// What is told, beside what retrieval would quote.
    pub(super) fn beside(self, quoted: &QueryResponse) -> Option<Box<QueryResponse>> {
        let is_silent = quoted.mode == Mode::NotFound;
        match self {
            Self::Answer(said) => Some(said),
            Self::Backed(said) => {
                let best = quoted.sources.first().map(|source| &source.material_id);
                let is_of = |source: &super::Source| Some(&source.material_id) == best;
                (is_silent || said.sources.iter().any(is_of)).then_some(said)
            }
            // Nobody is asked back about what the material answers anyway.
            Self::Back(said) => is_silent.then_some(said),
        }
    }
}

/// What tables say, and what it took.
#[derive(Default)]
pub(super) struct Heard {
    /// `None` where the question is not one to a table.
    pub(super) said: Option<Said>,
    /// What a chat model took that was asked for a plan.
    pub(super) spent: Option<Spent>,
    /// A chat model would have been asked and none answered: the next time one may.
    pub(super) is_lacking: bool,
}

/// A material whose tables are asked.
struct Candidate {
    id: String,
    title: String,
    source: String,
    placed: Option<Placed>,
    set: Arc<TableSet>,
}

impl QueryService {
    /// What tables say.
    pub(super) async fn compute(&self, asked: &Asked, retrieved: &Retrieved) -> Heard {
        if !self.tables.settings().answers {
            return Heard::default();
        }
        let heard = match self.candidates(asked, retrieved).await {
            Ok(candidates) if candidates.is_empty() => return Heard::default(),
            Ok(candidates) => self.ask(asked, &candidates).await,
            Err(error) => {
                warn!(error = %shared::telemetry::chain(&error), "tables were not asked: {error}");
                return Heard::default();
            }
        };
        heard.unwrap_or_else(|error| {
            warn!(error = %shared::telemetry::chain(&error), "tables were not asked: {error}");
            Heard::default()
        })
    }

    /// Materials with tables, those that retrieval found first, the best of them first.
    async fn candidates(
        &self,
        asked: &Asked,
        retrieved: &Retrieved,
    ) -> Result<Vec<Candidate>, QueryError> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for ranked in &retrieved.ranking.passages {
            let Some(passage) = retrieved.passages.get(ranked.index) else {
                continue;
            };
            let chunk = &passage.chunk;
            if found.len() == MOST_ASKED || !seen.insert(chunk.material_id.clone()) {
                continue;
            }
            if let Some(set) = self
                .tables
                .if_readable(&chunk.material_id, &chunk.version)
                .await
            {
                found.push(Candidate {
                    id: chunk.material_id.clone(),
                    title: passage.title.clone(),
                    source: passage.source.clone(),
                    placed: passage.placed.clone(),
                    set,
                });
            }
        }
        let rest = store::workbooks(&self.db, MOST_ASKED as i64 + 1).await?;
        if rest.len() > MOST_ASKED {
            return Ok(found);
        }
        let scope = self.filter(asked).await?;
        let is_asked = |row: &CitedRow| {
            let within = scope.material_ids.as_ref();
            within.is_none_or(|ids| ids.contains(&row.id)) && !seen.contains(&row.id)
        };
        let rest: Vec<CitedRow> = rest.into_iter().filter(is_asked).collect();
        let sources = rest.iter().map(|row| row.source.as_str());
        let lessons = catalogue::lessons_of(&self.db, sources).await?;
        for row in rest {
            let Some(version) = &row.indexed_version else {
                continue;
            };
            if found.len() == MOST_ASKED {
                break;
            }
            if let Some(set) = self.tables.if_readable(&row.id, version).await {
                let placed = lessons.get(&row.source).cloned();
                found.push(Candidate {
                    title: placed
                        .as_ref()
                        .map_or(row.title, |placed| placed.lesson.label()),
                    id: row.id,
                    source: row.source,
                    placed,
                    set,
                });
            }
        }
        Ok(found)
    }

    async fn ask(&self, asked: &Asked, candidates: &[Candidate]) -> Result<Heard, TableError> {
        let sets: Vec<Arc<TableSet>> = candidates.iter().map(|one| Arc::clone(&one.set)).collect();
        let replies = self.tables.ask(sets.clone(), &asked.question).await?;
        let planned = self.planned(asked, &sets, &replies).await;
        let english = asked.language() == Language::English;
        let (mut spent, mut is_lacking, mut is_backed) = (None, false, false);
        match planned {
            Planned::NotAsked => {}
            Planned::Unanswered(took) => (spent, is_lacking) = (took, true),
            Planned::Answered {
                model,
                spent: took,
                considered,
            } => {
                spent = Some(took);
                match considered {
                    Some((_, Considered::Agreed)) => is_backed = true,
                    Some((at, Considered::Proposed(plan, outcome)))
                        // What was read stands, and a plan that fits no row says nothing.
                        if outcome.matched > 0
                            && !replies
                                .iter()
                                .any(|reply| matches!(reply, Reply::Answered(_))) =>
                    {
                        let mut response = Response::new(english);
                        if let Some(candidate) = candidates.get(at) {
                            response.add_proposed(candidate, &model, *plan, *outcome);
                        }
                        let mut said = response.finish(PROPOSED);
                        said.model = Some(model);
                        return Ok(Heard {
                            said: Some(Said::Backed(Box::new(said))),
                            spent,
                            is_lacking,
                        });
                    }
                    _ => {}
                }
            }
        }
        let said = match self.read(candidates, replies, english).await? {
            Some(Said::Back(said)) if is_backed => Some(Said::Backed(said)),
            said => said,
        };
        Ok(Heard {
            said,
            spent,
            is_lacking,
        })
    }

    /// What the question was read as, without a model.
    async fn read(
        &self,
        candidates: &[Candidate],
        replies: Vec<Reply>,
        english: bool,
    ) -> Result<Option<Said>, TableError> {
        let mut answers: Vec<(&Candidate, Box<Answered>)> = Vec::new();
        let mut asked_back = None;
        for (candidate, reply) in candidates.iter().zip(replies) {
            match reply {
                Reply::Answered(answered) => answers.push((candidate, answered)),
                Reply::Asked(back) if asked_back.is_none() => asked_back = Some((candidate, back)),
                Reply::Asked(_) | Reply::Refused { .. } => {}
            }
        }
        // A table in which nothing fits the question says little beside one in which something does.
        if answers
            .iter()
            .any(|(_, answered)| answered.outcome.matched > 0)
        {
            answers.retain(|(_, answered)| answered.outcome.matched > 0);
        }
        let mut response = Response::new(english);
        if answers.len() > MOST_ANSWERING {
            let titles: Vec<&str> = answers.iter().map(|(one, _)| one.title.as_str()).collect();
            return Ok(Some(response.which(&titles)));
        }
        let confidence = answers
            .iter()
            .map(|(_, answered)| answered.confidence)
            .reduce(f64::min);
        if let Some(confidence) = confidence {
            let is_one_of_many = answers.len() > 1;
            for (candidate, answered) in answers {
                let label = is_one_of_many.then(|| candidate.title.clone());
                response.add(candidate, label, answered.plan, answered.outcome);
            }
            let said = response.finish(confidence as f32);
            return Ok(Some(if confidence > SURE {
                Said::Answer(Box::new(said))
            } else {
                Said::Back(Box::new(said))
            }));
        }
        let Some((candidate, back)) = asked_back else {
            return Ok(None);
        };
        if back.plans.is_empty() {
            let candidates: Vec<&str> = back.candidates.iter().map(String::as_str).collect();
            return Ok(Some(response.meaning(&back.about, &candidates)));
        }
        let labels = back.plans.iter().cloned().zip(back.candidates);
        let labels: Vec<(Plan, String)> = labels.collect();
        for (plan, outcome) in self.tables.outcomes(&candidate.set, back.plans).await? {
            let label = labels.iter().find(|(of, _)| *of == plan);
            let label = label.map(|(_, label)| label.clone());
            response.add(candidate, label, plan, outcome);
        }
        Ok(Some(response.answer(0.5)))
    }
}
