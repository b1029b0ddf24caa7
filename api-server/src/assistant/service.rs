//! Rules of the assistant's configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};
use shared::problem::Invalid;
use tracing::warn;

use super::model::{AssistantChanges, Chunking, MAX_NAME, is_text};
use super::store::{self, ChangeRow};
use super::{AssistantConfig, AssistantError, templates};
use crate::audit::Actor;

/// Most saved templates.
const MOST_TEMPLATES: i64 = 100;
/// Names the page uses for something else and would not show.
const RESERVED: [&str; 2] = ["status", "templates"];

/// What a change was.
#[derive(Debug, Clone, Copy)]
enum Act {
    Saved,
    TemplateApplied,
    Reset,
    TemplateSaved,
    TemplateRemoved,
}

impl Act {
    fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::TemplateApplied => "template_applied",
            Self::Reset => "reset",
            Self::TemplateSaved => "template_saved",
            Self::TemplateRemoved => "template_removed",
        }
    }
}

/// The assistant's configuration.
#[derive(Debug)]
pub(crate) struct AssistantService {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl AssistantService {
    /// Configuration in `db`.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// The configuration in force.
    pub(crate) async fn current(&self) -> Result<AssistantConfig, AssistantError> {
        read_or_default(store::current(&self.db).await?)
    }

    /// Tokens of passages of materials added from now on; `None` until somebody sets the assistant up, when the
    /// rag-server's own sizes hold.
    ///
    /// # Errors
    /// The database's; a configuration that cannot be read is told in the log, and counts as none.
    pub(crate) async fn chunking(&self) -> Result<Option<Chunking>, DbError> {
        let stored = store::current(&self.db).await?;
        let config = stored
            .as_deref()
            .map(serde_json::from_str::<AssistantConfig>);
        let readable = config.transpose().unwrap_or_else(|error| {
            warn!(%error, "the assistant's configuration cannot be read");
            None
        });
        Ok(readable.map(|config| config.chunking()))
    }

    /// Every template by its name.
    pub(crate) async fn templates(
        &self,
    ) -> Result<BTreeMap<String, AssistantConfig>, AssistantError> {
        let mut all: BTreeMap<_, _> = templates::built_in()
            .into_iter()
            .map(|config| (config.name.clone(), config))
            .collect();
        for (name, config) in store::templates(&self.db).await? {
            all.insert(name, serde_json::from_str(&config)?);
        }
        Ok(all)
    }

    /// Changes the configuration; what is absent stays.
    pub(crate) async fn save(
        &self,
        actor: &Actor,
        changes: AssistantChanges,
    ) -> Result<AssistantConfig, AssistantError> {
        let mut tx = self.db.begin_write().await?;
        let config = read_or_default(store::take(&mut tx).await?)?.with(changes)?;
        self.write(tx, actor, Act::Saved, None, config).await
    }

    /// Makes a template the configuration.
    pub(crate) async fn apply(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<AssistantConfig, AssistantError> {
        let mut tx = self.db.begin_write().await?;
        store::take(&mut tx).await?;
        if !is_text(name, 1, MAX_NAME) {
            return Err(AssistantError::TemplateNotFound);
        }
        let config = match store::template(&mut tx, name).await? {
            Some(saved) => serde_json::from_str(&saved)?,
            None => built_in(name).ok_or(AssistantError::TemplateNotFound)?,
        };
        self.write(tx, actor, Act::TemplateApplied, Some(name), config)
            .await
    }

    /// Goes back to the configuration before every change.
    pub(crate) async fn reset(&self, actor: &Actor) -> Result<AssistantConfig, AssistantError> {
        let mut tx = self.db.begin_write().await?;
        store::take(&mut tx).await?;
        self.write(tx, actor, Act::Reset, None, read_or_default(None)?)
            .await
    }

    /// Saves a template, the current configuration with these changes; it is not applied.
    pub(crate) async fn save_template(
        &self,
        actor: &Actor,
        name: &str,
        changes: AssistantChanges,
    ) -> Result<AssistantConfig, AssistantError> {
        let name = name.trim();
        if !is_text(name, 1, MAX_NAME) || name.contains(['\n', '/']) || RESERVED.contains(&name) {
            return Err(Invalid::new()
                .field(
                    "/template_name",
                    "invalid_value",
                    "deve ter de 1 a 100 caracteres, sem barras, e não pode ser \"status\" nem \"templates\"",
                )
                .into());
        }
        let mut tx = self.db.begin_write().await?;
        let config = read_or_default(store::take(&mut tx).await?)?.with(changes)?;
        if store::count_others(&mut tx, name).await? >= MOST_TEMPLATES {
            return Err(AssistantError::TooMany);
        }
        let text = serde_json::to_string(&config)?;
        store::save_template(&mut tx, name, &text, self.clock.now_ms()).await?;
        self.write(tx, actor, Act::TemplateSaved, Some(name), config)
            .await
    }

    /// Removes a saved template; one of our own comes to light again.
    pub(crate) async fn remove_template(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<(), AssistantError> {
        if !is_text(name, 1, MAX_NAME) {
            return Err(AssistantError::TemplateNotFound);
        }
        let mut tx = self.db.begin_write().await?;
        let current = read_or_default(store::take(&mut tx).await?)?;
        if !store::remove_template(&mut tx, name).await? {
            return Err(if built_in(name).is_some() {
                AssistantError::BuiltIn
            } else {
                AssistantError::TemplateNotFound
            });
        }
        self.write(tx, actor, Act::TemplateRemoved, Some(name), current)
            .await
            .map(drop)
    }

    /// Changes before the one of id `before`, newest first, at most 200.
    pub(crate) async fn changes(
        &self,
        before: &str,
        limit: i64,
    ) -> Result<Vec<(ChangeRow, AssistantConfig)>, AssistantError> {
        store::changes(&self.db, before, limit)
            .await?
            .into_iter()
            .map(|row| Ok((serde_json::from_str(&row.config)?, row)))
            .map(|read: Result<_, AssistantError>| read.map(|(config, row)| (row, config)))
            .collect()
    }

    async fn write(
        &self,
        mut tx: Tx,
        actor: &Actor,
        act: Act,
        template: Option<&str>,
        config: AssistantConfig,
    ) -> Result<AssistantConfig, AssistantError> {
        let row = ChangeRow {
            id: uuid::Uuid::now_v7().to_string(),
            at: self.clock.now_ms(),
            uid: actor.uid.clone(),
            username: actor.name.clone(),
            act: act.as_str().to_owned(),
            template: template.map(str::to_owned),
            config: serde_json::to_string(&config)?,
        };
        store::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(config)
    }
}

fn built_in(name: &str) -> Option<AssistantConfig> {
    templates::built_in()
        .into_iter()
        .find(|config| config.name == name)
}

/// What is stored; the first template before anything is.
fn read_or_default(stored: Option<String>) -> Result<AssistantConfig, AssistantError> {
    match stored {
        Some(text) => Ok(serde_json::from_str(&text)?),
        None => templates::built_in()
            .into_iter()
            .next()
            .ok_or(AssistantError::TemplateNotFound),
    }
}
