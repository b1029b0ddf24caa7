//! Looking at materials: lists, folders, what is known of one, and its way into the index.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::problem::{ApiError, Invalid, Problems};

use super::views;
use crate::access::Caller;
use crate::materials::id::{self, IdBefore};
use crate::materials::store::Wanted;
use crate::materials::view::MaterialView;
use crate::materials::{DownloadLinks, MaterialError, MaterialService, events};

/// Most materials of a page.
const MAX_PAGE: i64 = 1000;
/// States a material can be in.
const STATES: [&str; 8] = [
    "queued",
    "extracting",
    "indexing",
    "searchable",
    "ready",
    "failed",
    "needs_ocr",
    "stored",
];

/// Which materials to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMaterials {
    /// Only materials in this state.
    state: Option<String>,
    /// Only materials of this type (`pdf`, `xlsx`…).
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Only materials with this tag.
    tag: Option<String>,
    /// Only materials below this folder.
    folder: Option<String>,
    /// Only materials after this id: the last of the page before.
    after: Option<String>,
    /// Most materials to list, 1 to 1000; all of them when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

impl ListMaterials {
    fn check(self) -> Result<Wanted, Invalid> {
        let mut invalid = Invalid::new();
        if self
            .limit
            .is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit))
        {
            invalid = invalid.field("/limit", "out_of_range", "deve estar entre 1 e 1000");
        }
        if self
            .state
            .as_deref()
            .is_some_and(|state| !STATES.contains(&state))
        {
            let allowed = STATES.join(", ");
            invalid = invalid.field(
                "/state",
                "unknown_value",
                format!("valor não reconhecido; use um destes: {allowed}"),
            );
        }
        // Postgres takes no text with such a character, and no id has one.
        let clean = |text: Option<String>| text.unwrap_or_default().replace('\0', "");
        let folder = clean(self.folder);
        let folder = folder.trim_matches('/');
        let tag = clean(self.tag);
        invalid.or(Wanted {
            after: clean(self.after),
            state: self.state.unwrap_or_default(),
            kind: clean(self.kind).to_lowercase(),
            tag: if tag.is_empty() {
                tag
            } else {
                serde_json::Value::from(tag).to_string()
            },
            folder: if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            },
            limit: self.limit.unwrap_or(i64::MAX),
        })
    }
}

/// The course's materials, in order of id. For whoever is signed in.
#[utoipa::path(tag = "materials", params(ListMaterials), responses((status = 200, body = Vec<MaterialView>), Problems))]
#[get("/materials")]
pub(crate) async fn list(
    _caller: Caller,
    query: Query<ListMaterials>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<Vec<MaterialView>>, ApiError> {
    let rows = materials.list(&query.into_inner().check()?).await?;
    Ok(Json(views(rows, &links)))
}

/// Which folder to look into.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BrowseMaterials {
    /// The folder; the topmost when absent.
    path: Option<String>,
}

/// A folder below another.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FolderView {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Materials in it, at any depth.
    pub file_count: u64,
    /// Bytes of them.
    pub total_size: i64,
}

/// One level of folders.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LevelView {
    /// The folder that is shown.
    pub path: String,
    /// Folders in it.
    pub subfolders: Vec<FolderView>,
    /// Materials in it.
    pub files: Vec<MaterialView>,
    /// The topmost folder: always empty, as paths begin there.
    pub root: String,
}

/// One level of the folders that ids make: its folders and its materials.
#[utoipa::path(tag = "materials", params(BrowseMaterials), responses((status = 200, body = LevelView), Problems))]
#[get("/materials/browse")]
pub(crate) async fn browse(
    _caller: Caller,
    query: Query<BrowseMaterials>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<LevelView>, ApiError> {
    let asked = query.into_inner().path.unwrap_or_default();
    // A folder that leads outside is one that does not exist.
    let parts = id::segments(&asked).ok_or(MaterialError::NotFound)?;
    let path = parts.join("/");
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let wanted = Wanted {
        folder: prefix.clone(),
        limit: i64::MAX,
        ..Wanted::default()
    };
    let rows = materials.list(&wanted).await?;
    if rows.is_empty() && !path.is_empty() {
        return Err(MaterialError::NotFound.into());
    }
    let mut subfolders = std::collections::BTreeMap::<String, FolderView>::new();
    let mut files = Vec::new();
    for row in rows {
        let below = row.id.strip_prefix(&prefix).unwrap_or(&row.id).to_owned();
        let Some((name, _)) = below.split_once('/') else {
            files.push(row);
            continue;
        };
        let folder = subfolders
            .entry(name.to_owned())
            .or_insert_with(|| FolderView {
                name: name.to_owned(),
                path: format!("{prefix}{name}"),
                file_count: 0,
                total_size: 0,
            });
        folder.file_count = folder.file_count.saturating_add(1);
        folder.total_size = folder.total_size.saturating_add(row.size_bytes);
    }
    Ok(Json(LevelView {
        path,
        subfolders: subfolders.into_values().collect(),
        files: views(files, &links),
        root: String::new(),
    }))
}

/// What is known of a material.
#[utoipa::path(tag = "materials", params(("id" = String, Path, description = "Its path; slashes may stay")),
    responses((status = 200, body = MaterialView), Problems))]
#[get("/materials/{id:.*}/metadata")]
pub(crate) async fn metadata(
    _caller: Caller,
    id: IdBefore,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<MaterialView>, ApiError> {
    Ok(Json(MaterialView::of(materials.find(&id.0).await?, &links)))
}

/// Follows a material into the index: a `progress` event for every change, then `done`.
///
/// Each event's data is `{id, state, pages, passages, embedded, reason}`.
#[utoipa::path(tag = "materials", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = shared::sse::Event), Problems))]
#[get("/materials/{id:.*}/events")]
pub(crate) async fn follow(
    _caller: Caller,
    id: IdBefore,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id.0).await?;
    Ok(events::follow(materials, row))
}
