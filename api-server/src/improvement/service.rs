use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use shared::clock::Clock;
use shared::db::Db;
use shared::problem::Invalid;
use tracing::warn;

use super::ImprovementError;
use super::store::{self, ImprovementRow, ToldRow};
use super::wire::{Batch, Example, Learn, Learned, Outcome, Shown};
use crate::audit::{self, Action, Actor, Deed};
use crate::rag::RagClient;

/// What is older teaches nothing: materials and habits change.
const WINDOW_MS: i64 = 8 * 7 * 24 * 3600 * 1000;
/// Answers of one run, and of one batch: the rag-server takes a few seconds for each.
const MOST_EXAMPLES: usize = 4_000;
const BATCH: i64 = 50;
/// Sources of an answer, as many as the rag-server takes.
const MOST_SOURCES: usize = 50;
/// Runs that are shown.
const SHOWN_RUNS: i64 = 50;

/// What of a material was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Id of the material.
    pub(crate) material_uid: &'a str,
    /// Its page, where one was opened.
    pub(crate) page: Option<u32>,
}

/// What is read of an answer's details.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    sources: Vec<Source>,
    #[serde(default)]
    standalone_question: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Source {
    n: i64,
    material_id: String,
    chunk_id: String,
    #[serde(default)]
    page: Option<u32>,
}

/// Notes what people open, and has the ranking learn from it.
#[derive(Debug)]
pub(crate) struct Improvement {
    pub(crate) db: Db,
    pub(crate) rag: Arc<RagClient>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Improvement {
    /// Notes that a user opened a source of one of their answers.
    pub(crate) async fn opened(&self, uid: &str, id: &str, n: i64) -> Result<(), ImprovementError> {
        let told = self.told(uid, id).await?;
        if !told.sources.iter().any(|source| source.n == n) {
            let detail = "Esta resposta não tem uma fonte com este número.";
            return Err(Invalid::new().field("/n", "out_of_range", detail).into());
        }
        Ok(store::open(&self.db, id, n, self.clock.now_ms()).await?)
    }

    /// Notes that a user opened a material, or a page of it, from one of their answers. Whatever is wrong with that, the
    /// material is opened all the same.
    pub(crate) async fn opened_from(&self, uid: &str, id: Option<&str>, place: Place<'_>) {
        let Some(id) = id else { return };
        let noted = async {
            let told = self.told(uid, id).await?;
            let of_material = || {
                told.sources
                    .iter()
                    .filter(|source| source.material_id == place.material_uid)
            };
            let on_page =
                of_material().find(|source| place.page.is_some() && source.page == place.page);
            if let Some(source) = on_page.or_else(|| of_material().next()) {
                store::open(&self.db, id, source.n, self.clock.now_ms()).await?;
            }
            Ok::<_, ImprovementError>(())
        };
        match noted.await {
            Ok(()) | Err(ImprovementError::AnswerNotFound) => {}
            Err(error) => {
                warn!(error = %shared::telemetry::chain(&error), "an opening is not noted: {error}");
            }
        }
    }

    async fn told(&self, uid: &str, id: &str) -> Result<Told, ImprovementError> {
        // Postgres takes no such text.
        if id.contains('\0') {
            return Err(ImprovementError::AnswerNotFound);
        }
        let details = store::details(&self.db, uid, id).await?;
        Ok(serde_json::from_str(
            &details.ok_or(ImprovementError::AnswerNotFound)?,
        )?)
    }

    /// Has the ranking learn from what was said and opened since it last did; what it came to, for people.
    pub(crate) async fn run(&self) -> Result<String, ImprovementError> {
        let now = self.clock.now_ms();
        let learned_at = store::last_accepted(&self.db).await?.unwrap_or(0);
        let since = learned_at.max(now.saturating_sub(WINDOW_MS));
        let run = uuid::Uuid::now_v7().to_string();
        let sent = self.send(&run, since).await?;
        let learned = if sent == 0 {
            Learned::nothing()
        } else {
            self.rag
                .post(&["ranking", "learn"], &Learn { run: &run })
                .await?
        };
        self.keep(&run, &learned, now).await?;
        Ok(learned.detail)
    }

    /// Sends examples, the latest first; how many.
    async fn send(&self, run: &str, since: i64) -> Result<usize, ImprovementError> {
        let mut sent = 0;
        // After every id there is.
        let mut before = "g".to_owned();
        while sent < MOST_EXAMPLES {
            let rows = store::told(&self.db, &before, since, BATCH).await?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                break;
            };
            let opened: BTreeSet<(String, i64)> = store::opened(&self.db, &last.id, &first.id)
                .await?
                .into_iter()
                .collect();
            before.clone_from(&last.id);
            let examples: Vec<Example> = rows
                .into_iter()
                .filter_map(|row| example(run, row, &opened))
                .collect();
            if examples.is_empty() {
                continue;
            }
            let batch = Batch {
                run,
                examples: &examples,
            };
            let IgnoredAny = self.rag.post(&["ranking", "examples"], &batch).await?;
            sent += examples.len();
        }
        Ok(sent)
    }

