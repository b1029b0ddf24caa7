//! Recordings of the course: which there are, what is said in them and when.
//!
//! What is said stands in subtitles (`.srt`, `.vtt`), which are materials like others: the rag-server reads them with
//! their times. A recording beside them (the same path but for the extension, and perhaps a language: `aula.mp4`,
//! `aula.pt.vtt`) is what is played. Where a transcription endpoint is set up, recordings that are taken in are sent to
//! it, and what it hears becomes subtitles beside them. Nothing is told of a recording that its subtitles do not say.

mod captions;
mod error;
mod names;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod suggest;
mod transcription;

pub(crate) use error::VideoError;
pub(crate) use service::{Cited, VideoService};
pub(crate) use suggest::VideoSuggestion;
pub(crate) use transcription::Transcriber;
pub(crate) use transcription::TranscriptionSettings;
