//! `/video`: recordings, what is said in them and when. For whoever is signed in; staff have them written down.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Invalid, Problems};
use url::Url;

use super::captions::Part;
use super::service::{SearchError, Video};
use super::{VideoError, VideoService};
use crate::access::{Caller, Staff};
use crate::materials::{
    AnalysedId, DownloadLinks, MaterialId, MaterialRow, MaterialService, is_recording,
};

const MAX_QUERY: usize = 1_000;
const MAX_LIMIT: u32 = 50;

/// A recording, its subtitles, or both.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VideoView {
    /// Id of the recording, or of the subtitles where there is none; a path below `/api/materials/`.
    #[schema(examples("modulo-1/aula-03.mp4"))]
    pub video_path: String,
    /// Title.
    pub video_title: String,
    /// Id of the recording, if there is one.
    pub recording: Option<String>,
    /// Ids of its subtitles.
    pub subtitles: Vec<String>,
    /// Whether what is said in it is found.
    pub searchable: bool,
    /// How far its transcription is: `queued`, `done` or `failed`; null where none was asked for.
    pub transcription: Option<String>,
    /// Why its transcription failed.
    pub transcription_reason: Option<String>,
    /// Bytes of the recording, or of the subtitles.
    pub size: i64,
    /// Labels.
    pub tags: Vec<String>,
}

impl VideoView {
    fn of(video: Video) -> Option<Self> {
        let shown = video.shown()?;
        let (video_path, video_title) = (shown.id.clone(), shown.title.clone());
        let (size, tags) = (shown.size_bytes, shown.tags());
        let is_found = |row: &MaterialRow| matches!(row.state.as_str(), "searchable" | "ready");
        let (transcription, reason) = video.transcription.unzip();
        Some(Self {
            video_path,
            video_title,
            searchable: video.subtitles.iter().any(is_found),
            recording: video.recording.map(|row| row.id),
            subtitles: video.subtitles.into_iter().map(|row| row.id).collect(),
            transcription,
            transcription_reason: reason.flatten(),
            size,
            tags,
        })
    }
}

/// Every recording.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VideoList {
    /// `success`.
    pub status: &'static str,
    /// In order of name.
    pub videos: Vec<VideoView>,
    /// How many.
    pub total: usize,
}

/// What to look for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VideoSearchRequest {
    /// What is said, 1 to 1,000 characters.
    #[serde(alias = "topic")]
    #[schema(min_length = 1, max_length = 1_000)]
    query: String,
    /// Places at most, 1 to 50; 10 when absent.
    #[schema(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// A place in a recording.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VideoPlace {
    /// Id of the recording, or of the subtitles where there is none.
    pub video_path: String,
    /// Its title.
    pub video_title: String,
    /// Id of the subtitles.
    pub subtitles: String,
    /// Seconds from the beginning.
    pub start_timestamp: u64,
    /// Seconds from the beginning.
    pub end_timestamp: u64,
    /// What is said.
    pub text: String,
    /// Probability that this is what was looked for, 0 to 1.
    pub score: f64,
}

/// Places where recordings say something.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VideoPlaces {
    /// `success`.
    pub status: &'static str,
    /// The best first.
    pub results: Vec<VideoPlace>,
    /// How many.
    pub total: usize,
}

/// A recording as its subtitles tell it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VideoAnalysis {
    /// `success`.
    pub status: &'static str,
    /// The recording.
    pub video: VideoView,
    /// Seconds, up to the last word; null without subtitles.
    pub duration: Option<u64>,
    /// Parts of about a minute; empty without subtitles.
    pub topics: Vec<Part>,
}

/// What to show in a frame: a recording here or on Google Drive.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbedRequest {
    /// Id of a recording.
    #[serde(alias = "video_id")]
    video_path: Option<String>,
    /// Address of a file on Google Drive.
    url: Option<String>,
    /// Seconds from the beginning.
    #[serde(alias = "start_timestamp")]
    start: Option<u32>,
}

