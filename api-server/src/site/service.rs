//! Rules of the system's settings.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono_tz::Tz;
use shared::cache::Cache;
use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};
use shared::problem::Invalid;

use super::SiteError;
use super::model::{InForce, Operator, SiteChanges, SiteSettings};
use super::store::{self, ChangeRow};
use crate::access::Caller;
use crate::alerts;
use crate::audit::{self, Action, Deed};
use crate::notices::{self, Recipient};
use crate::schedules::Zone;

/// How long settings are answered from the cache at most. Changes are written through, so this only bounds what a cache
/// that is not shared, or fails, can do.
pub(super) const REMEMBERED: Duration = Duration::from_secs(5);
/// The cache's key.
const KEY: &str = "site";

/// The system's settings.
#[derive(Debug)]
pub(crate) struct SiteService {
    db: Db,
    cache: Arc<dyn Cache>,
    operator: Operator,
    clock: Arc<dyn Clock>,
}

/// What a change was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Saved,
    Reset,
}

impl Act {
    fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Reset => "reset",
        }
    }
}

impl SiteService {
    /// Settings in `db`, remembered in `cache`, on top of the `operator`'s.
    pub(crate) fn new(
        db: Db,
        cache: Arc<dyn Cache>,
        operator: Operator,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            cache,
            operator,
            clock,
        }
    }

    /// What is in force.
    ///
    /// A reader writes only where nothing is remembered, a writer always: whatever the order, what a change wrote is not
    /// overwritten by what was read before it.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn current(&self) -> Result<InForce, DbError> {
        let keys = [KEY.to_owned()];
        let found = self.cache.get_many(&keys).await.unwrap_or_default();
        let known = found.into_iter().next().flatten();
        if let Some(overrides) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(self.operator.with(overrides));
        }
        let overrides = read(store::current(&self.db).await?);
        if let Ok(bytes) = serde_json::to_vec(&overrides)
            && let Err(error) = self.cache.set_if_absent(KEY, &bytes, REMEMBERED).await
        {
            tracing::trace!(%error, "settings not remembered");
        }
        Ok(self.operator.with(overrides))
    }

    /// Changes settings; what is absent stays.
    pub(crate) async fn save(
        &self,
        caller: &Caller,
        changes: SiteChanges,
    ) -> Result<SiteSettings, SiteError> {
        let audience = self.audience().await?;
        let mut tx = self.db.begin_write().await?;
        let before = self.shown(store::take(&mut tx).await?);
        let after = before.with(changes).checked(&self.operator)?;
        // Whoever demands a second factor would be the first one shut out.
        if after.security.enable_two_factor
            && !before.security.enable_two_factor
            && !caller.account.two_factor
        {
            return Err(Invalid::new()
                .field(
                    "/security/enableTwoFactor",
                    "not_ready",
                    "ative antes a verificação em duas etapas na sua própria conta",
                )
                .into());
        }
        self.write((tx, audience), caller, Act::Saved, &before, after)
            .await
    }

    /// Goes back to what the operator set.
    pub(crate) async fn reset(&self, caller: &Caller) -> Result<SiteSettings, SiteError> {
        let audience = self.audience().await?;
        let mut tx = self.db.begin_write().await?;
        let before = self.shown(store::take(&mut tx).await?);
        self.write(
            (tx, audience),
            caller,
            Act::Reset,
            &before,
            self.operator.shown(),
        )
        .await
    }

    /// Changes before the one of id `before`, newest first: each with what it changed and the settings after it.
    pub(super) async fn changes(
        &self,
        before: &str,
        limit: i64,
    ) -> Result<Vec<(ChangeRow, SiteChanges, SiteSettings)>, SiteError> {
        let rows = store::changes(&self.db, before, limit).await?;
        rows.into_iter()
            .map(|row| {
                let changed = serde_json::from_str(&row.changed)?;
                let settings = self.shown(Some(row.overrides.clone()));
                Ok((row, changed, settings))
            })
            .collect()
    }

    fn shown(&self, stored: Option<String>) -> SiteSettings {
        self.operator.shown().with(read(stored))
    }

    /// Who hears of a change: those who heard of such things before it, so that whoever turns notices off is told of too.
    /// Asked before a transaction begins: it reads on a connection of its own.
    async fn audience(&self) -> Result<Vec<Recipient>, SiteError> {
        let heard = self.current().await?.shown.notifications;
        if !heard.system_updates {
            return Ok(Vec::new());
        }
        Ok(alerts::audience(&self.db, &heard).await?)
    }

    async fn write(
        &self,
        (mut tx, audience): (Tx, Vec<Recipient>),
        caller: &Caller,
        act: Act,
        before: &SiteSettings,
        after: SiteSettings,
    ) -> Result<SiteSettings, SiteError> {
        let changed = before.changes_to(&after);
        if changed == SiteChanges::default() {
            return Ok(after);
        }
        let now = self.clock.now_ms();
        let overrides = self.operator.shown().changes_to(&after);
        let (actor, changed) = (caller.actor(), serde_json::to_string(&changed)?);
        let row = ChangeRow {
            id: uuid::Uuid::now_v7().to_string(),
            at: now,
            uid: actor.uid.clone(),
            username: actor.name.clone(),
            act: act.as_str().to_owned(),
            changed: changed.clone(),
            overrides: serde_json::to_string(&overrides)?,
        };
        store::insert(&mut tx, &row).await?;
        let deed = Deed {
            action: Action::SettingsChanged,
            actor: &actor,
            target: Some((&row.id, act.as_str())),
            now,
        };
        audit::record(&mut tx, deed).await?;
        let body = format!(
            "{} alterou as configurações do sistema: {changed}",
            caller.account.username
        );
        notices::enqueue(&mut tx, &audience, "Configurações alteradas", &body, now).await?;
        tx.commit().await?;
        let bytes = serde_json::to_vec(&overrides)?;
        if let Err(error) = self.cache.set(KEY, &bytes, REMEMBERED).await {
            tracing::warn!(%error, "a change of settings reaches the other replicas only in {} s", REMEMBERED.as_secs());
        }
        Ok(after)
    }
}

#[async_trait]
impl Zone for SiteService {
    async fn zone(&self) -> Result<Tz, DbError> {
        Ok(self.current().await?.time_zone)
    }
}

/// What is stored. What another version of the program wrote and this one cannot read counts for nothing: the operator's
/// settings always make a system that can be signed in to.
fn read(stored: Option<String>) -> SiteChanges {
    stored.map_or_else(SiteChanges::default, |text| {
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::error!(%error, "stored settings cannot be read; the operator's are in force");
            SiteChanges::default()
        })
    })
}
