//! `/materials`: send, list, look at, describe, download and remove materials.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, head, post, put};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query, read_json};
use shared::problem::{ApiError, Code, Invalid, Problems};

use super::form::{self, Form, Part};
use super::id::{IdBefore, LinkedId};
use super::service::{Arrived, Description, Skipped, Taken, read_tags};
use super::store::{MaterialRow, Wanted};
use super::view::MaterialView;
use super::{DownloadLinks, MaterialError, MaterialId, MaterialService, download, events, id};
use crate::access::{Caller, Staff, WithCookie};
use crate::improvement::{Improvement, Place};

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

fn views(rows: Vec<MaterialRow>, links: &DownloadLinks) -> Vec<MaterialView> {
    rows.into_iter()
        .map(|row| MaterialView::of(row, links))
        .collect()
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

/// A file was taken in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UploadedView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: String,
    /// The id it got.
    pub filename: String,
    /// Bytes.
    pub size: i64,
    /// Name of who sent it.
    pub uploaded_by: String,
    /// The same bytes were here under the same name: nothing was done.
    pub unchanged: bool,
    /// The material.
    pub material: MaterialView,
}

/// A file with what is said of it.
#[derive(Debug, utoipa::ToSchema)]
#[allow(
    dead_code,
    reason = "describes the form; its parts are read one by one"
)]
pub(crate) struct UploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What it is about.
    description: Option<String>,
    /// JSON array of texts.
    tags: Option<String>,
    /// Title; made from the name when absent.
    title: Option<String>,
    /// Folder to put it in.
    folder: Option<String>,
}

/// Takes in a file. Answers as soon as it is stored; its way into the index is told by `/materials/{id}/events`.
///
/// A name that is taken gets a number (`aula_1.pdf`); the same bytes under the same name are the same material. The
/// multipart body may come under a JSON content type.
#[utoipa::path(tag = "materials", request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = UploadedView), (status = 200, body = UploadedView), Problems))]
#[post("/materials/upload")]
pub(crate) async fn upload(
    staff: Staff,
    request: HttpRequest,
    body: Payload,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let mut form = Form::begin(&request, body).await?;
    let (arrived, description) = match read_upload(&mut form, &materials).await {
        Ok(read) => read,
        Err(error) => {
            form.drain().await;
            return Err(error.into());
        }
    };
    let Taken {
        material,
        unchanged,
    } = materials.take_in(&staff, arrived, description).await?;
    let view = UploadedView {
        status: "success",
        message: if unchanged {
            "Este material já estava aqui, igual."
        } else {
            "Material recebido; ele será indexado em instantes."
        }
        .to_owned(),
        filename: material.id.clone(),
        size: material.size_bytes,
        uploaded_by: material.uploader.clone(),
        unchanged,
        material: MaterialView::of(material, &links),
    };
    Ok(if unchanged {
        HttpResponse::Ok().json(view)
    } else {
        HttpResponse::Created().json(view)
    })
}

async fn read_upload(
    form: &mut Form,
    materials: &MaterialService,
) -> Result<(Arrived, Description), MaterialError> {
    let rules = materials.rules().await?;
    let mut arrived = None;
    let mut description = Description::default();
    let mut folder = String::new();
    while let Some(part) = form.next().await? {
        match (part.name.as_str(), part.filename.clone()) {
            ("file", Some(filename)) if arrived.is_none() => {
                let id = rules.name(&[], &filename)?;
                arrived = Some((materials.receive(&rules, id, part.bytes()).await?, filename));
            }
            ("folder", None) => folder = part.text().await?,
            (_, None) => read_description(part, &mut description).await?,
            (_, Some(_)) => return Err(MaterialError::Form("Envie um arquivo por vez.")),
        }
    }
    let (mut arrived, filename) = arrived.ok_or(MaterialError::Form(
        "O formulário não traz um arquivo no campo “file”.",
    ))?;
    let folders = id::segments(&folder).ok_or(MaterialError::Field {
        pointer: "/folder",
        detail: "A pasta deve ser um caminho relativo, sem “..”.",
    })?;
    if !folders.is_empty() {
        let folders: Vec<String> = folders.into_iter().map(str::to_owned).collect();
        arrived.id = rules.name(&folders, &filename)?;
    }
    Ok((arrived, description))
}

async fn read_description(part: Part, into: &mut Description) -> Result<(), MaterialError> {
    let name = part.name.clone();
    take_field(&name, part.text().await?, into)
}

fn take_field(name: &str, text: String, into: &mut Description) -> Result<(), MaterialError> {
    match name {
        "description" => into.about = Some(text),
        "title" => into.title = Some(text),
        "tags" => into.tags = read_tags(&text)?,
        // What another page sends besides is no fault.
        _ => {}
    }
    Ok(())
}

