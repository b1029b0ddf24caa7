//! Operations as jobs: one at a time, each written down.

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::problem::HasProblem as _;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info, warn};

use super::MaintenanceError;
use super::operations::{Operation, Operations, Outcome};
use super::store::{self, JobRow, NewJob};
use crate::alerts;
use crate::audit::{self, Action, Actor, Deed};
use crate::materials::MaterialService;
use crate::notices;
use crate::rag::RagClient;
use crate::site::SiteService;

/// How long whoever asks waits for the end of an operation.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a job shows that it is being worked on, and after which silence it counts as interrupted.
const BEAT: Duration = Duration::from_secs(10);
const SILENCE_MS: i64 = 60_000;
/// Jobs shown at once.
const SHOWN: i64 = 100;

/// Runs operations.
#[derive(Debug, Clone)]
pub(crate) struct MaintenanceService {
    db: Db,
    operations: Operations,
    site: Arc<SiteService>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

/// A job, and what it came to if it has ended.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) job_id: String,
    pub(super) outcome: Option<Outcome>,
}

impl MaintenanceService {
    /// Operations on `materials` and what `rag` has of them; they end when the server is `stopping`.
    pub(crate) fn new(
        db: Db,
        materials: Arc<MaterialService>,
        rag: Arc<RagClient>,
        site: Arc<SiteService>,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            db,
            operations: Operations { materials, rag },
            site,
            clock,
            stopping,
        }
    }

    /// Begins an operation and waits for it a while. It goes on when whoever asked has left.
    pub(super) async fn ask(
        &self,
        actor: Actor,
        operation: Operation,
        look: bool,
    ) -> Result<Asked, MaintenanceError> {
        let job_id = uuid::Uuid::now_v7().to_string();
        let now = self.clock.now_ms();
        let job = NewJob {
            id: &job_id,
            operation: operation.as_str(),
            dry_run: look,
            uid: actor.uid.as_deref(),
            username: actor.name.as_deref(),
            now,
        };
        let mut tx = self.db.begin_write().await?;
        let begun = store::begin(&mut tx, job, now.saturating_sub(SILENCE_MS)).await?;
        tx.commit().await?;
        if !begun {
            return Err(MaintenanceError::Busy);
        }
        let (service, id) = (self.clone(), job_id.clone());
        let work = async move { service.work(&id, &actor, operation, look).await };
        let running = tokio::spawn(work.in_current_span());
        match tokio::time::timeout(PATIENCE, running).await {
            Ok(Ok(done)) => Ok(Asked {
                job_id,
                outcome: Some(done?),
            }),
            // It panicked; its row says so by its silence.
            Ok(Err(_)) => Err(MaintenanceError::Interrupted),
            Err(_) => Ok(Asked {
                job_id,
                outcome: None,
            }),
        }
    }

    /// Does an operation and writes down what it came to.
    async fn work(
        &self,
        id: &str,
        actor: &Actor,
        operation: Operation,
        look: bool,
    ) -> Result<Outcome, MaintenanceError> {
        let done = tokio::select! {
            done = self.operations.run(operation, look, actor) => done,
            () = self.beat(id) => Err(MaintenanceError::Interrupted),
            () = self.stopping.cancelled() => Err(MaintenanceError::Interrupted),
        };
        if let Err(error) = self.write_down(id, actor, operation, look, &done).await {
            warn!(job.id = %id, error = %shared::telemetry::chain(&error), "the end of maintenance {id} was not written down");
        }
        done
    }

    /// Shows that a job is being worked on; never ends.
    async fn beat(&self, id: &str) {
        loop {
            tokio::time::sleep(BEAT).await;
            if let Err(error) = store::alive(&self.db, id, self.clock.now_ms()).await {
                warn!(job.id = %id, error = %shared::telemetry::chain(&error), "maintenance {id} seems to stand still");
            }
        }
    }

    async fn write_down(
        &self,
        id: &str,
        actor: &Actor,
        operation: Operation,
        look: bool,
        done: &Result<Outcome, MaintenanceError>,
    ) -> Result<(), DbError> {
        let now = self.clock.now_ms();
        let heard = self.site.current().await?.shown.notifications;
        let (state, message, outcome) = match done {
            Ok(outcome) => (
                "done",
                outcome.message.clone(),
                serde_json::to_string(outcome).ok(),
            ),
            Err(MaintenanceError::Interrupted) => {
                ("interrupted", MaintenanceError::Interrupted.detail(), None)
            }
            Err(error) => {
                warn!(job.id = %id, error = %shared::telemetry::chain(error), "maintenance {} failed", operation.as_str());
                ("failed", error.detail(), None)
            }
        };
        let changed = !look && done.as_ref().is_ok_and(|outcome| outcome.changed);
        let audience = if changed && heard.maintenance_alerts {
            alerts::audience(&self.db, &heard).await.unwrap_or_else(|error| {
                warn!(job.id = %id, error = %shared::telemetry::chain(&error), "nobody is told of maintenance {id}");
                Vec::new()
            })
        } else {
            Vec::new()
        };
        let mut tx = self.db.begin_write().await?;
        store::finish(&mut tx, id, state, &message, outcome.as_deref(), now).await?;
        if changed {
            let deed = Deed {
                action: Action::MaintenanceDone,
                actor,
                target: Some((id, operation.as_str())),
                now,
            };
            audit::record(&mut tx, deed).await?;
        }
        let who = actor.name.as_deref().unwrap_or("O sistema");
        let body = format!("{who} executou {}: {message}", operation.as_str());
        notices::enqueue(&mut tx, &audience, "Manutenção realizada", &body, now).await?;
        tx.commit().await?;
        info!(job.id = %id, job.operation = operation.as_str(), job.dry_run = look, job.state = state, "maintenance {id} is {state}");
        Ok(())
    }

    /// A job.
    pub(super) async fn job(&self, id: &str) -> Result<JobRow, MaintenanceError> {
        let id = uuid::Uuid::try_parse(id)
            .map_err(|_| MaintenanceError::NotFound)?
            .to_string();
        store::by_id(&self.db, &id)
            .await?
            .ok_or(MaintenanceError::NotFound)
    }

    /// The last jobs, newest first.
    pub(super) async fn jobs(&self) -> Result<Vec<JobRow>, MaintenanceError> {
        Ok(store::list(&self.db, SHOWN).await?)
    }
}
