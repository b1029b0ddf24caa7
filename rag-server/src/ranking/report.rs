//! What learning came to, for people.

use rank::{Fault, Figures, HeldOut};
use serde::{Deserialize, Serialize};

/// Fewer answers, or of fewer people, are chance.
pub(super) const LEAST_EXAMPLES: usize = 50;
pub(super) const LEAST_PEOPLE: usize = 5;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Passages are ranked by what was learned.
    Accepted,
    /// The gate refused it; passages are ranked as before.
    Refused,
    /// There is too little to learn from; passages are ranked as before.
    TooFew,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) outcome: Outcome,
    pub(crate) faults: Vec<Fault>,
    /// Answers that tell something, and people whose they are.
    pub(crate) examples: usize,
    pub(crate) people: usize,
    /// The version that was in use.
    pub(crate) from: u32,
    pub(crate) held_out_before: HeldOut,
    pub(crate) held_out_after: HeldOut,
    /// Standard error of what nDCG@10 gains there.
    pub(crate) held_out_error: f64,
    /// Known questions by the ranking in use, and by what was learned.
    pub(crate) before: Vec<Figures>,
    pub(crate) after: Vec<Figures>,
    /// Milliseconds it took.
    pub(crate) took_ms: u64,
}

impl Report {
    pub(super) fn too_few(examples: usize, people: usize, from: u32) -> Self {
        Self {
            outcome: Outcome::TooFew,
            faults: Vec::new(),
            examples,
            people,
            from,
            held_out_before: HeldOut::default(),
            held_out_after: HeldOut::default(),
            held_out_error: 0.0,
            before: Vec::new(),
            after: Vec::new(),
            took_ms: 0,
        }
    }

    /// What it came to, for people.
    pub(crate) fn detail(&self) -> String {
        match self.outcome {
            Outcome::Accepted => format!(
                "O ordenamento aprendido está em uso: o que as pessoas abriram sobe de {:.3} para {:.3} (nDCG@10).",
                self.held_out_before.ndcg_10, self.held_out_after.ndcg_10
            ),
            Outcome::Refused => {
                let reasons: Vec<&str> = self.faults.iter().map(|fault| reason(*fault)).collect();
                format!(
                    "O ordenamento aprendido foi recusado: {}.",
                    reasons.join("; ")
                )
            }
            Outcome::TooFew => format!(
                "Ainda há pouco com que aprender: {} respostas de {} pessoas; são precisas {LEAST_EXAMPLES} de {LEAST_PEOPLE}.",
                self.examples, self.people
            ),
        }
    }
}

fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::NothingGained => "o que as pessoas abriram não ficaria mais acima",
        Fault::RanksWorse => "as perguntas de referência achariam pior as suas passagens",
        Fault::RefusesLess => "mais perguntas sem resposta no material seriam respondidas",
        Fault::RefusesMore => "mais perguntas com resposta no material seriam recusadas",
    }
}
