//! What Drive says of files, as it matters here.

use google_drive3::api::File;

use super::model::{FOLDER, Item, SHORTCUT};

/// What Drive says of a file, as it matters here; `None` for what is not all there.
pub(super) fn item(file: File) -> Option<Item> {
    let shortcut = file
        .shortcut_details
        .filter(|_| file.mime_type.as_deref() == Some(SHORTCUT));
    let version = file
        .version
        .map(|version| version.to_string())
        .or_else(|| file.modified_time.map(|at| at.to_rfc3339()))
        .unwrap_or_default();
    Some(Item {
        id: plain(file.id?),
        parent: plain(
            file.parents
                .into_iter()
                .flatten()
                .next()
                .unwrap_or_default(),
        ),
        name: plain(file.name.unwrap_or_default()),
        // Of Google's own documents Drive tells a size that is not that of what they are exported to.
        size: file
            .size
            .filter(|_| file.md5_checksum.is_some())
            .and_then(|size| u64::try_from(size).ok()),
        md5: file.md5_checksum.map(|md5| plain(md5.to_lowercase())),
        version,
        can_download: file
            .capabilities
            .and_then(|may| may.can_download)
            .unwrap_or(true),
        mime: plain(match &shortcut {
            Some(details) => details.target_mime_type.clone().unwrap_or_default(),
            None => file.mime_type?,
        }),
        target: shortcut.and_then(|details| details.target_id).map(plain),
        is_broken: false,
        is_read: false,
        refused: None,
    })
}

/// A text without control characters, which neither databases nor people take.
pub(super) fn plain(text: String) -> String {
    if text.chars().any(char::is_control) {
        text.chars().filter(|letter| !letter.is_control()).collect()
    } else {
        text
    }
}

/// A shortcut takes over what its target is.
pub(super) fn resolve(shortcut: &mut Item, target: Option<File>) {
    let target = target
        .filter(|file| !file.trashed.unwrap_or(false))
        .and_then(item);
    match target {
        Some(target) if target.target.is_none() => {
            shortcut.mime = target.mime;
            shortcut.size = target.size;
            shortcut.md5 = target.md5;
            shortcut.version = target.version;
            shortcut.can_download = target.can_download;
            shortcut.is_broken = false;
        }
        _ => shortcut.is_broken = true,
    }
}

/// Whether a file is a folder one can mirror.
pub(super) fn is_live_folder(file: &File) -> bool {
    file.mime_type.as_deref() == Some(FOLDER) && !file.trashed.unwrap_or(false)
}
