//! Which embedding model answers questions, and which one is configured.
//!
//! The two differ after the configuration changed: questions go on being answered from the old vectors where that
//! model is still at hand (the bundled one always is), else by full text alone, until `reindex` has filled a table for
//! the new model and switches to it. Two models are never mixed.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use embed::{BundledEmbedder, EmbedError, Embedder, OpenAiEmbedder, OpenAiSettings};
use index::{Index, VectorTable};
use shared::db::{Db, DbError};
use shared::problem::{Code, HasProblem};
use shared::settings::SecretString;
use tracing::{info, warn};

use crate::materials::store;

/// Name of the fact that tells which model's vectors are searched.
const ACTIVE_MODEL: &str = "active_model";

/// What can go wrong with embedding models.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// The model cannot be had.
    #[error("embedding model is not available")]
    Embed(#[from] EmbedError),
    /// The table of vectors cannot be opened.
    #[error("table of vectors cannot be opened")]
    Index(#[from] index::IndexError),
    /// The database failed.
    #[error("database failed")]
    Store(#[from] DbError),
}

impl HasProblem for EmbeddingError {
    fn code(&self) -> Code {
        match self {
            Self::Embed(EmbedError::Refused { .. }) => Code::ProviderFailed,
            Self::Embed(_) => Code::ProviderUnavailable,
            Self::Index(_) | Self::Store(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Embed(EmbedError::Refused { .. }) => {
                "O serviço de vetores recusou a chave.".into()
            }
            Self::Embed(_) => "O serviço de vetores não está disponível agora.".into(),
            Self::Index(_) | Self::Store(_) => self.code().detail().into(),
        }
    }
}

impl From<EmbeddingError> for crate::ingest::IngestError {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Index(error) => error.into(),
            EmbeddingError::Store(error) => error.into(),
            EmbeddingError::Embed(error) => Self::Passing {
                what: "embedder",
                detail: "O modelo de vetores não está disponível.".into(),
                source: Box::new(error),
            },
        }
    }
}

/// Where vectors come from.
#[derive(Debug, Clone)]
pub enum EmbeddingSource {
    /// The model that comes with the program.
    Bundled,
    /// An OpenAI-compatible endpoint.
    Remote(OpenAiSettings),
}

/// Settings of embedding.
#[derive(Debug, Clone)]
pub struct EmbeddingSettings {
    /// Where vectors come from.
    pub source: EmbeddingSource,
    /// Folder of the bundled model.
    pub model_dir: PathBuf,
    /// Threads of the bundled model.
    pub threads: usize,
}

/// A model and the table of its vectors.
#[derive(Clone)]
pub(crate) struct Active {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) table: VectorTable,
}

/// Counts tokens of a text.
pub(crate) type TokenCounter = dyn Fn(&str) -> usize + Send + Sync;

/// Which embedding model answers questions, and which one is configured.
pub struct Embedding {
    db: Db,
    index: Index,
    settings: EmbeddingSettings,
    configured: RwLock<Option<Arc<dyn Embedder>>>,
    active: RwLock<Option<Arc<Active>>>,
    /// Why questions are answered by full text alone, or from old vectors.
    notice: RwLock<Option<String>>,
}

/// How embedding stands, for `/status` and `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct EmbeddingStatus {
    /// Model whose vectors are searched; null while full text answers alone.
    pub active_model: Option<String>,
    /// Model of the settings; null while it cannot be reached.
    pub configured_model: Option<String>,
    /// Length of the vectors.
    pub dimensions: Option<usize>,
    /// What is not as it should be.
    pub notice: Option<String>,
}

impl Embedding {
    /// Nothing is loaded yet: see [`Embedding::connect`].
    pub fn new(db: Db, index: Index, settings: EmbeddingSettings) -> Self {
        Self {
            db,
            index,
            settings,
            configured: RwLock::new(None),
            active: RwLock::new(None),
            notice: RwLock::new(Some("embedding model is not loaded yet".into())),
        }
    }

    /// Loads or reaches the configured model and finds out which one is in use.
    pub async fn connect(&self) -> Result<(), EmbeddingError> {
        let configured: Arc<dyn Embedder> = match &self.settings.source {
            EmbeddingSource::Bundled => self.load_bundled().await?,
            EmbeddingSource::Remote(settings) => {
                let found = OpenAiEmbedder::new(settings.clone()).await;
                match found {
                    Ok(remote) => Arc::new(remote),
                    Err(error) => {
                        self.fall_back().await?;
                        return Err(error.into());
                    }
                }
            }
        };
        self.take_up(configured).await
    }

    /// Makes `configured` the configured model, and the one in use unless the index holds another one's vectors.
    async fn take_up(&self, configured: Arc<dyn Embedder>) -> Result<(), EmbeddingError> {
        *write(&self.configured) = Some(Arc::clone(&configured));
        match self.in_use().await? {
            Some(model) if model != configured.model_id() => {
                self.fall_back().await?;
                let notice = format!(
                    "embedding model changed from {model} to {}: run reindex",
                    configured.model_id()
                );
                warn!("{notice}");
                *write(&self.notice) = Some(notice);
            }
            _ => self.activate(configured).await?,
        }
        Ok(())
    }

