//! What staff are told: alerts and reports, written down and sent by a job that tries again.
//!
//! One row for each recipient: an e-mail address, a webhook (JSON), or an address that takes Slack's messages. Addresses
//! are set over HTTP by administrators, so they are called on the public Internet alone, by connecting to the very
//! addresses that were checked.

mod send;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};
use shared::http::{HttpError, HttpSettings, PublicClient};
use tokio_util::sync::CancellationToken;
use tracing::{info, instrument, warn};

use crate::mail::Mailer;
use crate::numbers::Counts;
use crate::site::SiteService;
use store::NoticeRow;

/// How often due notices are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// One that is being sent is nobody else's for so long.
const CLAIM_MS: i64 = 2 * 60 * 1000;
/// Wait before the second attempt; doubles.
const RETRY_MS: i64 = 60_000;
/// Attempts, over about four hours; what is told later is no news.
const ATTEMPTS: i64 = 9;
/// Somebody else's server.
const PATIENCE: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(5),
    read_timeout: Duration::from_secs(10),
    total_timeout: Duration::from_secs(20),
};

/// How something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// By e-mail.
    Email,
    /// `POST` of JSON.
    Webhook,
    /// `POST` of a message as Slack takes it.
    Slack,
}

impl Channel {
    /// As stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

/// Somebody to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) channel: Channel,
    /// Address of the mailbox, or of the server.
    pub(crate) address: String,
}

/// Writes down what is to be told to everybody of `recipients`, in the transaction of what it tells of.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    recipients: &[Recipient],
    subject: &str,
    body: &str,
    now: i64,
) -> Result<(), DbError> {
    for recipient in recipients {
        store::insert(tx, recipient, subject, body, now).await?;
    }
    Ok(())
}

/// Sends notices.
#[derive(Debug)]
pub(crate) struct Notices {
    db: Db,
    mailer: Arc<dyn Mailer>,
    web: PublicClient,
    site: Arc<SiteService>,
    counts: Counts,
    clock: Arc<dyn Clock>,
}

impl Notices {
    /// Notices of `db`; mails leave by `mailer`.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub(crate) fn new(
        db: Db,
        mailer: Arc<dyn Mailer>,
        site: Arc<SiteService>,
        counts: Counts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            db,
            mailer,
            web: PublicClient::new(&PATIENCE, 0)?,
            site,
            counts,
            clock,
        })
    }

    /// Writes down what is to be told to everybody of `recipients`.
    pub(crate) async fn tell(
        &self,
        recipients: &[Recipient],
        subject: &str,
        body: &str,
    ) -> Result<(), DbError> {
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        enqueue(&mut tx, recipients, subject, body, now).await?;
        tx.commit().await
    }

    /// Sends until `stopping`.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            if let Err(error) = self.send_due().await {
                warn!(error = %shared::telemetry::chain(&error), "notices could not be looked for: {error}");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Sends everything that is due now; how many left.
    ///
    /// # Errors
    /// The database; what a recipient's server says only delays its notice.
    pub(crate) async fn send_due(&self) -> Result<usize, DbError> {
        let mut sent: usize = 0;
        while let Some(notice) = store::claim(&self.db, self.clock.now_ms(), CLAIM_MS).await? {
            if self.send(&notice).await? {
                sent = sent.saturating_add(1);
            }
        }
        Ok(sent)
    }

    #[instrument(name = "notice", skip_all, fields(notice.id = %notice.id))]
    async fn send(&self, notice: &NoticeRow) -> Result<bool, DbError> {
        let (outcome, told) = match self.deliver(notice).await {
            Ok(()) => {
                info!(notice.id = %notice.id, notice.channel = %notice.channel, "sent notice {}", notice.id);
                ("sent", true)
            }
            Err(error) if error.is_final() || notice.attempts >= ATTEMPTS => {
                warn!(notice.id = %notice.id, error = %shared::telemetry::chain(&error), "gave up sending notice {}", notice.id);
                ("given_up", false)
            }
            Err(error) => {
                let doubled = 1_i64 << notice.attempts.clamp(0, 8);
                let due = self
                    .clock
                    .now_ms()
                    .saturating_add(RETRY_MS.saturating_mul(doubled));
                warn!(notice.id = %notice.id, error = %shared::telemetry::chain(&error), "notice {} is tried again", notice.id);
                self.counts.notice("delayed");
                store::delay(&self.db, &notice.id, due).await?;
                return Ok(false);
            }
        };
        self.counts.notice(outcome);
        store::remove(&self.db, &notice.id).await?;
        Ok(told)
    }
}
