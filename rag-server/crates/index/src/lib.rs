//! The searchable index on LanceDB: the only crate that knows it.
//!
//! Two kinds of table, one direction:
//!
//! - `<collection>` holds the chunks: text, place, and analysed search terms. It is the truth of what exists,
//!   and full-text searchable as soon as a write returns.
//! - `<collection>__<model>` holds the vectors of those chunks, appended later. A new model is a new table
//!   beside the old one; the caller decides which is asked. A vector whose chunk is gone is never returned.
//!
//! Invariants:
//!
//! - All rows of a material are replaced or deleted in one commit; readers see all of it or none.
//! - One writer task per table and process. It commits whatever waits in its queue together, and compacts in the
//!   same queue, so that within a process nothing ever races with a delete. Conflicts with other processes are
//!   tried again with back-off.
//! - Readers ask for the newest committed version at every query.
//! - A caller that goes away does not undo or break what it had queued.
//!
//! What this crate does not do: analyse text (crate `terms`), embed, fuse, rank.

mod chunk_table;
mod error;
mod index;
mod maintenance;
mod material;
mod sentences;
mod settings;
mod snapshot;
mod vector_table;
mod writer;

pub use error::{IndexError, Retry};
pub use index::{Index, Need};
pub use maintenance::{IndexStats, OptimizeReport, TableStats};
pub use material::{
    AnalysedChunk, Filter, IndexedVersion, MaterialChunks, StoredChunk, StoredVector, TextHit,
    VectorHit, VectorRow, VectorTableInfo, chunk_id,
};
pub use sentences::SentenceVectors;
pub use settings::IndexSettings;
pub use vector_table::VectorTable;
