//! What makes an identity provider.

use shared::settings::Faults;
use url::Url;

use super::raw::RawOidc;
use crate::oidc::OidcSettings;

/// A provider is named by its issuer, over TLS unless it is on this machine (`OpenID` Connect Discovery 1.0, section 3).
pub(super) fn check_oidc(
    raw: &RawOidc,
    public_url: &Url,
    faults: &mut Faults<'_>,
) -> Option<OidcSettings> {
    let text = raw.issuer.as_ref()?;
    let is_issuer = Url::parse(text).is_ok_and(|url| {
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
        is_safe && url.host().is_some() && url.query().is_none() && url.fragment().is_none()
    });
    if !is_issuer {
        faults.add(
            "oidc.issuer",
            "must be https://… (http:// on this machine only), without ? and #",
        );
    }
    if raw
        .scopes
        .iter()
        .any(|scope| scope.is_empty() || scope.contains(' '))
    {
        faults.add("oidc.scopes", "must be words, separated by commas");
    }
    let redirect_url = raw
        .redirect_url
        .clone()
        .or_else(|| public_url.join("/api/auth/oidc/callback").ok());
    Some(OidcSettings {
        issuer: text.clone(),
        client_id: faults.require("oidc.client_id", raw.client_id.clone())?,
        client_secret: raw.client_secret.clone(),
        scopes: raw.scopes.clone(),
        redirect_url: faults.require("oidc.redirect_url", redirect_url)?,
        admits_anybody: raw.admits_anybody,
    })
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
