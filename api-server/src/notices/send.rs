//! How a notice leaves.

use reqwest::Method;
use serde_json::json;
use shared::clock::rfc3339;
use shared::db::DbError;
use shared::http::{HttpError, UrlRefused};

use super::Notices;
use super::store::NoticeRow;
use crate::mail::{Letter, MailError};

/// Why a notice did not leave.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoticeError {
    /// The mail.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The address is not one to be called.
    #[error("address may not be called")]
    Address(#[from] UrlRefused),
    /// The name of the site could not be read.
    #[error(transparent)]
    Store(#[from] DbError),
    /// The connection.
    #[error("server was not reached")]
    Http(#[from] HttpError),
    /// What the server said.
    #[error("server answered {0}")]
    Refused(u16),
}

impl NoticeError {
    /// Whether trying again is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_final(),
            Self::Address(_) => true,
            Self::Http(_) | Self::Store(_) => false,
            // 408 and 429 ask for another try; a redirection leads where nobody checked.
            Self::Refused(status) => (300..500).contains(status) && !matches!(status, 408 | 429),
        }
    }
}

impl Notices {
    pub(super) async fn deliver(&self, notice: &NoticeRow) -> Result<(), NoticeError> {
        let site = self.site.current().await?.shown.general.site_name;
        let message = match notice.channel.as_str() {
            "email" => return Ok(self.mailer.send(letter(&site, notice)).await?),
            "slack" => {
                json!({ "text": format!("*{}*\n{}", slack(&notice.subject), slack(&notice.body)) })
            }
            _ => json!({
                "id": notice.id,
                "site": site,
                "subject": notice.subject,
                "text": notice.body,
                "at": rfc3339(notice.created_at),
            }),
        };
        let answer = self
            .web
            .request(Method::POST, &notice.recipient)?
            .json(&message)
            .send()
            .await
            .map_err(HttpError::from)?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(NoticeError::Refused(status.as_u16()))
        }
    }
}

/// A notice as a mail; everything that comes from people is escaped.
fn letter(site: &str, notice: &NoticeRow) -> Letter {
    let subject = format!("[{site}] {}", notice.subject);
    Letter {
        to: notice.recipient.clone(),
        html: format!(
            "<!DOCTYPE html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
                 <body style=\"font-family:sans-serif;color:#222;max-width:40em;margin:2em auto;white-space:pre-line\">{}</body></html>",
            html(&subject),
            html(&notice.body)
        ),
        plain: format!("{}\n", notice.body),
        subject,
    }
}

fn html(text: &str) -> String {
    slack(text).replace('"', "&quot;").replace('\'', "&#39;")
}

/// Slack reads these three itself ("Formatting text for app surfaces", escaping).
fn slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
