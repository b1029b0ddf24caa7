//! Which addresses somebody who is not the operator may make this server call.
//!
//! One parser for all: the `url` crate (WHATWG URL) reads the text, the result is checked, and the
//! same result is what the client connects to. It turns every spelling of an IPv4 address (decimal,
//! octal, hexadecimal, short) into the address itself. Names are checked when they are resolved, and
//! the connection goes to the very addresses that were checked ([`super::PublicClient`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// It is no URL.
    #[error("address is no URL")]
    Malformed,
    /// Something else than `http` and `https`.
    #[error("scheme {scheme:?} is not http or https")]
    Scheme {
        /// What it was.
        scheme: String,
    },
    /// `user:password@host`: hides the real host from people, and secrets do not belong there.
    #[error("address carries a user or a password")]
    Credentials,
    /// A port of another protocol.
    #[error("port {port} is not for the web")]
    Port {
        /// Which one.
        port: u16,
    },
    /// The machine itself, its network, or another range that is not the public Internet.
    #[error("address is not on the public Internet")]
    NotPublic,
}

/// Names that mean the machine itself or its surroundings, whatever they resolve to: RFC 6761,
/// RFC 6762, RFC 8375, and the names of the cloud providers' metadata services.
const PRIVATE_NAMES: &[&str] = &[
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "localdomain",
    "onion",
];

/// Reads an address that was set over HTTP, and refuses what is not for the public Web.
///
/// # Errors
/// [`UrlRefused`].
pub fn check_url(text: &str) -> Result<Url, UrlRefused> {
    let url = Url::parse(text.trim()).map_err(|_| UrlRefused::Malformed)?;
    check(&url)?;
    Ok(url)
}

pub(super) fn check(url: &Url) -> Result<(), UrlRefused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlRefused::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefused::Credentials);
    }
    // Below 1024 stand the services of the machine (SMTP, SSH, LDAP …); of these only the Web's.
    if let Some(port) = url.port()
        && port < 1024
        && !matches!(port, 80 | 443)
    {
        return Err(UrlRefused::Port { port });
    }
    let public = match url.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => is_public_name(name),
        None => false,
    };
    if public {
        Ok(())
    } else {
        Err(UrlRefused::NotPublic)
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // A name without a dot is searched in the local network first.
    name.contains('.')
        && !PRIVATE_NAMES.iter().any(|private| {
            name.strip_suffix(private)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Whether an address belongs to the public Internet: not in the special-purpose registries of
/// IANA (RFC 6890 and its updates), not multicast. IPv6 addresses that carry an IPv4 address inside
/// (mapped, NAT64, 6to4, Teredo) are judged by that one too.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// What of IPv4 is not the public Internet: network and length of its prefix.
const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared by carriers, RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, and clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),     // multicast, reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4
        .iter()
        .any(|(network, length)| (address.to_bits() ^ network.to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 is global unicast (RFC 4291, section 2.4): loopback, unspecified, link-local,
    // unique local, multicast and the mapped IPv4 addresses all lie outside.
    let v4_inside = match segments {
        // mapped, RFC 4291 section 2.5.5.2
        [0, 0, 0, 0, 0, 0xffff, high, low] => return is_public_v4(v4(high, low)),
        // NAT64, RFC 6052
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return is_public_v4(v4(high, low)),
        // 6to4, RFC 3056
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // Teredo, RFC 4380: the client's address is inverted
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        _ => None,
    };
    let [first, second, third, ..] = segments;
    let global = (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && second == 0xdb8)                    // documentation
        && !(first == 0x3fff && second < 0x1000)                    // documentation, RFC 9637
        && !(first == 0x2001 && second == 2 && third == 0)          // benchmarks
        && !(first == 0x2001 && (0x10..0x40).contains(&second)); // ORCHID
    global && v4_inside.is_none_or(is_public_v4)
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
