//! Where a browser says a request was made: what stands between the cookie and other sites' pages.

use url::Url;

/// What a request says of its making.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestOrigin<'a> {
    /// `Sec-Fetch-Site`.
    pub(crate) fetch_site: Option<&'a str>,
    /// `Origin`.
    pub(crate) origin: Option<&'a str>,
    /// `Host`, as the browser addressed it.
    pub(crate) host: Option<&'a str>,
}

impl RequestOrigin<'_> {
    /// Whether a request that carries the cookie may be believed to come from our own pages. `Sec-Fetch-Site` cannot be
    /// forged by a page (W3C Fetch Metadata); a person's own navigation says `none`, which only reads. An `Origin` must
    /// be that of `Host` or of the public address. Clients that say neither are no browsers, and no browser's cookie
    /// comes to them.
    pub(crate) fn is_ours(&self, public_url: &Url, reads_only: bool) -> bool {
        let site_is_ours = match self.fetch_site {
            None | Some("same-origin") => true,
            Some("none") => reads_only,
            Some(_) => false,
        };
        site_is_ours
            && self
                .origin
                .is_none_or(|origin| self.is_our_origin(origin, public_url))
    }

    fn is_our_origin(&self, origin: &str, public_url: &Url) -> bool {
        let Ok(origin) = Url::parse(origin) else {
            return false;
        };
        if !matches!(origin.scheme(), "http" | "https") {
            return false;
        }
        if origin.origin() == public_url.origin() {
            return true;
        }
        self.host.is_some_and(|host| {
            Url::parse(&format!("{}://{host}", origin.scheme()))
                .is_ok_and(|ours| ours.origin() == origin.origin())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_believed() {
        let public = Url::parse("https://acervo.escola.br").unwrap();
        let ours = |fetch_site, origin, host, reads_only| {
            RequestOrigin {
                fetch_site,
                origin,
                host,
            }
            .is_ours(&public, reads_only)
        };
        let host = Some("localhost:8001");
        assert!(ours(None, None, None, false));
        assert!(ours(Some("same-origin"), None, host, false));
        assert!(ours(
            Some("same-origin"),
            Some("http://localhost:8001"),
            host,
            false
        ));
        assert!(ours(None, Some("https://acervo.escola.br"), host, false));
        assert!(ours(Some("none"), None, host, true));
        assert!(!ours(Some("none"), None, host, false));
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN,cross-site"] {
            assert!(!ours(Some(site), None, host, true), "{site}");
        }
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://acervo.escola.br.evil.example",
            "http://acervo.escola.br",
            "https://acervo.escola.br:444",
            "http://localhost:8002",
            "file:///",
            "https://acervo.escola.br@evil.example",
        ] {
            assert!(!ours(None, Some(origin), host, false), "{origin}");
            assert!(
                !ours(Some("same-origin"), Some(origin), host, false),
                "{origin}"
            );
        }
    }
}
