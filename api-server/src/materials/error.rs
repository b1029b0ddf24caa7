//! What can go wrong with a material, and how it is answered.
#![warn(clippy::wildcard_enum_match_arm)]

use shared::db::DbError;
use shared::files::FileError;
use shared::problem::{Code, FieldError, HasProblem};

/// What can go wrong with a material.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MaterialError {
    /// No such material.
    #[error("material does not exist")]
    NotFound,
    /// The file, or what an archive holds, is larger than allowed.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// Files of this extension are not taken.
    #[error("extension is not taken")]
    Extension {
        /// Those that are.
        allowed: String,
    },
    /// The content is not what the extension says.
    #[error("content does not match the extension")]
    Mismatch {
        /// The extension.
        extension: String,
    },
    /// No byte at all.
    #[error("file is empty")]
    Empty,
    /// The sender stopped before the end.
    #[error("upload was cut off")]
    CutOff,
    /// The body is no form, or not the one expected.
    #[error("form is not valid: {0}")]
    Form(&'static str),
    /// A field of the form cannot be accepted.
    #[error("field {pointer} is not valid")]
    Field {
        /// JSON pointer to it.
        pointer: &'static str,
        /// Sentence for people.
        detail: &'static str,
    },
    /// The archive cannot be read, or must not be.
    #[error("archive refused: {0}")]
    Archive(ArchiveFault),
    /// Too many materials of the same name.
    #[error("no free name is left")]
    NoFreeName,
    /// Too many people ask for whole archives at once.
    #[error("too many archives at once")]
    Busy,
    /// No room on the disk.
    #[error("storage is full")]
    StorageFull,
    /// The file store failed.
    #[error("file store failed")]
    Files(#[source] std::io::Error),
    /// The database failed.
    #[error("material store failed")]
    Store(#[source] DbError),
}

/// Why an archive is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveFault {
    /// Neither a zip nor a tar.gz.
    #[error("neither zip nor tar.gz")]
    Unknown,
    /// Damaged, or cut off.
    #[error("damaged")]
    Damaged,
    /// A path that leads out of the archive.
    #[error("path leads outside")]
    Outside,
    /// A link, a device or another thing that is no file.
    #[error("entry is no plain file")]
    NoFile,
    /// More entries than allowed.
    #[error("more than {limit} entries")]
    TooMany {
        /// How many are.
        limit: usize,
    },
    /// Grows out of proportion when unpacked.
    #[error("unpacks out of proportion")]
    Bomb,
    /// Nothing in it can be taken.
    #[error("nothing to take")]
    Nothing,
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

impl From<FileError> for MaterialError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge { limit } => Self::TooLarge { limit },
            FileError::CutOff => Self::CutOff,
            FileError::Io(error) => error.into(),
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

/// Bytes as people say them.
pub(super) fn size_in_words(bytes: u64) -> String {
    match (bytes >> 20, bytes >> 10) {
        (0, 0) => format!("{bytes} bytes"),
        (0, kilobytes) => format!("{kilobytes} kB"),
        (megabytes, _) => format!("{megabytes} MB"),
    }
}

impl HasProblem for MaterialError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::MaterialNotFound,
            Self::TooLarge { .. } => Code::PayloadTooLarge,
            Self::Extension { .. } | Self::Mismatch { .. } => Code::UnsupportedType,
            Self::Empty | Self::Field { .. } => Code::Unprocessable,
            Self::CutOff | Self::Form(_) => Code::InvalidRequest,
            Self::Archive(fault) => match fault {
                ArchiveFault::Unknown => Code::UnsupportedType,
                ArchiveFault::Damaged
                | ArchiveFault::Outside
                | ArchiveFault::NoFile
                | ArchiveFault::Bomb
                | ArchiveFault::Nothing => Code::Unprocessable,
                ArchiveFault::TooMany { .. } => Code::PayloadTooLarge,
            },
            Self::NoFreeName => Code::Conflict,
            Self::Busy => Code::Overloaded,
            Self::StorageFull => Code::StorageFull,
            Self::Store(error) => error.code(),
            Self::Files(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::TooLarge { limit } => {
                format!("O arquivo passa do limite de {}.", size_in_words(*limit))
            }
            Self::Extension { allowed } => {
                format!("Este tipo de arquivo não é aceito; use um destes: {allowed}.")
            }
            Self::Mismatch { extension } => {
                format!("O conteúdo do arquivo não é o que a extensão .{extension} indica.")
            }
            Self::Empty => "O arquivo está vazio.".to_owned(),
            Self::CutOff => {
                "O envio foi interrompido antes do fim; envie o arquivo de novo.".to_owned()
            }
            Self::Form(detail) => (*detail).to_owned(),
            Self::Field { detail, .. } => (*detail).to_owned(),
            Self::Archive(fault) => match fault {
                ArchiveFault::Unknown => "Envie um arquivo .zip, .tar.gz ou .tgz.".to_owned(),
                ArchiveFault::Damaged => {
                    "O pacote está danificado e não pôde ser aberto; nada foi gravado.".to_owned()
                }
                ArchiveFault::Outside => {
                    "O pacote traz caminhos que saem dele; nada foi gravado.".to_owned()
                }
                ArchiveFault::NoFile => {
                    "O pacote traz atalhos ou itens que não são arquivos; nada foi gravado."
                        .to_owned()
                }
                ArchiveFault::TooMany { limit } => {
                    format!("O pacote traz mais de {limit} itens; nada foi gravado.")
                }
                ArchiveFault::Bomb => {
                    "O pacote cresce demais ao ser aberto; nada foi gravado.".to_owned()
                }
                ArchiveFault::Nothing => {
                    "O pacote não traz nenhum arquivo de um tipo aceito.".to_owned()
                }
            },
            Self::NoFreeName => "Já há materiais demais com este nome; use outro.".to_owned(),
            Self::Busy => {
                "Há pacotes demais sendo montados; tente de novo em instantes.".to_owned()
            }
            Self::NotFound | Self::StorageFull | Self::Files(_) | Self::Store(_) => {
                self.code().detail().to_owned()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Field { pointer, detail } => {
                vec![FieldError::new(*pointer, "invalid_value", *detail)]
            }
            Self::Empty => vec![FieldError::new("/file", "empty", self.detail())],
            Self::NotFound
            | Self::TooLarge { .. }
            | Self::Extension { .. }
            | Self::Mismatch { .. }
            | Self::CutOff
            | Self::Form(_)
            | Self::Archive(_)
            | Self::NoFreeName
            | Self::Busy
            | Self::StorageFull
            | Self::Files(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        if let Self::Store(error) = self {
            error.retry_after()
        } else {
            None
        }
    }
}
