//! Settings of the index, and the names of its tables.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::IndexError;

/// Longest collection name, in bytes: with the model's part it stays far below the 255 bytes of a file name.
const MAX_COLLECTION_BYTES: usize = 64;

/// Between the collection and the model in the name of a table of vectors.
const SEPARATOR: &str = "__";

/// Where the index lies and how it behaves.
#[derive(Clone)]
pub struct IndexSettings {
    /// Folder, or address of an object store (`s3://…`, `gs://…`, `az://…`).
    pub uri: String,
    /// Name of the collection: `[A-Za-z0-9][A-Za-z0-9_.-]*` without `__`, at most 64 bytes.
    pub collection: String,
    /// Options of the object store; empty for a folder.
    pub storage_options: BTreeMap<String, String>,
    /// Memory for opened search indices, all tables together; bytes.
    pub index_cache_bytes: usize,
    /// Memory for metadata of data files, all tables together; bytes.
    pub metadata_cache_bytes: usize,
    /// How long superseded versions are kept, so that a running query can finish on its version.
    pub keep_versions: Duration,
    /// No other process writes to this collection (a lock makes sure of it), so that what a killed writer left
    /// behind can be removed at the next [`optimize`](crate::Index::optimize) instead of after seven days.
    pub sole_writer: bool,
    /// Most rows that different callers' writes are joined to for one commit.
    pub group_rows: usize,
    /// Rows from which on vectors get an approximate index instead of being scanned.
    pub vector_index_rows: usize,
}

impl std::fmt::Debug for IndexSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values of the options may be keys of the object store.
        let options: Vec<&String> = self.storage_options.keys().collect();
        f.debug_struct("IndexSettings")
            .field("uri", &self.uri)
            .field("collection", &self.collection)
            .field("storage_options", &options)
            .field("index_cache_bytes", &self.index_cache_bytes)
            .field("metadata_cache_bytes", &self.metadata_cache_bytes)
            .field("keep_versions", &self.keep_versions)
            .field("sole_writer", &self.sole_writer)
            .field("group_rows", &self.group_rows)
            .field("vector_index_rows", &self.vector_index_rows)
            .finish()
    }
}

impl IndexSettings {
    /// Defaults for a collection in `uri`.
    pub fn new(uri: impl Into<String>, collection: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            collection: collection.into(),
            storage_options: BTreeMap::new(),
            index_cache_bytes: 64 << 20,
            metadata_cache_bytes: 16 << 20,
            keep_versions: Duration::from_secs(60),
            sole_writer: false,
            group_rows: 4096,
            vector_index_rows: 4_000,
        }
    }

    pub(crate) fn check(&self) -> Result<(), IndexError> {
        let refuse = |reason: &str| {
            Err(IndexError::InvalidSettings {
                reason: reason.to_owned(),
            })
        };
        if self.uri.is_empty() {
            return refuse("uri is empty");
        }
        let name = self.collection.as_bytes();
        let starts_well = name.first().is_some_and(u8::is_ascii_alphanumeric);
        let holds_only = name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if !starts_well || !holds_only || name.len() > MAX_COLLECTION_BYTES {
            return refuse("collection is not [A-Za-z0-9][A-Za-z0-9_.-]* of at most 64 bytes");
        }
        if self.collection.contains(SEPARATOR) || self.collection.ends_with('_') {
            return refuse("collection holds `__` or ends in `_`");
        }
        if self.group_rows == 0 {
            return refuse("group_rows is 0");
        }
        Ok(())
    }

    /// Name of the table that holds the vectors of `model_id`.
    ///
    /// The readable part may be the same for two models (`a/b` and `a:b`); eight hex digits of the id's BLAKE3
    /// hash tell them apart.
    pub(crate) fn vector_table_name(&self, model_id: &str) -> String {
        let readable: String = model_id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(48)
            .collect();
        let hash = blake3::hash(model_id.as_bytes()).to_hex();
        let digits: String = hash.chars().take(8).collect();
        format!("{}{SEPARATOR}{readable}-{digits}", self.collection)
    }

    /// Whether `table` holds vectors, of whichever collection.
    pub(crate) fn is_of_vectors(table: &str) -> bool {
        table.contains(SEPARATOR)
    }

    /// Whether `table` holds vectors of this collection.
    pub(crate) fn is_vector_table(&self, table: &str) -> bool {
        table
            .strip_prefix(&self.collection)
            .is_some_and(|rest| rest.starts_with(SEPARATOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_collections_are_checked() {
        for good in ["materiais", "a", "A-1_b.c", &"x".repeat(64)] {
            assert!(IndexSettings::new("data", good).check().is_ok(), "{good}");
        }
        for bad in ["", "_a", "a__b", "a_", "á", "a/b", "a b", &"x".repeat(65)] {
            assert!(IndexSettings::new("data", bad).check().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_of_the_object_store_are_not_printed() {
        let mut settings = IndexSettings::new("s3://balde", "materiais");
        settings
            .storage_options
            .insert("aws_secret_access_key".to_owned(), "s3cr3t".to_owned());
        let printed = format!("{settings:?}");
        assert!(printed.contains("aws_secret_access_key") && !printed.contains("s3cr3t"));
    }

    #[test]
    fn models_with_like_names_have_tables_of_their_own() {
        let settings = IndexSettings::new("data", "materiais");
        let tables = ["a/b", "a:b", "a-b"].map(|model| settings.vector_table_name(model));
        assert_ne!(tables[0], tables[1]);
        assert_ne!(tables[1], tables[2]);
        for table in tables {
            assert!(settings.is_vector_table(&table));
            assert!(!IndexSettings::new("data", "mat").is_vector_table(&table));
        }
        assert!(!settings.is_vector_table("materiais"));
    }
}
