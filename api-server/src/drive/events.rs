//! Follows one run for one client, until it has ended.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures::stream;
use shared::problem::ApiError;
use shared::sse;
use tokio::sync::watch;
use tokio::time::Instant;

use super::view::RunView;
use super::{DriveError, DriveService};

/// How long a follower waits before it is told that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The row is looked at so often: another process may be the one that works.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And no oftener than so: a run changes with every file.
const NOT_BEFORE: Duration = Duration::from_millis(200);

/// Streams `progress` for every change and `done` at the end.
pub(super) fn follow(drive: Data<DriveService>, run: RunView) -> HttpResponse {
    let follower = Follower {
        changes: drive.runner().changes.subscribe(),
        id: run.id.clone(),
        next: Some(run),
        last: None,
        ended: false,
        ping_at: Instant::now() + HEARTBEAT,
        drive,
    };
    sse::response(stream::unfold(follower, |mut follower| async {
        let event = follower.next_event().await?;
        Some((Ok::<_, actix_web::Error>(event), follower))
    }))
}

struct Follower {
    drive: Data<DriveService>,
    changes: watch::Receiver<u64>,
    id: String,
    next: Option<RunView>,
    last: Option<RunView>,
    ended: bool,
    ping_at: Instant,
}

impl Follower {
    async fn next_event(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            let run = match self.next.take() {
                Some(run) => run,
                None => match self.look().await? {
                    Ok(run) => run,
                    Err(error) => {
                        self.ended = true;
                        return Some(sse::event("error", &ApiError::from(error).problem()));
                    }
                },
            };
            self.ended = run.has_ended();
            // Time goes on by itself: that is no change.
            let is_same = self.last.as_ref().is_some_and(|last| {
                (&last.state, &last.counts, &last.current_file, last.requests)
                    == (&run.state, &run.counts, &run.current_file, run.requests)
            });
            if !is_same {
                let event = sse::event(if self.ended { "done" } else { "progress" }, &run);
                self.last = Some(run);
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
    async fn look(&mut self) -> Option<Result<RunView, DriveError>> {
        tokio::select! {
            () = self.drive.stopping.cancelled() => return None,
            () = async {
                tokio::time::sleep(NOT_BEFORE).await;
                drop(self.changes.changed().await);
            } => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        Some(self.drive.run(&self.id).await)
    }
}
