//! Why an archive was not made or not taken in.
#![warn(clippy::wildcard_enum_match_arm)]

use std::io;

use shared::db::DbError;
use shared::files::FileError;
use shared::problem::{Code, HasProblem};

use crate::embedding::EmbeddingError;
use crate::jobs::JobError;
use crate::materials::MaterialError;

/// Why an archive was not made or not taken in. Whatever it is, the store is as it was before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// Another one is being made or taken in.
    #[error("another archive is being worked on")]
    Busy,
    /// No such archive.
    #[error("archive does not exist")]
    NotFound,
    /// The request has no archive in it.
    #[error("no archive was sent")]
    Missing,
    /// The sender did not say that the store is to be replaced.
    #[error("replacing was not asked for")]
    NotConfirmed,
    /// It is larger than allowed.
    #[error("archive is too large")]
    TooLarge,
    /// The sender stopped before the end.
    #[error("upload was cut off")]
    CutOff,
    /// The file is an archive of the earlier system.
    #[error("archive is of the earlier system")]
    Earlier,
    /// It is another release's, or none of ours.
    #[error("archive is foreign: {0}")]
    Foreign(String),
    /// It is not whole.
    #[error("archive is damaged: {0}")]
    Damaged(String),
    /// The disk failed, or is full.
    #[error("disk failed")]
    Io(#[from] io::Error),
    /// The database failed.
    #[error("database failed")]
    Store(#[from] DbError),
    /// The index failed.
    #[error("index failed")]
    Index(#[from] index::IndexError),
    /// A material failed.
    #[error("material failed")]
    Material(#[from] MaterialError),
    /// Jobs failed.
    #[error("jobs failed")]
    Jobs(#[from] JobError),
    /// Embedding failed.
    #[error("embedding failed")]
    Embedding(#[from] EmbeddingError),
    /// The work was interrupted.
    #[error("work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<FileError> for ArchiveError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge { .. } => Self::TooLarge,
            FileError::CutOff => Self::CutOff,
            FileError::Io(error) => Self::Io(error),
        }
    }
}

impl HasProblem for ArchiveError {
    fn code(&self) -> Code {
        match self {
            Self::Busy => Code::Conflict,
            Self::NotFound => Code::NotFound,
            Self::Missing | Self::CutOff => Code::InvalidRequest,
            Self::NotConfirmed => Code::ConfirmationRequired,
            Self::TooLarge => Code::PayloadTooLarge,
            Self::Earlier | Self::Foreign(_) | Self::Damaged(_) => Code::Unprocessable,
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => Code::StorageFull,
            Self::Store(DbError::Full(_)) => Code::StorageFull,
            Self::Index(error) if error.is_disk_full() => Code::StorageFull,
            Self::Material(error) => error.code(),
            Self::Io(_)
            | Self::Store(_)
            | Self::Index(_)
            | Self::Jobs(_)
            | Self::Embedding(_)
            | Self::Interrupted(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Busy => "Já há uma cópia sendo feita ou restaurada; tente de novo quando ela terminar.".into(),
            Self::NotFound => "Esta cópia não existe.".into(),
            Self::Missing => "Envie o arquivo da cópia no campo “archive” (ou “folder”).".into(),
            Self::NotConfirmed => {
                "Restaurar troca tudo o que está no índice; confirme com replace_existing=true (ou {\"confirm\": true})."
                    .into()
            }
            Self::TooLarge => "A cópia passa do tamanho permitido.".into(),
            Self::CutOff => "O envio foi interrompido antes do fim; envie o arquivo de novo.".into(),
            Self::Earlier => {
                "Esta é uma cópia do índice ChromaDB do sistema anterior, que não pode ser aproveitada: envie os \
                 materiais originais, e o índice é refeito a partir deles."
                    .into()
            }
            Self::Foreign(_) => "Este arquivo não é uma cópia feita por esta versão do Acervo.".into(),
            Self::Damaged(_) => "A cópia está danificada ou incompleta; nada foi alterado.".into(),
            Self::Material(error) => error.detail(),
            Self::Io(_)
            | Self::Store(_)
            | Self::Index(_)
            | Self::Jobs(_)
            | Self::Embedding(_)
            | Self::Interrupted(_) => self.code().detail().to_owned(),
        }
    }
}
