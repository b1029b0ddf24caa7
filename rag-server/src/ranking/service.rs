//! Examples are measured, learned from, judged and used, or not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rank::{Fault, Feedback, Figures, HeldOut, LearnSettings, Model, Rating, Shown};
use serde::{Deserialize, Serialize};
use shared::clock::Clock;
use shared::problem::Invalid;
use tokio::sync::Mutex;
use tracing::info;

use super::versions::{Try, Versions};
use super::{RankingError, known};
use crate::materials::MaterialId;
use crate::query::{QueryConfig, QueryError, QueryRequest, QueryService, Ranker};

/// Examples of one batch, of one run, and sources of one example.
const MOST_OF_BATCH: usize = 100;
const MOST_OF_RUN: usize = 5_000;
const MOST_SHOWN: usize = 50;
/// Longest name of a run or a person, in bytes.
const LONGEST_NAME: usize = 100;
/// Fewer answers, or of fewer people, are chance.
const LEAST_EXAMPLES: usize = 50;
const LEAST_PEOPLE: usize = 5;
/// Examples that nobody learned from are forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// A passage somebody was shown.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownPassage {
    /// Id of the material.
    pub material_id: String,
    /// Id of the passage.
    pub chunk_id: String,
    /// They opened it.
    #[serde(default)]
    pub opened: bool,
    /// The answer's text rests on it.
    #[serde(default)]
    pub cited: bool,
}

/// What somebody thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Judgement {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// What somebody did with an answer.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    /// Who, by any name that tells people apart within the run; 1 to 100 bytes.
    pub person: String,
    /// What was asked, standing alone.
    pub question: String,
    /// The sources of the answer in the order they were shown, 2 to 50.
    pub shown: Vec<ShownPassage>,
    /// What was thought of the answer.
    #[serde(default)]
    pub rating: Option<Judgement>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct Taken {
    /// Examples of the run so far from which something can be learned.
    pub usable: usize,
    /// Examples of this batch whose passages are not there any more.
    pub gone: usize,
    /// Examples of this batch that tell nothing: disliked, nothing opened, or everything.
    pub silent: usize,
}

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

/// Examples that wait to be learned from: numbers, no texts.
struct Run {
    name: String,
    feedback: Vec<Feedback>,
    /// Unix ms.
    touched: i64,
}

/// Learns and goes back.
pub(crate) struct RankingService {
    query: Arc<QueryService>,
    versions: Versions,
    run: Mutex<Option<Run>>,
    /// One change at a time.
    changing: Mutex<()>,
    clock: Arc<dyn Clock>,
}

impl RankingService {
    /// Learns for `query`, and keeps what was learned in `versions`.
    pub(crate) fn new(query: Arc<QueryService>, versions: Versions, clock: Arc<dyn Clock>) -> Self {
        Self {
            query,
            versions,
            run: Mutex::default(),
            changing: Mutex::default(),
            clock,
        }
    }

    /// Measures a batch for a run; a new run takes the place of another.
    pub(crate) async fn take(
        &self,
        run: &str,
        examples: Vec<Example>,
    ) -> Result<Taken, RankingError> {
        check(run, &examples)?;
        let mut held = self.run.lock().await;
        let now = self.clock.now_ms();
        let is_another = held.as_ref().is_none_or(|held| held.name != run);
        if is_another || is_forgotten(held.as_ref(), now) {
            *held = Some(Run {
                name: run.to_owned(),
                feedback: Vec::new(),
                touched: now,
            });
        }
        let Some(held) = held.as_mut() else {
            return Err(RankingError::UnknownRun);
        };
        if held.feedback.len() + examples.len() > MOST_OF_RUN {
            return Err(RankingError::RunTooLarge);
        }
        let mut taken = Taken::default();
        // All of a batch or nothing: whoever sends it again counts nobody twice.
        let mut telling = Vec::new();
        for example in examples {
            match self.measured(example).await? {
                Some(feedback) if feedback.tells() => telling.push(feedback),
                Some(_) => taken.silent += 1,
                None => taken.gone += 1,
            }
        }
        held.feedback.append(&mut telling);
        held.touched = now;
        taken.usable = held.feedback.len();
        Ok(taken)
    }

