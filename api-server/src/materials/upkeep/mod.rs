//! Cleaning up among materials: what stands twice, what nobody has any more, everything. Index and files follow: a row
//! goes together with the wish that the rag-server hear of it, then its file.

mod agree;
pub(crate) mod store;

use std::time::Duration;

pub(crate) use agree::DisagreementError;
use shared::db::DbError;
use shared::files::Shelves;
use tracing::warn;

use super::service::{Freed, record};
use super::store::{Act, MaterialRow, delete, duplicates as twins, wish};
use super::{MaterialError, MaterialService};
use crate::audit::{Action, Actor};

/// Materials removed in one transaction.
const AT_ONCE: usize = 200;
/// When the index is filled again although nobody said that it is empty: that somebody died in between.
const INSURANCE: Duration = Duration::from_mins(5);

/// Materials of the same content.
#[derive(Debug)]
pub(crate) struct Group {
    /// The one that was here first.
    pub(crate) kept: MaterialRow,
    /// The others.
    pub(crate) others: Vec<MaterialRow>,
}

/// What was downloaded.
#[derive(Debug)]
pub(crate) struct Downloads {
    /// How many, and bytes of them.
    pub(crate) total: (i64, i64),
    /// Materials downloaded most: id, how often, bytes.
    pub(crate) most: Vec<(String, i64, i64)>,
    /// The last downloads: id of the material, bytes, Unix ms.
    pub(crate) last: Vec<(String, i64, i64)>,
}

impl MaterialService {
    /// Removes every material whose content an older one has; answers those it removed.
    ///
    /// # Errors
    /// The database; what was removed until then stays removed.
    pub(crate) async fn remove_duplicates(
        &self,
        actor: &Actor,
    ) -> Result<Vec<MaterialRow>, MaterialError> {
        let mut removed = Vec::new();
        loop {
            let now = self.clock.now_ms();
            let mut tx = self.db.begin_write().await?;
            let groups = grouped(twins(&mut tx).await?);
            let some: Vec<MaterialRow> = groups
                .into_iter()
                .flat_map(|group| group.others)
                .take(AT_ONCE)
                .collect();
            if some.is_empty() {
                return Ok(removed);
            }
            for row in &some {
                delete(&mut tx, &row.uid).await?;
                wish(&mut tx, &row.uid, Act::Remove, now).await?;
                record(&mut tx, actor, Action::MaterialRemoved, row, now).await?;
            }
            tx.commit().await?;
            self.outbox.wake();
            self.outbox.changed();
            removed.extend(some);
        }
    }

    /// Removes every material: rows first, then files, then what the rag-server has of them.
    ///
    /// # Errors
    /// The database; then nothing was removed. A file that cannot be removed is taken by the next sweep.
    pub(crate) async fn remove_all(&self) -> Result<(u64, Freed), MaterialError> {
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let contents = store::hashes(&mut tx).await?;
        store::wish_all(&mut tx, Act::Remove, now).await?;
        let rows = store::delete_all(&mut tx).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.outbox.changed();
        let mut freed = Freed::default();
        for (hash, _) in contents {
            match self.drop_file(&hash, false).await {
                Ok(one) => freed.add(one),
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "a file without a material is still here");
                }
            }
        }
        Ok((rows, freed))
    }

    /// Lets `empty` empty the index, and has the rag-server told of every material again; answers how many those are.
    /// Should this process die in between, they are told all the same after a while.
    ///
    /// # Errors
    /// The database, or what `empty` says; then the index goes on as it was.
    pub(crate) async fn refill<E: From<DbError>>(
        &self,
        empty: impl Future<Output = Result<(), E>>,
    ) -> Result<u64, E> {
        let insured = self
            .clock
            .now_ms()
            .saturating_add(i64::try_from(INSURANCE.as_millis()).unwrap_or(i64::MAX));
        let mut tx = self.db.begin_write().await?;
        store::wish_all(&mut tx, Act::Put, insured).await?;
        tx.commit().await?;
        let emptied = empty.await;
        // Told at once, emptied or not: what the rag-server still has it need not be sent.
        let mut tx = self.db.begin_write().await?;
        if emptied.is_ok() {
            store::forget_all(&mut tx).await?;
        }
        let told = store::wish_all(&mut tx, Act::Put, self.clock.now_ms()).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.outbox.changed();
        emptied.map(|()| told)
    }

    /// Folders of stored files: how many, and how many of them are empty; removes those unless it is only to `look`.
    ///
    /// # Errors
    /// The disk.
    pub(crate) async fn clear_folders(&self, look: bool) -> Result<Shelves, MaterialError> {
        Ok(self.files.clear_shelves(look).await?)
    }

    /// Whether files can be taken in now.
    ///
    /// # Errors
    /// The disk.
    pub(crate) async fn check_storage(&self) -> Result<(), MaterialError> {
        Ok(self.files.check_writable().await?)
    }

    /// Downloads of the last so many `ms`, with the `most` downloaded materials and the `last` downloads.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn downloads(
        &self,
        ms: i64,
        most: i64,
        last: i64,
    ) -> Result<Downloads, MaterialError> {
        let since = self.clock.now_ms().saturating_sub(ms);
        Ok(Downloads {
            total: store::downloads(&self.db, since).await?,
            most: store::most_downloaded(&self.db, since, most).await?,
            last: store::last_downloads(&self.db, since, last).await?,
        })
    }

    /// Counts a download; that it cannot be counted is nothing to whoever downloads.
    pub(super) async fn count_download(&self, row: &MaterialRow) {
        if let Err(error) = store::downloaded(&self.db, row, self.clock.now_ms()).await {
            warn!(error = %shared::telemetry::chain(&error), "a download was not counted: {error}");
        }
    }
}

/// Materials whose content another one has too.
pub(crate) fn duplicates(mut rows: Vec<MaterialRow>) -> Vec<Group> {
    let order = |row: &MaterialRow| (row.content_hash.clone(), row.created_at, row.uid.clone());
    rows.sort_by_cached_key(order);
    let mut groups = grouped(rows);
    groups.retain(|group| !group.others.is_empty());
    groups
}

/// Rows of equal content beside each other, as groups.
fn grouped(rows: Vec<MaterialRow>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        match groups.last_mut() {
            Some(group) if group.kept.content_hash == row.content_hash => group.others.push(row),
            _ => groups.push(Group {
                kept: row,
                others: Vec::new(),
            }),
        }
    }
    groups
}
