//! Answers, and Google's form of errors.

use actix_web::web::Bytes;
use serde_json::{Value, json};

/// Bytes of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Bytes(Bytes),
    Zeros(u64),
}

impl Body {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(size) => *size,
        }
    }

    /// From `start` up to, not including, `end`.
    pub(crate) fn slice(&self, start: u64, end: u64) -> Self {
        match self {
            Self::Bytes(bytes) => {
                let place = |at: u64| usize::try_from(at).expect("it is in memory");
                Self::Bytes(bytes.slice(place(start)..place(end)))
            }
            Self::Zeros(_) => Self::Zeros(end - start),
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    /// The length is not told: chunked.
    pub(crate) chunked: bool,
}

impl Reply {
    pub(crate) fn bytes(content_type: &str, body: Body) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            body,
            chunked: false,
        }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        let body = Body::Bytes(value.to_string().into());
        Self {
            status,
            ..Self::bytes("application/json; charset=UTF-8", body)
        }
    }

    pub(crate) fn none(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(Bytes::new()),
            chunked: false,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An error as the Drive interface writes it.
pub(crate) fn error(
    status: u16,
    reason: &str,
    message: &str,
    location: Option<(&str, &str)>,
) -> Reply {
    let domain = if reason.ends_with("LimitExceeded") && !reason.starts_with("exportSize") {
        "usageLimits"
    } else {
        "global"
    };
    let mut one = json!({ "message": message, "domain": domain, "reason": reason });
    if let Some((kind, name)) = location {
        one["locationType"] = kind.into();
        one["location"] = name.into();
    }
    let reply = Reply::json(
        status,
        &json!({ "error": { "errors": [one], "code": status, "message": message } }),
    );
    if status == 401 {
        return reply.with(
            "www-authenticate",
            "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
        );
    }
    reply
}

pub(crate) fn not_found(id: &str) -> Reply {
    let message = format!("File not found: {id}.");
    error(404, "notFound", &message, Some(("parameter", "fileId")))
}

pub(crate) fn invalid(parameter: &str) -> Reply {
    error(
        400,
        "invalid",
        "Invalid Value",
        Some(("parameter", parameter)),
    )
}

/// A fault with one of Drive's reasons.
pub(crate) fn refused(status: u16, reason: &str) -> Reply {
    let message = match reason {
        "userRateLimitExceeded" => {
            "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota, you may consider re-evaluating expected per-user traffic to the API and adjust project quota limits accordingly."
        }
        "rateLimitExceeded" => "Rate Limit Exceeded",
        "dailyLimitExceeded" => {
            "Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT)."
        }
        "backendError" => "Backend Error",
        "authError" => "Invalid Credentials",
        "insufficientFilePermissions" => {
            "The user does not have sufficient permissions for this file."
        }
        "notFound" => return not_found(""),
        "invalid" => return invalid("pageToken"),
        "authRequired" => "Login Required.",
        _ => "Internal Error",
    };
    let location = (status == 401).then_some(("header", "Authorization"));
    error(status, reason, message, location)
}