    /// Finds the passages anew and measures them; `None` when what was opened is not there any more.
    async fn measured(&self, example: Example) -> Result<Option<Feedback>, RankingError> {
        let materials: BTreeSet<String> = example
            .shown
            .iter()
            .map(|shown| shown.material_id.clone())
            .filter(|id| MaterialId::parse(id).is_ok())
            .collect();
        let request = QueryRequest {
            question: example.question,
            material_ids: Some(materials.into_iter().collect()),
            config: Some(QueryConfig {
                generate: Some(false),
                ..QueryConfig::default()
            }),
            ..QueryRequest::default()
        };
        let found = match self.query.retrieve_for(&request).await {
            Ok(found) => found,
            // A question that is not taken any more is no reason to leave the others out.
            Err(QueryError::Invalid(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let features = found.features(&self.query.ranker().model);
        let row_of = |chunk_id: &str| {
            let mut passages = found.passages.iter().zip(&features.rows);
            let found = passages.find(|(passage, _)| passage.chunk.id == chunk_id);
            found.map(|(_, row)| *row)
        };
        let mut shown = Vec::with_capacity(example.shown.len());
        for (passage, place) in example.shown.iter().zip(1..) {
            match row_of(&passage.chunk_id) {
                Some(row) => shown.push(Shown {
                    place,
                    row,
                    opened: passage.opened,
                    cited: passage.cited,
                }),
                None if passage.opened => return Ok(None),
                None => {}
            }
        }
        Ok((shown.len() > 1).then_some(Feedback {
            person: example.person,
            shown,
            rating: example.rating.map(|rating| match rating {
                Judgement::Up => Rating::Up,
                Judgement::Down => Rating::Down,
            }),
        }))
    }

    /// Learns from a run, and uses what was learned if the gate lets it through.
    pub(crate) async fn learn(&self, run: &str) -> Result<Try, RankingError> {
        let _turn = self.changing.try_lock().map_err(|_| RankingError::Busy)?;
        let now = self.clock.now_ms();
        let feedback = {
            let mut held = self.run.lock().await;
            let is_asked = held.as_ref().is_some_and(|held| held.name == run);
            if !is_asked || is_forgotten(held.as_ref(), now) {
                return Err(RankingError::UnknownRun);
            }
            held.take().map(|held| held.feedback).unwrap_or_default()
        };
        let in_use = self.query.ranker();
        let people: BTreeSet<&str> = feedback.iter().map(|one| one.person.as_str()).collect();
        if feedback.len() < LEAST_EXAMPLES || people.len() < LEAST_PEOPLE {
            let report = Report::too_few(feedback.len(), people.len(), in_use.version);
            return Ok(Try {
                version: in_use.version,
                created_at: now,
                report,
                model: None,
            });
        }
        let from = Arc::clone(&in_use);
        let (report, model) =
            shared::telemetry::spawn_blocking_in_span(move || attempt(&from, &feedback)).await??;
        let is_accepted = report.outcome == Outcome::Accepted;
        let versions = self.versions.clone();
        let mut one = Try {
            version: 0,
            created_at: now,
            model: is_accepted
                .then(|| serde_json::from_str(&model.to_json_pretty()))
                .transpose()
                .map_err(std::io::Error::from)?,
            report,
        };
        let kept = tokio::task::spawn_blocking(move || {
            one.version = versions.next()?;
            versions.keep(&one, in_use.version)?;
            if is_accepted {
                versions.choose(one.version)?;
            }
            Ok::<_, std::io::Error>(one)
        })
        .await??;
        if is_accepted {
            self.query.rank_by(Ranker::new(kept.version, model));
        }
        info!(
            version = kept.version,
            examples = kept.report.examples,
            "ranking {:?} after {} examples",
            kept.report.outcome,
            kept.report.examples
        );
        Ok(kept)
    }

    /// Ranks by an earlier version from now on: the one asked for, else the one that what is in use was learned from.
    pub(crate) async fn roll_back(&self, to: Option<u32>) -> Result<u32, RankingError> {
        let _turn = self.changing.try_lock().map_err(|_| RankingError::Busy)?;
        let in_use = self.query.ranker().version;
        let versions = self.versions.clone();
        let ranker = tokio::task::spawn_blocking(move || {
            let to = match to {
                Some(version) => version,
                None if in_use == 0 => return Err(RankingError::NothingToRollBack),
                None => versions.read(in_use)?.map_or(0, |one| one.report.from),
            };
            let ranker = if to == 0 {
                Ranker::bundled()
            } else {
                let model = versions.read(to)?.and_then(|one| one.model());
                Ranker::new(to, model.ok_or(RankingError::NotFound)?)
            };
            versions.choose(to)?;
            Ok(ranker)
        })
        .await??;
        let version = ranker.version;
        self.query.rank_by(ranker);
        info!(version, "ranking by version {version} again");
        Ok(version)
    }

    /// Takes over what another server over the same data chose since this was last asked.
    pub(crate) async fn follow(&self, chosen: &mut Option<u32>) -> Result<(), RankingError> {
        let (versions, known) = (self.versions.clone(), *chosen);
        let (now, ranker) = tokio::task::spawn_blocking(move || {
            let now = versions.chosen();
            (now, (now != known).then(|| versions.in_use()))
        })
        .await?;
        *chosen = now;
        if let Some(ranker) = ranker {
            self.query.rank_by(ranker);
        }
        Ok(())
    }

    /// The version in use, and every try, the newest first.
    pub(crate) async fn list(&self) -> Result<(u32, Vec<Try>), RankingError> {
        let versions = self.versions.clone();
        let all = tokio::task::spawn_blocking(move || versions.all()).await??;
        Ok((self.query.ranker().version, all))
    }
}

fn is_forgotten(run: Option<&Run>, now: i64) -> bool {
    let longest = i64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(i64::MAX);
    run.is_some_and(|run| now - run.touched > longest)
}

/// Every fault with its field.
fn check(run: &str, examples: &[Example]) -> Result<(), Invalid> {
    let mut invalid = Invalid::new();
    let is_name = |name: &str| (1..=LONGEST_NAME).contains(&name.len());
    if !is_name(run) {
        let detail = "O nome da rodada deve ter de 1 a 100 bytes.";
        invalid = invalid.field("/run", "out_of_range", detail);
    }
    if !(1..=MOST_OF_BATCH).contains(&examples.len()) {
        let detail = "Envie de 1 a 100 exemplos por vez.";
        invalid = invalid.field("/examples", "out_of_range", detail);
    }
    for (at, example) in examples.iter().enumerate().take(MOST_OF_BATCH) {
        if !is_name(&example.person) {
            let detail = "O nome deve ter de 1 a 100 bytes.";
            invalid = invalid.field(format!("/examples/{at}/person"), "out_of_range", detail);
        }
        if !(2..=MOST_SHOWN).contains(&example.shown.len()) {
            let detail = "Um exemplo tem de 2 a 50 fontes.";
            invalid = invalid.field(format!("/examples/{at}/shown"), "out_of_range", detail);
        }
    }
    invalid.or(())
}

/// Learns and judges. Takes about a second of processor time.
fn attempt(from: &Ranker, feedback: &[Feedback]) -> Result<(Report, Model), RankingError> {
    let started = std::time::Instant::now();
    let known = known()?;
    let settings = LearnSettings {
        description: format!(
            "learned from {} answers, on version {}",
            feedback.len(),
            from.version
        ),
        ..LearnSettings::default()
    };
    let learned = rank::improve(&from.model, feedback, &known, &settings)?;
    let after = known.figures(&learned.model);
    let before = known.figures(&from.model);
    let bundled = known.figures(&Model::bundled());
    let faults = rank::faults(&bundled, &before, &after, &learned);
    let outcome = if faults.is_empty() {
        Outcome::Accepted
    } else {
        Outcome::Refused
    };
    let report = Report {
        outcome,
        faults,
        examples: learned.used,
        people: learned.people,
        from: from.version,
        held_out_before: learned.before,
        held_out_after: learned.after,
        held_out_error: learned.error,
        before,
        after,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok((report, learned.model))
}

impl Report {
    fn too_few(examples: usize, people: usize, from: u32) -> Self {
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
