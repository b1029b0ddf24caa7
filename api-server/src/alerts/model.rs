//! What administrators set.

use serde::{Deserialize, Serialize};
use shared::http::check_url;
use shared::problem::FieldError;

use super::AlertError;
use crate::notices::{Channel, Recipient};

/// Most addresses of a kind.
const MOST_EMAILS: usize = 20;
/// Longest address.
const MAX_URL: usize = 2_000;

/// Where alerts and reports go, and when there is an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlertSettings {
    /// E-mail addresses; those of administrators where there is none.
    pub(crate) emails: Vec<String>,
    /// Address that is sent JSON (`id`, `site`, `subject`, `text`, `at`); on the public Internet.
    pub(crate) webhook_url: Option<String>,
    /// Address that takes messages as Slack does; on the public Internet.
    pub(crate) slack_url: Option<String>,
    /// Whether the daily report is sent.
    pub(crate) daily_report: bool,
    /// Whether staff are sent what was not answered.
    pub(crate) follow_up: bool,
    /// Minutes that mails or changes of materials may wait, 1 to 1440.
    #[schema(minimum = 1, maximum = 1440)]
    pub(crate) queue_minutes: i64,
    /// Free disk, in MiB, below which there is an alert, 0 to 1048576.
    #[schema(minimum = 0, maximum = 1_048_576)]
    pub(crate) disk_mib: i64,
    /// Percent of an hour's questions that may stay unanswered, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) unanswered_percent: i64,
    /// Percent of the day's budget from which there is an alert, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) budget_percent: i64,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            emails: Vec::new(),
            webhook_url: None,
            slack_url: None,
            daily_report: true,
            follow_up: true,
            queue_minutes: 15,
            disk_mib: 2_048,
            unanswered_percent: 20,
            budget_percent: 80,
        }
    }
}

impl AlertSettings {
    /// Whether everything can be used.
    ///
    /// # Errors
    /// [`AlertError::Invalid`] with every field that cannot.
    pub(super) fn check(&self) -> Result<(), AlertError> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, code: &str, detail: &str| {
            faults.push(FieldError::new(pointer, code, detail));
        };
        if self.emails.len() > MOST_EMAILS {
            fault(
                "/emails".to_owned(),
                "too_many",
                "deve ter no máximo 20 endereços",
            );
        }
        for (place, email) in self.emails.iter().enumerate() {
            if email.parse::<lettre::Address>().is_err() {
                let pointer = format!("/emails/{place}");
                fault(pointer, "invalid", "não é um endereço de e-mail");
            }
        }
        for (pointer, url) in [
            ("/webhook_url", &self.webhook_url),
            ("/slack_url", &self.slack_url),
        ] {
            if let Some(url) = url
                && (url.len() > MAX_URL || check_url(url).is_err())
            {
                let detail = "deve ser um endereço http ou https da Internet pública";
                fault(pointer.to_owned(), "invalid", detail);
            }
        }
        for (pointer, value, (low, high)) in [
            ("/queue_minutes", self.queue_minutes, (1, 1_440)),
            ("/disk_mib", self.disk_mib, (0, 1 << 20)),
            ("/unanswered_percent", self.unanswered_percent, (1, 100)),
            ("/budget_percent", self.budget_percent, (1, 100)),
        ] {
            if !(low..=high).contains(&value) {
                let detail = format!("deve estar entre {low} e {high}");
                fault(pointer.to_owned(), "out_of_range", &detail);
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(AlertError::Invalid(faults))
        }
    }

    /// Everybody to be told; `admins` where no e-mail address was set.
    pub(super) fn recipients(&self, admins: Vec<String>) -> Vec<Recipient> {
        let emails = if self.emails.is_empty() {
            admins
        } else {
            self.emails.clone()
        };
        let to = |channel: Channel| move |address: String| Recipient { channel, address };
        emails
            .into_iter()
            .map(to(Channel::Email))
            .chain(self.webhook_url.clone().map(to(Channel::Webhook)))
            .chain(self.slack_url.clone().map(to(Channel::Slack)))
            .collect()
    }
}
