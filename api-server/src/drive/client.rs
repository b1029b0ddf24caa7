//! What is asked of Drive, one request at a time, with patience.
//!
//! The wire's types are google-drive3's. The requests are our own: its client puts API keys into URLs, gives up the
//! status and `Retry-After` of a refusal, and reads answers of any length.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use google_drive3::api::{About, ChangeList, Drive, File, FileList, StartPageToken};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use shared::clock::Clock;
use shared::http::HttpError;
use tracing::debug;
use url::Url;

use super::access::{Access, Accesses};
use super::pace::Pace;
use super::refusals::refusal;
use super::{DriveError, DriveSettings};
use crate::waits;

/// Files of a page; the most that Drive gives.
const PAGE: &str = "1000";
/// Most bytes of an answer that is not a file.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;
/// Longest wait for an answer that is not a file.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// What is asked of each file.
const FIELDS: &str = "id,name,mimeType,size,md5Checksum,version,modifiedTime,trashed,parents,driveId,\
    capabilities(canDownload),shortcutDetails(targetId,targetMimeType)";

/// Asks Drive.
#[derive(Debug)]
pub(super) struct DriveClient {
    pub(super) http: reqwest::Client,
    pub(super) accesses: Arc<Accesses>,
    pub(super) settings: DriveSettings,
    pace: Pace,
    clock: Arc<dyn Clock>,
}

/// Drive as one access sees it, counting what is asked.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) client: Arc<DriveClient>,
    pub(super) access: Access,
    requests: Arc<AtomicU64>,
}

/// A page of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
    /// Drive did not look everywhere.
    pub(super) is_incomplete: bool,
}

/// What happened after a page token.
pub(super) struct Changes {
    pub(super) files: Vec<(String, Option<File>)>,
    pub(super) new_token: String,
}

impl DriveClient {
    pub(super) fn new(
        http: reqwest::Client,
        accesses: Arc<Accesses>,
        settings: DriveSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            pace: Pace::new(settings.requests_per_second, settings.requests_per_user),
            http,
            accesses,
            settings,
            clock,
        }
    }

    /// Drive as this access sees it.
    pub(super) fn as_(self: &Arc<Self>, access: Access) -> Session {
        Session {
            client: Arc::clone(self),
            access,
            requests: Arc::default(),
        }
    }

    /// How long to wait before another try: doubles, spread so that many do not come back at once.
    pub(super) fn backoff(&self, tries: u32) -> Duration {
        waits::backoff(self.settings.retry_waits, tries)
    }
}

impl Session {
    /// Requests so far, tokens not among them.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn url(&self, path: &[&str]) -> Result<Url, DriveError> {
        let mut url = self.client.settings.api_url.clone();
        url.path_segments_mut()
            .map_err(|()| DriveError::NotConfigured)?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    /// One file or folder.
    pub(super) async fn file(&self, id: &str) -> Result<File, DriveError> {
        let query = [("fields", FIELDS), ("supportsAllDrives", "true")];
        self.json(&["files", id], &query).await
    }

    /// One page of what lies in a folder. One folder at a time: queries for several at once have been seen to answer
    /// nothing at all.
    pub(super) async fn children(
        &self,
        folder: &str,
        shared_drive: Option<&str>,
        page: Option<&str>,
    ) -> Result<Page<File>, DriveError> {
        let q = format!("'{}' in parents and trashed = false", quoted(folder));
        let fields = format!("nextPageToken,incompleteSearch,files({FIELDS})");
        let mut query = vec![
            ("q", q.as_str()),
            ("pageSize", PAGE),
            ("fields", &fields),
            ("supportsAllDrives", "true"),
            ("includeItemsFromAllDrives", "true"),
        ];
        if let Some(drive) = shared_drive {
            query.extend([("corpora", "drive"), ("driveId", drive)]);
        }
        query.extend(page.map(|token| ("pageToken", token)));
        let list: FileList = self.json(&["files"], &query).await?;
        Ok(Page {
            items: list
                .files
                .ok_or(DriveError::Answer("a list without files"))?,
            next: list.next_page_token,
            is_incomplete: list.incomplete_search.unwrap_or(false),
        })
    }

