use std::sync::Arc;

use shared::clock::Clock;
use shared::db::{Db, Tx};
use shared::problem::Invalid;

use super::PlannedError;
use super::model::{ChangePlanned, Kind, NewPlanned, PlannedView, often, once, zone_of};
use super::store::{self, PlannedRow};
use crate::access::Caller;
use crate::chat::{Asked, ChatService};
use crate::schedules::Timing;
use crate::site::SiteService;
use crate::users::UserService;

/// Most things that are listed.
const MOST: i64 = 500;

/// What people planned.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) db: Db,
    pub(crate) chat: Arc<ChatService>,
    pub(crate) users: Arc<UserService>,
    pub(crate) site: Arc<SiteService>,
    /// How much one person may have planned at a time; 0 = nothing.
    pub(crate) limit: u32,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Planned {
    /// What somebody planned, the newest first.
    pub(super) async fn list(&self, uid: &str) -> Result<Vec<PlannedView>, PlannedError> {
        let rows = store::of_user(&self.db, uid, MOST).await?;
        Ok(rows.into_iter().map(PlannedView::from).collect())
    }

    /// One thing somebody planned.
    pub(super) async fn read(&self, uid: &str, id: &str) -> Result<PlannedView, PlannedError> {
        let row = store::one(&self.db, uid, id).await?;
        Ok(row.ok_or(PlannedError::NotFound)?.into())
    }

    /// Forgets it. What is being asked at this moment is answered all the same.
    pub(super) async fn remove(&self, uid: &str, id: &str) -> Result<(), PlannedError> {
        if store::delete(&self.db, uid, id).await? {
            return Ok(());
        }
        Err(PlannedError::NotFound)
    }

    /// Plans something.
    pub(super) async fn plan(
        &self,
        caller: &Caller,
        new: NewPlanned,
    ) -> Result<PlannedView, PlannedError> {
        let now = self.clock.now_ms();
        let uid = &caller.account.uid;
        let zone = match &new.time_zone {
            Some(name) => zone_of(name)?,
            None => self.site.current().await?.time_zone,
        };
        let (cron, next_at) = match (&new.at, &new.cron) {
            (Some(at), None) => (None, once(at, zone, now)?),
            (None, Some(cron)) => {
                let (cron, first) = often(cron, zone, now)?;
                (Some(cron), first)
            }
            _ => {
                let detail = "informe uma vez (at) ou uma repetição (cron), e só uma delas";
                return Err(Invalid::new().field("/at", "one_of", detail).into());
            }
        };
        self.check(&new.content)?;
        check_mail(caller, new.kind == Kind::Message || new.by_mail)?;
        let conversation_id = match &new.conversation_id {
            Some(id) => Some(self.chat.own_conversation(uid, id).await?),
            None => None,
        };
        let row = PlannedRow {
            id: uuid::Uuid::now_v7().to_string(),
            uid: uid.clone(),
            kind: new.kind.as_str().to_owned(),
            text: new.content,
            conversation_id,
            level: new.user_level.map(|level| level.as_str().to_owned()),
            style: new.learning_style.map(|style| style.as_str().to_owned()),
            cron,
            time_zone: zone.to_string(),
            paused: false,
            by_mail: new.by_mail,
            next_at: Some(next_at),
            attempts: 0,
            question_id: None,
            last_planned_at: None,
            last_at: None,
            last_outcome: None,
            last_detail: None,
            created_at: now,
        };
        let mut tx = self.db.begin_write().await?;
        self.admit(&mut tx, uid, &row.id).await?;
        store::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(row.into())
    }

    /// Changes something planned. What fell into a pause is not made up.
    pub(super) async fn change(
        &self,
        caller: &Caller,
        id: &str,
        change: ChangePlanned,
    ) -> Result<PlannedView, PlannedError> {
        let now = self.clock.now_ms();
        let uid = &caller.account.uid;
        if let Some(content) = &change.content {
            self.check(content)?;
        }
        check_mail(caller, change.by_mail == Some(true))?;
        let mut tx = self.db.begin_write().await?;
        store::hold(&mut tx, uid).await?;
        let mut row = store::take(&mut tx, uid, id)
            .await?
            .ok_or(PlannedError::NotFound)?;
        let was_open = row.next_at.is_some();
        let goes_on = row.paused && change.paused == Some(false);
        if let Some(name) = &change.time_zone {
            row.time_zone = zone_of(name)?.to_string();
        }
        let zone = zone_of(&row.time_zone)?;
        match (&change.at, &change.cron) {
            (Some(at), None) => (row.cron, row.next_at) = (None, Some(once(at, zone, now)?)),
            (None, Some(cron)) => {
                let (cron, first) = often(cron, zone, now)?;
                (row.cron, row.next_at) = (Some(cron), Some(first));
            }
            (None, None) => {
                if let Some(cron) = &row.cron
                    && (goes_on || change.time_zone.is_some())
                {
                    row.next_at = Timing::parse(cron, zone, now)?.next(now);
                } else if goes_on && row.next_at.is_some_and(|at| at <= now) {
                    let detail = "o horário passou durante a pausa; informe outro";
                    return Err(Invalid::new().field("/at", "past", detail).into());
                }
            }
            (Some(_), Some(_)) => {
                let detail = "informe uma vez (at) ou uma repetição (cron), e só uma delas";
                return Err(Invalid::new().field("/at", "one_of", detail).into());
            }
        }
        row.text = change.content.unwrap_or(row.text);
        row.paused = change.paused.unwrap_or(row.paused);
        row.by_mail = change.by_mail.unwrap_or(row.by_mail);
        if !was_open && row.next_at.is_some() {
            self.admit(&mut tx, uid, &row.id).await?;
        }
        store::change(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(row.into())
    }

    /// Removes what ended before then and never comes again.
    pub(crate) async fn prune(&self, before: i64) -> Result<u64, shared::db::DbError> {
        store::prune(&self.db, before).await
    }

    /// Whether somebody may have one thing more planned; others of theirs wait until `tx` ends.
    async fn admit(&self, tx: &mut Tx, uid: &str, id: &str) -> Result<(), PlannedError> {
        store::hold(tx, uid).await?;
        if store::count(tx, uid, id).await? >= i64::from(self.limit) {
            return Err(PlannedError::TooMany { limit: self.limit });
        }
        Ok(())
    }

    fn check(&self, content: &str) -> Result<(), PlannedError> {
        let asked = Asked {
            text: content.to_owned(),
            field: "content",
            ..Asked::default()
        };
        Ok(self.chat.check(&asked)?)
    }
}

/// Whoever wants mail has an address.
fn check_mail(caller: &Caller, wanted: bool) -> Result<(), Invalid> {
    if wanted && caller.account.email.is_none() {
        let detail = "sua conta não tem e-mail; peça a um administrador que o cadastre";
        return Err(Invalid::new().field("/by_mail", "no_address", detail));
    }
    Ok(())
}
