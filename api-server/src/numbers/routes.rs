//! `/metrics`.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use shared::metrics::CONTENT_TYPE;
use shared::problem::{ApiError, Code, Problems};
use shared::settings::{ExposeSecret as _, SecretString};
use shared::token;

use super::Numbers;

/// What a proxy adds. Whoever comes through one comes from elsewhere, whatever the connection says.
const FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// Numbers for Prometheus, in the `OpenMetrics` format. With the metrics token; where none is set, from private addresses.
#[utoipa::path(tag = "state", security(("metrics_token" = []), ()),
    responses((status = 200, content_type = "application/openmetrics-text", body = String), Problems))]
#[get("/metrics")]
pub(crate) async fn metrics(
    request: HttpRequest,
    numbers: Data<Numbers>,
) -> Result<HttpResponse, ApiError> {
    admit(numbers.token.as_ref(), &request)?;
    numbers.look().await?;
    Ok(HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .body(numbers.metrics.page()))
}

/// Lets in whoever shows the token; where none is set, private addresses that no proxy brought.
pub(super) fn admit(token: Option<&SecretString>, request: &HttpRequest) -> Result<(), ApiError> {
    if let Some(expected) = token {
        let shown = token::bearer(request.headers());
        return match shown {
            Some(shown) if token::same_secret(expected.expose_secret(), shown) => Ok(()),
            _ => Err(ApiError::new(Code::Unauthorized)),
        };
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    if peer.is_some_and(is_private) && !is_forwarded(request.headers()) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden).with_detail(
        "Os números são mostrados apenas à própria rede; defina METRICS_TOKEN para consultá-los de outro lugar.",
    ))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(name))
}

/// This machine, or a network that is nobody else's (RFC 1918, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn the_internet_is_not_private() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.9", true),
            ("192.168.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("::ffff:10.0.0.1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("100.64.0.1", false),
            ("169.254.169.254", false),
            ("2001:db8::1", false),
            ("::ffff:8.8.8.8", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
    }
}
