//! A file as the interface shows it.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::world::{Caller, Content, FOLDER, File, SHORTCUT, World};

/// Members of `File` that may be asked for; a name that is none is refused, as Drive does.
pub(crate) const NAMES: &[&str] = &[
    "kind",
    "id",
    "name",
    "mimeType",
    "description",
    "starred",
    "trashed",
    "explicitlyTrashed",
    "trashedTime",
    "trashingUser",
    "parents",
    "properties",
    "appProperties",
    "spaces",
    "version",
    "webContentLink",
    "webViewLink",
    "iconLink",
    "hasThumbnail",
    "thumbnailLink",
    "thumbnailVersion",
    "viewedByMe",
    "viewedByMeTime",
    "createdTime",
    "modifiedTime",
    "modifiedByMe",
    "modifiedByMeTime",
    "sharedWithMeTime",
    "sharingUser",
    "owners",
    "teamDriveId",
    "driveId",
    "lastModifyingUser",
    "shared",
    "ownedByMe",
    "capabilities",
    "viewersCanCopyContent",
    "copyRequiresWriterPermission",
    "writersCanShare",
    "permissions",
    "permissionIds",
    "hasAugmentedPermissions",
    "folderColorRgb",
    "originalFilename",
    "fullFileExtension",
    "fileExtension",
    "md5Checksum",
    "sha1Checksum",
    "sha256Checksum",
    "size",
    "quotaBytesUsed",
    "headRevisionId",
    "contentHints",
    "imageMediaMetadata",
    "videoMediaMetadata",
    "isAppAuthorized",
    "exportLinks",
    "shortcutDetails",
    "contentRestrictions",
    "linkShareMetadata",
    "labelInfo",
    "resourceKey",
    "inheritedPermissionsDisabled",
    "downloadRestrictions",
];

pub(crate) fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .expect("the world is young")
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// All of it; `base` is where the fake answers.
pub(crate) fn file(world: &World, file: &File, caller: &Caller, base: &str) -> Value {
    let person = |email: &str| {
        json!({
            "kind": "drive#user", "displayName": email.split('@').next(), "me": matches!(caller, Caller::User(me) if me == email),
            "permissionId": "1", "emailAddress": email,
        })
    };
    let mut shown = json!({
        "kind": "drive#file", "id": file.id, "name": file.name, "mimeType": file.mime, "starred": false,
        "trashed": world.is_trashed(&file.id), "explicitlyTrashed": file.trashed, "spaces": ["drive"],
        "version": file.version.to_string(), "createdTime": time(file.created), "modifiedTime": time(file.modified),
        "viewedByMe": false, "hasThumbnail": false, "thumbnailVersion": "0", "isAppAuthorized": true,
        "webViewLink": format!("https://drive.google.com/file/d/{}/view", file.id), "writersCanShare": true,
        "shared": !file.readers.is_empty(), "copyRequiresWriterPermission": !file.downloadable,
        "ownedByMe": matches!(caller, Caller::User(me) if *me == file.owner),
        "capabilities": {
            "canDownload": file.downloadable && file.mime != FOLDER && file.mime != SHORTCUT, "canListChildren": file.mime == FOLDER,
            "canCopy": file.downloadable && file.mime != FOLDER, "canReadRevisions": false, "canEdit": false,
        },
    });
    // A parent out of sight is not told.
    if let Some(parent) = file
        .parent
        .as_ref()
        .filter(|parent| world.may_read(caller, parent))
    {
        shown["parents"] = json!([parent]);
    }
    if let Some(drive) = &file.drive {
        shown["driveId"] = json!(drive);
        shown["teamDriveId"] = json!(drive);
    } else {
        shown["owners"] = json!([person(&file.owner)]);
    }
    if let Some(target) = &file.target {
        let mime = world.files.get(target).map(|target| &target.mime);
        shown["shortcutDetails"] = json!({ "targetId": target, "targetMimeType": mime });
    }
    match &file.content {
        Content::Bytes(_) | Content::Zeros(_) => {
            let size = match &file.content {
                Content::Bytes(bytes) => bytes.len() as u64,
                Content::Zeros(size) => *size,
                Content::None | Content::Native(_) => 0,
            };
            let extension = file.name.rsplit_once('.').map_or("", |(_, end)| end);
            shown["size"] = json!(size.to_string());
            shown["quotaBytesUsed"] = json!(size.to_string());
            shown["md5Checksum"] = json!(file.md5);
            shown["originalFilename"] = json!(file.name);
            shown["fileExtension"] = json!(extension);
            shown["fullFileExtension"] = json!(extension);
            shown["headRevisionId"] = json!(format!("0B{}{}", file.id, file.version));
        }
        Content::Native(exports) => {
            // Of what Google keeps, not of what it exports.
            shown["size"] = json!("1024");
            shown["quotaBytesUsed"] = json!("1024");
            let links: serde_json::Map<String, Value> = exports
                .keys()
                .map(|mime| {
                    let mime = (*mime).to_owned();
                    let query = url::form_urlencoded::Serializer::new(String::new())
                        .append_pair("id", &file.id)
                        .append_pair("mimeType", &mime)
                        .finish();
                    (mime, json!(format!("{base}/export-links?{query}")))
                })
                .collect();
            shown["exportLinks"] = Value::Object(links);
        }
        Content::None => shown["quotaBytesUsed"] = json!("0"),
    }
    shown
}