    async fn keep(&self, run: &str, learned: &Learned, now: i64) -> Result<(), ImprovementError> {
        let figures = json!({
            "faults": learned.faults,
            "held_out_before": learned.held_out_before,
            "held_out_after": learned.held_out_after,
            "before": learned.before,
            "after": learned.after,
        });
        let row = ImprovementRow {
            id: run.to_owned(),
            at: now,
            outcome: learned.outcome.as_str().to_owned(),
            version: learned.version,
            examples: learned.examples,
            people: learned.people,
            detail: learned.detail.clone(),
            figures: figures.to_string(),
        };
        let mut tx = self.db.begin_write().await?;
        store::insert(&mut tx, &row).await?;
        let deed = Deed {
            action: Action::RankingLearned,
            actor: &Actor::system("atualizar-prompt-feedback"),
            target: Some((run, learned.outcome.as_str())),
            now,
        };
        audit::record(&mut tx, deed).await?;
        Ok(tx.commit().await?)
    }

    /// The last runs, the newest first.
    pub(super) async fn list(&self) -> Result<Vec<ImprovementRow>, ImprovementError> {
        Ok(store::list(&self.db, SHOWN_RUNS).await?)
    }
}

impl Learned {
    fn nothing() -> Self {
        Self {
            version: 0,
            outcome: Outcome::TooFew,
            detail: "Não há avaliações nem fontes abertas com que aprender.".to_owned(),
            examples: 0,
            people: 0,
            faults: json!([]),
            held_out_before: json!(null),
            held_out_after: json!(null),
            before: json!([]),
            after: json!([]),
        }
    }
}

/// What the rag-server is told of an answer; nothing where there was nothing to choose from.
pub(super) fn example(
    run: &str,
    row: ToldRow,
    opened: &BTreeSet<(String, i64)>,
) -> Option<Example> {
    let told: Told = serde_json::from_str(&row.details).ok()?;
    if !(2..=MOST_SOURCES).contains(&told.sources.len()) {
        return None;
    }
    let shown = told
        .sources
        .into_iter()
        .map(|source| Shown {
            opened: opened.contains(&(row.id.clone(), source.n)),
            cited: row.answer.contains(&format!("[{}]", source.n)),
            material_id: source.material_id,
            chunk_id: source.chunk_id,
        })
        .collect();
    Some(Example {
        person: pseudonym(run, &row.uid),
        question: told.standalone_question.unwrap_or(row.question),
        shown,
        rating: row.rating,
    })
}

/// A name that tells people apart within a run, and says nothing of them outside of it.
fn pseudonym(run: &str, uid: &str) -> String {
    let key = blake3::derive_key("acervo 2026 people of a weekly improvement", run.as_bytes());
    blake3::keyed_hash(&key, uid.as_bytes())
        .to_hex()
        .to_string()
}