    /// From where on changes will be told.
    pub(super) async fn start_token(
        &self,
        shared_drive: Option<&str>,
    ) -> Result<String, DriveError> {
        let mut query = vec![("supportsAllDrives", "true")];
        query.extend(shared_drive.map(|drive| ("driveId", drive)));
        let token: StartPageToken = self.json(&["changes", "startPageToken"], &query).await?;
        token
            .start_page_token
            .ok_or(DriveError::Answer("no page token"))
    }

    /// Everything since a page token.
    pub(super) async fn changes(
        &self,
        token: &str,
        shared_drive: Option<&str>,
    ) -> Result<Changes, DriveError> {
        let fields = format!(
            "nextPageToken,newStartPageToken,changes(changeType,removed,fileId,file({FIELDS}))"
        );
        let mut files = Vec::new();
        let mut pages = Pages::beginning_at(token);
        loop {
            let mut query = vec![
                ("pageToken", pages.now.as_str()),
                ("pageSize", PAGE),
                ("fields", &fields),
                ("includeRemoved", "true"),
                ("supportsAllDrives", "true"),
                ("includeItemsFromAllDrives", "true"),
            ];
            query.extend(shared_drive.map(|drive| ("driveId", drive)));
            let list: ChangeList =
                self.json(&["changes"], &query)
                    .await
                    .map_err(|error| match error {
                        DriveError::NotFound => DriveError::TokenGone,
                        other => other,
                    })?;
            for change in list
                .changes
                .ok_or(DriveError::Answer("a list without changes"))?
            {
                let Some(id) = change.file_id else {
                    continue;
                };
                let is_gone = change.removed.unwrap_or(false);
                files.push((id, change.file.filter(|_| !is_gone)));
            }
            match (list.next_page_token, list.new_start_page_token) {
                (Some(next), _) => pages.go_on(next)?,
                (None, Some(new_token)) => return Ok(Changes { files, new_token }),
                (None, None) => return Err(DriveError::Answer("changes without an end")),
            }
        }
    }

    /// A shared drive.
    pub(super) async fn drive(&self, id: &str) -> Result<Drive, DriveError> {
        self.json(&["drives", id], &[("fields", "id,name")]).await
    }

    /// Whom Drive sees.
    pub(super) async fn about(&self) -> Result<About, DriveError> {
        let query = [(
            "fields",
            "user(displayName,emailAddress),storageQuota(limit,usage)",
        )];
        self.json(&["about"], &query).await
    }

    /// Where Drive exports a native file to, by MIME type.
    pub(super) async fn export_link(
        &self,
        id: &str,
        mime: &str,
    ) -> Result<Option<Url>, DriveError> {
        let query = [("fields", "exportLinks"), ("supportsAllDrives", "true")];
        let file: File = self.json(&["files", id], &query).await?;
        let link = file.export_links.and_then(|mut links| links.remove(mime));
        Ok(link.and_then(|link| Url::parse(&link).ok()))
    }

    /// Where the bytes of a file are.
    pub(super) fn media_url(&self, id: &str) -> Result<Url, DriveError> {
        let mut url = self.url(&["files", id])?;
        url.query_pairs_mut()
            .append_pair("alt", "media")
            .append_pair("supportsAllDrives", "true");
        Ok(url)
    }

