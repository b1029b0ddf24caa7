//! Recordings: listed, found by what is said in them, suggested with answers, written down.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::chat::stand_in::{Script, StandIn, answer};
use crate::materials::index::{follow, rag_server, until};
use crate::materials::{Part, text};
use crate::test_app::{On, Person, TestApp, on_both};

const SRT: &[u8] = b"1\n00:00:02,000 --> 00:00:09,000\nBem-vindos. A hipertrofia responde ao volume de treino semanal.\n\n\
2\n00:02:10,000 --> 00:02:18,500\nO descanso entre as series dura de dois a tres minutos.\n";
/// How a file of ISO base media begins; nobody plays it.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2 bytes of a recording";

async fn send(app: &TestApp, who: &Person, folder: &str, name: &str, content: &[u8]) -> Value {
    let parts: [Part<'_>; 2] = [
        ("folder", None, folder.as_bytes()),
        ("file", Some(name), content),
    ];
    app.send_form(who, "POST", "/api/materials/upload", &parts)
        .await
        .ok()["material"]
        .clone()
}

/// Recordings are taken once somebody allows them.
async fn allow(app: &TestApp, admin: &Person) {
    let allowed = json!({"general": {"allowedFileTypes": ".mp4,.mp3,.srt,.vtt,.txt"}});
    app.post(admin, "/api/settings", allowed).await.ok();
}

