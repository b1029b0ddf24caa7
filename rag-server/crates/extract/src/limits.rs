//! Every cap on reading, in one place.

use serde::{Deserialize, Serialize};

/// Caps on reading one file. What lies beyond a cap is an error, never a silent cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pages, slides or sheets.
    pub pages: u64,
    /// Non-empty cells of a workbook or delimited file.
    pub cells: u64,
    /// Characters of text out.
    pub characters: u64,
    /// Entries of a zip container.
    pub zip_entries: u64,
    /// Bytes a zip container may unpack to.
    pub unpacked_bytes: u64,
    /// Depth of nested elements.
    pub nesting: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            pages: 20_000,
            cells: 5_000_000,
            characters: 100_000_000,
            zip_entries: 20_000,
            unpacked_bytes: 1 << 30,
            nesting: 256,
        }
    }
}
