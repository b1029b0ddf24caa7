//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The address of whoever asks. What proxies say is believed only as far as they are ours: the forwarded list is read
/// from its end, and the first address that is no proxy of ours is the client's.
pub(crate) fn client(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let mut address = plain(peer?);
    if !is_trusted(address, trusted) {
        return Some(address);
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for entry in forwarded.iter().rev() {
        let Some(before) = parse(entry) else { break };
        address = before;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    Some(address)
}

/// Whether the request reached us, or a proxy of ours, over TLS.
pub(crate) fn is_secure(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    peer.is_some_and(|peer| is_trusted(plain(peer), trusted))
        && headers
            .get("x-forwarded-proto")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// What limits count by: an IPv4 address, or the /64 that one IPv6 customer has.
pub(crate) fn counted(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// `::ffff:10.0.0.1` is `10.0.0.1`.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim().trim_matches('"');
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(plain(address));
    }
    if let Ok(socket) = entry.parse::<std::net::SocketAddr>() {
        return Some(plain(socket.ip()));
    }
    let inner = entry.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse::<IpAddr>().ok().map(plain)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        map
    }

    fn found(peer: &str, values: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client(Some(peer.parse().unwrap()), &headers(values), &trusted)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_strangers_header_is_not_believed() {
        assert_eq!(found("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn our_proxies_are_believed_from_the_end() {
        assert_eq!(found("10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            found("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]),
            "1.2.3.4"
        );
        assert_eq!(found("10.0.0.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            found("::ffff:10.0.0.1", &["[2001:db8::1]:443"]),
            "2001:db8::1"
        );
        assert_eq!(found("10.0.0.1", &["1.2.3.4, garbage"]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_customer_counts_once() {
        let a = counted(Some("2001:db8:1:2:3::4".parse().unwrap()));
        assert_eq!(a, counted(Some("2001:db8:1:2:ffff::1".parse().unwrap())));
        assert_ne!(a, counted(Some("2001:db8:1:3::1".parse().unwrap())));
    }
}
