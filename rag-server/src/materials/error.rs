//! What can go wrong with a material, and how it is answered.
#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::files::FileError;
use shared::problem::{Code, FieldError, HasProblem};

/// What can go wrong with a material.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The id breaks the rules of ids.
    #[error("material id is not valid")]
    InvalidId,
    /// A field of the request is not acceptable.
    #[error("field {pointer} is not valid")]
    InvalidField {
        /// JSON pointer or parameter name.
        pointer: &'static str,
        /// Sentence for people.
        detail: &'static str,
    },
    /// No such material.
    #[error("material does not exist")]
    NotFound,
    /// The file is larger than allowed.
    #[error("file is larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The sender stopped before the end.
    #[error("upload was cut off")]
    CutOff,
    /// No room on the disk.
    #[error("storage is full")]
    StorageFull,
    /// The file store failed.
    #[error("file store failed")]
    Files(#[source] std::io::Error),
    /// The database failed.
    #[error("material store failed")]
    Store(#[source] DbError),
    /// The index failed.
    #[error("index failed")]
    Index(#[source] index::IndexError),
}

impl From<FileError> for MaterialError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge { limit } => Self::TooLarge { limit },
            FileError::CutOff => Self::CutOff,
            FileError::Io(error) => error.into(),
        }
    }
}

impl From<std::io::Error> for MaterialError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            Self::StorageFull
        } else {
            Self::Files(error)
        }
    }
}

impl From<DbError> for MaterialError {
    fn from(error: DbError) -> Self {
        if matches!(error, DbError::Full(_)) {
            Self::StorageFull
        } else {
            Self::Store(error)
        }
    }
}

impl From<index::IndexError> for MaterialError {
    fn from(error: index::IndexError) -> Self {
        if error.is_disk_full() {
            Self::StorageFull
        } else {
            Self::Index(error)
        }
    }
}

/// Bytes as people say them.
fn size_in_words(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} kB", bytes >> 10),
        megabytes => format!("{megabytes} MB"),
    }
}

impl HasProblem for MaterialError {
    fn code(&self) -> Code {
        match self {
            Self::InvalidId | Self::InvalidField { .. } => Code::InvalidRequest,
            Self::NotFound => Code::MaterialNotFound,
            Self::TooLarge { .. } => Code::PayloadTooLarge,
            Self::CutOff => Code::InvalidRequest,
            Self::StorageFull => Code::StorageFull,
            Self::Files(_) | Self::Store(_) | Self::Index(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::InvalidId => {
                "O identificador do material não é válido: use de 1 a 200 bytes, sem “/” e sem \
                caracteres de controle."
                    .into()
            }
            Self::InvalidField { detail, .. } => (*detail).into(),
            Self::NotFound => "Este material não existe.".into(),
            Self::TooLarge { limit } => {
                format!("O arquivo passa do limite de {}.", size_in_words(*limit))
            }
            Self::CutOff => {
                "O envio foi interrompido antes do fim; envie o arquivo de novo.".into()
            }
            Self::StorageFull => "Não há espaço em disco para guardar este material.".into(),
            Self::Files(_) | Self::Store(_) | Self::Index(_) => {
                "Não foi possível guardar o material; tente de novo em instantes.".into()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::InvalidId => vec![FieldError::new("/id", "invalid_id", self.detail())],
            Self::InvalidField { pointer, detail } => {
                vec![FieldError::new(
                    *pointer,
                    "invalid_value",
                    (*detail).to_owned(),
                )]
            }
            Self::NotFound
            | Self::TooLarge { .. }
            | Self::CutOff
            | Self::StorageFull
            | Self::Files(_)
            | Self::Store(_)
            | Self::Index(_) => vec![],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
