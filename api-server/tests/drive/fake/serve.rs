//! From a request to its answer: who asks, what, what goes wrong; and bodies in pieces.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use serde_json::{Value, json};

use super::faults::{self, Act, Call};
use super::oauth::{self, API_KEY};
use super::reads::{Asked, Query};
use super::reply::{Body, Reply, error, invalid, not_found, refused};
use super::world::Caller;
use super::writes::{self, Sent};
use super::{Noted, Shared};

/// A piece of a body, bytes.
const PIECE: usize = 64 * 1024;

/// What of a path is meant.
#[derive(Debug, Clone, PartialEq)]
struct Route {
    call: Call,
    id: String,
}

fn route(method: &str, path: &str, query: &Query) -> Route {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (call, id) = match (method, parts.as_slice()) {
        ("GET", ["drive", "v3", "files"]) => (Call::List, ""),
        ("GET", ["drive", "v3", "files", id]) if query.get("alt") == Some("media") => {
            (Call::Download, *id)
        }
        ("GET", ["drive", "v3", "files", id]) => (Call::Get, *id),
        ("GET", ["drive", "v3", "files", id, "export"]) => (Call::Export, *id),
        ("GET", ["drive", "v3", "files", id, "permissions"]) => (Call::Permissions, *id),
        ("GET", ["export-links"]) => (Call::ExportLink, query.get("id").unwrap_or("")),
        ("GET", ["drive", "v3", "changes", "startPageToken"]) => (Call::StartPageToken, ""),
        ("GET", ["drive", "v3", "changes"]) => (Call::Changes, ""),
        ("GET", ["drive", "v3", "drives"]) => (Call::Drives, ""),
        ("GET", ["drive", "v3", "drives", id]) => (Call::Drives, *id),
        ("GET", ["drive", "v3", "about"]) => (Call::About, ""),
        ("POST", ["drive", "v3", "files"] | ["upload", "drive", "v3", "files"]) => {
            (Call::Create, "")
        }
        ("PATCH", ["drive", "v3", "files", id] | ["upload", "drive", "v3", "files", id]) => {
            (Call::Update, *id)
        }
        ("DELETE", ["drive", "v3", "files", id]) => (Call::Delete, *id),
        ("POST", ["token"]) => (Call::Token, ""),
        ("POST", ["revoke"]) => (Call::Revoke, ""),
        ("GET", ["o", "oauth2", "v2", "auth"]) => (Call::Authorize, ""),
        _ => (Call::Unknown, ""),
    };
    Route {
        call,
        id: id.to_owned(),
    }
}

/// Counts a request as long as it is answered.
struct Going(Arc<Shared>);

impl Going {
    fn new(shared: Arc<Shared>) -> Self {
        let now = shared.going.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.fetch_max(now, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.0.going.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Every request comes here.
pub(crate) async fn serve(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let shared = shared.into_inner();
    let going = Going::new(Arc::clone(&shared));
    let raw_query = request.query_string().to_owned();
    let query = Query(
        url::form_urlencoded::parse(raw_query.as_bytes())
            .into_owned()
            .collect(),
    );
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let route = route(request.method().as_str(), request.path(), &query);
    let range = header("range");
    let latency = shared.latency_ms.load(Ordering::SeqCst);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let about = format!("{}?{raw_query}", request.path());
    let act = faults::meet(
        &mut shared.faults.lock().expect("nobody panics with it"),
        route.call,
        &about,
    );
    let heard = Heard {
        route: &route,
        query: &query,
        bearer: header("authorization")
            .and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned)),
        key: header("x-goog-api-key").or_else(|| query.get("key").map(str::to_owned)),
        range: range
            .as_deref()
            .filter(|_| !matches!(act, Some(Act::WholeBody))),
        content_type: header("content-type").unwrap_or_default(),
        body,
    };
    let mut reply = match &act {
        Some(Act::Refuse {
            status,
            reason,
            retry_after,
        }) => {
            let reply = refused(*status, reason);
            retry_after.map_or(reply.clone(), |seconds| {
                reply.with("retry-after", seconds.to_string())
            })
        }
        Some(Act::RefuseToken(error)) => oauth::refused(error),
        Some(Act::Instead { content_type, body }) => Reply::bytes(
            content_type,
            Body::Bytes(Bytes::from_static(body.as_bytes())),
        ),
        _ => heard.answer(&shared).unwrap_or_else(|refusal| refusal),
    };
    if let Some(act) = &act {
        distort(&mut reply, route.call, act);
    }
    let at = Instant::now();
    let noted = Noted {
        call: route.call,
        path: request.path().to_owned(),
        query: raw_query,
        range,
        status: reply.status,
        at,
    };
    shared
        .noted
        .lock()
        .expect("nobody panics with it")
        .push(noted);
    if let Some(Act::Wait(time)) = act {
        tokio::time::sleep(time).await;
    }
    send(reply, route.call, act, going)
}

struct Heard<'a> {
    route: &'a Route,
    query: &'a Query,
    bearer: Option<String>,
    key: Option<String>,
    range: Option<&'a str>,
    content_type: String,
    body: Bytes,
}