on_both! {
    async fn recordings_and_their_subtitles_are_one(app) {
        let admin = app.admin().await;
        app.upload(&admin, "aula.mp4", MP4).await.problem(415, "unsupported_type");
        allow(&app, &admin).await;
        app.upload(&admin, "aula.mp4", b"nothing of the kind").await.problem(415, "unsupported_type");
        let made = send(&app, &admin, "m 1", "aula.mp4", MP4).await;
        assert_eq!(made["state"], "stored", "the index never hears of it");
        assert!(!app.get(&admin, "/api/status").await.ok()["changes_waiting"].as_i64().unwrap().is_positive());
        send(&app, &admin, "m 1", "aula.pt-BR.srt", SRT).await;
        send(&app, &admin, "m 1", "aula.txt", b"no subtitles").await;
        send(&app, &admin, "", "sozinha.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\noi\n").await;
        send(&app, &admin, "", "muda.mp3", b"ID3 sound").await;
        let student = app.member(&admin, "aluna", "student").await;
        let listed = app.get(&student, "/api/video/list").await.ok();
        assert_eq!((&listed["status"], &listed["total"]), (&json!("success"), &json!(3)));
        let told: Vec<_> = listed["videos"].as_array().unwrap().iter()
            .map(|video| (text(video, "video_path"), &video["recording"], &video["subtitles"]))
            .collect();
        assert_eq!(told, [
            ("m 1/aula.mp4".to_owned(), &json!("m 1/aula.mp4"), &json!(["m 1/aula.pt-BR.srt"])),
            ("muda.mp3".to_owned(), &json!("muda.mp3"), &json!([])),
            ("sozinha.vtt".to_owned(), &Value::Null, &json!(["sozinha.vtt"])),
        ]);
        for id in ["m%201/aula.mp4", "m%201/aula.pt-BR.srt"] {
            let analysis = app.get(&student, &format!("/api/video/analyze/{id}")).await.ok();
            assert_eq!((&analysis["duration"], &analysis["video"]["video_path"]), (&json!(139), &json!("m 1/aula.mp4")));
            let topics: Vec<_> = analysis["topics"].as_array().unwrap().iter()
                .map(|part| (part["start_timestamp"].as_u64().unwrap(), text(part, "topic")))
                .collect();
            assert_eq!(topics, [(2, "Bem-vindos".to_owned()), (130, "O descanso entre as series dura de dois a tres minutos".to_owned())]);
        }
        let silent = app.get(&student, "/api/video/analyze/muda.mp3").await.ok();
        assert_eq!((&silent["duration"], &silent["topics"]), (&Value::Null, &json!([])), "nothing is made up");
        for id in ["m%201/aula.txt", "nenhum.mp4"] {
            app.get(&student, &format!("/api/video/analyze/{id}")).await.problem(404, "material_not_found");
        }
        app.delete(&admin, "/api/materials/m%201/aula.mp4").await.ok();
        let listed = app.get(&student, "/api/video/list").await.ok();
        assert_eq!(listed["videos"][0]["video_path"], "m 1/aula.pt-BR.srt");
        app.stop().await;
    }

    async fn a_frame_shows_a_recording_from_a_second_on(app) {
        let admin = app.admin().await;
        allow(&app, &admin).await;
        send(&app, &admin, "m 1", "aula.mp4", MP4).await;
        send(&app, &admin, "m 1", "aula.srt", SRT).await;
        let shown = app.post(&admin, "/api/video/embed", json!({"video_path": "m 1/aula.mp4", "start": 95})).await.ok();
        assert_eq!((&shown["kind"], &shown["video_title"], &shown["start_timestamp"]), (&json!("material"), &json!("Aula"), &json!(95)));
        let url = text(&shown, "embed_url");
        let path = url.strip_suffix("#t=95").unwrap();
        let played = app.call(None, "GET", path, None).await;
        assert_eq!((played.status, played.content_type.as_str(), played.text.as_bytes()), (200, "video/mp4", MP4));
        assert!(played.header("content-security-policy").contains("frame-ancestors 'self'"));
        assert_eq!((played.header("x-frame-options"), played.header("content-disposition").split(';').next().unwrap()), ("SAMEORIGIN", "inline"));
        let page = app.get(&admin, "/api/materials/m%201/aula.srt").await;
        assert_eq!(page.header("x-frame-options"), "DENY", "what is not played is not framed");
        let drive = json!({"url": "https://drive.google.com/file/d/1AbC_dEf-23456/view", "start": 95});
        let shown = app.post(&admin, "/api/video/embed", drive).await.ok();
        assert_eq!(shown["embed_url"], "https://drive.google.com/file/d/1AbC_dEf-23456/preview?t=1m35s");
        for (body, pointer) in [
            (json!({"url": "https://example.org/v.mp4"}), "/url"),
            (json!({}), "/video_path"),
            (json!({"url": "x", "video_path": "y"}), "/video_path"),
            (json!({"video_path": "a.mp4", "start": -1}), "/start"),
        ] {
            let refused = app.post(&admin, "/api/video/embed", body.clone()).await.problem(422, "unprocessable");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        }
        app.post(&admin, "/api/video/embed", json!({"video_path": "m 1/aula.srt"})).await.problem(404, "material_not_found");
        app.post(&admin, "/api/video/transcribe", json!({"video_path": "m 1/aula.mp4"})).await.problem(409, "not_configured");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_found_and_suggested() {
    let rag = rag_server().await;
    let url = rag.url().to_string();
    let variables = [
        ("RAG_SERVER_URL", url.as_str()),
        ("API__SERVER__WORKER", "true"),
    ];
    for on in [On::Embedded, On::Shared] {
        let Some(app) = TestApp::in_real_time(on, &variables).await else {
            continue;
        };
        let admin = app.admin().await;
        allow(&app, &admin).await;
        let folder = format!("{on:?}");
        let path = format!("{folder}/aula.mp4");
        send(&app, &admin, &folder, "aula.mp4", MP4).await;
        let made = send(&app, &admin, &folder, "aula.srt", SRT).await;
        let events = format!("/api/materials/{}", text(&made, "id"));
        assert_eq!(
            text(&follow(&app, &admin, &events).await.1, "state"),
            "ready"
        );

        let wanted = json!({"query": "descanso entre as séries", "limit": 3});
        let found = app.post(&admin, "/api/video/search", wanted).await.ok();
        let best = &found["results"][0];
        assert_eq!(
            (
                &best["video_path"],
                &best["start_timestamp"],
                &best["end_timestamp"]
            ),
            (&json!(path), &json!(130), &json!(139)),
            "{found}"
        );
        assert!(text(best, "text").contains("dois a tres minutos"));

        let question = json!({"content": "Quanto dura o descanso entre as séries?"});
        let answer = app
            .post(&admin, "/api/chat/educational", question)
            .await
            .ok();
        assert_eq!(answer["sources"][0]["locator"]["kind"], "time", "{answer}");
        let suggestion = &answer["video_suggestions"][0];
        assert_eq!(
            (
                &suggestion["video_path"],
                &suggestion["start_timestamp"],
                &suggestion["video_title"]
            ),
            (&json!(path), &json!(130), &json!("Aula"))
        );
        for field in ["topic", "difficulty_level", "description"] {
            assert!(!text(suggestion, field).is_empty(), "{suggestion}");
        }
        // Kept with the answer.
        let id = text(&answer, "conversation_id");
        let kept = app
            .get(&admin, &format!("/api/chat/conversations/{id}"))
            .await;
        assert!(kept.text.contains(&path), "{kept:?}");
        let unknown = json!({"content": "Qual é a capital da Mongólia?"});
        let answer = app
            .post(&admin, "/api/chat/educational", unknown)
            .await
            .ok();
        assert_eq!(answer["video_suggestions"], json!([]), "{answer}");
        for id in ["aula.mp4", "aula.srt"] {
            app.delete(&admin, &format!("/api/materials/{folder}/{id}"))
                .await
                .ok();
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_beside_what_is_cited_is_suggested() {
    let rag = StandIn::start(Script::default()).await;
    for on in [On::Embedded, On::Shared] {
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        allow(&app, &admin).await;
        let slides = send(&app, &admin, "modulo-1", "aula-03.txt", b"Fala da carga").await;
        let ask = async |uid: &str| {
            let mut cited = answer("A carga cresce. [1]", 0.0);
            cited["sources"][0]["material_id"] = json!(uid);
            rag.answers(cited);
            let question = json!({"content": "O que é carga?"});
            app.post(&admin, "/api/chat", question).await.ok()["video_suggestions"].clone()
        };
        let uid = text(&slides, "uid");
        assert_eq!(ask(&uid).await, json!([]), "there is no recording");
        send(&app, &admin, "modulo-1", "aula-03.mp4", MP4).await;
        send(
            &app,
            &admin,
            "modulo-2",
            "aula-03.mp4",
            b"\0\0\0\x18ftypisom another",
        )
        .await;
        let suggested = ask(&uid).await;
        assert_eq!(
            suggested,
            json!([{
                "topic": "Aula 3", "video_path": "modulo-1/aula-03.mp4", "video_title": "Aula 03", "start_timestamp": 0,
                "difficulty_level": "intermediate", "description": "Fale com ana@escola.example.br"
            }])
        );
        assert_eq!(
            ask("nobody").await,
            json!([]),
            "what has no row is not shown"
        );
        app.stop().await;
    }
}

/// An OpenAI-compatible transcription endpoint that answers in turn, and keeps what it was sent.
struct Endpoint {
    url: String,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Endpoint {
    async fn start(answers: Vec<(u16, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                loop {
                    let mut part = [0; 4096];
                    let read = socket.read(&mut part).await.unwrap();
                    bytes.extend_from_slice(&part[..read]);
                    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                    let Some(end) = end else { continue };
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
                    let length: usize = length.unwrap().trim().parse().unwrap();
                    if bytes.len() >= end + 4 + length {
                        break;
                    }
                }
                kept.lock().await.push(bytes);
                let reply = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: text/vtt\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                socket.write_all(reply.as_bytes()).await.unwrap();
            }
        });
        Self { url, heard }
    }

    async fn app(&self, on: On) -> Option<TestApp> {
        let variables = [
            ("TRANSCRIPTION_BASE_URL", self.url.as_str()),
            ("TRANSCRIPTION_API_KEY", "chave-secreta-de-teste"),
            ("TRANSCRIPTION_LANGUAGE", "pt"),
            ("API__SERVER__WORKER", "true"),
        ];
        TestApp::on(on, &variables).await
    }
}

async fn transcription(app: &TestApp, who: &Person) -> (Value, Value) {
    let listed = app.get(who, "/api/video/list").await.ok();
    let video = &listed["videos"][0];
    (
        video["transcription"].clone(),
        video["transcription_reason"].clone(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_written_down() {
    const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nHipertrofia.\n";
    for on in [On::Embedded, On::Shared] {
        // Away for a moment first.
        let endpoint = Endpoint::start(vec![(503, ""), (200, VTT)]).await;
        let Some(app) = endpoint.app(on).await else {
            continue;
        };
        let admin = app.admin().await;
        let types = app.get(&admin, "/api/settings").await.ok();
        assert!(
            types["settings"]["general"]["allowedFileTypes"]
                .as_str()
                .unwrap()
                .contains(".mp4")
        );
        send(&app, &admin, "m", "aula.mp4", MP4).await;
        until("the first attempt has failed", async || {
            endpoint.heard.lock().await.len() == 1
        })
        .await;
        assert_eq!(transcription(&app, &admin).await.0, "queued");
        until("the recording is written down", async || {
            app.clock.advance(Duration::from_secs(30));
            app.post(
                &admin,
                "/api/video/embed",
                json!({"video_path": "m/aula.mp4"}),
            )
            .await
            .ok();
            // Asking again only brings it forward.
            let state = transcription(&app, &admin).await.0;
            if state == "queued" && endpoint.heard.lock().await.len() == 1 {
                app.post(
                    &admin,
                    "/api/video/transcribe",
                    json!({"video_path": "m/aula.mp4"}),
                )
                .await
                .ok();
            }
            state == "done"
        })
        .await;
        let subtitles = app.get(&admin, "/api/materials/m/aula.vtt").await;
        assert_eq!((subtitles.status, subtitles.text.as_str()), (200, VTT));
        let known = app
            .get(&admin, "/api/materials/m/aula.vtt/metadata")
            .await
            .ok();
        assert_eq!(
            (&known["uploadedBy"], &known["title"], &known["state"]),
            (&json!("diretora"), &json!("Aula"), &json!("queued"))
        );
        let sent = String::from_utf8_lossy(&endpoint.heard.lock().await[1]).into_owned();
        assert!(
            sent.starts_with("POST /v1/audio/transcriptions HTTP/1.1\r\n"),
            "{sent}"
        );
        assert!(sent.contains("authorization: Bearer chave-secreta-de-teste\r\n"));
        for (name, value) in [
            ("model", "whisper-1"),
            ("response_format", "vtt"),
            ("language", "pt"),
        ] {
            assert!(
                sent.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")),
                "{sent}"
            );
        }
        assert!(
            sent.contains("filename=\"recording.mp4\"")
                && sent.contains("bytes of a recording\r\n--"),
            "{sent}"
        );
        assert!(!sent.contains("aula"), "names stay here");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_says_why() {
    for (status, body, reason) in [
        (413, "", "não aceitou este arquivo"),
        (200, "{\"text\": \"sem tempos\"}", "WebVTT"),
    ] {
        let endpoint = Endpoint::start(vec![(status, body)]).await;
        let app = endpoint.app(On::Embedded).await.unwrap();
        let admin = app.admin().await;
        send(&app, &admin, "", "aula.mp3", b"ID3 sound").await;
        until("it is given up", async || {
            transcription(&app, &admin).await.0 == "failed"
        })
        .await;
        let told = transcription(&app, &admin).await.1;
        assert!(told.as_str().unwrap().contains(reason), "{told}");
        assert_eq!(app.material_ids(&admin).await, ["aula.mp3"]);
        app.stop().await;
    }
}
