//! The bytes of a file: streamed, gone on with where they broke off, and checked before they count.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use futures::Stream;
use futures::stream;
use md5::{Digest as _, Md5};
use reqwest::Response;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use shared::files::Received;
use shared::http::HttpError;
use tracing::debug;
use url::Url;

use super::DriveError;
use super::client::Session;
use super::model::{Item, Reason};
use super::rules;
use crate::materials::MaterialService;

/// Longest download; one that is silent for the client's read timeout ends before.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// How often a file whose bytes are wrong is fetched anew.
const AGAIN: u32 = 2;
/// Most times that a download is sent on to another address.
const MAX_HOPS: usize = 5;
/// Whose hosts downloads may be sent on to, besides those of the settings.
const HOSTS: [&str; 3] = [".google.com", ".googleapis.com", ".googleusercontent.com"];

/// What came of it.
pub(super) struct Downloaded {
    pub(super) received: Received,
    /// Bytes that were transferred.
    pub(super) bytes: u64,
}

/// What has come so far.
#[derive(Default)]
struct Progress {
    md5: Md5,
    length: u64,
    /// Why it ended before its end.
    error: Option<DriveError>,
}

/// Fetches the bytes of a file, at most `limit`.
///
/// # Errors
/// [`DriveError::Content`] when they are not what Drive says they are; nothing of them is left.
pub(super) async fn fetch(
    session: &Session,
    materials: &MaterialService,
    item: &Item,
    limit: u64,
) -> Result<Downloaded, DriveError> {
    let mut again = AGAIN;
    loop {
        match once(session, materials, item, limit).await {
            Err(DriveError::Content(reason)) if again > 0 && is_new_luck(item, reason) => {
                again = again.saturating_sub(1);
            }
            done => return done,
        }
    }
}

/// Whether fetching it anew may help: what breaks off was gone on with already, but for exports.
fn is_new_luck(item: &Item, reason: Reason) -> bool {
    reason == Reason::Checksum || (reason == Reason::Truncated && item.md5.is_none())
}

async fn once(
    session: &Session,
    materials: &MaterialService,
    item: &Item,
    limit: u64,
) -> Result<Downloaded, DriveError> {
    let export = item
        .is_native()
        .then(|| rules::export_type(&item.mime).ok_or(DriveError::Content(Reason::NotExportable)))
        .transpose()?;
    let Some(mime) = export else {
        let url = session.media_url(item.content_id())?;
        return whole(session, materials, item, url, None, limit).await;
    };
    let url = session.export_url(item.content_id(), mime)?;
    match whole(session, materials, item, url, Some(mime), limit).await {
        // Ten megabytes and more go by another way.
        Err(error) if error.reason() == Reason::ExportTooLarge => {
            let link = session
                .export_link(item.content_id(), mime)
                .await?
                .filter(|link| may_go_to(session, link))
                .ok_or(error)?;
            whole(session, materials, item, link, Some(mime), limit).await
        }
        done => done,
    }
}