    /// Uses the bundled model if its vectors are the ones in the index.
    async fn fall_back(&self) -> Result<(), EmbeddingError> {
        *write(&self.notice) = Some("embedding model is not available".into());
        if matches!(self.settings.source, EmbeddingSource::Bundled) || read(&self.active).is_some()
        {
            return Ok(());
        }
        let Some(model) = self.in_use().await? else {
            return Ok(());
        };
        let bundled = self.load_bundled().await?;
        if bundled.model_id() == model {
            let table = self
                .index
                .vectors(bundled.model_id(), bundled.dimensions())
                .await?;
            *write(&self.active) = Some(Arc::new(Active {
                embedder: bundled,
                table,
            }));
        }
        Ok(())
    }

    async fn load_bundled(&self) -> Result<Arc<dyn Embedder>, EmbedError> {
        let dir = self.settings.model_dir.clone();
        let threads = self.settings.threads;
        let model =
            shared::telemetry::spawn_blocking_in_span(move || BundledEmbedder::load(&dir, threads))
                .await
                .map_err(|error| EmbedError::Compute {
                    reason: error.to_string(),
                })??;
        Ok(Arc::new(model))
    }

    async fn activate(&self, embedder: Arc<dyn Embedder>) -> Result<(), EmbeddingError> {
        let table = self
            .index
            .vectors(embedder.model_id(), embedder.dimensions())
            .await?;
        store::set_fact(&self.db, ACTIVE_MODEL, embedder.model_id()).await?;
        info!(
            model.id = embedder.model_id(),
            "searching with model {}",
            embedder.model_id()
        );
        *write(&self.active) = Some(Arc::new(Active { embedder, table }));
        *write(&self.notice) = None;
        Ok(())
    }

    /// Name of the model whose vectors are searched, as the database says.
    pub(crate) async fn in_use(&self) -> Result<Option<String>, EmbeddingError> {
        Ok(store::fact(&self.db, ACTIVE_MODEL).await?)
    }

    /// The model in use, if it is at hand.
    pub(crate) fn active(&self) -> Option<Arc<Active>> {
        read(&self.active).clone()
    }

    /// The configured model with its own table, to be filled.
    pub(crate) async fn target(&self) -> Result<Option<Active>, EmbeddingError> {
        if read(&self.configured).is_none() {
            self.connect().await?;
        }
        let Some(embedder) = read(&self.configured).clone() else {
            return Ok(None);
        };
        let table = self
            .index
            .vectors(embedder.model_id(), embedder.dimensions())
            .await?;
        Ok(Some(Active { embedder, table }))
    }

    /// Searches with `target` from now on; tables of other models go.
    pub(crate) async fn switch(&self, target: Active) -> Result<(), EmbeddingError> {
        let model = target.embedder.model_id().to_owned();
        self.activate(target.embedder).await?;
        for table in self.index.vector_tables().await? {
            if table.model_id != model {
                self.index.drop_vectors(&table.model_id).await?;
            }
        }
        Ok(())
    }

    /// Uses `key` for the endpoint from now on, in memory alone; `false` when the model needs none.
    ///
    /// # Errors
    /// The endpoint refuses the key or cannot be reached; the key before it stays in use.
    pub(crate) async fn use_key(&self, key: SecretString) -> Result<bool, EmbeddingError> {
        let EmbeddingSource::Remote(settings) = &self.settings.source else {
            return Ok(false);
        };
        let mut settings = settings.clone();
        settings.api_key = Some(key);
        let remote: Arc<dyn Embedder> = Arc::new(OpenAiEmbedder::new(settings).await?);
        self.take_up(remote).await?;
        Ok(true)
    }

    /// After everything was removed: the configured model is the one in use.
    pub(crate) async fn start_over(&self) -> Result<(), EmbeddingError> {
        let configured = read(&self.configured).clone();
        match configured {
            Some(configured) => self.activate(configured).await,
            None => Ok(()),
        }
    }

    /// Counts tokens as the configured model does; a quarter of the characters for models whose tokens are not known.
    pub(crate) fn token_counter(&self) -> Arc<TokenCounter> {
        match read(&self.configured).clone() {
            Some(embedder) => Arc::new(move |text: &str| embedder.count_tokens(text)),
            None => Arc::new(|text: &str| text.chars().count().div_ceil(4)),
        }
    }

    /// Names the counter of [`Self::token_counter`]: chunks cut by another one are other chunks.
    pub(crate) fn counter_name(&self) -> String {
        read(&self.configured)
            .as_ref()
            .map_or_else(|| "characters".to_owned(), |one| one.model_id().to_owned())
    }

    /// How embedding stands.
    pub fn status(&self) -> EmbeddingStatus {
        let active = self.active();
        EmbeddingStatus {
            active_model: active
                .as_ref()
                .map(|active| active.embedder.model_id().to_owned()),
            dimensions: active.as_ref().map(|active| active.embedder.dimensions()),
            configured_model: read(&self.configured)
                .as_ref()
                .map(|model| model.model_id().to_owned()),
            notice: read(&self.notice).clone(),
        }
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