    /// Where a native file is exported.
    pub(super) fn export_url(&self, id: &str, mime: &str) -> Result<Url, DriveError> {
        let mut url = self.url(&["files", id, "export"])?;
        url.query_pairs_mut().append_pair("mimeType", mime);
        Ok(url)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, DriveError> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        let mut tries = 0;
        loop {
            let request = self.client.http.get(url.clone()).timeout(ANSWER_TIMEOUT);
            let response = self.send_from(request, &mut tries).await?;
            match shared::http::read_json(response, MAX_ANSWER).await {
                Ok(value) => return Ok(value),
                // A body that was cut off is asked for again.
                Err(HttpError::TooLarge { .. }) => return Err(DriveError::Answer("too large")),
                Err(error) => self.wait(&mut tries, error.into(), None).await?,
            }
        }
    }

    /// Sends a request, again while that may help.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, DriveError> {
        self.send_from(request, &mut 0).await
    }

    async fn send_from(
        &self,
        request: RequestBuilder,
        tries: &mut u32,
    ) -> Result<Response, DriveError> {
        let lane = self.access.kind.stored();
        let mut has_new_token = false;
        loop {
            self.client.pace.turn(&lane).await;
            let again = request
                .try_clone()
                .ok_or(DriveError::Answer("request cannot be sent again"))?;
            let signed = match self.client.accesses.sign(&self.access, again).await {
                Ok(signed) => signed,
                Err(error @ DriveError::Unavailable(_)) => {
                    self.wait(tries, error, None).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.requests.fetch_add(1, Ordering::Relaxed);
            let response = match signed.send().await {
                Ok(response) => response,
                Err(error) => {
                    self.wait(tries, HttpError::from(error).into(), None)
                        .await?;
                    continue;
                }
            };
            if response.status().is_success() || response.status().is_redirection() {
                return Ok(response);
            }
            if response.status() == StatusCode::UNAUTHORIZED
                && self.access.api_key.is_none()
                && !has_new_token
            {
                has_new_token = true;
                self.client.accesses.forget_token(&self.access).await;
                continue;
            }
            let asked = shared::http::retry_after(response.headers(), &*self.client.clock);
            let error = refusal(response).await;
            self.wait(tries, error, asked).await?;
        }
    }

    /// Waits before another try, if one may help.
    pub(super) async fn wait(
        &self,
        tries: &mut u32,
        error: DriveError,
        asked: Option<Duration>,
    ) -> Result<(), DriveError> {
        let may_help = matches!(
            error,
            DriveError::RateLimited | DriveError::Unavailable(_) | DriveError::Answer(_)
        );
        if !may_help || *tries >= self.client.settings.retries {
            return Err(error);
        }
        let longest = self.client.settings.retry_waits.1;
        let wait = self
            .client
            .backoff(*tries)
            .max(asked.unwrap_or_default().min(longest));
        *tries = tries.saturating_add(1);
        debug!(%error, tries, "Drive is asked again in {} ms", wait.as_millis());
        if matches!(error, DriveError::RateLimited) {
            // Whoever else asks as the same person would be refused too.
            self.client.pace.rest(&self.access.kind.stored(), wait);
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Page tokens that were seen: one that comes again would go on for ever.
pub(super) struct Pages {
    pub(super) now: String,
    seen: std::collections::BTreeSet<String>,
}

impl Pages {
    pub(super) fn beginning_at(token: &str) -> Self {
        Self {
            now: token.to_owned(),
            seen: std::iter::once(token.to_owned()).collect(),
        }
    }

    /// # Errors
    /// [`DriveError::Answer`] when the token was seen before.
    pub(super) fn go_on(&mut self, next: String) -> Result<(), DriveError> {
        if !self.seen.insert(next.clone()) {
            return Err(DriveError::Answer("pages in a circle"));
        }
        self.now = next;
        Ok(())
    }
}

/// A text inside quotes of a query ("Search for files and folders").
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_that_comes_again_ends_the_list() {
        let mut pages = Pages::beginning_at("a");
        pages.go_on("b".to_owned()).unwrap();
        assert!(pages.go_on("a".to_owned()).is_err());
    }

    #[test]
    fn quotes_stay_inside_the_query() {
        assert_eq!(quoted(r"a' or 'b\"), r"a\' or \'b\\");
    }
}
