//! Follows one material for one client, until it has arrived.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures::stream;
use serde::Serialize;
use shared::problem::ApiError;
use shared::sse;
use tokio::sync::watch;
use tokio::time::Instant;

use super::store::MaterialRow;
use super::view::ProgressView;
use super::{MaterialError, MaterialService};

/// How long a follower waits before it is told that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The row is looked at so often: another process may be the one that hears.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How far a material is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Progress {
    id: String,
    #[serde(flatten)]
    progress: ProgressView,
}

/// Streams `progress` for every change and `done` at the end.
pub(super) fn follow(materials: Data<MaterialService>, row: MaterialRow) -> HttpResponse {
    // Followed before it is looked at again: a change in between must not be missed.
    let follower = Follower {
        changes: materials.changes(),
        uid: row.uid.clone(),
        next: Some(row),
        last: None,
        ended: false,
        ping_at: Instant::now() + HEARTBEAT,
        materials,
    };
    sse::response(stream::unfold(follower, |mut follower| async {
        let event = follower.next_event().await?;
        Some((Ok::<_, actix_web::Error>(event), follower))
    }))
}

struct Follower {
    materials: Data<MaterialService>,
    changes: watch::Receiver<u64>,
    uid: String,
    next: Option<MaterialRow>,
    last: Option<Progress>,
    ended: bool,
    ping_at: Instant,
}

impl Follower {
    async fn next_event(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            let row = match self.next.take() {
                Some(row) => row,
                None => match self.look().await? {
                    Ok(row) => row,
                    Err(error) => {
                        self.ended = true;
                        return Some(sse::event("error", &ApiError::from(error).problem()));
                    }
                },
            };
            self.ended = row.has_arrived();
            let now = Progress {
                id: row.id.clone(),
                progress: ProgressView::of(&row),
            };
            if self.last.as_ref() != Some(&now) {
                let event = sse::event(if self.ended { "done" } else { "progress" }, &now);
                self.last = Some(now);
                self.ping_at = Instant::now() + HEARTBEAT;
                return Some(event);
            }
            if Instant::now() >= self.ping_at {
                self.ping_at = Instant::now() + HEARTBEAT;
                return Some(sse::heartbeat());
            }
        }
    }

    /// Waits a moment, or for a change, and looks; `None` when the server stops.
    async fn look(&mut self) -> Option<Result<MaterialRow, MaterialError>> {
        tokio::select! {
            () = self.materials.stopping().cancelled() => return None,
            changed = self.changes.changed() => changed.ok()?,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        Some(self.materials.find_uid(&self.uid).await)
    }
}