/// What a frame shows.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EmbedView {
    /// `success`.
    pub status: &'static str,
    /// `material` or `google_drive`.
    pub kind: &'static str,
    /// Address for the frame; one of a material opens for a while without signing in.
    pub embed_url: String,
    /// Title, where it is known.
    pub video_title: Option<String>,
    /// Seconds from the beginning.
    pub start_timestamp: u32,
}

/// What to have written down.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscribeRequest {
    /// Id of a recording.
    #[serde(alias = "video_id")]
    video_path: String,
}

/// It will be written down.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TranscriptionStarted {
    /// `started`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
    /// Id of the recording.
    pub video_path: String,
}

/// Every recording and what is said in it.
#[utoipa::path(tag = "video", operation_id = "list_videos", responses((status = 200, body = VideoList), Problems))]
#[get("/video/list")]
pub(crate) async fn list(
    _caller: Caller,
    videos: Data<VideoService>,
) -> Result<Json<VideoList>, ApiError> {
    let videos: Vec<VideoView> = videos
        .list()
        .await?
        .into_iter()
        .filter_map(VideoView::of)
        .collect();
    Ok(Json(VideoList {
        status: "success",
        total: videos.len(),
        videos,
    }))
}

/// Finds places where recordings say something.
#[utoipa::path(tag = "video", operation_id = "search_videos", request_body = VideoSearchRequest,
    responses((status = 200, body = VideoPlaces), Problems))]
#[post("/video/search")]
pub(crate) async fn search(
    _caller: Caller,
    body: Json<VideoSearchRequest>,
    videos: Data<VideoService>,
) -> Result<Json<VideoPlaces>, ApiError> {
    let query = body.query.trim();
    let limit = body.limit.unwrap_or(10);
    let mut invalid = Invalid::new();
    let has_control = query
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t');
    if query.is_empty() || query.chars().count() > MAX_QUERY || has_control {
        let detail = "deve ter de 1 a 1000 caracteres, sem caracteres de controle";
        invalid = invalid.field("/query", "invalid_value", detail);
    }
    if !(1..=MAX_LIMIT).contains(&limit) {
        invalid = invalid.field("/limit", "out_of_range", "deve estar entre 1 e 50");
    }
    invalid.or(())?;
    let found = videos
        .search(query, limit)
        .await
        .map_err(|error| match error {
            SearchError::Rag(error) => ApiError::from(error),
            SearchError::Video(error) => error.into(),
        })?;
    let results: Vec<VideoPlace> = found
        .into_iter()
        .map(|place| VideoPlace {
            video_path: place.video.id,
            video_title: place.video.title,
            subtitles: place.subtitles.id,
            start_timestamp: place.start,
            end_timestamp: place.end,
            text: place.text,
            score: place.score,
        })
        .collect();
    Ok(Json(VideoPlaces {
        status: "success",
        total: results.len(),
        results,
    }))
}

/// A recording in parts of about a minute, each with its beginning in its own words.
#[utoipa::path(tag = "video", operation_id = "analyze_video", params(("id" = String, Path, description = "Id of a recording or of subtitles; slashes may stay")),
    responses((status = 200, body = VideoAnalysis), Problems))]
#[get("/video/analyze/{id:.*}")]
pub(crate) async fn analyze(
    _caller: Caller,
    id: AnalysedId,
    videos: Data<VideoService>,
) -> Result<Json<VideoAnalysis>, ApiError> {
    let (video, topics, length) = videos.analyse(&id.0).await?;
    let duration = (!video.subtitles.is_empty()).then_some(length);
    Ok(Json(VideoAnalysis {
        status: "success",
        video: VideoView::of(video).ok_or(VideoError::NoVideo)?,
        duration,
        topics,
    }))
}

/// An address for a frame that shows a recording from a certain second on.
#[utoipa::path(tag = "video", operation_id = "embed_video", request_body = EmbedRequest,
    responses((status = 200, body = EmbedView), Problems))]
