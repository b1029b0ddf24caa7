//! Mails through a real SMTP exchange, with a server that is away, says later, hangs up or says no.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::test_app::{PASSWORD, TestApp};

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Takes it.
    Takes,
    /// Greylisting: not now.
    Later,
    /// Reads it and is gone before it says anything.
    HangsUp,
    /// The mailbox does not exist.
    Refuses,
}

/// A mail as it came.
#[derive(Debug, Clone, Default)]
struct Received {
    from: String,
    to: String,
    data: String,
}

#[derive(Default)]
struct Sink {
    moods: Mutex<VecDeque<Mood>>,
    received: Mutex<Vec<Received>>,
}

impl Sink {
    fn serve(self: &Arc<Self>, listener: TcpListener) {
        let sink = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = Arc::clone(&sink);
                // A client that hangs up ends its conversation, not the server.
                tokio::spawn(async move { drop(sink.talk(stream).await) });
            }
        });
    }

    /// The server's half of RFC 5321, as far as one mail needs it.
    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 sink\r\n").await?;
        let mut mail = Received::default();
        let mut mood = Mood::Takes;
        while let Some(line) = lines.next_line().await? {
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-sink\r\n250 8BITMIME\r\n",
                "MAIL" => {
                    mail = Received {
                        from: line,
                        ..Received::default()
                    };
                    mood = self
                        .moods
                        .lock()
                        .unwrap()
                        .pop_front()
                        .unwrap_or(Mood::Takes);
                    "250 ok\r\n"
                }
                "RCPT" => match mood {
                    Mood::Later => "451 try again later\r\n",
                    Mood::Refuses => "550 no such mailbox\r\n",
                    Mood::Takes | Mood::HangsUp => {
                        mail.to = line;
                        "250 ok\r\n"
                    }
                },
                "DATA" => {
                    writer.write_all(b"354 go on\r\n").await?;
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            break;
                        }
                        mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                        mail.data.push_str("\r\n");
                    }
                    if mood == Mood::HangsUp {
                        return Ok(());
                    }
                    self.received.lock().unwrap().push(mail.clone());
                    "250 taken\r\n"
                }
                "QUIT" => {
                    writer.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "250 ok\r\n",
            };
            writer.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Quoted-printable (RFC 2045, section 6.7) as text.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        if let (b'=', Some(byte)) = (first, code) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

async fn waiting(app: &TestApp) -> i64 {
    // Hours go by here, and tokens end.
    let admin = app.admin().await;
    app.get(&admin, "/status").await.ok()["mails_waiting"]
        .as_i64()
        .unwrap()
}

async fn ask_for_a_link(app: &TestApp, name: &str) {
    let path = "/auth/public/request-password-reset";
    app.call(None, "POST", path, Some(json!({"username": name})))
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_in_the_end_whatever_the_mail_server_does_meanwhile() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let variables = [
        ("EMAIL_HOST", "127.0.0.1"),
        ("EMAIL_PORT", &*port.to_string()),
        ("EMAIL_SECURITY", "none"),
        ("EMAIL_FROM", "Acervo <acervo@example.org>"),
    ];
    let app = TestApp::with(&variables).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    // The mail that told her of her account stays out of the way: she is let in already.
    app.services.send_mails().await.unwrap();
    app.clock.advance(Duration::from_hours(1));
    app.services.send_mails().await.unwrap();
    assert_eq!(waiting(&app).await, 0);
    ask_for_a_link(&app, "ana").await;

    // Nobody listens.
    assert_eq!(app.services.send_mails().await.unwrap(), 0);
    assert_eq!(waiting(&app).await, 1);
    // Not before its time.
    let sink = Arc::new(Sink::default());
    sink.serve(TcpListener::bind(("127.0.0.1", port)).await.unwrap());
    assert_eq!(app.services.send_mails().await.unwrap(), 0);
    assert!(sink.received().is_empty());
    sink.moods
        .lock()
        .unwrap()
        .extend([Mood::Later, Mood::HangsUp]);
    for attempt in 0..2 {
        app.clock.advance(Duration::from_hours(1));
        assert_eq!(
            app.services.send_mails().await.unwrap(),
            0,
            "attempt {attempt}"
        );
        assert_eq!(waiting(&app).await, 1, "attempt {attempt}");
    }
    assert!(sink.moods.lock().unwrap().is_empty() && sink.received().is_empty());
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(app.services.send_mails().await.unwrap(), 1);
    assert_eq!(waiting(&app).await, 0);

    let received = sink.received();
    let [mail] = received.as_slice() else {
        panic!("{received:?}")
    };
    assert!(
        mail.from.contains("<acervo@example.org>") && mail.to.contains("<ana@example.org>"),
        "{mail:?}"
    );
    let text = unquoted(&mail.data);
    for part in [
        "Subject:",
        "To: ana@example.org",
        "text/plain",
        "text/html",
        "Definir senha",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The link in it is the good one.
    let link: url::Url = text
        .lines()
        .find(|line| line.starts_with("http"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let token = link
        .query_pairs()
        .find(|(key, _)| key == "token")
        .unwrap()
        .1
        .into_owned();
    let body =
        json!({"token": token, "username": "ana", "new_password": "barco vermelho ancorado"});
    app.call(
        None,
        "POST",
        "/auth/public/confirm-password-reset",
        Some(body),
    )
    .await
    .ok();
    app.person("ana", "barco vermelho ancorado").await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_nobody_can_receive_is_given_up_and_the_next_one_goes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let sink = Arc::new(Sink::default());
    sink.serve(listener);
    let variables = [
        ("EMAIL_HOST", "127.0.0.1"),
        ("EMAIL_PORT", &port),
        ("EMAIL_SECURITY", "none"),
        ("EMAIL_FROM", "acervo@example.org"),
    ];
    let app = TestApp::with(&variables).await;
    let admin = app.admin().await;
    for name in ["ana", "beto"] {
        app.member(&admin, name, "student").await;
    }
    app.services.send_mails().await.unwrap();
    sink.received.lock().unwrap().clear();
    sink.moods.lock().unwrap().push_back(Mood::Refuses);
    ask_for_a_link(&app, "ana").await;
    app.services.send_mails().await.unwrap();
    ask_for_a_link(&app, "beto").await;
    app.services.send_mails().await.unwrap();
    assert_eq!(waiting(&app).await, 0);
    let received = sink.received();
    let [mail] = received.as_slice() else {
        panic!("{received:?}")
    };
    assert!(mail.to.contains("beto@example.org"), "{mail:?}");
    app.person("ana", PASSWORD).await;
    app.stop().await;
}
