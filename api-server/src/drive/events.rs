//! Follows one run for one client, until it has ended.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::problem::ApiError;
use shared::sse::{self, Followed, Moment};
use tokio::sync::watch;

use super::DriveService;
use super::view::RunView;

/// The row is looked at so often: another process may be the one that works.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And no oftener than so: a run changes with every file.
const NOT_BEFORE: Duration = Duration::from_millis(200);

/// Streams `progress` for every change and `done` at the end.
pub(super) fn follow(drive: Data<DriveService>, run: RunView) -> HttpResponse {
    let followed = Run {
        changes: drive.runner().changes.subscribe(),
        id: run.id.clone(),
        drive,
    };
    sse::follow(moment(run), followed)
}

fn moment(view: RunView) -> Moment<RunView> {
    let has_ended = view.has_ended();
    Moment { view, has_ended }
}

struct Run {
    drive: Data<DriveService>,
    changes: watch::Receiver<u64>,
    id: String,
}

impl Followed for Run {
    type View = RunView;

    async fn changed(&mut self) -> Option<()> {
        tokio::select! {
            () = self.drive.stopping.cancelled() => None,
            () = async {
                tokio::time::sleep(NOT_BEFORE).await;
                drop(self.changes.changed().await);
            } => Some(()),
            () = tokio::time::sleep(LOOK_EVERY) => Some(()),
        }
    }

    async fn look(&mut self) -> Result<Moment<RunView>, ApiError> {
        Ok(moment(self.drive.run(&self.id).await?))
    }

    /// Time goes on by itself: that is no change.
    fn is_same(one: &RunView, other: &RunView) -> bool {
        (&one.state, &one.counts, &one.current_file, one.requests)
            == (
                &other.state,
                &other.counts,
                &other.current_file,
                other.requests,
            )
    }
}
