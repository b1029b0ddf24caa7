#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::{any, proptest};
use reqwest::header::HeaderValue;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::testing::ManualClock;

const LIMIT: u64 = 1_000;

/// Names as a test says they are.
struct Told(BTreeMap<String, Vec<IpAddr>>);

impl Names for Told {
    async fn lookup(&self, name: String) -> std::io::Result<Vec<SocketAddr>> {
        let addresses = self.0.get(&name).cloned().unwrap_or_default();
        Ok(addresses
            .into_iter()
            .map(|ip| SocketAddr::new(ip, 0))
            .collect())
    }
}

fn told(name: &str, addresses: &[IpAddr]) -> Arc<Told> {
    Arc::new(Told(BTreeMap::from([(
        name.to_owned(),
        addresses.to_vec(),
    )])))
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A client for which the mock server's address counts as public, but only behind a name.
fn lenient(names: Arc<Told>, max_redirects: usize) -> PublicClient {
    let resolver = PublicResolver {
        names,
        allowed: |ip| ip == LOOPBACK || is_public(ip),
    };
    PublicClient::with_resolver(&HttpSettings::default(), max_redirects, resolver).unwrap()
}

fn text_of(error: &dyn std::error::Error) -> String {
    crate::telemetry::chain(error)
}

#[test]
fn every_spelling_of_a_private_address_is_refused() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0",
        // decimal, octal, hexadecimal and mixed
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        // private, shared, link-local, documentation, benchmark, multicast, broadcast
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        // IPv6, and IPv4 inside it
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[::169.254.169.254]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2002:c0a8:101::1]",
        "[2001:0:0:0:0:0:80ff:fffe]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
        "[100::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[2001:2::1]",
        "[2001:10::1]",
        "[5f00::1]",
        // names that mean the machine or its network
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "metadata.google.internal",
        "metadata",
        "intranet",
        "nas.lan",
        "router.home.arpa",
        "x.corp",
        "localhost.localdomain",
        "abc.onion",
        // the same in full-width and circled digits and letters (UTS 46)
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "ｌｏｃａｌｈｏｓｔ",
        "127。0。0。1",
    ] {
        for rest in ["", "/", ":8080/x", "?a=b", "/#x"] {
            let address = format!("http://{host}{rest}");
            assert_eq!(check_url(&address), Err(UrlRefused::NotPublic), "{address}");
        }
    }
}

