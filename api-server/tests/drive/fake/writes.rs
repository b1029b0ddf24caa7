//! What programs may change: enough for clients that prepare a drive by its own interface.

use actix_web::web::Bytes;
use serde_json::Value;

use super::office;
use super::reply::{Reply, error, invalid, not_found};
use super::world::{
    Caller, Content, DOCUMENT, DRAWING, FOLDER, PRESENTATION, SHORTCUT, SPREADSHEET, World,
};

/// Metadata and content of an upload.
pub(crate) struct Sent {
    pub(crate) metadata: Value,
    pub(crate) content: Option<(String, Bytes)>,
}

/// Reads `multipart/related`: the metadata, then the content.
pub(crate) fn related(content_type: &str, body: &Bytes) -> Option<Sent> {
    let boundary = content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?
        .trim_matches('"');
    let mark = format!("--{boundary}");
    let find = |from: usize, what: &[u8]| {
        let rest = body.get(from..)?;
        rest.windows(what.len())
            .position(|bytes| bytes == what)
            .map(|at| from + at)
    };
    let mut parts = Vec::new();
    let mut at = find(0, mark.as_bytes())? + mark.len();
    while let Some(next) = find(at, mark.as_bytes()) {
        // Between head and content stands an empty line, in either style.
        let (head_end, gap) = find(at, b"\r\n\r\n")
            .filter(|end| *end < next)
            .map(|end| (end, 4))
            .or_else(|| {
                find(at, b"\n\n")
                    .filter(|end| *end < next)
                    .map(|end| (end, 2))
            })?;
        let head = std::str::from_utf8(&body[at..head_end]).ok()?;
        let mime = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-type:")
                    .map(|mime| mime.trim().to_owned())
            })
            .unwrap_or_default();
        let end = if body[..next].ends_with(b"\r\n") {
            next - 2
        } else {
            next - 1
        };
        parts.push((mime, body.slice(head_end + gap..end.max(head_end + gap))));
        at = next + mark.len();
    }
    let mut parts = parts.into_iter();
    let metadata = serde_json::from_slice(&parts.next()?.1).ok()?;
    Some(Sent {
        metadata,
        content: parts.next(),
    })
}

fn native(mime: &str, text: &str) -> Option<Content> {
    Some(match mime {
        DOCUMENT => office::document(text),
        SPREADSHEET => office::spreadsheet(text),
        PRESENTATION => office::presentation(text),
        DRAWING => office::drawing(text),
        _ => return None,
    })
}

/// `files.create`: the new id.
pub(crate) fn create(world: &mut World, caller: &Caller, sent: Sent) -> Result<String, Reply> {
    let Caller::User(email) = caller else {
        return Err(error(
            401,
            "required",
            "Login Required.",
            Some(("header", "Authorization")),
        ));
    };
    let root = world.add_user(email);
    let text = |name: &str| sent.metadata[name].as_str();
    let parent = match sent.metadata["parents"][0].as_str() {
        None | Some("root") => root,
        Some(parent) => parent.to_owned(),
    };
    if !world.may_read(caller, &parent) {
        return Err(not_found(&parent));
    }
    let (sent_mime, bytes) = sent.content.clone().unwrap_or_default();
    let mime = text("mimeType").unwrap_or(if sent_mime.is_empty() {
        "application/octet-stream"
    } else {
        &sent_mime
    });
    let name = text("name").unwrap_or("Untitled");
    let content = if mime == FOLDER || mime == SHORTCUT {
        Content::None
    } else if let Some(native) = native(mime, &String::from_utf8_lossy(&bytes)) {
        native
    } else {
        Content::Bytes(bytes)
    };
    if mime == SHORTCUT {
        let target = sent.metadata["shortcutDetails"]["targetId"].as_str();
        return Ok(world.add_shortcut(
            &parent,
            name,
            target.ok_or_else(|| invalid("shortcutDetails"))?,
        ));
    }
    Ok(world.add(&parent, name, mime, content))
}

/// `files.update`.
pub(crate) fn update(
    world: &mut World,
    caller: &Caller,
    id: &str,
    sent: Sent,
    to: Option<&str>,
) -> Result<(), Reply> {
    if !world.may_read(caller, id) {
        return Err(not_found(id));
    }
    if let Some(parent) = to {
        if !world.may_read(caller, parent) {
            return Err(not_found(parent));
        }
        if world.way_up(parent).contains(&id.to_owned()) {
            return Err(error(
                403,
                "cyclicParent",
                "A folder cannot be below itself.",
                None,
            ));
        }
        world.move_to(id, parent);
    }
    if let Some(name) = sent.metadata["name"].as_str() {
        world.rename(id, name);
    }
    if let Some(trashed) = sent.metadata["trashed"].as_bool() {
        world.set_trashed(id, trashed);
    }
    if let Some((_, bytes)) = sent.content {
        let mime = world.files[id].mime.clone();
        let content =
            native(&mime, &String::from_utf8_lossy(&bytes)).unwrap_or(Content::Bytes(bytes));
        world.rewrite(id, content);
    }
    Ok(())
}
