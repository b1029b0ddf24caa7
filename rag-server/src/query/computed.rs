//! Answers computed on tables, where a question is one to a table.
//!
//! Asked are the tables of the materials that retrieval found, and where a course has only a few workbooks, of all of them. A
//! question is taken over only when the crate `tables` accounts for every word of it; everything else is left to retrieval.

use std::collections::BTreeSet;
use std::sync::Arc;

use extract::Locator;
use generate::Language;
use tables::plan::Plan;
use tables::{Outcome, Reply, TableSet};
use tracing::warn;

use super::answer::{self, Place};
use super::retrieve::Retrieved;
use super::wire::{Asked, Computed, Mode, QueryResponse, Source};
use super::{AnswerWarning, QueryError, QueryService};
use crate::catalogue::{self, Placed};
use crate::materials::store::{self, CitedRow};
use crate::tables::TableError;

/// Materials whose tables are asked at most.
const MOST_ASKED: usize = 8;
/// Readings less sure than this stand back behind what retrieval finds.
const SURE: f64 = 0.6;
/// Materials that answer side by side; with more, people are asked which they mean.
const MOST_ANSWERING: usize = 3;

/// What tables say to a question.
pub(super) enum Said {
    /// What it comes to.
    Answer(Box<QueryResponse>),
    /// A question back, as something in it can mean several things; or what the question perhaps means.
    Back(Box<QueryResponse>),
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
    /// What tables say; `None` where the question is not one to a table.
    pub(super) async fn compute(&self, asked: &Asked, retrieved: &Retrieved) -> Option<Said> {
        let computed = match self.candidates(asked, retrieved).await {
            Ok(candidates) if candidates.is_empty() => return None,
            Ok(candidates) => self.ask(asked, &candidates).await,
            Err(error) => {
                warn!(error = %shared::telemetry::chain(&error), "tables were not asked: {error}");
                return None;
            }
        };
        computed.unwrap_or_else(|error| {
            warn!(error = %shared::telemetry::chain(&error), "tables were not asked: {error}");
            None
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

    async fn ask(
        &self,
        asked: &Asked,
        candidates: &[Candidate],
    ) -> Result<Option<Said>, TableError> {
        let sets = candidates.iter().map(|one| Arc::clone(&one.set)).collect();
        let replies = self.tables.ask(sets, &asked.question).await?;
        let mut answers = Vec::new();
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
        let english = asked.language() == Language::English;
        let mut response = Response::new(english);
        if answers.len() > MOST_ANSWERING {
            let titles: Vec<&str> = answers.iter().map(|(one, _)| one.title.as_str()).collect();
            return Ok(Some(response.which(&titles)));
        }
        let confidence = answers
            .iter()
            .map(|(_, answered)| answered.confidence as f32)
            .reduce(f32::min);
        if let Some(confidence) = confidence {
            let is_one_of_many = answers.len() > 1;
            for (candidate, answered) in answers {
                let label = is_one_of_many.then(|| candidate.title.clone());
                response.add(candidate, label, answered.plan, answered.outcome);
            }
            let said = response.finish(confidence);
            return Ok(Some(if f64::from(confidence) > SURE {
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

/// An answer in the making.
struct Response {
    english: bool,
    texts: Vec<String>,
    sources: Vec<Source>,
    computed: Vec<Computed>,
    warnings: Vec<AnswerWarning>,
}

impl Response {
    fn new(english: bool) -> Self {
        Self {
            english,
            texts: Vec::new(),
            sources: Vec::new(),
            computed: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds what a plan came to. `label`: which of several meanings it answers.
    fn add(&mut self, of: &Candidate, label: Option<String>, plan: Plan, outcome: Outcome) {
        let said = tables::answer(&plan, &outcome, self.english);
        let mut text = match label {
            Some(label) => format!("**{}**: {}", answer::as_markdown(&label), said.text),
            None => said.text,
        };
        for source in &outcome.sources {
            let n = self.sources.len() + 1;
            text.push_str(&format!(" [{n}]"));
            self.sources.push(cite(n, of, source));
        }
        self.texts.push(text);
        let notes = outcome.notes.iter().zip(said.warnings);
        self.warnings
            .extend(notes.map(|(note, detail)| AnswerWarning {
                code: code_of(note.code),
                count: note.count,
                detail,
            }));
        self.computed.push(Computed {
            material_id: of.id.clone(),
            formula: said.formula,
            plan,
            outcome,
        });
    }

    fn answer(self, confidence: f32) -> Said {
        Said::Answer(Box::new(self.finish(confidence)))
    }

    /// Which material is meant.
    fn which(self, titles: &[&str]) -> Said {
        let text = if self.english {
            "Several tables can answer this question. Which one do you mean?"
        } else {
            "Mais de uma planilha pode responder a esta pergunta. De qual delas se trata?"
        };
        self.back(text.to_owned(), titles)
    }

    /// What a word means.
    fn meaning(self, about: &str, candidates: &[&str]) -> Said {
        let about = answer::as_markdown(about);
        let text = match (self.english, about.is_empty()) {
            (true, true) => {
                "This question can be read in several ways. Which one do you mean?".to_owned()
            }
            (true, false) => format!("What do you mean by “{about}”?"),
            (false, true) => {
                "Esta pergunta pode ser lida de mais de uma forma. Qual delas?".to_owned()
            }
            (false, false) => format!("O que quer dizer “{about}” aqui?"),
        };
        self.back(text, candidates)
    }

    fn back(mut self, mut text: String, choices: &[&str]) -> Said {
        text.push('\n');
        for choice in choices {
            text.push_str(&format!("\n- {}", answer::as_markdown(choice)));
        }
        self.texts = vec![text];
        Said::Back(Box::new(self.finish(0.0)))
    }

    fn finish(self, confidence: f32) -> QueryResponse {
        QueryResponse {
            warnings: self.warnings,
            computed: self.computed,
            ..answer::response(
                self.texts.join("\n\n"),
                Mode::Table,
                self.sources,
                confidence,
            )
        }
    }
}

/// The cells a result was made of, as a source.
fn cite(n: usize, of: &Candidate, cells: &tables::Source) -> Source {
    let locator = match (&cells.sheet, &cells.range, &cells.locator) {
        (Some(sheet), Some(range), _) => Locator::Sheet {
            name: sheet.clone(),
            range: range.clone(),
        },
        (_, _, Some(locator)) => locator.clone(),
        _ => Locator::Section {
            path: vec![cells.table.clone()],
            paragraph: 1,
        },
    };
    let place = Place::of(&locator);
    Source {
        n,
        material_id: of.id.clone(),
        chunk_id: format!("table:{}", cells.table),
        title: of.title.clone(),
        source: of.source.clone(),
        citation: catalogue::citation(&of.title, &locator),
        lesson: of.placed.as_ref().map(|placed| placed.lesson.clone()),
        page: place.page,
        sheet: place.sheet,
        range: place.range,
        locator,
        quote: cells.shown.first().cloned().unwrap_or_default(),
        chunk: cells.shown.join("\n"),
        score: 1.0,
    }
}

/// `error_cell`, `blank_cells`, …
fn code_of(code: tables::NoteCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(of_cell)) => of_cell
            .values()
            .find_map(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default(),
        _ => String::new(),
    }
}
