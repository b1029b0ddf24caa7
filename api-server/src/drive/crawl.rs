//! Reads what Drive has into a tree: what changed, then every folder that was not read yet.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream;
use futures::{FutureExt as _, StreamExt as _};

use super::DriveError;
use super::client::{Pages, Session};
use super::model::{Item, SHORTCUT};
use super::said;
use super::tree::{Change, Tree};

/// Most entries of a mirrored folder: a tree is held in memory while it is read.
const MOST_ITEMS: usize = 500_000;

/// Where a tree lies.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// The shared drive, if it is one.
    pub(super) shared_drive: Option<String>,
    /// Requests at a time.
    pub(super) concurrency: usize,
}

/// Folders that could not be read: ids, with why.
pub(super) type Unreadable = BTreeMap<String, DriveError>;

/// Reads every folder that can be reached and was not read yet, level by level.
///
/// # Errors
/// What concerns the whole of it; a folder that cannot be read is told of, and the others are read.
pub(super) async fn read_on(
    session: &Session,
    ground: &Ground,
    tree: &mut Tree,
    mut told: impl FnMut(&Tree),
) -> Result<Unreadable, DriveError> {
    let mut unreadable = Unreadable::new();
    let mut asked = BTreeSet::new();
    loop {
        let level: Vec<String> = tree
            .walk()
            .unread
            .into_iter()
            .filter(|id| asked.insert(id.clone()))
            .collect();
        if level.is_empty() {
            return Ok(unreadable);
        }
        // Boxed, as the compiler cannot see otherwise that they may wander between threads.
        let mut each = Vec::with_capacity(level.len());
        for id in level {
            let read = async move {
                let read = folder(session, ground, &id).await;
                (id, read)
            };
            each.push(read.boxed());
        }
        let mut reading = stream::iter(each).buffer_unordered(ground.concurrency);
        while let Some((id, read)) = reading.next().await {
            match read {
                Ok(children) => tree.read(&id, children),
                Err(error) if error.ends_run() => return Err(error),
                Err(error) => {
                    unreadable.insert(id, error);
                }
            }
            if tree.items().count() > MOST_ITEMS {
                return Err(DriveError::Answer("a folder without an end"));
            }
        }
        told(tree);
    }
}

/// What lies in a folder: all pages of it, or nothing.
pub(super) async fn folder(
    session: &Session,
    ground: &Ground,
    id: &str,
) -> Result<Vec<Item>, DriveError> {
    let mut found = BTreeMap::new();
    let mut pages: Option<Pages> = None;
    loop {
        let token = pages.as_ref().map(|pages| pages.now.as_str());
        let page = session
            .children(id, ground.shared_drive.as_deref(), token)
            .await?;
        if page.is_incomplete {
            return Err(DriveError::Unavailable(
                "Drive did not look everywhere".to_owned(),
            ));
        }
        for file in page.items {
            if file.trashed.unwrap_or(false) {
                continue;
            }
            if let Some(mut item) = said::item(file) {
                // A file may say it lies in several folders; here it was found in this one.
                id.clone_into(&mut item.parent);
                found.insert(item.id.clone(), item);
            }
        }
        match (page.next, &mut pages) {
            (None, _) => break,
            (Some(next), Some(pages)) => pages.go_on(next)?,
            (Some(next), none) => *none = Some(Pages::beginning_at(&next)),
        }
    }
    let mut items: Vec<Item> = found.into_values().collect();
    let mut resolving = Vec::new();
    for item in &mut items {
        if item.target.is_some() {
            resolving.push(resolve(session, item).boxed());
        }
    }
    let mut resolved = stream::iter(resolving).buffer_unordered(ground.concurrency);
    while let Some(done) = resolved.next().await {
        done?;
    }
    drop(resolved);
    // A shortcut without a target, or with one nobody can see, has its own type still.
    for item in &mut items {
        if item.mime.is_empty() || item.mime == SHORTCUT {
            item.is_broken = true;
        }
    }
    Ok(items)
}

/// Finds out what a shortcut leads to.
async fn resolve(session: &Session, shortcut: &mut Item) -> Result<(), DriveError> {
    let target = shortcut.content_id().to_owned();
    let found = match session.file(&target).await {
        Ok(file) => Some(file),
        Err(DriveError::NotFound | DriveError::Refused(_)) => None,
        Err(error) => return Err(error),
    };
    said::resolve(shortcut, found);
    Ok(())
}

/// Looks at targets that lie elsewhere: of what is trashed, moved or closed with a folder above it, no change tells.
async fn look_at_shortcuts(
    session: &Session,
    ground: &Ground,
    tree: &mut Tree,
    named: &BTreeSet<String>,
) -> Result<(), DriveError> {
    let mut leading_out: Vec<Item> = tree
        .items()
        .filter(|item| item.target.is_some() && tree.get(item.content_id()).is_none())
        .filter(|item| !named.contains(item.content_id()))
        .cloned()
        .collect();
    let mut looking = Vec::with_capacity(leading_out.len());
    for shortcut in &mut leading_out {
        looking.push(resolve(session, shortcut).boxed());
    }
    let mut looked = stream::iter(looking).buffer_unordered(ground.concurrency);
    while let Some(done) = looked.next().await {
        done?;
    }
    drop(looked);
    tree.apply(
        leading_out
            .into_iter()
            .map(|item| Change::Now(Box::new(item))),
    );
    Ok(())
}

/// Takes in what changed since the token; the new token. Folders that arrived are still to be read.
///
/// # Errors
/// [`DriveError::TokenGone`] asks for reading everything anew.
pub(super) async fn catch_up(
    session: &Session,
    ground: &Ground,
    tree: &mut Tree,
    token: &str,
) -> Result<String, DriveError> {
    let told = session
        .changes(token, ground.shared_drive.as_deref())
        .await?;
    // The last word on each.
    let latest: BTreeMap<String, Option<google_drive3::api::File>> =
        told.files.into_iter().collect();
    let mut changes = Vec::with_capacity(latest.len());
    let named: BTreeSet<String> = latest.keys().cloned().collect();
    for (id, file) in latest {
        let live = file.filter(|file| !file.trashed.unwrap_or(false));
        let shortcuts = tree.shortcuts_to(&id);
        for shortcut in shortcuts.filter(|shortcut| !named.contains(&shortcut.id)) {
            let mut shortcut = shortcut.clone();
            said::resolve(&mut shortcut, live.clone());
            changes.push(Change::Now(Box::new(shortcut)));
        }
        match live.and_then(said::item) {
            None => changes.push(Change::Gone(id)),
            Some(mut item) => {
                if item.target.is_some() {
                    resolve(session, &mut item).await?;
                } else if item.mime == SHORTCUT {
                    item.is_broken = true;
                }
                changes.push(Change::Now(Box::new(item)));
            }
        }
    }
    tree.apply(changes);
    if !named.is_empty() {
        look_at_shortcuts(session, ground, tree, &named).await?;
    }
    Ok(told.new_token)
}
