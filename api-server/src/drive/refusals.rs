//! What Drive's refusals mean.

use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::DriveError;

/// Most bytes of a refusal.
const MAX_REFUSAL: u64 = 64 * 1024;

/// Drive's refusals.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: RefusalBody,
}

#[derive(Debug, Default, Deserialize)]
struct RefusalBody {
    #[serde(default)]
    errors: Vec<RefusalReason>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefusalReason {
    #[serde(default)]
    reason: String,
}

/// What a refusal means (Drive API, "Resolve errors").
pub(super) async fn refusal(response: Response) -> DriveError {
    let status = response.status();
    let body: Refusal = shared::http::read_json(response, MAX_REFUSAL)
        .await
        .unwrap_or_default();
    classify(status, body)
}

fn classify(status: StatusCode, body: Refusal) -> DriveError {
    let reason = body
        .error
        .errors
        .into_iter()
        .map(|error| error.reason)
        .find(|reason| !reason.is_empty())
        .or(body.error.status)
        .unwrap_or_default();
    match (status.as_u16(), reason.as_str()) {
        (
            _,
            "rateLimitExceeded"
            | "userRateLimitExceeded"
            | "sharingRateLimitExceeded"
            | "RESOURCE_EXHAUSTED",
        )
        | (429, _) => DriveError::RateLimited,
        (403, "dailyLimitExceeded" | "quotaExceeded" | "downloadQuotaExceeded") => {
            DriveError::DailyLimit
        }
        (404, _) => DriveError::NotFound,
        (410, _) => DriveError::TokenGone,
        (401, _) => DriveError::Credentials("Drive takes no token of it".to_owned()),
        (408 | 500..=599, _) => DriveError::Unavailable(status.to_string()),
        (400..=499, _) => DriveError::Refused(reason.chars().take(60).collect()),
        _ => DriveError::Answer("a status that means nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, reason: &str) -> DriveError {
        let body = serde_json::json!({ "error": { "errors": [{ "domain": "x", "reason": reason }], "code": status } });
        classify(
            StatusCode::from_u16(status).unwrap(),
            serde_json::from_value(body).unwrap(),
        )
    }

    #[test]
    fn refusals_are_told_apart_by_their_reasons() {
        for reason in [
            "rateLimitExceeded",
            "userRateLimitExceeded",
            "sharingRateLimitExceeded",
        ] {
            assert!(
                matches!(refused(403, reason), DriveError::RateLimited),
                "{reason}"
            );
        }
        assert!(matches!(refused(429, ""), DriveError::RateLimited));
        assert!(matches!(
            refused(403, "dailyLimitExceeded"),
            DriveError::DailyLimit
        ));
        assert!(matches!(
            refused(403, "insufficientFilePermissions"),
            DriveError::Refused(_)
        ));
        assert!(matches!(refused(404, "notFound"), DriveError::NotFound));
        assert!(matches!(
            refused(500, "backendError"),
            DriveError::Unavailable(_)
        ));
        assert!(matches!(refused(400, "invalid"), DriveError::Refused(_)));
        assert!(matches!(
            classify(StatusCode::BAD_GATEWAY, Refusal::default()),
            DriveError::Unavailable(_)
        ));
    }
}
