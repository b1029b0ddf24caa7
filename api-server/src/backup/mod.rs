//! Backups of the whole system: taken while it works, checked before anything is changed, restored into either database.
//!
//! A backup is a folder: `manifest.json` (what there is, with BLAKE3 of everything), `database.rows.gz` (every row as
//! JSON, of one moment) and `rag.tar.gz` (what the rag-server gives of itself, if it answers). Files of materials never
//! change, so all backups share `files/<first two digits>/<BLAKE3>` beside them. The manifest is written last: a folder
//! without one is no backup. In object storage it lies below a prefix of a bucket in the same way.
//!
//! Rows are restored into the schema they come from and migrated from there, in one transaction: on a failure the database
//! is as it was. Whatever the rag-server has then, every material is told to it again, so that both agree.

mod error;
mod files;
mod manifest;
mod remote;
mod rows;
mod service;
mod store;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use error::BackupError;
pub(crate) use remote::{RemoteSettings, SCHEME};

pub(crate) use service::{Backups, Report, before_migration};

#[cfg(test)]
mod tests;

/// Where backups are, and how many.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// Folder of all backups; of those before migrations, and of what is on its way, where others go to object storage.
    pub folder: PathBuf,
    /// Object storage that backups go to instead.
    pub remote: Option<RemoteSettings>,
    /// How many are kept; the oldest go.
    pub keep: NonZeroUsize,
}
