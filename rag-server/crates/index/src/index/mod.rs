//! The handle on the index: writing, reading and searching chunks, and the tables of vectors beside them.

mod reading;
mod tending;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lancedb::connection::Connection;
use lancedb::database::CreateTableMode;
use lancedb::expr::DfExpr;
use lancedb::{ObjectStoreRegistry, Session, Table};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::chunk_table::{self, LAYOUT_KEY, MATERIAL_ID, VERSION};
use crate::maintenance;
use crate::material::check_material_id;
use crate::vector_table::{self, VectorTable};
use crate::writer::{Backlog, Change, TableKind, Writer, any_of};
use crate::{IndexError, IndexSettings, MaterialChunks, VectorTableInfo};
pub(crate) use reading::MAX_HITS;
pub use tending::Need;

/// The index. Cheap to clone; all clones share one writer per table.
#[derive(Clone)]
pub struct Index {
    /// Replaced as a whole when another collection takes over.
    current: Arc<RwLock<Arc<Inner>>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the settings: options of an object store hold its keys.
        f.debug_struct("Index")
            .field("collection", &self.inner().settings.collection)
            .finish_non_exhaustive()
    }
}

struct Inner {
    /// Where writers live: a table may be opened from a runtime that ends before the index does.
    runtime: Handle,
    settings: IndexSettings,
    connection: Connection,
    chunks: Table,
    writer: Writer,
    /// Opened tables of vectors, by the name of the table.
    vectors: Mutex<BTreeMap<String, VectorTable>>,
    /// The same tables' backlogs, to be looked at without waiting.
    backlogs: RwLock<Vec<Arc<Backlog>>>,
}

impl Index {
    /// Opens the index, creating it where there is none.
    ///
    /// The writers live on the current runtime, which must be a multi-threaded one and outlive the index.
    ///
    /// # Errors
    /// [`IndexError::InvalidSettings`], [`IndexError::Layout`] if another version of the program wrote it, and
    /// what the store says.
    pub async fn open(settings: IndexSettings) -> Result<Self, IndexError> {
        settings.check()?;
        let session = Session::new(
            settings.index_cache_bytes,
            settings.metadata_cache_bytes,
            Arc::new(ObjectStoreRegistry::default()),
        );
        let connection = lancedb::connect(&settings.uri)
            .storage_options(settings.storage_options.clone())
            // Every read asks for the newest version, so that no reader is ever behind a finished write.
            .read_consistency_interval(Duration::ZERO)
            .session(Arc::new(session))
            .execute()
            .await?;
        let schema = Arc::clone(&chunk_table::SCHEMA);
        let chunks = open_table(&connection, &settings.collection, schema).await?;
        check_layout(&chunks, chunk_table::LAYOUT).await?;
        maintenance::ensure_indices(&chunks, TableKind::Chunks).await?;
        let backlog = backlog_of(&chunks, TableKind::Chunks).await?;
        let runtime = Handle::current();
        let writer = Writer::start(
            &runtime,
            chunks.clone(),
            TableKind::Chunks,
            &settings,
            backlog,
        );
        let backlogs = RwLock::new(vec![Arc::clone(&writer.backlog)]);
        let inner = Arc::new(Inner {
            runtime,
            settings,
            connection,
            chunks,
            writer,
            vectors: Mutex::default(),
            backlogs,
        });
        Ok(Self {
            current: Arc::new(RwLock::new(inner)),
        })
    }

    fn inner(&self) -> Arc<Inner> {
        // What is in there is whole whoever panicked beside it.
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Name of the tables that are searched.
    pub fn collection(&self) -> String {
        self.inner().settings.collection.clone()
    }

    /// Names of all collections in the same place.
    ///
    /// # Errors
    /// [`IndexError::Storage`].
    pub async fn collections(&self) -> Result<Vec<String>, IndexError> {
        let names = self.inner().connection.table_names().execute().await?;
        Ok(names
            .into_iter()
            .filter(|name| !IndexSettings::is_of_vectors(name))
            .collect())
    }

    /// An index of its own in the same place, under another name.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn beside(&self, collection: &str) -> Result<Self, IndexError> {
        let mut settings = self.inner().settings.clone();
        collection.clone_into(&mut settings.collection);
        Self::open(settings).await
    }

    /// From now on all clones of `self` read and write what `other` holds; gives back what they held before. Handles on
    /// tables of vectors that were taken before stay with that. Never waits.
    #[must_use = "what was held before is to be dropped"]
    pub fn take_over(&self, other: &Self) -> Self {
        let theirs = other.inner();
        let current = self.current.write();
        let ours = std::mem::replace(
            &mut *current.unwrap_or_else(PoisonError::into_inner),
            theirs,
        );
        Self {
            current: Arc::new(RwLock::new(ours)),
        }
    }