#[test]
fn tricks_of_notation_are_refused() {
    let cases = [
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.org/x", "scheme"),
        ("ftp://example.org/", "scheme"),
        ("dict://example.org:11211/", "scheme"),
        ("ldap://example.org/", "scheme"),
        ("ws://example.org/", "scheme"),
        ("data:text/plain,x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("unix:/var/run/docker.sock", "scheme"),
        ("http://user@example.org/", "user"),
        ("http://user:pass@example.org/", "user"),
        ("http://example.org@127.0.0.1/", "user"),
        ("http://:pass@example.org/", "user"),
        ("http://example.org:22/", "port"),
        ("http://example.org:25/", "port"),
        ("http://example.org:0/", "port"),
        ("http://", "no URL"),
        ("//example.org", "no URL"),
        ("example.org", "no URL"),
        ("http://[::1", "no URL"),
        ("http://256.256.256.256/", "no URL"),
        ("http://1.2.3.4.5/", "no URL"),
        ("http://ex ample.org/", "no URL"),
        ("http://example.org:99999/", "no URL"),
        ("", "no URL"),
        // Backslashes are slashes, line breaks vanish: what is checked is what is called.
        ("http://127.0.0.1\\@example.org/", "public"),
        ("http:\\\\127.0.0.1\\", "public"),
        ("http:127.0.0.1", "public"),
        ("http://12\n7.0.0.1/", "public"),
        ("http://127.0.0.1%2f@example.org/", "user"),
        ("http://127%2e0%2e0%2e1/", "public"),
    ];
    for (address, reason) in cases {
        let refused = check_url(address).unwrap_err();
        assert!(refused.to_string().contains(reason), "{address}: {refused}");
    }
}

#[test]
fn public_addresses_pass() {
    for address in [
        "https://example.org/hook",
        "https://example.org./hook",
        "http://8.8.8.8/",
        "http://134744072/",
        "https://example.org:8443/a?b=c#d",
        "https://[2606:4700:4700::1111]/",
        "http://[::ffff:8.8.8.8]/",
        "https://educação.example.org/",
        "https://localhost.example.org/",
        "https://mylocal.org/",
        " https://example.org ",
        "http://172.32.0.1/",
        "http://100.128.0.1/",
    ] {
        assert!(
            check_url(address).is_ok(),
            "{address}: {:?}",
            check_url(address)
        );
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_never_called() {
    let server = MockServer::start().await;
    Mock::given(path("/"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let resolver = PublicResolver {
        names: told("rebind.example.org", &[LOOPBACK]),
        allowed: is_public,
    };
    let client = PublicClient::with_resolver(&HttpSettings::default(), 3, resolver).unwrap();
    let address = format!("http://rebind.example.org:{}/", server.address().port());
    let error = HttpError::from(
        client
            .request(Method::GET, &address)
            .unwrap()
            .send()
            .await
            .unwrap_err(),
    );
    assert!(matches!(error, HttpError::Connection(_)), "{error:?}");
    assert!(
        text_of(&error).contains("not on the public Internet"),
        "{}",
        text_of(&error)
    );
}

#[tokio::test]
async fn only_the_addresses_that_were_checked_are_connected_to() {
    let private: Vec<IpAddr> = vec![
        Ipv4Addr::new(10, 0, 0, 1).into(),
        Ipv6Addr::LOCALHOST.into(),
        Ipv4Addr::new(169, 254, 169, 254).into(),
    ];
    let mut mixed = private.clone();
    mixed.push(Ipv4Addr::new(8, 8, 8, 8).into());
    let resolve = async |addresses: &[IpAddr]| {
        let resolver = PublicResolver {
            names: told("x.example", addresses),
            allowed: is_public,
        };
        let resolved = resolver.resolve("x.example".parse().unwrap()).await;
        resolved.map(|addresses| addresses.map(|address| address.ip()).collect::<Vec<_>>())
    };
    assert!(resolve(&private).await.is_err());
    assert!(resolve(&[]).await.is_err());
    assert_eq!(resolve(&mixed).await.unwrap(), [IpAddr::from([8, 8, 8, 8])]);
}

#[tokio::test]
async fn every_redirect_is_checked() {
    let server = MockServer::start().await;
    let port = server.address().port();
    let redirect = |from: &str, to: String| {
        Mock::given(path(from.to_owned()))
            .respond_with(ResponseTemplate::new(302).insert_header("location", to))
            .mount(&server)
    };
    redirect(
        "/to-metadata",
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    )
    .await;
    redirect("/to-loopback", format!("http://127.0.0.1:{port}/secret")).await;
    redirect("/to-decimal", format!("http://2130706433:{port}/secret")).await;
    redirect("/to-file", "file:///etc/passwd".to_owned()).await;
    redirect(
        "/to-user",
        format!("http://a:b@aulas.example.org:{port}/ok"),
    )
    .await;
    redirect("/chain", "/to-loopback".to_owned()).await;
    redirect("/loop", "/loop".to_owned()).await;
    redirect("/good", "/ok".to_owned()).await;
    Mock::given(path("/ok"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let secret = Mock::given(path("/secret"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0);
    secret.mount(&server).await;

    let client = lenient(told("aulas.example.org", &[LOOPBACK]), 3);
    let get = |path: &str| {
        let address = format!("http://aulas.example.org:{port}{path}");
        client.request(Method::GET, &address).unwrap().send()
    };
    for path in [
        "/to-metadata",
        "/to-loopback",
        "/to-decimal",
        "/to-user",
        "/chain",
    ] {
        assert!(get(path).await.is_err(), "{path}");
    }
    // The client does not speak such schemes: the redirect itself is the answer.
    assert!(
        get("/to-file")
            .await
            .map_or(true, |answer| answer.status() == 302)
    );
    assert_eq!(get("/good").await.unwrap().status(), 200);
    assert_eq!(
        get("/loop").await.unwrap().status(),
        302,
        "stops after three"
    );
}

#[tokio::test]
async fn the_operators_client_follows_no_redirect() {
    let server = MockServer::start().await;
    let away = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    Mock::given(path("/"))
        .respond_with(away)
        .mount(&server)
        .await;
    Mock::given(path("/elsewhere"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let client = client(&HttpSettings::default()).unwrap();
    let answer = client
        .get(server.uri())
        .bearer_auth("key")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 307);
}

#[tokio::test]
async fn bodies_are_read_up_to_their_limit() {
    let server = MockServer::start().await;
    let body = |length: usize| ResponseTemplate::new(200).set_body_bytes(vec![b'x'; length]);
    Mock::given(path("/fits"))
        .respond_with(body(1_000))
        .mount(&server)
        .await;
    Mock::given(path("/larger"))
        .respond_with(body(1_001))
        .mount(&server)
        .await;
    Mock::given(path("/json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"n": 5})))
        .mount(&server)
        .await;
    let client = client(&HttpSettings::default()).unwrap();
    let get = async |path: &str| {
        client
            .get(format!("{}{path}", server.uri()))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        read_capped(get("/fits").await, LIMIT).await.unwrap().len(),
        1_000
    );
    let refused = read_capped(get("/larger").await, LIMIT).await;
    assert!(
        matches!(refused, Err(HttpError::TooLarge { limit: LIMIT })),
        "{refused:?}"
    );
    let json: BTreeMap<String, u32> = read_json(get("/json").await, LIMIT).await.unwrap();
    assert_eq!(json["n"], 5);
    let wrong = read_json::<Vec<u32>>(get("/json").await, LIMIT).await;
    assert!(matches!(wrong, Err(HttpError::Json(_))), "{wrong:?}");
}

/// Answers one connection with these bytes and closes it.
async fn raw_server(answer: &'static [u8]) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1_024];
        let _read = connection.read(&mut request).await.unwrap();
        connection.write_all(answer).await.unwrap();
    });
    address
}

#[tokio::test]
async fn a_body_without_a_length_is_capped_too() {
    const ANSWER: &[u8] = &{
        let mut answer = [b'x'; 5_000];
        let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let mut at = 0;
        while at < head.len() {
            answer[at] = head[at];
            at += 1;
        }
        answer
    };
    let address = raw_server(ANSWER).await;
    let client = client(&HttpSettings::default()).unwrap();
    let answer = client
        .get(format!("http://{address}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.content_length(), None);
    let refused = read_capped(answer, LIMIT).await;
    assert!(
        matches!(refused, Err(HttpError::TooLarge { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_broken_connection_may_be_tried_again() {
    let address = raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    let client = client(&HttpSettings::default()).unwrap();
    let answer = client
        .get(format!("http://{address}/?key=hunter2"))
        .send()
        .await
        .unwrap();
    let error = read_capped(answer, LIMIT).await.unwrap_err();
    assert!(matches!(error, HttpError::Connection(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::Soon);

    let nobody = client
        .get("http://127.0.0.1:1/?key=hunter2")
        .send()
        .await
        .unwrap_err();
    let error = HttpError::from(nobody);
    assert!(matches!(error, HttpError::Connection(_)), "{error:?}");
    assert!(!format!("{error:?} {}", text_of(&error)).contains("hunter2"));
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let settings = HttpSettings {
        total_timeout: Duration::from_millis(20),
        ..HttpSettings::default()
    };
    let client = client(&settings).unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let error = HttpError::from(client.get(address).send().await.unwrap_err());
    assert!(matches!(error, HttpError::Timeout(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::Soon);
}

#[test]
fn waiting_times_are_seconds_or_dates_and_never_forever() {
    let clock = ManualClock::at(1_445_412_480_000); // Wed, 21 Oct 2015 07:28:00 GMT
    let of = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        retry_after(&headers, &clock)
    };
    assert_eq!(of("120"), Some(Duration::from_mins(2)));
    assert_eq!(of("0"), Some(Duration::ZERO));
    assert_eq!(of("999999999"), Some(MAX_RETRY_AFTER));
    assert_eq!(
        of("Wed, 21 Oct 2015 07:28:30 GMT"),
        Some(Duration::from_secs(30))
    );
    assert_eq!(of("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(
        of("Thu, 21 Oct 2099 07:00:00 GMT"),
        None,
        "the weekday is wrong"
    );
    assert_eq!(of("Wed, 21 Oct 2099 07:00:00 GMT"), Some(MAX_RETRY_AFTER));
    for nonsense in ["soon", "-5", "1.5", ""] {
        assert_eq!(of(nonsense), None, "{nonsense}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), &clock), None);
}

#[test]
fn addresses_are_logged_without_what_may_be_secret() {
    let url = Url::parse("https://user:pass@api.example.org:8443/v1/x?key=abc#frag").unwrap();
    assert_eq!(redacted(&url), "https://api.example.org:8443/v1/x");
}

proptest! {
    #[test]
    fn an_ipv4_address_is_judged_the_same_in_every_dress(bits: u32) {
        let plain = Ipv4Addr::from(bits);
        let judged = is_public(plain.into());
        let decimal = check_url(&format!("http://{bits}/")).is_ok();
        let hexadecimal = check_url(&format!("http://0x{bits:x}/")).is_ok();
        let mapped = is_public(plain.to_ipv6_mapped().into());
        assert_eq!((decimal, hexadecimal, mapped), (judged, judged, judged), "{plain}");
    }

    #[test]
    fn whatever_passes_is_a_web_address_of_a_public_host(text in "[a-z0-9:/@.\\[\\]\\\\?#%]{0,40}") {
        if let Ok(url) = check_url(&text) {
            assert!(matches!(url.scheme(), "http" | "https"));
            assert!(url.username().is_empty() && url.password().is_none());
            assert!(url.host().is_some());
        }
    }

    #[test]
    fn judging_an_address_never_panics(bits: u128, port in any::<u16>()) {
        let address = Ipv6Addr::from(bits);
        let _verdict = is_public(address.into());
        drop(check_url(&format!("http://[{address}]:{port}/")));
    }
}
