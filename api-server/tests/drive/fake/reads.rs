//! What programs may ask of files, changes and drives.

use serde_json::{Value, json};

use super::fields::Fields;
use super::query;
use super::reply::{Body, Reply, error, invalid, not_found};
use super::view;
use super::world::{Caller, Content, FOLDER, World};

/// Longest export, as Google's.
pub(crate) const LARGEST_EXPORT: usize = 10 * 1024 * 1024;

/// Parameters of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    fn size(&self, otherwise: usize) -> Result<usize, Reply> {
        self.get("pageSize").map_or(Ok(otherwise), |text| {
            text.parse()
                .ok()
                .filter(|size| (1..=1000).contains(size))
                .ok_or_else(|| invalid("pageSize"))
        })
    }
}

/// Who asks, what, and where the fake answers.
pub(crate) struct Asked<'a> {
    pub(crate) world: &'a World,
    pub(crate) caller: &'a Caller,
    pub(crate) query: &'a Query,
    pub(crate) base: &'a str,
}

impl Asked<'_> {
    /// The mask, with the parts inside `files` known to exist.
    fn mask(&self, default: &str, files: &[&str]) -> Result<Fields, Reply> {
        let wrong = |field: &str| {
            let message = format!("Invalid field selection {field}");
            error(
                400,
                "invalidParameter",
                &message,
                Some(("parameter", "fields")),
            )
        };
        let mask =
            Fields::parse(self.query.get("fields").unwrap_or(default)).map_err(|at| wrong(&at))?;
        let mut inside = Some(&mask);
        for name in files {
            inside = inside.and_then(|mask| mask.inside(name));
        }
        let unknown = inside.and_then(|mask| {
            mask.names()
                .find(|name| *name != "*" && !view::NAMES.contains(name))
                .map(str::to_owned)
        });
        unknown.map_or(Ok(mask), |name| Err(wrong(&name)))
    }

    /// In sight, for a program that knows of shared drives or not.
    fn sees(&self, id: &str) -> bool {
        let in_shared_drive = self
            .world
            .files
            .get(id)
            .is_some_and(|file| file.drive.is_some());
        self.world.may_read(self.caller, id)
            && (!in_shared_drive || self.query.flag("supportsAllDrives"))
    }

    fn me(&self) -> Option<(&str, &str)> {
        match self.caller {
            Caller::User(email) => Some((self.world.users.get(email)?.as_str(), email.as_str())),
            Caller::Key => None,
        }
    }

    /// An id as it is meant.
    fn meant<'b>(&'b self, id: &'b str) -> &'b str {
        if id == "root" {
            self.me().map_or(id, |(root, _)| root)
        } else {
            id
        }
    }

    pub(crate) fn get(&self, id: &str) -> Result<Reply, Reply> {
        let mask = self.mask("kind,id,name,mimeType", &[])?;
        let id = self.meant(id);
        if !self.sees(id) {
            return Err(not_found(id));
        }
        let shown = view::file(self.world, &self.world.files[id], self.caller, self.base);
        Ok(Reply::json(200, &mask.apply(&shown)))
    }

    /// `alt=media`, with the part of it that `range` names.
    pub(crate) fn download(&self, id: &str, range: Option<&str>) -> Result<Reply, Reply> {
        if !self.sees(id) {
            return Err(not_found(id));
        }
        let file = &self.world.files[id];
        let body = match &file.content {
            Content::Bytes(bytes) => Body::Bytes(bytes.clone()),
            Content::Zeros(size) => Body::Zeros(*size),
            Content::None | Content::Native(_) => {
                let message = "Only files with binary content can be downloaded. Use Export with Docs Editors files.";
                return Err(error(
                    403,
                    "fileNotDownloadable",
                    message,
                    Some(("parameter", "alt")),
                ));
            }
        };
        if !file.downloadable {
            return Err(error(
                403,
                "cannotDownloadFile",
                "This file cannot be downloaded by the user.",
                None,
            ));
        }
        let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
            return Ok(Reply::bytes(&file.mime, body).with("accept-ranges", "bytes"));
        };
        let size = body.len();
        let (start, end) = range.split_once('-').unwrap_or_default();
        let span = match (start.parse::<u64>(), end.parse::<u64>()) {
            (Ok(start), Ok(end)) => Some((start, end.saturating_add(1).min(size))),
            (Ok(start), Err(_)) => Some((start, size)),
            (Err(_), Ok(last)) => Some((size.saturating_sub(last), size)),
            (Err(_), Err(_)) => None,
        };
        let Some((start, end)) = span.filter(|(start, end)| start < end) else {
            return Err(error(
                416,
                "requestedRangeNotSatisfiable",
                "Request range not satisfiable",
                Some(("header", "Range")),
            )
            .with("content-range", format!("bytes */{size}")));
        };
        let mut reply = Reply::bytes(&file.mime, body.slice(start, end));
        reply.status = 206;
        Ok(reply.with("content-range", format!("bytes {start}-{}/{size}", end - 1)))
    }

    /// `files.export`; by a link there is no limit.
    pub(crate) fn export(&self, id: &str, by_link: bool) -> Result<Reply, Reply> {
        let unseen = if by_link {
            !self.world.may_read(self.caller, id)
        } else {
            !self.sees_any(id)
        };
        if unseen {
            return Err(not_found(id));
        }
        let file = &self.world.files[id];
        let Content::Native(exports) = &file.content else {
            return Err(error(
                403,
                "fileNotExportable",
                "Export only supports Docs Editors files.",
                None,
            ));
        };
        let Some(wanted) = self.query.get("mimeType") else {
            return Err(error(
                400,
                "required",
                "Required parameter: mimeType",
                Some(("parameter", "mimeType")),
            ));
        };
        let Some(bytes) = exports.get(wanted) else {
            let message = "The requested conversion is not supported.";
            return Err(error(
                400,
                "badRequest",
                message,
                Some(("parameter", "convertTo")),
            ));
        };
        if !file.downloadable {
            return Err(error(
                403,
                "cannotExportFile",
                "This file cannot be exported by the user.",
                None,
            ));
        }
        if !by_link && bytes.len() > LARGEST_EXPORT {
            return Err(error(
                403,
                "exportSizeLimitExceeded",
                "This file is too large to be exported.",
                None,
            ));
        }
        let mut reply = Reply::bytes(wanted, Body::Bytes(bytes.clone()));
        reply.chunked = true;
        Ok(reply)
    }

    /// `files.export` takes no word about shared drives.
    fn sees_any(&self, id: &str) -> bool {
        self.world.may_read(self.caller, id)
    }

    pub(crate) fn list(&self) -> Result<Reply, Reply> {
        let mask = self.mask(
            "kind,nextPageToken,incompleteSearch,files(kind,id,name,mimeType)",
            &["files"],
        )?;
        let size = self.query.size(100)?;
        let (all, support) = (
            self.query.flag("includeItemsFromAllDrives"),
            self.query.flag("supportsAllDrives"),
        );
        if all && !support {
            let message = "The includeItemsFromAllDrives parameter requires supportsAllDrives.";
            return Err(error(
                403,
                "teamDrivesParentLimit",
                message,
                Some(("parameter", "supportsAllDrives")),
            ));
        }
        let corpora = self.query.get("corpora").unwrap_or("user");
        let drive = self.query.get("driveId");
        match (corpora, drive) {
            ("user" | "domain" | "allDrives", None) => {}
            ("drive", Some(drive)) if all => {
                if !self.sees(drive) || !self.world.drives.contains_key(drive) {
                    let message = format!("Shared drive not found: {drive}");
                    return Err(error(
                        404,
                        "notFound",
                        &message,
                        Some(("parameter", "driveId")),
                    ));
                }
            }
            _ => return Err(invalid("corpora")),
        }
        let term = match self.query.get("q").filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(query::parse(text).ok_or_else(|| invalid("q"))?),
            None => None,
        };
        for parent in term.iter().flat_map(query::Term::parents) {
            if !self.sees(self.meant(parent)) {
                // Drive names no file here.
                return Err(error(
                    404,
                    "notFound",
                    "File not found: .",
                    Some(("parameter", "fileId")),
                ));
            }
        }
        let start = match self.query.get("pageToken") {
            None | Some("again") => 0,
            Some(token) => page(token).ok_or_else(|| invalid("pageToken"))?,
        };
        let mut found: Vec<_> = self
            .world
            .files
            .values()
            .filter(|file| file.parent.is_some())
            .filter(|file| {
                (all || file.drive.is_none()) && (drive.is_none() || file.drive.as_deref() == drive)
            })
            .filter(|file| {
                term.as_ref()
                    .is_none_or(|term| term.holds(self.world, file, self.me()))
            })
            .filter(|file| self.world.may_read(self.caller, &file.id))
            .collect();
        for key in self
            .query
            .get("orderBy")
            .unwrap_or("")
            .split(',')
            .rev()
            .filter(|key| !key.is_empty())
        {
            let (name, descending) = key
                .strip_suffix(" desc")
                .map_or((key, false), |name| (name, true));
            match name {
                "name" | "name_natural" => found.sort_by_key(|file| file.name.to_lowercase()),
                "folder" => found.sort_by_key(|file| file.mime != FOLDER),
                "modifiedTime" => found.sort_by_key(|file| file.modified),
                "createdTime" => found.sort_by_key(|file| file.created),
                _ => return Err(invalid("orderBy")),
            }
            if descending {
                found.reverse();
            }
        }
        let shown: Vec<Value> = found
            .iter()
            .skip(start)
            .take(size)
            .map(|file| view::file(self.world, file, self.caller, self.base))
            .collect();
        let mut answer =
            json!({ "kind": "drive#fileList", "incompleteSearch": false, "files": shown });
        if start + size < found.len() {
            answer["nextPageToken"] = json!(format!("~!!~{}", start + size));
        }
        Ok(Reply::json(200, &mask.apply(&answer)))
    }

    /// The `changes` feed is of a user: a key alone is not enough.
    fn needs_user(&self) -> Result<(), Reply> {
        match self.caller {
            Caller::User(_) => Ok(()),
            Caller::Key => {
                let message = "Request had insufficient authentication scopes.";
                Err(error(403, "insufficientPermissions", message, None))
            }
        }
    }

    pub(crate) fn start_page_token(&self) -> Result<Reply, Reply> {
        self.needs_user()?;
        let token = (self.world.log.len() + 1).to_string();
        Ok(Reply::json(
            200,
            &json!({ "kind": "drive#startPageToken", "startPageToken": token }),
        ))
    }

    pub(crate) fn changes(&self) -> Result<Reply, Reply> {
        self.needs_user()?;
        let mask = self.mask(
            "kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,file(kind,id,name,mimeType))",
            &["changes", "file"],
        )?;
        let size = self.query.size(100)?;
        let start = match self.query.get("pageToken") {
            None => {
                return Err(error(
                    400,
                    "required",
                    "Required parameter: pageToken",
                    Some(("parameter", "pageToken")),
                ));
            }
            Some("again") => 1,
            Some(token) => token
                .parse::<usize>()
                .ok()
                .filter(|at| (1..=self.world.log.len() + 1).contains(at))
                .ok_or_else(|| invalid("pageToken"))?,
        };
        let (removed, all) = (
            self.query.get("includeRemoved") != Some("false"),
            self.query.flag("includeItemsFromAllDrives") && self.query.flag("supportsAllDrives"),
        );
        let drive = self.query.get("driveId");
        if let Some(drive) = drive.filter(|drive| !self.sees(drive)) {
            return Err(not_found(drive));
        }
        let mut shown = Vec::new();
        let mut next = self.world.log.len() + 1;
        for (at, change) in self.world.log.iter().enumerate().skip(start - 1) {
            // Of one file only the last change is told.
            let later = self.world.log.iter().skip(at + 1).any(|later| {
                later.file == change.file
                    && (later.gone_for.is_empty() || World::is_gone_for(later, self.caller))
            });
            if later {
                continue;
            }
            let entry = json!({
                "kind": "drive#change", "type": "file", "changeType": "file", "time": view::time(change.at), "fileId": change.file,
                "removed": false,
            });
            let file = self.world.files.get(&change.file);
            let told = if World::is_gone_for(change, self.caller) {
                let mut gone = entry;
                gone["removed"] = json!(true);
                Some(gone).filter(|_| removed)
            } else if let Some(file) =
                file.filter(|file| self.world.may_read(self.caller, &file.id))
            {
                let wanted = (all || file.drive.is_none())
                    && (drive.is_none() || file.drive.as_deref() == drive);
                let mut changed = entry;
                changed["file"] = view::file(self.world, file, self.caller, self.base);
                Some(changed).filter(|_| wanted)
            } else {
                None
            };
            if let Some(told) = told {
                if shown.len() == size {
                    next = at + 1;
                    break;
                }
                shown.push(told);
            }
        }
        let mut answer = json!({ "kind": "drive#changeList", "changes": shown });
        let name = if next <= self.world.log.len() {
            "nextPageToken"
        } else {
            "newStartPageToken"
        };
        answer[name] = json!(next.to_string());
        Ok(Reply::json(200, &mask.apply(&answer)))
    }

    /// All shared drives, or one.
    pub(crate) fn drives(&self, id: Option<&str>) -> Result<Reply, Reply> {
        self.needs_user()?;
        let seen = self
            .world
            .drives
            .iter()
            .filter(|(id, _)| self.world.may_read(self.caller, id));
        let mut shown =
            seen.map(|(id, (name, _))| json!({ "kind": "drive#drive", "id": id, "name": name }));
        let Some(id) = id else {
            let size = self.query.size(10)?;
            let start = self
                .query
                .get("pageToken")
                .map_or(Some(0), page)
                .ok_or_else(|| invalid("pageToken"))?;
            let drives: Vec<Value> = shown.collect();
            let page: Vec<&Value> = drives.iter().skip(start).take(size).collect();
            let mut answer = json!({ "kind": "drive#driveList", "drives": page });
            if start + size < drives.len() {
                answer["nextPageToken"] = json!(format!("~!!~{}", start + size));
            }
            return Ok(Reply::json(200, &answer));
        };
        let message = format!("Shared drive not found: {id}");
        shown
            .find(|drive| drive["id"] == id)
            .map(|drive| Reply::json(200, &drive))
            .ok_or_else(|| error(404, "notFound", &message, Some(("parameter", "driveId"))))
    }

    pub(crate) fn about(&self) -> Result<Reply, Reply> {
        self.needs_user()?;
        let Some(fields) = self.query.get("fields") else {
            let message = "The 'fields' parameter is required for this method.";
            return Err(error(
                400,
                "required",
                message,
                Some(("parameter", "fields")),
            ));
        };
        let Caller::User(email) = self.caller else {
            return Err(invalid("fields"));
        };
        let about = json!({
            "kind": "drive#about",
            "user": { "kind": "drive#user", "displayName": email, "me": true, "permissionId": "1", "emailAddress": email },
            "storageQuota": { "limit": "16106127360", "usage": "1024", "usageInDrive": "1024", "usageInDriveTrash": "0" },
        });
        let mask = Fields::parse(fields).map_err(|_| invalid("fields"))?;
        Ok(Reply::json(200, &mask.apply(&about)))
    }

    pub(crate) fn permissions(&self, id: &str) -> Result<Reply, Reply> {
        if !self.sees(id) {
            return Err(not_found(id));
        }
        let file = &self.world.files[id];
        let mut all =
            vec![json!({ "kind": "drive#permission", "id": "1", "type": "user", "role": "owner" })];
        all.extend(file.readers.iter().map(|reader| {
            let kind = if reader == "anyone" { "anyone" } else { "user" };
            json!({ "kind": "drive#permission", "id": reader, "type": kind, "role": "reader" })
        }));
        Ok(Reply::json(
            200,
            &json!({ "kind": "drive#permissionList", "permissions": all }),
        ))
    }
}

fn page(token: &str) -> Option<usize> {
    token.strip_prefix("~!!~")?.parse().ok()
}