    /// Ends the writers and drops the tables.
    ///
    /// # Errors
    /// [`IndexError::Storage`]; what is left can be dropped again.
    pub async fn drop_tables(self) -> Result<(), IndexError> {
        let inner = self.inner();
        let vectors = self.vector_handles().await?;
        self.close().await;
        let tables = vectors.iter().map(|table| table.inner.table.name());
        for name in tables.chain([inner.chunks.name()]) {
            match inner.connection.drop_table(name, &[]).await {
                Ok(()) | Err(lancedb::Error::TableNotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Makes these chunks all there is of their materials: older rows go, new ones come, in one commit. Durable and
    /// searchable when it returns; the same call twice leaves the same table. Vectors of other versions go too.
    ///
    /// # Errors
    /// [`IndexError::InvalidInput`] for a bad id, version or ordinal, with nothing written; [`IndexError::DiskFull`],
    /// [`IndexError::Conflict`] and [`IndexError::Storage`] with nothing committed.
    ///
    /// # Cancel safety
    /// A caller dropped while waiting leaves its materials in the queue; they are written.
    pub async fn replace(&self, materials: Vec<MaterialChunks>) -> Result<(), IndexError> {
        let mut rows = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for material in materials {
            material.check()?;
            rows.insert(material.material_id.clone(), chunk_table::rows(&material)?);
            versions.insert(material.material_id, material.version);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let outcome = self.inner().writer.write(Change::Replace(rows)).await?;
        if outcome.removed == 0 {
            return Ok(());
        }
        let stale = versions.iter().map(|(material_id, version)| {
            any_of(MATERIAL_ID, [material_id]).and(!any_of(VERSION, [version]))
        });
        let Some(stale) = stale.reduce(DfExpr::or) else {
            return Ok(());
        };
        for table in self.vector_handles().await? {
            let change = Change::Delete(stale.clone());
            table.inner.writer.write(change).await?;
        }
        Ok(())
    }

    /// Removes these materials: their chunks in one commit, then their vectors, one commit per table. Ids that are
    /// not there are no error.
    ///
    /// # Errors
    /// As [`Self::replace`].
    ///
    /// # Cancel safety
    /// A caller dropped while waiting leaves the chunks' deletion in the queue; vectors that stay behind are never
    /// returned and go with the next [`Self::optimize`].
    pub async fn delete(&self, material_ids: &[String]) -> Result<(), IndexError> {
        for id in material_ids {
            check_material_id(id)?;
        }
        if material_ids.is_empty() {
            return Ok(());
        }
        // A replacement by nothing, so that deletions and replacements of different callers share a commit.
        let nothing = RecordBatch::new_empty(Arc::clone(&chunk_table::SCHEMA));
        let rows = material_ids
            .iter()
            .map(|id| (id.clone(), nothing.clone()))
            .collect();
        self.inner().writer.write(Change::Replace(rows)).await?;
        for table in self.vector_handles().await? {
            let change = Change::Delete(any_of(MATERIAL_ID, material_ids));
            table.inner.writer.write(change).await?;
        }
        Ok(())
    }

    /// The table for vectors of `model_id`, created if there is none.
    ///
    /// # Errors
    /// [`IndexError::ModelMismatch`] if the table holds other vectors than these.
    pub async fn vectors(
        &self,
        model_id: &str,
        dimensions: usize,
    ) -> Result<VectorTable, IndexError> {
        let inner = self.inner();
        if model_id.is_empty() || !(1..=65_536).contains(&dimensions) {
            return Err(IndexError::InvalidInput {
                reason: "model id is empty or dimensions are not 1 to 65536".to_owned(),
            });
        }
        let name = inner.settings.vector_table_name(model_id);
        let mut opened = inner.vectors.lock().await;
        let table = if let Some(table) = opened.get(&name) {
            table.clone()
        } else {
            let schema = vector_table::schema(model_id, dimensions);
            let table = open_table(&inner.connection, &name, schema).await?;
            start_vectors(&inner, &mut opened, name.clone(), table).await?
        };
        if table.model_id() == model_id && table.dimensions() == dimensions {
            return Ok(table);
        }
        Err(IndexError::ModelMismatch {
            table: name,
            expected_model: model_id.to_owned(),
            expected_dimensions: dimensions,
            found_model: table.model_id().to_owned(),
            found_dimensions: table.dimensions(),
        })
    }

    /// The tables of vectors, by the name of their table.
    pub async fn vector_tables(&self) -> Result<Vec<VectorTableInfo>, IndexError> {
        let mut infos = Vec::new();
        for table in self.vector_handles().await? {
            infos.push(table.info().await?);
        }
        Ok(infos)
    }

    /// Drops the table of vectors of `model_id`, if there is one; handles on it end with [`IndexError::Closed`] or
    /// [`IndexError::Storage`].
    pub async fn drop_vectors(&self, model_id: &str) -> Result<(), IndexError> {
        let inner = self.inner();
        let name = inner.settings.vector_table_name(model_id);
        let mut opened = inner.vectors.lock().await;
        if let Some(table) = opened.remove(&name) {
            table.inner.writer.close().await;
            if let Ok(mut backlogs) = inner.backlogs.write() {
                backlogs.retain(|backlog| !Arc::ptr_eq(backlog, &table.inner.writer.backlog));
            }
        }
        match inner.connection.drop_table(&name, &[]).await {
            Ok(()) | Err(lancedb::Error::TableNotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Has everything written that is queued, then ends the writers; later writes through other clones end with
    /// [`IndexError::Closed`].
    pub async fn close(self) {
        let inner = self.inner();
        inner.writer.close().await;
        for table in inner.vectors.lock().await.values() {
            table.inner.writer.close().await;
        }
    }

    /// Handles on all tables of vectors of this collection, also those that other processes made.
    async fn vector_handles(&self) -> Result<Vec<VectorTable>, IndexError> {
        let inner = self.inner();
        let names = inner.connection.table_names().execute().await?;
        let mut opened = inner.vectors.lock().await;
        let mut handles = Vec::new();
        for name in names {
            if !inner.settings.is_vector_table(&name) {
                continue;
            }
            if let Some(table) = opened.get(&name) {
                handles.push(table.clone());
                continue;
            }
            let table = inner.connection.open_table(&name).execute().await?;
            handles.push(start_vectors(&inner, &mut opened, name, table).await?);
        }
        Ok(handles)
    }
}

async fn start_vectors(
    inner: &Inner,
    opened: &mut BTreeMap<String, VectorTable>,
    name: String,
    table: Table,
) -> Result<VectorTable, IndexError> {
    check_layout(&table, vector_table::LAYOUT).await?;
    let schema = table.schema().await?;
    let Some((model_id, dimensions)) = vector_table::model_of(&schema) else {
        return Err(IndexError::Corrupt {
            reason: format!("table {name} does not say whose vectors it holds"),
        });
    };
    let kind = TableKind::Vectors { dimensions };
    maintenance::ensure_indices(&table, kind).await?;
    let backlog = backlog_of(&table, kind).await?;
    let writer = Writer::start(
        &inner.runtime,
        table.clone(),
        kind,
        &inner.settings,
        backlog,
    );
    if let Ok(mut backlogs) = inner.backlogs.write() {
        backlogs.push(Arc::clone(&writer.backlog));
    }
    let handle = VectorTable {
        inner: Arc::new(vector_table::Inner {
            table,
            writer,
            model_id,
            dimensions,
        }),
    };
    opened.insert(name, handle.clone());
    Ok(handle)
}

/// Opens the table `name`, or creates it; one of another schema is opened as it is.
async fn open_table(
    connection: &Connection,
    name: &str,
    schema: SchemaRef,
) -> Result<Table, IndexError> {
    match connection.open_table(name).execute().await {
        Err(lancedb::Error::TableNotFound { .. }) => {}
        opened => return Ok(opened?),
    }
    // Another process may be creating it too: then the one that is there is opened.
    let table = connection
        .create_empty_table(name, schema)
        .mode(CreateTableMode::exist_ok(|request| request))
        .execute()
        .await?;
    Ok(table)
}

async fn check_layout(table: &Table, expected: &str) -> Result<(), IndexError> {
    let schema = table.schema().await?;
    let found = schema.metadata().get(LAYOUT_KEY).map_or("", String::as_str);
    if found == expected {
        return Ok(());
    }
    Err(IndexError::Layout {
        table: table.name().to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// What the last process left to be optimised.
async fn backlog_of(table: &Table, kind: TableKind) -> Result<Backlog, IndexError> {
    let stats = maintenance::table_stats(table, kind).await?;
    let unindexed = match kind {
        TableKind::Chunks => stats.unindexed_rows,
        // Without an approximate index every vector is scanned, and that is as it should be.
        TableKind::Vectors { .. } => 0,
    };
    Ok(Backlog {
        commits: AtomicU64::new(stats.versions),
        rows: AtomicU64::new(unindexed + stats.deleted_rows),
    })
}
