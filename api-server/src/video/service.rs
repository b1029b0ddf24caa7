//! Rules of recordings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use shared::clock::Clock;
use shared::db::Db;

use super::captions::{self, Part};
use super::names::{SUBTITLES, stem, stems};
use super::store;
use super::suggest::{VideoSuggestion, described, times};
use super::{Transcriber, VideoError};
use crate::audit::Actor;
use crate::materials::{
    MaterialError, MaterialId, MaterialRow, MaterialService, Wanted, is_recording,
};
use crate::rag::{RagClient, RagError};

/// Suggestions with one answer.
const MOST_SUGGESTIONS: usize = 3;
/// Most bytes of subtitles that are analysed: a day of talk has less.
const MAX_SUBTITLES: u64 = 8 * 1024 * 1024;

/// Recordings and what is said in them.
#[derive(Debug)]
pub(crate) struct VideoService {
    db: Db,
    materials: Arc<MaterialService>,
    rag: Arc<RagClient>,
    transcriber: Option<Arc<Transcriber>>,
    clock: Arc<dyn Clock>,
}

/// A recording, its subtitles, or both.
#[derive(Debug, Default)]
pub(crate) struct Video {
    pub(super) recording: Option<MaterialRow>,
    pub(super) subtitles: Vec<MaterialRow>,
    /// How far its transcription is: state and reason.
    pub(super) transcription: Option<(String, Option<String>)>,
}

impl Video {
    /// What stands for it: the recording, else its first subtitles.
    pub(super) fn shown(&self) -> Option<&MaterialRow> {
        self.recording.as_ref().or(self.subtitles.first())
    }
}

/// A place found in a recording.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) video: MaterialRow,
    pub(super) subtitles: MaterialRow,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) text: String,
    pub(super) score: f64,
}

/// A passage the rag-server found.
#[derive(Debug, Deserialize)]
struct Hit {
    material_id: String,
    text: String,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    locator: Value,
}

#[derive(Debug, Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

/// What an answer cites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cited<'a> {
    /// Uid of the material.
    pub(crate) material_uid: &'a str,
    /// Title as people know it.
    pub(crate) title: &'a str,
    /// Place of the quote.
    pub(crate) locator: &'a Value,
    /// Its words.
    pub(crate) quote: &'a str,
}

