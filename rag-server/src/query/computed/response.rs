//! What is said of results: text, cells as sources, plans, warnings.

use extract::Locator;
use tables::Outcome;
use tables::plan::Plan;

use super::{Candidate, Said};
use crate::catalogue;
use crate::query::AnswerWarning;
use crate::query::answer::{self, Place};
use crate::query::wire::{Computed, Mode, QueryResponse, Source};

/// An answer in the making.
pub(super) struct Response {
    english: bool,
    texts: Vec<String>,
    sources: Vec<Source>,
    computed: Vec<Computed>,
    warnings: Vec<AnswerWarning>,
}

impl Response {
    pub(super) fn new(english: bool) -> Self {
        Self {
            english,
            texts: Vec::new(),
            sources: Vec::new(),
            computed: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds what a plan came to. `label`: which of several meanings it answers.
    pub(super) fn add(
        &mut self,
        of: &Candidate,
        label: Option<String>,
        plan: Plan,
        outcome: Outcome,
    ) {
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
            proposed_by: None,
            formula: said.formula,
            plan,
            outcome,
        });
    }

    /// Adds what a plan came to that `model` proposed: said first, as nothing else tells it from one that was asked for.
    pub(super) fn add_proposed(
        &mut self,
        of: &Candidate,
        model: &str,
        plan: Plan,
        outcome: Outcome,
    ) {
        let label = if self.english {
            "Calculation proposed by a chat model, not confirmed by the wording of the question"
        } else {
            "Conta proposta por um modelo de conversa, não confirmada pela leitura da pergunta"
        };
        self.add(of, Some(label.to_owned()), plan, outcome);
        if let Some(computed) = self.computed.last_mut() {
            computed.proposed_by = Some(model.to_owned());
        }
        self.warnings.push(AnswerWarning::new("model_plan", 1));
    }

    pub(super) fn answer(self, confidence: f32) -> Said {
        Said::Answer(Box::new(self.finish(confidence)))
    }

    /// Which material is meant.
    pub(super) fn which(self, titles: &[&str]) -> Said {
        let text = if self.english {
            "Several tables can answer this question. Which one do you mean?"
        } else {
            "Mais de uma planilha pode responder a esta pergunta. De qual delas se trata?"
        };
        self.back(text.to_owned(), titles)
    }

    /// What a word means.
    pub(super) fn meaning(self, about: &str, candidates: &[&str]) -> Said {
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

    pub(super) fn finish(self, confidence: f32) -> QueryResponse {
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
