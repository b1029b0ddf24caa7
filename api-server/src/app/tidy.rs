//! Removes what has ended.

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::Db;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::materials::MaterialService;
use crate::{api_keys, audit, links, maintenance, materials, notices, oidc, sessions};

/// How often what has ended is removed.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// Ended sessions, keys and links are kept so long, to be explained; the audit log longer.
const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;
const AUDIT_KEPT_MS: i64 = 400 * 24 * 3600 * 1000;

/// Removes what has ended, now and then.
pub(super) async fn tidy(
    db: Db,
    materials: Arc<MaterialService>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) {
    loop {
        let now = clock.now_ms();
        let before = now.saturating_sub(KEPT_MS);
        let done = async {
            sessions::store::prune(&db, before).await?;
            links::store::prune(&db, before).await?;
            api_keys::store::prune(&db, before).await?;
            oidc::store::prune(&db, now).await?;
            notices::store::prune(&db, before).await?;
            maintenance::store::prune(&db, now.saturating_sub(AUDIT_KEPT_MS)).await?;
            materials::upkeep::store::prune_downloads(&db, now.saturating_sub(AUDIT_KEPT_MS))
                .await?;
            audit::store::prune(&db, now.saturating_sub(AUDIT_KEPT_MS)).await
        };
        if let Err(error) = done.await {
            warn!(error = %shared::telemetry::chain(&error), "tidying up failed: {error}");
        }
        if let Err(error) = materials.sweep(false).await {
            warn!(error = %shared::telemetry::chain(&error), "files could not be tidied up: {error}");
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(TIDY_EVERY) => {}
        }
    }
}
