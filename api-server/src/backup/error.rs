use std::path::PathBuf;

use shared::db::{DbError, MigrationError};

use crate::rag::RagError;

/// What can go wrong with backups.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// The folder has no manifest.
    #[error("{} is no backup: it has no manifest", .0.display())]
    NotABackup(PathBuf),
    /// The manifest is somebody else's, or was changed.
    #[error("the manifest is not one of ours, or was changed: {0}")]
    Foreign(String),
    /// A newer program made it.
    #[error(
        "the backup has schema {found}, this program knows up to {known}: use the program that made it, or a newer one"
    )]
    Newer {
        /// Schema of the backup.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// Something is not as the manifest says.
    #[error("{what} is broken: {why}")]
    Broken {
        /// What of the backup.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Materials came and went while the backup was taken.
    #[error("files changed too often while they were copied; try again")]
    Restless,
    /// An address of object storage, and no settings for it.
    #[error("which object storage is not set: give BACKUP_URL and its credentials")]
    NoStorage,
    /// The object storage.
    #[error("object storage failed")]
    Remote(#[from] object_store::Error),
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database.
    #[error("database failed")]
    Db(#[from] DbError),
    /// A migration.
    #[error("database cannot be migrated")]
    Migration(#[from] MigrationError),
    /// A migration of restored rows.
    #[error("restored rows cannot be migrated")]
    Restored(#[from] sqlx::migrate::MigrateError),
    /// The rag-server.
    #[error("rag-server did not take its part back")]
    Rag(#[from] RagError),
}

impl BackupError {
    /// A failure of the disk at `path`.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(super) fn broken(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Broken {
            what: what.into(),
            why: why.to_string(),
        }
    }
}
