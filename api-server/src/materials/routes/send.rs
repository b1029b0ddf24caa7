//! Taking in materials: files, and archives of them.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Serialize;
use shared::problem::{ApiError, Problems};

use super::{take_field, views};
use crate::access::Staff;
use crate::materials::form::{Form, Part};
use crate::materials::service::{Arrived, Description, Skipped, Taken};
use crate::materials::store::MaterialRow;
use crate::materials::view::MaterialView;
use crate::materials::{DownloadLinks, MaterialError, MaterialService, id};

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
