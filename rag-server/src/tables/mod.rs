//! Exact answers: questions and plans computed on the tables of materials.
//!
//! What a table is, what a question means and what a plan comes to belongs to the crate `tables`; here tables are found,
//! opened, kept open for a while, and computed on off the async threads.

mod error;
pub(crate) mod routes;

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tables::plan::Plan;
use tables::{Aliases, Considered, Limits, Options, Outcome, Reply, TableSet};
use tracing::warn;

pub(crate) use error::TableError;

use crate::materials::{MaterialError, MaterialId, MaterialRow, MaterialService};

/// Cells of tables that are kept open.
const OPEN_CELLS: u64 = 2_000_000;
/// Tables that nobody asked for this long are closed.
const OPEN_FOR: Duration = Duration::from_secs(900);
/// Rows that an answer brings along; all are counted.
const LISTED: usize = 200;

/// Which questions are computed on tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSettings {
    /// Whether any are; plans sent to `POST /tables/query` are computed in any case.
    pub answers: bool,
    /// Whether a chat model is asked for a plan where the rules read none.
    pub model_plans: bool,
    /// Longest wait for such a plan, 1 to 60 seconds.
    pub model_wait: Duration,
}

/// Id and version of a material.
type Key = (String, String);

/// Tables of materials.
pub(crate) struct TableService {
    materials: Arc<MaterialService>,
    open: Cache<Key, Arc<TableSet>>,
    options: Arc<Options>,
    settings: TableSettings,
}

impl TableService {
    /// `aliases`: what else things are called.
    pub(crate) fn new(
        materials: Arc<MaterialService>,
        aliases: Aliases,
        settings: TableSettings,
    ) -> Self {
        let open = Cache::builder()
            .max_capacity(OPEN_CELLS)
            .weigher(|_: &Key, set: &Arc<TableSet>| cells(set))
            .time_to_idle(OPEN_FOR)
            .build();
        let limits = Limits {
            listed: LISTED,
            ..Limits::default()
        };
        Self {
            materials,
            open,
            options: Arc::new(Options { aliases, limits }),
            settings,
        }
    }

    /// Which questions are computed.
    pub(crate) fn settings(&self) -> TableSettings {
        self.settings
    }

    /// The tables of a version of a material; `None` where it has none.
    pub(crate) async fn of(
        &self,
        id: &str,
        version: &str,
    ) -> Result<Option<Arc<TableSet>>, TableError> {
        let key = (id.to_owned(), version.to_owned());
        if let Some(set) = self.open.get(&key).await {
            return Ok(Some(set));
        }
        let files = self.materials.tables().clone();
        let (id, version) = key.clone();
        let read = move || files.read(&id, &version);
        let Some(set) = blocking(read).await?.map_err(MaterialError::from)? else {
            return Ok(None);
        };
        let set = Arc::new(set);
        self.open.insert(key, Arc::clone(&set)).await;
        Ok(Some(set))
    }

    /// Puts a question to tables; one reply for each set, in order.
    pub(crate) async fn ask(
        &self,
        sets: Vec<Arc<TableSet>>,
        question: &str,
    ) -> Result<Vec<Reply>, TableError> {
        let (options, question) = (Arc::clone(&self.options), question.to_owned());
        blocking(move || {
            let replies = sets.iter().map(|set| tables::ask(set, &question, &options));
            replies.collect()
        })
        .await
    }

    /// What becomes of a plan that a model proposed. `reply`: what the same question was read as.
    pub(crate) async fn consider(
        &self,
        set: &Arc<TableSet>,
        question: &str,
        proposal: String,
        reply: &Reply,
    ) -> Result<Considered, TableError> {
        let (options, set) = (Arc::clone(&self.options), Arc::clone(set));
        let (question, reply) = (question.to_owned(), reply.clone());
        blocking(move || tables::consider(&set, &question, &proposal, &reply, &options)).await
    }

    /// Computes plans on one set; what cannot be computed is left out.
    pub(crate) async fn outcomes(
        &self,
        set: &Arc<TableSet>,
        plans: Vec<Plan>,
    ) -> Result<Vec<(Plan, Outcome)>, TableError> {
        let (options, set) = (Arc::clone(&self.options), Arc::clone(set));
        blocking(move || {
            let computed = plans.into_iter().filter_map(|plan| {
                let outcome = tables::run(&set, &plan, &options.limits).ok()?;
                Some((plan, outcome))
            });
            computed.collect()
        })
        .await
    }

    /// One material.
    pub(crate) async fn material(&self, id: &MaterialId) -> Result<MaterialRow, TableError> {
        Ok(self.materials.find(id).await?)
    }

    /// Materials in order of id, `limit` of them after the id `after`.
    pub(crate) async fn materials(
        &self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<MaterialRow>, TableError> {
        Ok(self.materials.list(None, after, limit).await?)
    }

    /// Computes a plan on the tables of a material.
    ///
    /// # Errors
    /// No such material, no tables in it; every fault of the plan.
    pub(crate) async fn run(&self, id: &MaterialId, plan: &Plan) -> Result<Outcome, TableError> {
        let row = self.material(id).await?;
        let set = self.of_row(&row).await?.ok_or(TableError::NoTables)?;
        let (options, plan) = (Arc::clone(&self.options), plan.clone());
        blocking(move || tables::run(&set, &plan, &options.limits))
            .await?
            .map_err(TableError::Faults)
    }

    /// The tables that questions are answered from now.
    pub(crate) async fn of_row(
        &self,
        row: &MaterialRow,
    ) -> Result<Option<Arc<TableSet>>, TableError> {
        match &row.indexed_version {
            Some(version) => self.of(&row.id, version).await,
            None => Ok(None),
        }
    }

    /// The same, where a file that cannot be read must not spoil the rest.
    pub(crate) async fn if_readable(&self, id: &str, version: &str) -> Option<Arc<TableSet>> {
        self.of(id, version).await.unwrap_or_else(|error| {
            warn!(material.id = id, error = %shared::telemetry::chain(&error), "tables of {id} cannot be read: {error}");
            None
        })
    }
}

/// Weight of a set: its cells, and something for being there.
fn cells(set: &Arc<TableSet>) -> u32 {
    let cells = set
        .tables
        .iter()
        .map(|table| table.columns.len().saturating_mul(table.row_count()))
        .fold(64, usize::saturating_add);
    u32::try_from(cells).unwrap_or(u32::MAX)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TableError> {
    Ok(shared::telemetry::spawn_blocking_in_span(work).await?)
}
