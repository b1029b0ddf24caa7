//! Mails: written down with what caused them, sent by a job that tries again, never part of a request.
//!
//! A row of `mails` says what is to be sent to whom and holds no secret; the link in a mail is made when it is sent, so
//! that only its digest is ever kept. Without an SMTP server mails become files in a folder.

mod send;
pub(crate) mod store;
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::settings::SecretString;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, instrument, warn};
use url::Url;

pub(crate) use send::{FolderMailer, SmtpMailer};
pub use send::{Letter, MailError, Mailer};
pub(crate) use store::enqueue;

use crate::links;
use crate::numbers::Counts;
use crate::opaque;
use crate::site::SiteService;
use crate::waits::{doubled, later};
use store::MailRow;

/// How often due mails are looked for without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// A mail that is being sent is nobody else's for so long.
const CLAIM_MS: i64 = 5 * 60 * 1000;
/// Longest wait between two attempts.
const LONGEST: Duration = Duration::from_hours(6);
/// After that, sending is given up.
const GIVE_UP_MS: i64 = 48 * 3600 * 1000;

/// How a connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Plain first, TLS before anything is said (RFC 3207); refused when the server cannot.
    Starttls,
    /// TLS from the beginning (RFC 8314).
    Tls,
    /// Not at all.
    None,
}

/// An SMTP server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Name and password.
    pub credentials: Option<(String, SecretString)>,
    /// Sender.
    pub from: String,
}

/// E-mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Where mails go; to the folder without one.
    pub smtp: Option<SmtpSettings>,
    /// Where mails go without a server.
    pub folder: PathBuf,
    /// Name of the site in mails.
    pub site_name: String,
    /// Wait before the second attempt; doubles.
    pub retry: Duration,
}

/// Why a mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Confirm the account.
    Verify,
    /// Set the password.
    Reset,
}

impl Purpose {
    /// As stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }

    fn parse(text: &str) -> Self {
        if text == "reset" {
            Self::Reset
        } else {
            Self::Verify
        }
    }

    /// Page of the web application that the link opens.
    fn page(self) -> &'static str {
        match self {
            Self::Verify => "verify-account",
            Self::Reset => "reset-password",
        }
    }
}

/// Sends what is due.
#[derive(Debug)]
pub(crate) struct Mails {
    db: Db,
    mailer: Arc<dyn Mailer>,
    site: Arc<SiteService>,
    public_url: Url,
    retry: Duration,
    counts: Counts,
    clock: Arc<dyn Clock>,
    due: Notify,
}

impl Mails {
    /// Mails of `db`, sent by `mailer`.
    pub(crate) fn new(
        db: Db,
        mailer: Arc<dyn Mailer>,
        settings: &MailSettings,
        site: Arc<SiteService>,
        public_url: Url,
        counts: Counts,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            mailer,
            site,
            public_url,
            retry: settings.retry,
            counts,
            clock,
            due: Notify::new(),
        }
    }

    /// Something was enqueued.
    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }

    /// Sends until `stopping`.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            if let Err(error) = self.send_due().await {
                warn!(error = %shared::telemetry::chain(&error), "mails could not be looked for: {error}");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.due.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Sends everything that is due now; answers how many mails left.
    ///
    /// # Errors
    /// The database; what the mail server says only delays its mail.
    pub(crate) async fn send_due(&self) -> Result<usize, DbError> {
        let mut sent: usize = 0;
        while let Some(mail) = store::claim(&self.db, self.clock.now_ms(), CLAIM_MS).await? {
            if self.send(&mail).await? {
                sent = sent.saturating_add(1);
            }
        }
        Ok(sent)
    }

    #[instrument(name = "mail", skip_all, fields(mail.id = %mail.id))]
    async fn send(&self, mail: &MailRow) -> Result<bool, DbError> {
        let Some(letter) = self.letter(mail).await? else {
            store::remove(&self.db, &mail.id).await?;
            return Ok(false);
        };
        let now = self.clock.now_ms();
        match self.mailer.send(letter).await {
            Ok(()) => {
                store::remove(&self.db, &mail.id).await?;
                self.counts.mail("sent");
                info!(mail.id = %mail.id, mail.purpose = %mail.purpose, "sent mail {}", mail.id);
                Ok(true)
            }
            Err(error) if error.is_final() || mail.created_at.saturating_add(GIVE_UP_MS) < now => {
                warn!(mail.id = %mail.id, error = %shared::telemetry::chain(&error), "gave up sending mail {}", mail.id);
                self.counts.mail("given_up");
                store::remove(&self.db, &mail.id).await?;
                Ok(false)
            }
            Err(error) => {
                let tries = u32::try_from(mail.attempts).unwrap_or(0);
                let wait = doubled((self.retry, LONGEST), tries);
                let due = later(now, wait);
                warn!(mail.id = %mail.id, error = %shared::telemetry::chain(&error), "mail {} is tried again in {} s", mail.id, wait.as_secs());
                self.counts.mail("delayed");
                store::delay(&self.db, &mail.id, due).await?;
                Ok(false)
            }
        }
    }

    /// The letter, with a new link; nobody to write to is no letter.
    async fn letter(&self, mail: &MailRow) -> Result<Option<Letter>, DbError> {
        let purpose = Purpose::parse(&mail.purpose);
        let Some(recipient) = self.recipient(purpose, &mail.subject).await? else {
            return Ok(None);
        };
        let token = opaque::token();
        let now = self.clock.now_ms();
        links::store::replace(&self.db, &opaque::digest(&token), purpose, mail, now).await?;
        let mut link = self.page(purpose.page());
        link.query_pairs_mut()
            .clear()
            .append_pair("token", &token)
            .append_pair("username", &recipient.username);
        let name = recipient
            .full_name
            .as_deref()
            .unwrap_or(&recipient.username);
        Ok(Some(text::write(
            purpose,
            &self.site_name().await?,
            name,
            &recipient.email,
            link.as_str(),
        )))
    }

    async fn site_name(&self) -> Result<String, DbError> {
        Ok(self.site.current().await?.shown.general.site_name)
    }

    fn page(&self, name: &str) -> Url {
        let mut page = self.public_url.clone();
        let base = self.public_url.path().trim_end_matches('/');
        page.set_path(&format!("{base}/{name}"));
        page
    }

    async fn recipient(&self, purpose: Purpose, key: &str) -> Result<Option<Recipient>, DbError> {
        if let Some(row) = crate::users::store::by_name(&self.db, key).await? {
            let is_due = !row.disabled && (purpose == Purpose::Reset || !row.approved);
            return Ok(row.email.filter(|_| is_due).map(|email| Recipient {
                email,
                username: row.username,
                full_name: row.full_name,
            }));
        }
        if purpose == Purpose::Reset {
            return Ok(None);
        }
        let row = crate::approved::store::by_name(&self.db, key).await?;
        Ok(row.map(|row| Recipient {
            email: row.email,
            username: row.username,
            full_name: row.full_name,
        }))
    }
}

struct Recipient {
    email: String,
    username: String,
    full_name: Option<String>,
}
