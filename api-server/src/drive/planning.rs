//! Reads what Drive has, and writes down what a run is to do.

use std::collections::{BTreeMap, BTreeSet};

use futures::{FutureExt as _, StreamExt as _, stream};
use google_drive3::api::File;
use tracing::{info, warn};

use super::DriveError;
use super::crawl::{self, Ground};
use super::model::{Holding, Item, Notice, Outcome, Reason};
use super::plan::{self, Facts, Plan};
use super::runner::{Found, Runner, Stop};
use super::store::folders::{self, FolderRow};
use super::store::ledger;
use super::store::runs::{self, RunRow, Sums};
use super::tree::Tree;

/// Most folders one inside another; Drive allows 100.
const MOST_LEVELS: usize = 100;

impl Runner {
    /// Reads what Drive has and writes down what is to be done.
    pub(super) async fn plan(
        &self,
        folder: &FolderRow,
        run: &RunRow,
        claim: &str,
        found: &Found,
    ) -> Result<(), Stop> {
        let now = self.clock.now_ms();
        let full_every = i64::try_from(self.settings.full_every.as_millis()).unwrap_or(i64::MAX);
        let is_old = folder
            .full_at
            .is_none_or(|at| now.saturating_sub(at) >= full_every);
        let token = folder
            .page_token
            .as_deref()
            .filter(|_| !is_old && run.kind != "full" && found.session.access.kind.has_changes());
        let ground = Ground {
            shared_drive: found.shared_drive.clone(),
            concurrency: self.settings.concurrency,
        };
        let known: BTreeMap<String, Item> = ledger::items(&self.db, &folder.id)
            .await?
            .into_iter()
            .map(|item| (item.id.clone(), item))
            .collect();
        let max_depth = usize::try_from(folder.max_depth).unwrap_or(1);
        let mut caught_up = None;
        if let Some(token) = token {
            runs::analyze(&self.db, &run.id, claim, "incremental").await?;
            let mut tree = Tree::kept(&found.root, max_depth, known.values().cloned());
            match crawl::catch_up(&found.session, &ground, &mut tree, token).await {
                Ok(new_token) => caught_up = Some((tree, Some(new_token))),
                Err(DriveError::TokenGone | DriveError::Refused(_)) => {
                    info!(drive.folder = %folder.id, "the page token is not valid any more: reading everything");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let is_full = caught_up.is_none();
        let (mut tree, new_token) = if let Some(done) = caught_up {
            done
        } else {
            runs::analyze(&self.db, &run.id, claim, "full").await?;
            // Before the first folder is read: what changes meanwhile is told the next time.
            let token = if found.session.access.kind.has_changes() {
                Some(
                    found
                        .session
                        .start_token(found.shared_drive.as_deref())
                        .await?,
                )
            } else {
                None
            };
            (Tree::new(&found.root, max_depth), token)
        };
        self.changed();
        let mut unreadable =
            crawl::read_on(&found.session, &ground, &mut tree, |_| self.changed()).await?;
        if let Some(error) = unreadable.remove(&found.root) {
            return Err(error.into());
        }
        tree.recall(&known);
        let held: BTreeMap<String, Holding> = ledger::holdings(&self.db, &folder.id)
            .await?
            .into_iter()
            .map(|held| (held.file_id.clone(), held))
            .collect();
        let mut unreadable: Vec<(String, String)> = unreadable
            .into_iter()
            .map(|(id, error)| {
                warn!(drive.folder = %id, error = %shared::telemetry::chain(&error), "a folder of Drive could not be read");
                let name = tree
                    .items()
                    .find(|item| item.content_id() == id)
                    .map(|item| item.name.clone());
                (id, name.unwrap_or_default())
            })
            .collect();
        let rules = self.rules().await?;
        let walk = tree.walk();
        let allowed = run
            .allowed_removals
            .and_then(|allowed| u64::try_from(allowed).ok());
        let decide = |unreadable: &[(String, String)]| {
            let facts = Facts {
                root: &found.name,
                placed: &walk.placed,
                unreadable,
                held: &held,
                allowed,
            };
            plan::decide(&facts, &rules)
        };
        let mut plan = decide(&unreadable);
        if is_full && plan.asks.is_none() {
            // That a list leaves something out is no proof: Drive is asked for each.
            let overlooked = self.overlooked(found, &tree, &plan).await?;
            if !overlooked.is_empty() {
                unreadable.extend(overlooked);
                plan = decide(&unreadable);
            }
        }
        let sums = sums(&plan, walk.folders, !unreadable.is_empty());
        let requests = run
            .requests
            .saturating_add(i64::try_from(found.session.requests()).unwrap_or(i64::MAX));
        let mut tx = self.db.begin_write().await?;
        if !runs::planned(
            &mut tx,
            &run.id,
            claim,
            &sums,
            requests,
            self.clock.now_ms(),
        )
        .await?
        {
            return Err(Stop::Lost);
        }
        ledger::drop_unchanged(&mut tx, &folder.id, &run.id).await?;
        for (seq, entry) in (0..).zip(&plan.entries) {
            ledger::insert(&mut tx, &run.id, seq, entry).await?;
        }
        if run.dry_run == 0 {
            for item in tree.items() {
                if known.get(&item.id) != Some(item) {
                    ledger::put_item(&mut tx, &folder.id, item).await?;
                }
            }
            if sums.is_partial || plan.asks.is_some() {
                // Nobody knows what else has changed, or whether so much is gone: everything is read the next time.
                folders::set_token(&mut tx, &folder.id, None, None).await?;
            } else {
                for id in known.keys().filter(|id| tree.get(id).is_none()) {
                    ledger::drop_item(&mut tx, &folder.id, id).await?;
                }
                let full_at = is_full.then_some(now);
                folders::set_token(&mut tx, &folder.id, new_token.as_deref(), full_at).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Folders of files that are to be removed and are there all the same: ids and names.
    async fn overlooked(
        &self,
        found: &Found,
        tree: &Tree,
        plan: &Plan,
    ) -> Result<BTreeMap<String, String>, DriveError> {
        let gone = plan
            .entries
            .iter()
            .filter(|entry| entry.reason == Some(Reason::Deleted));
        let too_deep: BTreeSet<String> = tree
            .walk()
            .placed
            .iter()
            .filter(|placed| placed.barred == Some(Reason::TooDeep))
            .map(|placed| placed.item.id.clone())
            .collect();
        let mut each = Vec::new();
        for entry in gone {
            let asked = async move { (entry, found.session.file(&entry.file_id).await) };
            each.push(asked.boxed());
        }
        let mut asking = stream::iter(each).buffer_unordered(self.settings.concurrency);
        let mut overlooked = BTreeMap::new();
        while let Some((entry, answer)) = asking.next().await {
            match answer {
                Err(DriveError::NotFound | DriveError::Refused(_)) => {}
                Err(error) if error.ends_run() => return Err(error),
                Err(error) => {
                    warn!(drive.file = %entry.file_id, error = %shared::telemetry::chain(&error), "nobody knows whether a file is gone");
                    overlooked.insert(entry.file_id.clone(), entry.path.clone());
                }
                Ok(file) if file.trashed.unwrap_or(false) => {}
                Ok(file) => match way_into(found, tree, &too_deep, file).await {
                    Ok(None) => {}
                    Ok(Some((folder, name))) => {
                        warn!(drive.folder = %folder, drive.file = %entry.file_id, "Drive left a file out of its folder");
                        overlooked.insert(folder, name);
                    }
                    Err(error) if error.ends_run() => return Err(error),
                    Err(error) => {
                        warn!(drive.file = %entry.file_id, error = %shared::telemetry::chain(&error), "nobody knows whether a file is gone");
                        overlooked.insert(entry.file_id.clone(), entry.path.clone());
                    }
                },
            }
        }
        Ok(overlooked)
    }
}

/// The folder of the tree, id and name, that a file lies in after all: folders between may be left out as well.
async fn way_into(
    found: &Found,
    tree: &Tree,
    too_deep: &BTreeSet<String>,
    file: File,
) -> Result<Option<(String, String)>, DriveError> {
    let mut above = file.parents.into_iter().flatten().next();
    for _ in 0..MOST_LEVELS {
        let Some(id) = above.take() else {
            break;
        };
        if id == found.root {
            return Ok(Some((id, "/".to_owned())));
        }
        let here = tree
            .items()
            .find(|item| item.is_folder() && item.content_id() == id);
        if let Some(folder) = here {
            // One that lies too deep is not read, and nobody says that its files are there.
            let is_read = !too_deep.contains(folder.id.as_str());
            return Ok(is_read.then(|| (id, folder.name.clone())));
        }
        above = match found.session.file(&id).await {
            Ok(folder) if folder.trashed.unwrap_or(false) => None,
            Ok(folder) => folder.parents.into_iter().flatten().next(),
            Err(DriveError::NotFound | DriveError::Refused(_)) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(None)
}

/// What a plan comes to.
fn sums(plan: &Plan, folders: usize, is_partial: bool) -> Sums {
    let mut sums = Sums {
        is_partial,
        notice: plan.asks.map(Notice::as_str),
        folders: i64::try_from(folders).unwrap_or(i64::MAX),
        ..Sums::default()
    };
    for entry in &plan.entries {
        let count = match entry.outcome {
            Outcome::Unchanged => &mut sums.unchanged,
            Outcome::Skipped => &mut sums.skipped,
            Outcome::Failed => &mut sums.failed,
            Outcome::Pending | Outcome::Indexed => &mut sums.pending,
            Outcome::Waiting | Outcome::Removed => {
                sums.removals += 1;
                continue;
            }
        };
        *count += 1;
        sums.listed += 1;
    }
    sums
}
