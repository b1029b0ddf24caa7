//! Materials: the documents of the course, as people send, see and remove them.
//!
//! Owns the tables `materials` and `material_sync` and the stored files. An upload is streamed to disk while it is hashed,
//! stored once per content and answered at once; the rag-server hears of it through [`outbox`], whose rows are written
//! in the transaction of the change, so that neither server's death loses or doubles anything. What the rag-server says
//! of its work is mirrored into the row. Every signed-in user reads; instructors and administrators change.
//!
//! An id is a name for people (`modulo-1/aula-03.pdf`) and never becomes a path: files stand under the hash of their
//! content.

mod archive;
mod download;
mod error;
mod events;
pub(crate) mod form;
mod id;
mod links;
pub(crate) mod mirrored;
mod outbox;
pub(crate) mod pages;
pub(crate) mod routes;
mod service;
mod sniff;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod upkeep;
mod view;

use std::time::Duration;

pub(crate) use error::MaterialError;
pub(crate) use id::{AnalysedId, MaterialId};
pub(crate) use links::DownloadLinks;
pub(crate) use outbox::Outbox;
pub(crate) use service::{Description, MaterialService};
pub(crate) use sniff::{is_recording, known, readable, recordings};
pub(crate) use store::{MaterialRow, Wanted};
pub(crate) use upkeep::{DisagreementError, Group, duplicates};

/// What materials may be.
#[derive(Debug, Clone)]
pub struct MaterialSettings {
    /// Most bytes of a file.
    pub max_upload: u64,
    /// Most bytes of an archive.
    pub max_archive: u64,
    /// Most entries of an archive.
    pub archive_entries: usize,
    /// Most bytes of everything in an archive.
    pub archive_unpacked: u64,
    /// Longest upload.
    pub upload_timeout: Duration,
    /// Extensions that are taken, in lower case, without the dot.
    pub extensions: Vec<String>,
    /// Recordings are written down as soon as they are taken in.
    pub transcribes: bool,
    /// Life of a signed link.
    pub link_lifetime: Duration,
}

impl MaterialSettings {
    /// The id a file of this name would get, if files like it are taken.
    fn name(&self, folders: &[String], name: &str) -> Result<MaterialId, MaterialError> {
        let id = MaterialId::made(folders, name)?;
        if self.extensions.contains(&id.extension()) {
            Ok(id)
        } else {
            Err(MaterialError::Extension {
                allowed: self.extensions.join(", "),
            })
        }
    }
}
