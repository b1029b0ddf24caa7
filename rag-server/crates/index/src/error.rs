//! Why the index could not do what was asked, and whether trying again may help.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;

/// Why the index could not do what was asked.
///
/// Cheap to clone: one failed group commit is reported to every caller that had work in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IndexError {
    /// A setting is out of its range.
    #[error("setting of the index is wrong: {reason}")]
    InvalidSettings {
        /// Which setting and why.
        reason: String,
    },
    /// An id, a version or a row is not acceptable. Nothing was written.
    #[error("row cannot be indexed: {reason}")]
    InvalidInput {
        /// Which value and why.
        reason: String,
    },
    /// A vector has another length than the table's. Nothing was written.
    #[error("vector has {found} dimensions, the table holds {expected}")]
    Dimensions {
        /// Dimensions of the table.
        expected: usize,
        /// Dimensions of the vector.
        found: usize,
    },
    /// There are not as many vectors as chunks. Nothing was written.
    #[error("{found} vectors came for {expected} chunks")]
    VectorCount {
        /// Number of chunks.
        expected: usize,
        /// Number of vectors.
        found: usize,
    },
    /// The table of vectors belongs to another model or has other dimensions: re-embed into a new table.
    #[error(
        "table {table} holds vectors of {found_model} with {found_dimensions} dimensions, \
         not of {expected_model} with {expected_dimensions}"
    )]
    ModelMismatch {
        /// Name of the table.
        table: String,
        /// Model that was asked for.
        expected_model: String,
        /// Dimensions that were asked for.
        expected_dimensions: usize,
        /// Model whose vectors the table holds.
        found_model: String,
        /// Dimensions the table holds.
        found_dimensions: usize,
    },
    /// The table was made by another version of the program: delete the index and read the materials again.
    #[error("table {table} has layout {found}, this program needs {expected}")]
    Layout {
        /// Name of the table.
        table: String,
        /// Layout this program writes.
        expected: String,
        /// Layout found.
        found: String,
    },
    /// No space is left where the index lies. Nothing was committed.
    #[error("no space left for the index")]
    DiskFull {
        /// Cause.
        #[source]
        source: Arc<lancedb::Error>,
    },
    /// Other processes kept committing to the same table.
    #[error("table is being changed by other processes")]
    Conflict {
        /// Cause.
        #[source]
        source: Arc<lancedb::Error>,
    },
    /// The store failed.
    #[error("store of the index failed")]
    Storage {
        /// Cause.
        #[source]
        source: Arc<lancedb::Error>,
    },
    /// A stored row cannot be understood.
    #[error("stored row is damaged: {reason}")]
    Corrupt {
        /// What is wrong with it.
        reason: String,
    },
    /// The writer of the table is gone: the index was closed, or a commit died.
    #[error("index is closed")]
    Closed,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will not.
    Never,
    /// Soon, with back-off.
    Soon,
}

impl IndexError {
    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::InvalidSettings { .. }
            | Self::InvalidInput { .. }
            | Self::Dimensions { .. }
            | Self::VectorCount { .. }
            | Self::ModelMismatch { .. }
            | Self::Layout { .. }
            | Self::Corrupt { .. }
            | Self::Closed => Retry::Never,
            Self::DiskFull { .. } | Self::Conflict { .. } | Self::Storage { .. } => Retry::Soon,
        }
    }

    /// The disk (or the quota) is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

impl From<lancedb::Error> for IndexError {
    fn from(error: lancedb::Error) -> Self {
        let disk_full = any_cause(&error, is_disk_full);
        let conflict = any_cause(&error, is_conflict);
        let source = Arc::new(error);
        if disk_full {
            Self::DiskFull { source }
        } else if conflict {
            Self::Conflict { source }
        } else {
            Self::Storage { source }
        }
    }
}

impl From<lance_core::Error> for IndexError {
    fn from(error: lance_core::Error) -> Self {
        Self::from(lancedb::Error::from(error))
    }
}

impl From<arrow_schema::ArrowError> for IndexError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self::from(lancedb::Error::from(error))
    }
}

/// Whether `error` or anything that caused it satisfies `test`.
///
/// `io::Error` hides the error it was made of from `source()`, so that one is looked into by hand.
fn any_cause(
    error: &(dyn StdError + 'static),
    test: fn(&(dyn StdError + 'static)) -> bool,
) -> bool {
    let mut current = Some(error);
    while let Some(error) = current {
        if test(error) {
            return true;
        }
        if let Some(inner) = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            && any_cause(inner, test)
        {
            return true;
        }
        current = error.source();
    }
    false
}

fn is_disk_full(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        );
    }
    matches!(
        error.downcast_ref::<lance_core::Error>(),
        Some(lance_core::Error::DiskCapExceeded { .. })
    )
}

fn is_conflict(error: &(dyn StdError + 'static)) -> bool {
    matches!(
        error.downcast_ref::<lance_core::Error>(),
        Some(
            lance_core::Error::CommitConflict { .. }
                | lance_core::Error::RetryableCommitConflict { .. }
                | lance_core::Error::IncompatibleTransaction { .. }
                | lance_core::Error::TooMuchWriteContention { .. }
        )
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn store_error(error: io::Error) -> IndexError {
        IndexError::from(lancedb::Error::from(lance_core::Error::from(error)))
    }

    #[test]
    fn full_disk_is_told_from_other_failures() {
        // 28 is ENOSPC, 122 is EDQUOT on Linux.
        for code in [28, 122] {
            let error = store_error(io::Error::from_raw_os_error(code));
            assert!(error.is_disk_full(), "{error:?}");
            let wrapped = io::Error::other(io::Error::from_raw_os_error(code));
            assert!(store_error(wrapped).is_disk_full());
        }
        let error = store_error(io::Error::from(ErrorKind::PermissionDenied));
        assert!(!error.is_disk_full());
        assert_eq!(error.retry(), Retry::Soon);
    }

    #[test]
    fn commit_conflict_is_told_from_other_failures() {
        let error = lance_core::Error::commit_conflict_source(3, "lost the race".into());
        assert!(IndexError::from(lancedb::Error::from(error)).is_conflict());
        assert!(!store_error(io::Error::from(ErrorKind::NotFound)).is_conflict());
    }
}