impl Heard<'_> {
    fn caller(&self, shared: &Shared) -> Result<Caller, Reply> {
        if let Some(token) = &self.bearer {
            let who = shared
                .oauth
                .lock()
                .expect("nobody panics with it")
                .who(token);
            return who.ok_or_else(|| {
                let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.";
                error(401, "authError", message, Some(("header", "Authorization")))
            });
        }
        match self.key.as_deref() {
            Some(API_KEY) => Ok(Caller::Key),
            Some(_) => Err(Reply::json(
                400,
                &json!({"error": {
                    "code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
                    "errors": [{"message": "API key not valid. Please pass a valid API key.", "domain": "global", "reason": "badRequest"}],
                    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
                }}),
            )),
            None => Err(error(
                403,
                "forbidden",
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
                None,
            )),
        }
    }

    fn form(&self) -> BTreeMap<String, String> {
        let mut form: BTreeMap<String, String> = self.query.0.iter().cloned().collect();
        form.extend(url::form_urlencoded::parse(&self.body).into_owned());
        form
    }

    fn sent(&self) -> Result<Sent, Reply> {
        let wrong = || error(400, "parseError", "Parse Error", None);
        let json = |body: &[u8]| serde_json::from_slice::<Value>(body).map_err(|_| wrong());
        match self.query.get("uploadType") {
            Some("multipart") => writes::related(&self.content_type, &self.body).ok_or_else(wrong),
            Some("media") => Ok(Sent {
                metadata: json!({}),
                content: Some((self.content_type.clone(), self.body.clone())),
            }),
            Some(_) => Err(invalid("uploadType")),
            None => Ok(Sent {
                metadata: if self.body.is_empty() {
                    json!({})
                } else {
                    json(&self.body)?
                },
                content: None,
            }),
        }
    }

    fn answer(&self, shared: &Shared) -> Result<Reply, Reply> {
        let id = self.route.id.as_str();
        match self.route.call {
            Call::Token => {
                let here = format!("{}/token", shared.base);
                return Ok(shared
                    .oauth
                    .lock()
                    .expect("nobody panics with it")
                    .token(&self.form(), &here));
            }
            Call::Authorize => {
                return Ok(shared
                    .oauth
                    .lock()
                    .expect("nobody panics with it")
                    .authorize(&self.query.0));
            }
            Call::Revoke => {
                let token = self.form().remove("token").unwrap_or_default();
                return Ok(shared
                    .oauth
                    .lock()
                    .expect("nobody panics with it")
                    .revoke(&token));
            }
            Call::Unknown => {
                return Err(Reply::bytes(
                    "text/html; charset=UTF-8",
                    Body::Bytes(Bytes::from_static(
                        b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>",
                    )),
                )
                .into_status(404));
            }
            _ => {}
        }
        let caller = self.caller(shared)?;
        let mut world = shared.world.lock().expect("nobody panics with it");
        let changed = match self.route.call {
            Call::Create => Some(writes::create(&mut world, &caller, self.sent()?)?),
            Call::Update => {
                let to = self.query.get("addParents");
                writes::update(&mut world, &caller, id, self.sent()?, to)?;
                Some(id.to_owned())
            }
            Call::Delete => {
                if !world.may_read(&caller, id) {
                    return Err(not_found(id));
                }
                world.delete(id);
                return Ok(Reply::none(204));
            }
            _ => None,
        };
        let asked = Asked {
            world: &world,
            caller: &caller,
            query: self.query,
            base: &shared.base,
        };
        if let Some(changed) = changed {
            return asked.get(&changed);
        }
        match self.route.call {
            Call::List => asked.list(),
            Call::Get => asked.get(id),
            Call::Download => asked.download(id, self.range),
            Call::Export => asked.export(id, false),
            Call::ExportLink => asked.export(id, true),
            Call::StartPageToken => asked.start_page_token(),
            Call::Changes => asked.changes(),
            Call::Drives => asked.drives(Some(id).filter(|id| !id.is_empty())),
            Call::About => asked.about(),
            _ => asked.permissions(id),
        }
    }
}

