use std::io;
use std::time::Duration;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::Retry;
use crate::problem::{Code, HasProblem};

/// How long a client should wait when another writer is at work.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// What went wrong in a database, in terms both share.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A row like it exists. `target` is the constraint's name on Postgres and `table.column` (or
    /// several, with commas) on SQLite, because SQLite does not say the name.
    #[error("row is not unique: {target}")]
    Unique {
        /// What is violated.
        target: String,
    },
    /// Another constraint: foreign key, not null, check.
    #[error("row violates a constraint")]
    Constraint(#[source] sqlx::Error),
    /// Another writer was faster, or holds the lock: the transaction can be done again.
    #[error("database is busy")]
    Busy(#[source] sqlx::Error),
    /// It cannot be reached, is starting or has no connection left.
    #[error("database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// The disk, or a quota, is full.
    #[error("database has no space left")]
    Full(#[source] sqlx::Error),
    /// The address cannot be used; it is not repeated here, because it may hold a password.
    #[error("database address {0}")]
    Url(&'static str),
    /// A statement or a row that does not fit: our fault.
    #[error("database query failed")]
    Other(#[source] sqlx::Error),
}

impl DbError {
    /// Whether the same transaction may succeed when tried again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy(_) | Self::Unavailable(_) => Retry::Soon,
            // Space may be made, but not in the time of a retry.
            Self::Full(_) => Retry::Never,
            Self::Unique { .. } | Self::Constraint(_) | Self::Url(_) | Self::Other(_) => {
                Retry::Never
            }
        }
    }

    pub(super) fn from_io(error: io::Error) -> Self {
        sqlx::Error::Io(error).into()
    }
}

impl HasProblem for DbError {
    fn code(&self) -> Code {
        match self {
            Self::Unique { .. } => Code::Conflict,
            Self::Busy(_) | Self::Unavailable(_) => Code::Overloaded,
            Self::Full(_) => Code::StorageFull,
            Self::Constraint(_) | Self::Url(_) | Self::Other(_) => Code::Internal,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry().is_worthwhile().then_some(BUSY_WAIT)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match classify(cause.as_ref()) {
                Class::Unique(target) => Self::Unique { target },
                Class::Constraint => Self::Constraint(error),
                Class::Busy => Self::Busy(error),
                Class::Unavailable => Self::Unavailable(error),
                Class::Full => Self::Full(error),
                Class::Other => Self::Other(error),
            },
            sqlx::Error::Io(cause) if is_full(cause) => Self::Full(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error),
            // The enum is open; what remains concerns our own statements and types.
            _ => Self::Other(error),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

enum Class {
    Unique(String),
    Constraint,
    Busy,
    Unavailable,
    Full,
    Other,
}

fn classify(error: &dyn DatabaseError) -> Class {
    match error.kind() {
        ErrorKind::UniqueViolation => return Class::Unique(target(error)),
        ErrorKind::ForeignKeyViolation
        | ErrorKind::NotNullViolation
        | ErrorKind::CheckViolation
        | ErrorKind::ExclusionViolation => return Class::Constraint,
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    // SQLSTATE has five characters, SQLite's result codes are numbers of at most four digits.
    if code.len() == 5 {
        classify_sqlstate(&code)
    } else {
        classify_sqlite(code.parse().unwrap_or(0))
    }
}

/// PostgreSQL manual, appendix A.
fn classify_sqlstate(code: &str) -> Class {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Class::Busy,
        // disk_full
        "53100" => Class::Full,
        // too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now
        "53300" | "57P01" | "57P02" | "57P03" => Class::Unavailable,
        // connection exceptions
        code if code.starts_with("08") => Class::Unavailable,
        _ => Class::Other,
    }
}

/// SQLite "Result and Error Codes"; extended codes hold the primary one in their low byte.
fn classify_sqlite(code: u32) -> Class {
    match code & 0xff {
        5 | 6 => Class::Busy,     // SQLITE_BUSY, SQLITE_LOCKED
        13 => Class::Full,        // SQLITE_FULL
        14 => Class::Unavailable, // SQLITE_CANTOPEN
        19 => Class::Constraint,  // SQLITE_CONSTRAINT: those sqlx does not name
        _ => Class::Other,
    }
}

fn target(error: &dyn DatabaseError) -> String {
    if let Some(constraint) = error.constraint() {
        return constraint.to_owned();
    }
    let message = error.message();
    message
        .split_once("failed: ")
        .map_or(message, |(_, target)| target)
        .to_owned()
}
