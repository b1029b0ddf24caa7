use std::path::PathBuf;
use std::sync::Arc;

use shared::clock::Clock;
use shared::db::{Db, DbError};

use super::AlertError;
use super::model::AlertSettings;
use super::rules::judge;
use super::store::{self, AlertRow};
use crate::disk;
use crate::health::HealthService;
use crate::notices::{Channel, Notices, Recipient};
use crate::numbers;
use crate::schedules;
use crate::site::{Notifications, SiteService};
use crate::usage::UsageService;

use super::rules::Sight;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A question that was asked so recently may still be answered.
const ANSWERING_MS: i64 = 180_000;

/// Looks at the rules and tells.
#[derive(Debug)]
pub(crate) struct Alerts {
    pub(crate) db: Db,
    pub(crate) site: Arc<SiteService>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) health: Arc<HealthService>,
    pub(crate) usage: Arc<UsageService>,
    pub(crate) data_dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Who is told of what administrators do: those who are told of alerts, by the channels that are on.
///
/// # Errors
/// The database, or settings of alerts that cannot be read.
pub(crate) async fn audience(db: &Db, heard: &Notifications) -> Result<Vec<Recipient>, AlertError> {
    let settings: AlertSettings = match store::settings(db).await? {
        Some(text) => serde_json::from_str(&text)?,
        None => AlertSettings::default(),
    };
    let mut recipients = settings.recipients(store::admins(db).await?);
    recipients.retain(|recipient| match recipient.channel {
        Channel::Email => heard.email_notifications,
        Channel::Webhook | Channel::Slack => heard.push_notifications,
    });
    Ok(recipients)
}

impl Alerts {
    /// What administrators set, or the defaults.
    pub(crate) async fn settings(&self) -> Result<AlertSettings, AlertError> {
        match store::settings(&self.db).await? {
            Some(text) => Ok(serde_json::from_str(&text)?),
            None => Ok(AlertSettings::default()),
        }
    }

    /// Sets it all.
    pub(super) async fn set(&self, settings: &AlertSettings) -> Result<(), AlertError> {
        settings.check()?;
        let text = serde_json::to_string(settings)?;
        Ok(store::set(&self.db, &text, self.clock.now_ms()).await?)
    }

    /// What is wrong at the moment.
    pub(super) async fn current(&self) -> Result<Vec<AlertRow>, DbError> {
        store::all(&self.db).await
    }

    /// Tells administrators, and the addresses that they set.
    pub(crate) async fn tell(&self, subject: &str, body: &str) -> Result<usize, AlertError> {
        let settings = self.settings().await?;
        let mut recipients = settings.recipients(store::admins(&self.db).await?);
        let by_mail = (self.site.current().await?.shown.notifications).email_notifications;
        recipients.retain(|recipient| by_mail || recipient.channel != Channel::Email);
        self.notices.tell(&recipients, subject, body).await?;
        Ok(recipients.len())
    }

    /// Tells administrators and instructors by e-mail.
    pub(crate) async fn tell_staff(&self, subject: &str, body: &str) -> Result<usize, AlertError> {
        let recipients: Vec<Recipient> = store::staff(&self.db)
            .await?
            .into_iter()
            .map(|address| Recipient {
                channel: Channel::Email,
                address,
            })
            .collect();
        self.notices.tell(&recipients, subject, body).await?;
        Ok(recipients.len())
    }

    /// Tries the addresses out.
    pub(super) async fn try_out(&self) -> Result<usize, AlertError> {
        self.tell(
            "Mensagem de teste",
            "Esta é uma mensagem de teste dos alertas. Se ela chegou, os avisos também chegarão.",
        )
        .await
    }

    /// Looks at everything and tells what began or ended to be wrong; how many rules hold.
    pub(crate) async fn check(&self) -> Result<usize, AlertError> {
        let sight = self.look().await?;
        self.judge(&sight).await
    }

    /// Tells what of a sight began or ended to be wrong.
    pub(crate) async fn judge(&self, sight: &Sight) -> Result<usize, AlertError> {
        let settings = self.settings().await?;
        let wrong = judge(sight, &settings);
        let known = store::all(&self.db).await?;
        let now = self.clock.now_ms();
        for wrong in &wrong {
            let before = known.iter().find(|row| row.rule == wrong.rule);
            let is_told = before.is_some_and(|row| now.saturating_sub(row.told_at) < DAY_MS);
            let row = AlertRow {
                rule: wrong.rule.to_owned(),
                detail: wrong.detail.clone(),
                since: before.map_or(now, |row| row.since),
                told_at: before.filter(|_| is_told).map_or(now, |row| row.told_at),
            };
            if !is_told {
                self.tell("Alerta", &wrong.detail).await?;
            }
            // After it was told: a process that dies between tells it twice rather than never.
            store::put(&self.db, &row).await?;
        }
        for row in &known {
            if !wrong.iter().any(|wrong| wrong.rule == row.rule) {
                let body = format!("Resolvido. O alerta era: {}", row.detail);
                self.tell("Alerta encerrado", &body).await?;
                store::over(&self.db, &row.rule).await?;
            }
        }
        Ok(wrong.len())
    }

    async fn look(&self) -> Result<Sight, AlertError> {
        let now = self.clock.now_ms();
        let rag = self.health.rag_status().await;
        let (_, mails) = numbers::store::mails(&self.db).await?;
        let (_, syncs) = numbers::store::syncs(&self.db).await?;
        let first = [mails, syncs].into_iter().flatten().min();
        let until = now.saturating_sub(ANSWERING_MS);
        let (asked, unanswered) =
            store::questions(&self.db, until.saturating_sub(HOUR_MS), until).await?;
        let failed = schedules::store::last(&self.db).await?.into_iter();
        Ok(Sight {
            rag_answers: rag.is_some(),
            failing_models: rag.as_ref().map(failing).unwrap_or_default(),
            overdue_minutes: first.map_or(0, |due| now.saturating_sub(due).max(0) / 60_000),
            disk_free: disk::free(&self.data_dir).await,
            asked,
            unanswered,
            spent: self.usage.spent_today().await?,
            budget: self.usage.budget(),
            failed_materials: store::failed_materials(&self.db, now.saturating_sub(DAY_MS)).await?,
            failed_schedules: failed
                .filter(|run| matches!(run.outcome.as_str(), "failed" | "timed_out"))
                .map(|run| run.name)
                .collect(),
        })
    }
}

/// Chat models that the rag-server leaves alone after failures.
fn failing(status: &serde_json::Value) -> Vec<String> {
    let models = status["providers"]["chat"]["models"].as_array();
    models
        .into_iter()
        .flatten()
        .filter(|model| model["breaker"] == "open")
        .filter_map(|model| model["name"].as_str().map(str::to_owned))
        .collect()
}