async fn whole(
    session: &Session,
    materials: &MaterialService,
    item: &Item,
    url: Url,
    export: Option<&str>,
    limit: u64,
) -> Result<Downloaded, DriveError> {
    let first = open(session, url.clone(), 0).await?;
    check_type(&first.response, item, export)?;
    let progress = Arc::new(Mutex::new(Progress::default()));
    let body = body(session.clone(), url, first, item, Arc::clone(&progress));
    let received = materials.receive_mirrored(limit, body).await;
    let ended = std::mem::take(&mut *progress.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(error) = ended.error {
        return Err(error);
    }
    let received = received?;
    if item.size.is_some_and(|size| size != ended.length) {
        return Err(DriveError::Content(Reason::Truncated));
    }
    let sum = u128::from_be_bytes(ended.md5.finalize().into());
    let sum = format!("{sum:032x}");
    if item.md5.as_ref().is_some_and(|md5| *md5 != sum) {
        return Err(DriveError::Content(Reason::Checksum));
    }
    if ended.length == 0 {
        return Err(DriveError::Content(Reason::Empty));
    }
    Ok(Downloaded {
        bytes: ended.length,
        received,
    })
}

/// An answer that begins so many bytes before what is wanted.
struct Opened {
    response: Response,
    surplus: u64,
}

struct Body {
    session: Session,
    url: Url,
    opened: Option<Opened>,
    tries: u32,
    progress: Arc<Mutex<Progress>>,
    /// Of files that are the same each time: only those can be gone on with.
    size: Option<u64>,
}

/// The body, gone on with after breaks.
fn body(
    session: Session,
    url: Url,
    first: Opened,
    item: &Item,
    progress: Arc<Mutex<Progress>>,
) -> Pin<Box<dyn Stream<Item = Result<Bytes, ()>> + Send>> {
    let state = Body {
        session,
        url,
        opened: Some(first),
        tries: 0,
        progress,
        size: item.size.filter(|_| item.md5.is_some()),
    };
    Box::pin(stream::unfold(state, |mut state| async move {
        let next = state.next().await?;
        Some((next, state))
    }))
}

impl Body {
    async fn next(&mut self) -> Option<Result<Bytes, ()>> {
        loop {
            let at = self.progress().length;
            let Some(opened) = self.opened.as_mut() else {
                match open(&self.session, self.url.clone(), at).await {
                    Ok(opened) => self.opened = Some(opened),
                    Err(error) => return Some(self.fail(error)),
                }
                continue;
            };
            let broken = match opened.response.chunk().await {
                Ok(Some(mut bytes)) => {
                    let surplus = opened.surplus.min(bytes.len() as u64);
                    opened.surplus = opened.surplus.saturating_sub(surplus);
                    let wanted = bytes.split_off(usize::try_from(surplus).unwrap_or(usize::MAX));
                    if wanted.is_empty() {
                        continue;
                    }
                    let mut progress = self.progress();
                    progress.md5.update(&wanted);
                    progress.length = progress.length.saturating_add(wanted.len() as u64);
                    drop(progress);
                    return Some(Ok(wanted));
                }
                Ok(None) if self.size.is_none_or(|size| at >= size) => return None,
                Ok(None) => DriveError::Content(Reason::Truncated),
                Err(error) => {
                    debug!(error = %shared::telemetry::chain(&HttpError::from(error)), "a download broke off at {at}");
                    DriveError::Content(Reason::Truncated)
                }
            };
            self.opened = None;
            let cause = DriveError::Unavailable("download broke off".to_owned());
            if self.size.is_none()
                || self
                    .session
                    .wait(&mut self.tries, cause, None)
                    .await
                    .is_err()
            {
                return Some(self.fail(broken));
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: DriveError) -> Result<Bytes, ()> {
        self.progress().error = Some(error);
        Err(())
    }
}

/// Asks for the bytes from an offset on, wherever that leads.
async fn open(session: &Session, url: Url, at: u64) -> Result<Opened, DriveError> {
    let mut url = url;
    for _ in 0..MAX_HOPS {
        let mut request = session.client.http.get(url.clone()).timeout(LONGEST);
        if at > 0 {
            request = request.header(RANGE, format!("bytes={at}-"));
        }
        // Credentials are for the hosts of the settings and of Google's, which alone are gone to.
        let response = session.send(request).await?;
        if response.status().is_redirection() {
            url = response
                .headers()
                .get(LOCATION)
                .and_then(|place| place.to_str().ok())
                .and_then(|place| url.join(place).ok())
                .filter(|place| may_go_to(session, place))
                .ok_or(DriveError::Answer("sent on to another place"))?;
            continue;
        }
        if response.status().as_u16() != 206 {
            // The whole of it: what is here already is passed over.
            return Ok(Opened {
                response,
                surplus: at,
            });
        }
        let is_right = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok())
            .is_some_and(|range| range.starts_with(&format!("bytes {at}-")));
        return if is_right {
            Ok(Opened {
                response,
                surplus: 0,
            })
        } else {
            Err(DriveError::Answer("another range"))
        };
    }
    Err(DriveError::Answer("sent on too often"))
}

/// Whether a place is the operator's or Google's.
fn may_go_to(session: &Session, place: &Url) -> bool {
    let settings = &session.client.settings;
    let is_set = [&settings.api_url, &settings.upload_url]
        .iter()
        .any(|known| known.origin() == place.origin());
    let is_google = place.scheme() == "https"
        && place.port().is_none()
        && place
            .host_str()
            .is_some_and(|host| HOSTS.iter().any(|suffix| host.ends_with(suffix)));
    is_set || is_google
}

/// A page of errors in place of a file says so by its type.
fn check_type(response: &Response, item: &Item, export: Option<&str>) -> Result<(), DriveError> {
    let shown = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(|kind| {
            kind.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase()
        })
        .unwrap_or_default();
    let expected = export.unwrap_or(&item.mime);
    let is_page = matches!(shown.as_str(), "text/html" | "application/json");
    if is_page && shown != expected {
        return Err(DriveError::Answer("a page in place of a file"));
    }
    Ok(())
}
