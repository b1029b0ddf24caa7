//! Materials: the documents a course is made of, as this server knows them.
//!
//! Owns the `materials` and `removals` tables and the stored files. A material is accepted here (streamed to disk
//! while hashing, one file per content), worked on by [`crate::ingest`], and removed here from everywhere: row, text,
//! vectors, file. The row is the truth: whatever the index still holds of a material that has no row, or of another
//! version of it, is never shown.
//!
//! Ids never become paths: files are stored under the hash of their content.

mod error;
pub(crate) mod folder;
mod id;
mod locks;
pub(crate) mod routes;
mod row;
mod service;
pub(crate) mod store;
mod table_files;

pub(crate) use error::MaterialError;
pub(crate) use id::MaterialId;
pub(crate) use row::{CitedRow, MaterialRow, MaterialState, Origin};
pub(crate) use service::{MaterialService, NewMaterial};
pub(crate) use shared::files::Files;
pub(crate) use table_files::TableFiles;