/// An archive was taken in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UploadedArchiveView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: String,
    /// Folder its files were put in; empty for the topmost.
    pub destination: String,
    /// How many files were taken in.
    pub files_count: usize,
    /// They.
    pub materials: Vec<MaterialView>,
    /// Files that were left out, and why; 200 at most are told.
    pub skipped: Vec<Skipped>,
}

/// An archive.
#[derive(Debug, utoipa::ToSchema)]
#[allow(
    dead_code,
    reason = "describes the form; its parts are read one by one"
)]
pub(crate) struct UploadArchiveForm {
    /// A `.zip`, `.tar.gz` or `.tgz`.
    #[schema(value_type = String, format = Binary)]
    archive: Vec<u8>,
    /// Folder to put its files in.
    destination_subdir: Option<String>,
}

/// Takes in the files of an archive, all at once; its folders become part of their ids.
///
/// Paths that lead outside, links, too many entries and what grows out of proportion refuse the whole archive. Files of
/// types that are not taken are left out and told.
#[utoipa::path(tag = "materials", request_body(content = UploadArchiveForm, content_type = "multipart/form-data"),
    responses((status = 201, body = UploadedArchiveView), Problems))]
#[post("/materials/upload-archive")]
pub(crate) async fn upload_archive(
    staff: Staff,
    request: HttpRequest,
    body: Payload,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let mut form = Form::begin(&request, body).await?;
    let (archive, destination) = match read_archive(&mut form, &materials).await {
        Ok(read) => read,
        Err(error) => {
            form.drain().await;
            return Err(error.into());
        }
    };
    let made = materials
        .take_in_archive(&staff, archive, &destination)
        .await?;
    let taken: Vec<MaterialRow> = made.taken.into_iter().map(|one| one.material).collect();
    Ok(HttpResponse::Created().json(UploadedArchiveView {
        status: "success",
        message: format!(
            "Materiais recebidos: {}; deixados de fora: {}.",
            taken.len(),
            made.skipped.len()
        ),
        destination: id::segments(&destination).unwrap_or_default().join("/"),
        files_count: taken.len(),
        materials: views(taken, &links),
        skipped: made.skipped,
    }))
}

async fn read_archive(
    form: &mut Form,
    materials: &MaterialService,
) -> Result<(shared::files::Received, String), MaterialError> {
    let mut archive = None;
    let mut destination = String::new();
    while let Some(part) = form.next().await? {
        match (part.name.as_str(), part.filename.is_some()) {
            ("archive" | "file", true) if archive.is_none() => {
                archive = Some(materials.receive_archive(part.bytes()).await?);
            }
            ("destination_subdir", false) => destination = part.text().await?,
            (_, false) => part.skip().await?,
            (_, true) => return Err(MaterialError::Form("Envie um arquivo por vez.")),
        }
    }
    let archive = archive.ok_or(MaterialError::Form(
        "O formulário não traz um arquivo no campo “archive”.",
    ))?;
    Ok((archive, destination))
}

/// All materials as one `tar.gz`, made while it is sent.
#[utoipa::path(tag = "materials",
    responses((status = 200, content_type = "application/gzip", body = Vec<u8>), Problems))]
#[get("/materials/archive")]
pub(crate) async fn package(
    _staff: Staff,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    download::package(materials).await
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

/// What is said of a material: what is absent is cleared, but for the title.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeRequest {
    /// What it is about, 5000 characters at most.
    description: Option<String>,
    /// Labels, 50 at most, of 100 bytes at most.
    #[serde(default)]
    tags: Vec<String>,
    /// Title, 300 characters at most; stays when absent.
    title: Option<String>,
}

/// A material was described.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DescribedView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
    /// The material.
    pub material: MaterialView,
}

/// Replaces what is said of a material: as a form, also under a JSON content type, or as JSON.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), request_body = DescribeRequest,
    responses((status = 200, body = DescribedView), Problems))]
#[put("/materials/{id:.*}/metadata")]
pub(crate) async fn describe(
    staff: Staff,
    id: IdBefore,
    request: HttpRequest,
    body: Payload,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<DescribedView>, ApiError> {
    let body = form::whole(body).await?;
    let mut description = Description::default();
    if let Some(fields) = form::fields(request.headers(), &body).await? {
        for (name, text) in fields {
            take_field(&name, text, &mut description)?;
        }
    } else if !body.is_empty() {
        let asked: DescribeRequest = read_json(&body)?;
        description = Description {
            title: asked.title,
            about: asked.description,
            tags: asked.tags,
        };
    } else {
        return Err(ApiError::new(Code::InvalidRequest));
    }
    let material = materials.describe(&staff, &id.0, description).await?;
    Ok(Json(DescribedView {
        status: "success",
        message: "Os dados do material foram gravados.",
        material: MaterialView::of(material, &links),
    }))
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

/// How to send a file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadMaterial {
    /// Have it saved, not shown.
    download: Option<bool>,
}

/// How to send a file to somebody who is known.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenMaterial {
    /// Have it saved, not shown.
    download: Option<bool>,
    /// The answer of one's own that it is opened from, by its id: the ranking learns from that.
    answer: Option<String>,
}