impl Reply {
    fn into_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// Lies in a reply that went well.
fn distort(reply: &mut Reply, call: Call, act: &Act) {
    if reply.status >= 300 {
        return;
    }
    let Body::Bytes(bytes) = &reply.body else {
        return;
    };
    if matches!(act, Act::Spoil) {
        let mut spoilt = bytes.to_vec();
        if let Some(last) = spoilt.last_mut() {
            *last ^= 1;
        }
        reply.body = Body::Bytes(spoilt.into());
        return;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let (list, end) = if call == Call::Changes {
        ("changes", "newStartPageToken")
    } else {
        ("files", "incompleteSearch")
    };
    match act {
        Act::Loop => {
            value["nextPageToken"] = json!("again");
            if let Some(object) = value.as_object_mut() {
                object.remove(end);
            }
        }
        Act::Nothing => {
            value[list] = json!([]);
            if let Some(object) = value.as_object_mut() {
                object.remove("nextPageToken");
            }
        }
        Act::Incomplete => value["incompleteSearch"] = json!(true),
        _ => return,
    }
    reply.body = Body::Bytes(value.to_string().into());
}

/// A body on its way.
struct Sending {
    body: Body,
    at: u64,
    end: u64,
    broken: bool,
    piece: usize,
    pause: Duration,
    shared: Option<Arc<Shared>>,
    // Not done before the body is.
    _going: Going,
}

async fn piece(mut sending: Sending) -> Option<(io::Result<Bytes>, Sending)> {
    if sending.at >= sending.end {
        let broken = std::mem::take(&mut sending.broken);
        return broken.then(|| (Err(io::ErrorKind::ConnectionReset.into()), sending));
    }
    if !sending.pause.is_zero() && sending.at > 0 {
        tokio::time::sleep(sending.pause).await;
    }
    let end = sending.end.min(sending.at + sending.piece as u64);
    let bytes = match sending.body.slice(sending.at, end) {
        Body::Bytes(bytes) => bytes,
        Body::Zeros(size) => Bytes::from(vec![0; usize::try_from(size).expect("a piece is small")]),
    };
    sending.at = end;
    if let Some(shared) = &sending.shared {
        shared.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
    }
    Some((Ok(bytes), sending))
}

fn send(reply: Reply, call: Call, act: Option<Act>, going: Going) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).expect("it is one");
    let mut response = HttpResponse::build(status);
    for (name, value) in &reply.headers {
        response.append_header((*name, value.as_str()));
    }
    let length = reply.body.len();
    let is_file =
        matches!(call, Call::Download | Call::Export | Call::ExportLink) && reply.status < 300;
    let mut sending = Sending {
        body: reply.body,
        at: 0,
        end: length,
        broken: false,
        piece: PIECE,
        pause: Duration::ZERO,
        shared: is_file.then(|| Arc::clone(&going.0)),
        _going: going,
    };
    match act {
        Some(Act::Cut(after)) => {
            sending.end = after.min(length.saturating_sub(1));
            sending.broken = true;
        }
        Some(Act::HangUp) => {
            // The head goes out with the first piece; without one the connection just ends.
            sending.end = 0;
            sending.broken = true;
        }
        Some(Act::Drip { bytes, pause }) => {
            sending.piece = bytes;
            sending.pause = pause;
        }
        _ => {}
    }
    if !reply.chunked && status != StatusCode::NO_CONTENT {
        response.no_chunking(length);
    }
    response.streaming(stream::unfold(sending, piece))
}