#[post("/video/embed")]
pub(crate) async fn embed(
    _caller: Caller,
    body: Json<EmbedRequest>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<EmbedView>, ApiError> {
    let start = body.start.unwrap_or(0);
    match (&body.video_path, &body.url) {
        (Some(id), None) => {
            let row = materials.find(&MaterialId::parse(id)?).await?;
            if !is_recording(&row.kind) {
                return Err(VideoError::NoVideo.into());
            }
            // A media fragment (W3C Media Fragments URI, 4.2.1).
            let at = if start > 0 {
                format!("#t={start}")
            } else {
                String::new()
            };
            Ok(Json(EmbedView {
                status: "success",
                kind: "material",
                embed_url: format!("{}{at}", links.path(&row.id)),
                video_title: Some(row.title),
                start_timestamp: start,
            }))
        }
        (None, Some(url)) => {
            let file = drive_file(url).ok_or_else(|| {
                let detail = "deve ser o endereço de um arquivo do Google Drive";
                Invalid::new().field("/url", "invalid_value", detail)
            })?;
            let at = if start > 0 {
                format!("?t={}m{}s", start / 60, start % 60)
            } else {
                String::new()
            };
            Ok(Json(EmbedView {
                status: "success",
                kind: "google_drive",
                embed_url: format!("https://drive.google.com/file/d/{file}/preview{at}"),
                video_title: None,
                start_timestamp: start,
            }))
        }
        _ => {
            let detail = "envie video_path ou url, um dos dois";
            Err(Invalid::new()
                .field("/video_path", "invalid_value", detail)
                .into())
        }
    }
}

/// The id of a file in an address of Google Drive.
fn drive_file(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    if url.scheme() != "https"
        || !matches!(url.host_str(), Some("drive.google.com" | "docs.google.com"))
    {
        return None;
    }
    let mut segments = url.path_segments()?;
    let named = segments
        .by_ref()
        .any(|segment| segment == "d")
        .then(|| segments.next())
        .flatten();
    let by_query = || {
        url.query_pairs()
            .find(|(name, _)| name == "id")
            .map(|(_, id)| id.into_owned())
    };
    named.map(str::to_owned).or_else(by_query).filter(|id| {
        (10..=128).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    })
}

/// Has a recording written down; the subtitles that come of it stand beside it. For instructors and administrators.
///
/// Recordings that are taken in while a transcription endpoint is set up need not be asked for.
#[utoipa::path(tag = "video", operation_id = "transcribe_video", request_body = TranscribeRequest,
    responses((status = 202, body = TranscriptionStarted), Problems))]
#[post("/video/transcribe")]
pub(crate) async fn transcribe(
    staff: Staff,
    body: Json<TranscribeRequest>,
    videos: Data<VideoService>,
) -> Result<HttpResponse, ApiError> {
    let id = MaterialId::parse(&body.video_path)?;
    let row = videos.transcribe(&staff.actor(), &id).await?;
    Ok(HttpResponse::Accepted().json(TranscriptionStarted {
        status: "started",
        message: "A transcrição começou; a legenda aparece ao lado do vídeo quando estiver pronta.",
        video_path: row.id,
    }))
}

#[cfg(test)]
mod tests {
    use super::drive_file;

    #[test]
    fn only_files_of_google_drive_are_its_files() {
        let id = "1AbC_dEf-23456";
        for url in [
            format!("https://drive.google.com/file/d/{id}/view?usp=sharing"),
            format!("https://drive.google.com/open?id={id}"),
            format!("https://docs.google.com/file/d/{id}"),
        ] {
            assert_eq!(drive_file(&url).as_deref(), Some(id), "{url}");
        }
        for url in [
            format!("http://drive.google.com/file/d/{id}"),
            format!("https://drive.google.com.example.org/file/d/{id}"),
            format!("https://example.org/file/d/{id}"),
            "https://drive.google.com/file/d/a%22onload=/view".to_owned(),
            "https://drive.google.com/file/d/curto".to_owned(),
            "javascript:alert(1)".to_owned(),
            String::new(),
        ] {
            assert_eq!(drive_file(&url), None, "{url}");
        }
    }
}
