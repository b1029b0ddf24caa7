//! Why a document could not be read: a code for programs, a sentence for people, and whether to try again.

use std::time::Duration;

use extract::ExtractError;
use serde::{Deserialize, Serialize};

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The reader looked at the file and refused it.
    #[error("file was refused: {reason}")]
    Extract {
        /// What is wrong with the file.
        fault: Fault,
        /// What the reader said; for logs, not for people.
        reason: String,
    },
    /// Reading took too long.
    #[error("reading took longer than {after:?}")]
    TimedOut {
        /// The limit that was passed.
        after: Duration,
    },
    /// Reading needed more memory than it may have.
    #[error("reading needed more than {limit_bytes} bytes of memory")]
    OutOfMemory {
        /// The limit that was passed.
        limit_bytes: u64,
    },
    /// The reading process ended without an answer, or with one that makes no sense.
    #[error("reading process broke down: {detail}")]
    Crashed {
        /// How; holds nothing of the document.
        detail: String,
    },
    /// The reading process could not be started.
    #[error("reading process could not be started")]
    Spawn(#[source] std::io::Error),
    /// It was no longer wanted.
    #[error("reading was cancelled")]
    Cancelled,
    /// The file itself could not be opened or read from disk.
    #[error("file could not be read from disk")]
    Io(#[source] std::io::Error),
}

/// What is wrong with a file; [`ExtractError`] without the words, as it crosses from the child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// It has no bytes.
    EmptyFile,
    /// No reader knows its type.
    UnsupportedType,
    /// A password is needed.
    Encrypted,
    /// Its structure is damaged.
    DamagedFile,
    /// It holds no text.
    NoText,
    /// A cap was passed.
    TooLarge {
        /// What there was too much of: a field of [`extract::Limits`].
        what: String,
        /// The cap.
        limit: u64,
    },
}

impl From<&ExtractError> for ReadError {
    fn from(error: &ExtractError) -> Self {
        Self::Extract {
            fault: Fault::from(error),
            reason: error.to_string(),
        }
    }
}

impl From<&ExtractError> for Fault {
    fn from(error: &ExtractError) -> Self {
        match error {
            ExtractError::Empty => Self::EmptyFile,
            ExtractError::UnknownType => Self::UnsupportedType,
            ExtractError::Encrypted => Self::Encrypted,
            ExtractError::Damaged { .. } => Self::DamagedFile,
            ExtractError::NoText => Self::NoText,
            ExtractError::TooLarge { what, limit } => Self::TooLarge {
                what: (*what).to_owned(),
                limit: *limit,
            },
        }
    }
}

impl Fault {
    /// Stable reason code, the same as [`ExtractError::code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::UnsupportedType => "unsupported_type",
            Self::Encrypted => "encrypted",
            Self::DamagedFile => "damaged_file",
            Self::NoText => "no_text",
            Self::TooLarge { .. } => "too_large",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::EmptyFile => "O arquivo está vazio.".to_owned(),
            Self::UnsupportedType => {
                "Este tipo de arquivo não é aceito. Envie PDF, planilha, documento de texto, apresentação \
                 ou legenda."
                    .to_owned()
            }
            Self::Encrypted => {
                "O arquivo está protegido por senha. Remova a senha e envie-o de novo.".to_owned()
            }
            Self::DamagedFile => "O arquivo está danificado e não pôde ser lido. Abra-o no programa em que foi \
                 feito, salve-o de novo e reenvie."
                .to_owned(),
            Self::NoText => "Não há texto neste arquivo.".to_owned(),
            Self::TooLarge { what, limit } => {
                let (limit, unit) = match what.as_str() {
                    "bytes" | "unpacked_bytes" => (limit >> 20, "MiB"),
                    "pages" => (*limit, "páginas"),
                    "cells" => (*limit, "células preenchidas"),
                    "characters" => (*limit, "caracteres de texto"),
                    "entries" => (*limit, "arquivos internos"),
                    "nesting" => (*limit, "níveis de elementos encaixados"),
                    _ => return "O arquivo é grande demais. Divida-o em partes menores.".to_owned(),
                };
                format!(
                    "O arquivo passa do limite de {} {unit}. Divida-o em partes menores.",
                    thousands(limit)
                )
            }
        }
    }
}

