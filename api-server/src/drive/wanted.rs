//! What may be asked to be synced.

use secrecy::ExposeSecret as _;
use shared::settings::SecretString;

use super::DriveError;

/// Lengths of ids that Google gives, with room for more.
const IDS: std::ops::RangeInclusive<usize> = 4..=200;
/// Most levels that are read.
const MAX_DEPTH: usize = 100;
/// Most bytes of a key.
const MAX_KEY: usize = 200;

/// What to sync, and how.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Google's id of the folder.
    pub folder_id: String,
    /// A key for it.
    pub api_key: Option<SecretString>,
    /// Levels to read; those of the folder, else of the settings, when absent.
    pub max_depth: Option<usize>,
    /// The same for a folder that is new, instead of those of the settings.
    pub first_depth: Option<usize>,
    /// Only the plan.
    pub is_dry: bool,
    /// Reads everything, changes or not.
    pub is_full: bool,
}

/// What Google could have given, and what we read.
pub(super) fn check(wanted: &Wanted) -> Result<(), DriveError> {
    check_id(&wanted.folder_id)?;
    let is_key = |key: &SecretString| {
        let key = key.expose_secret();
        key.len() <= MAX_KEY && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !wanted.api_key.as_ref().is_none_or(is_key) {
        return Err(DriveError::Field {
            pointer: "/api_key",
            detail: "não é uma chave de API do Google",
        });
    }
    if wanted
        .max_depth
        .is_some_and(|depth| !(1..=MAX_DEPTH).contains(&depth))
    {
        return Err(DriveError::Field {
            pointer: "/max_depth",
            detail: "deve estar entre 1 e 100",
        });
    }
    Ok(())
}

/// Whether a text could be an id at all.
pub(super) fn is_plain(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= *IDS.end()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// An id of Google's.
pub(super) fn check_id(id: &str) -> Result<(), DriveError> {
    if is_plain(id) && IDS.contains(&id.len()) {
        Ok(())
    } else {
        Err(DriveError::Field {
            pointer: "/folder_id",
            detail: "não é o identificador de uma pasta do Google Drive",
        })
    }
}
