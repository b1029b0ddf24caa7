//! Examples are measured, learned from, judged and used, or not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rank::{Feedback, LearnSettings, Model, Rating, Shown};
use shared::clock::Clock;
use tokio::sync::Mutex;
use tracing::info;

use super::example::{Example, Judgement, Taken, check};
use super::report::{LEAST_EXAMPLES, LEAST_PEOPLE, Outcome, Report};
use super::versions::{Try, Versions};
use super::{RankingError, known};
use crate::materials::MaterialId;
use crate::query::{QueryConfig, QueryError, QueryRequest, QueryService, Ranker};

/// Examples of one run.
const MOST_OF_RUN: usize = 5_000;
/// Examples that nobody learned from are forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

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