impl ReadError {
    /// Stable reason code in `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Extract { fault, .. } => fault.code(),
            Self::TimedOut { .. } => "too_slow",
            Self::OutOfMemory { .. } => "too_big_for_memory",
            Self::Crashed { .. } => "reader_crashed",
            Self::Spawn(_) => "reader_unavailable",
            Self::Cancelled => "cancelled",
            Self::Io(_) => "file_unreadable",
        }
    }

    /// Trying the same file again cannot help. A crash or a time-out may have come from outside (a machine out
    /// of memory, a processor too busy), so those are worth another try.
    pub fn permanent(&self) -> bool {
        match self {
            Self::Extract { .. } | Self::OutOfMemory { .. } => true,
            Self::TimedOut { .. }
            | Self::Crashed { .. }
            | Self::Spawn(_)
            | Self::Cancelled
            | Self::Io(_) => false,
        }
    }

    /// A Brazilian Portuguese sentence for the person who sent the file.
    pub fn message(&self) -> String {
        match self {
            Self::Extract { fault, .. } => fault.message(),
            Self::TimedOut { .. } => "A leitura do arquivo demorou demais e foi interrompida. Divida-o em partes \
                 menores."
                .to_owned(),
            Self::OutOfMemory { .. } => "O arquivo exige memória demais para ser lido. Divida-o em partes menores \
                 ou salve-o de forma mais simples."
                .to_owned(),
            Self::Crashed { .. } => "A leitura do arquivo parou de forma inesperada. Abra-o no programa em que \
                 foi feito, salve-o de novo e reenvie."
                .to_owned(),
            Self::Spawn(_) => {
                "A leitura de arquivos está indisponível no momento. Tente de novo em alguns minutos."
                    .to_owned()
            }
            Self::Cancelled => "A leitura do arquivo foi cancelada.".to_owned(),
            Self::Io(_) => "O arquivo guardado não pôde ser aberto. Envie-o de novo.".to_owned(),
        }
    }
}

/// Digits in groups of three, as written in Brazil.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_extract_error() -> Vec<ExtractError> {
        vec![
            ExtractError::Empty,
            ExtractError::UnknownType,
            ExtractError::Encrypted,
            ExtractError::Damaged {
                reason: "xref".to_owned(),
            },
            ExtractError::NoText,
            ExtractError::TooLarge {
                what: "cells",
                limit: 5_000_000,
            },
        ]
    }

    #[test]
    fn codes_are_those_of_the_crate_and_survive_the_wire() {
        for error in every_extract_error() {
            let fault = Fault::from(&error);
            assert_eq!(fault.code(), error.code());
            let wire = serde_json::to_value(&fault).unwrap();
            assert_eq!(wire["code"], error.code());
            assert_eq!(serde_json::from_value::<Fault>(wire).unwrap(), fault);
        }
    }

    #[test]
    fn sentences_are_complete_and_without_internals() {
        let io = || std::io::Error::other("interno");
        let mut errors: Vec<ReadError> = every_extract_error()
            .iter()
            .map(|error| ReadError::Extract {
                fault: Fault::from(error),
                reason: "interno".to_owned(),
            })
            .collect();
        errors.extend([
            ReadError::TimedOut {
                after: Duration::from_secs(1),
            },
            ReadError::OutOfMemory { limit_bytes: 1 },
            ReadError::Crashed {
                detail: "interno".to_owned(),
            },
            ReadError::Spawn(io()),
            ReadError::Cancelled,
            ReadError::Io(io()),
        ]);
        let mut codes = Vec::new();
        for error in &errors {
            let message = error.message();
            assert!(
                message.ends_with('.') && !message.contains("interno") && !message.contains("  "),
                "{message}"
            );
            codes.push(error.code());
        }
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all, "one code per cause");
    }

    #[test]
    fn limits_are_told_in_units_people_know() {
        let too_large = |what: &str, limit| {
            Fault::TooLarge {
                what: what.to_owned(),
                limit,
            }
            .message()
        };
        assert!(too_large("cells", 5_000_000).contains("5.000.000 células"));
        assert!(too_large("bytes", 512 << 20).contains("512 MiB"));
        assert!(too_large("pages", 900).contains("900 páginas"));
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1234), "1.234");
    }
}
