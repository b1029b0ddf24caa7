//! Follows one material for one client, until it has arrived.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use shared::problem::ApiError;
use shared::sse::{self, Followed, Moment};
use tokio::sync::watch;

use super::MaterialService;
use super::store::MaterialRow;
use super::view::ProgressView;

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
    let followed = Material {
        changes: materials.changes(),
        uid: row.uid.clone(),
        materials,
    };
    sse::follow(moment(&row), followed)
}

fn moment(row: &MaterialRow) -> Moment<Progress> {
    Moment {
        view: Progress {
            id: row.id.clone(),
            progress: ProgressView::of(row),
        },
        has_ended: row.has_arrived(),
    }
}

struct Material {
    materials: Data<MaterialService>,
    changes: watch::Receiver<u64>,
    uid: String,
}

impl Followed for Material {
    type View = Progress;

    async fn changed(&mut self) -> Option<()> {
        tokio::select! {
            () = self.materials.stopping().cancelled() => None,
            changed = self.changes.changed() => changed.ok(),
            () = tokio::time::sleep(LOOK_EVERY) => Some(()),
        }
    }

    async fn look(&mut self) -> Result<Moment<Progress>, ApiError> {
        Ok(moment(&self.materials.find_uid(&self.uid).await?))
    }

    fn is_same(one: &Progress, other: &Progress) -> bool {
        one == other
    }
}