/// Why a search found nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SearchError {
    #[error(transparent)]
    Rag(#[from] RagError),
    #[error(transparent)]
    Video(#[from] VideoError),
}

impl VideoService {
    /// Recordings among `materials`; `rag` knows what is said in them.
    pub(crate) fn new(
        db: Db,
        materials: Arc<MaterialService>,
        rag: Arc<RagClient>,
        transcriber: Option<Arc<Transcriber>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            materials,
            rag,
            transcriber,
            clock,
        }
    }

    /// Every recording, and subtitles without one, in order of name.
    pub(super) async fn list(&self) -> Result<Vec<Video>, VideoError> {
        let wanted = Wanted {
            limit: i64::MAX,
            ..Wanted::default()
        };
        let rows = self.materials.list(&wanted).await?;
        let mut states: BTreeMap<String, (String, Option<String>)> = store::all(&self.db)
            .await?
            .into_iter()
            .map(|(uid, state, reason)| (uid, (state, reason)))
            .collect();
        let mut videos: BTreeMap<String, Video> = BTreeMap::new();
        let (recordings, others): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| is_recording(&row.kind));
        for row in recordings {
            let mut name = stem(&row.id).to_owned();
            if videos.contains_key(&name) {
                // The same lesson as sound and as video: each is one.
                name.clone_from(&row.id);
            }
            let video = videos.entry(name).or_default();
            video.transcription = states.remove(&row.uid);
            video.recording = Some(row);
        }
        for row in others
            .into_iter()
            .filter(|row| SUBTITLES.contains(&row.kind.as_str()))
        {
            let names = stems(&row.id);
            let known = names.iter().find(|name| videos.contains_key(**name));
            let name = known
                .or(names.last())
                .copied()
                .unwrap_or(&row.id)
                .to_owned();
            videos.entry(name).or_default().subtitles.push(row);
        }
        Ok(videos.into_values().collect())
    }

    /// The recording, or the subtitles, of this id; with its parts as its subtitles tell them.
    pub(super) async fn analyse(
        &self,
        id: &MaterialId,
    ) -> Result<(Video, Vec<Part>, u64), VideoError> {
        let row = self.materials.find(id).await?;
        let videos = self.list().await?;
        let holds = |video: &Video| {
            let mut all = video.recording.iter().chain(&video.subtitles);
            all.any(|one| one.uid == row.uid)
        };
        let video = videos
            .into_iter()
            .find(|video| holds(video))
            .ok_or(VideoError::NoVideo)?;
        let own = video.subtitles.iter().find(|one| one.uid == row.uid);
        let Some(subtitles) = own.or(video.subtitles.first()) else {
            return Ok((video, Vec::new(), 0));
        };
        let text = self.read(subtitles).await?;
        let (parts, length) = captions::parts(&text);
        Ok((video, parts, length))
    }

    async fn read(&self, row: &MaterialRow) -> Result<String, VideoError> {
        use tokio::io::AsyncReadExt as _;
        let file = match tokio::fs::File::open(self.materials.path_of(row)).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(MaterialError::NotFound.into());
            }
            Err(error) => return Err(VideoError::File(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_SUBTITLES)
            .read_to_end(&mut bytes)
            .await
            .map_err(VideoError::File)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Places where recordings say something, the best first.
    pub(super) async fn search(&self, query: &str, limit: u32) -> Result<Vec<Found>, SearchError> {
        let wanted = serde_json::json!({ "query": query, "limit": limit, "types": SUBTITLES });
        let answer: Hits = self.rag.post(&["search"], &wanted).await?;
        let mut found = Vec::new();
        for hit in answer.hits {
            let Some(place) = times(&hit.locator) else {
                continue;
            };
            // What the index has of a material without a row is never shown.
            let Some(subtitles) = self.by_uid(&hit.material_id).await? else {
                continue;
            };
            let video = self.beside(&subtitles).await?;
            let (start, end) = self.moment(&subtitles, place, &hit.text, query).await;
            found.push(Found {
                video: video.unwrap_or_else(|| subtitles.clone()),
                subtitles,
                start,
                end,
                text: hit.text,
                score: hit.score,
            });
        }
        Ok(found)
    }

    /// Where recordings say what an answer to `question` cites; each recording once, at the place cited first.
    pub(crate) async fn suggest(
        &self,
        question: &str,
        cited: &[Cited<'_>],
        level: &str,
    ) -> Result<Vec<VideoSuggestion>, VideoError> {
        let mut suggestions: Vec<VideoSuggestion> = Vec::new();
        for one in cited {
            if suggestions.len() >= MOST_SUGGESTIONS {
                break;
            }
            let Some(row) = self.by_uid(one.material_uid).await? else {
                continue;
            };
            let times = match times(one.locator) {
                Some(place) => Some(self.moment(&row, place, one.quote, question).await),
                None => None,
            };
            let Some(video) = self
                .beside(&row)
                .await?
                .or_else(|| times.map(|_| row.clone()))
            else {
                continue;
            };
            if suggestions.iter().any(|known| known.video_path == video.id) {
                continue;
            }
            suggestions.push(VideoSuggestion {
                topic: one.title.to_owned(),
                video_path: video.id,
                video_title: video.title,
                start_timestamp: times.map_or(0, |(start, _)| start),
                duration: times.map(|(start, end)| end.saturating_sub(start)),
                difficulty_level: level.to_owned(),
                description: described(one.quote),
            });
        }
        Ok(suggestions)
    }

    /// Has a recording written down, also when that failed before.
    pub(super) async fn transcribe(
        &self,
        actor: &Actor,
        id: &MaterialId,
    ) -> Result<MaterialRow, VideoError> {
        let row = self.materials.find(id).await?;
        if !is_recording(&row.kind) {
            return Err(VideoError::NoVideo);
        }
        let transcriber = self.transcriber.as_ref().ok_or(VideoError::NoTranscriber)?;
        let mut tx = self.db.begin_write().await?;
        store::ask(&mut tx, &row.uid, actor, self.clock.now_ms()).await?;
        tx.commit().await?;
        transcriber.wake();
        Ok(row)
    }

    /// Seconds at which a passage says what was asked. A passage may last minutes: where in it is told from the subtitles
    /// themselves, while they are there.
    async fn moment(
        &self,
        subtitles: &MaterialRow,
        place: (u64, u64),
        passage: &str,
        asked: &str,
    ) -> (u64, u64) {
        let text = self.read(subtitles).await.unwrap_or_default();
        captions::moment(&text, place, passage, asked).unwrap_or(place)
    }

    /// The recording beside a material.
    async fn beside(&self, row: &MaterialRow) -> Result<Option<MaterialRow>, VideoError> {
        for name in stems(&row.id) {
            let found = crate::materials::store::recordings_named(&self.db, name).await?;
            if let Some(recording) = found.into_iter().next() {
                return Ok(Some(recording));
            }
        }
        Ok(None)
    }

    async fn by_uid(&self, uid: &str) -> Result<Option<MaterialRow>, VideoError> {
        match self.materials.find_uid(uid).await {
            Ok(row) => Ok(Some(row)),
            Err(MaterialError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