/// The bytes of a material, or one range of them. With a token, an API key, or the cookie.
#[utoipa::path(tag = "materials", params(("id" = String, Path), OpenMaterial),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>), (status = 304), (status = 416), Problems))]
#[get("/materials/{id:.*}")]
pub(crate) async fn file(
    caller: WithCookie,
    id: MaterialId,
    request: HttpRequest,
    query: Query<OpenMaterial>,
    materials: Data<MaterialService>,
    improvement: Data<Improvement>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id).await?;
    let place = Place {
        material_uid: &row.uid,
        page: None,
    };
    improvement
        .opened_from(&caller.account.uid, query.answer.as_deref(), place)
        .await;
    sent(&materials, &row, &request, query.download).await
}

/// What `GET` answers of a material, without its bytes: no download, and nothing opened.
#[utoipa::path(tag = "materials", params(("id" = String, Path), OpenMaterial),
    responses((status = 200), (status = 206), (status = 304), (status = 416), Problems))]
#[head("/materials/{id:.*}")]
pub(crate) async fn file_head(
    _caller: WithCookie,
    id: MaterialId,
    request: HttpRequest,
    query: Query<OpenMaterial>,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id).await?;
    sent(&materials, &row, &request, query.download).await
}

/// A file as it was asked for; counted where all of it goes out.
async fn sent(
    materials: &MaterialService,
    row: &MaterialRow,
    request: &HttpRequest,
    download: Option<bool>,
) -> Result<HttpResponse, ApiError> {
    let answer = download::serve(materials, row, request, download.unwrap_or(false)).await?;
    if answer.status() == StatusCode::OK && request.method() == Method::GET {
        materials.count_download(row).await;
    }
    Ok(answer)
}

/// A signature.
#[derive(Debug, Deserialize)]
pub(crate) struct Signed {
    signature: String,
}

/// The bytes of a material for whoever has its link (`download_path` of a material), until the link ends.
#[utoipa::path(tag = "materials", security(()),
    params(("signature" = String, Path), ("id" = String, Path), DownloadMaterial),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>), (status = 304), (status = 416), Problems))]
#[get("/materials/dl/{signature}/{id:.*}")]
pub(crate) async fn file_by_link(
    signed: Path<Signed>,
    id: LinkedId,
    request: HttpRequest,
    query: Query<DownloadMaterial>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let row = linked(&signed, &id, &links, &materials).await?;
    sent(&materials, &row, &request, query.download).await
}

/// What `GET` answers of a link, without the bytes.
#[utoipa::path(tag = "materials", security(()),
    params(("signature" = String, Path), ("id" = String, Path), DownloadMaterial),
    responses((status = 200), (status = 206), (status = 304), (status = 416), Problems))]
#[head("/materials/dl/{signature}/{id:.*}")]
pub(crate) async fn file_by_link_head(
    signed: Path<Signed>,
    id: LinkedId,
    request: HttpRequest,
    query: Query<DownloadMaterial>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let row = linked(&signed, &id, &links, &materials).await?;
    sent(&materials, &row, &request, query.download).await
}

/// The material that a link opens.
async fn linked(
    signed: &Signed,
    id: &LinkedId,
    links: &DownloadLinks,
    materials: &MaterialService,
) -> Result<MaterialRow, ApiError> {
    if !links.opens(&signed.signature, id.0.as_str()) {
        return Err(ApiError::new(Code::Unauthorized)
            .with_detail("Este endereço de download expirou; abra o material de novo."));
    }
    Ok(materials.find(&id.0).await?)
}

/// Something was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DoneView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
}

/// Removes a material: its row and file at once, its text and vectors as soon as the rag-server hears of it.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), responses((status = 200, body = DoneView), Problems))]
#[delete("/materials/{id:.*}")]
pub(crate) async fn remove(
    staff: Staff,
    id: MaterialId,
    materials: Data<MaterialService>,
) -> Result<Json<DoneView>, ApiError> {
    materials.remove(&staff, &id).await?;
    Ok(Json(DoneView {
        status: "success",
        message: "O material foi removido.",
    }))
}
