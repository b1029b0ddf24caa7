//! OpenAI-compatible endpoints, played by a local server that answers as real ones do, well and badly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::time::Duration;

use embed::{EmbedError, Embedder, OpenAiEmbedder, OpenAiSettings, Passage, Retry};
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const KEY: &str = "sk-muito-secreta-123";
const TEXT: &str = "texto confidencial do aluno";

fn settings(server: &MockServer) -> OpenAiSettings {
    let url = format!("{}/v1", server.uri()).parse().unwrap();
    OpenAiSettings {
        api_key: Some(KEY.to_owned().into()),
        dimensions: Some(3),
        batch_size: 2,
        backoff: Duration::from_millis(1),
        query_prefix: "query: ".to_owned(),
        passage_prefix: "passage: ".to_owned(),
        ..OpenAiSettings::new(url, "pequeno")
    }
}

async fn embedder(server: &MockServer) -> OpenAiEmbedder {
    OpenAiEmbedder::new(settings(server)).await.unwrap()
}

fn passages(count: usize) -> Vec<Passage> {
    (0..count)
        .map(|n| Passage {
            text: format!("{TEXT} {n}"),
            sentences: vec![0..5],
        })
        .collect()
}

/// The texts that a request asks for.
fn inputs(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    serde_json::from_value(body["input"].clone()).unwrap()
}

/// Answers with vectors that tell the texts apart, in an order of its own choice.
struct Vectors {
    reverse: bool,
}

impl Respond for Vectors {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let entry = |(index, text): (usize, &String)| {
            let number = text
                .rsplit(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0.0);
            json!({"object": "embedding", "index": index, "embedding": [3.0, number, 4.0]})
        };
        let mut data = inputs(request)
            .iter()
            .enumerate()
            .map(entry)
            .collect::<Vec<_>>();
        if self.reverse {
            data.reverse();
        }
        let usage = json!({"prompt_tokens": 5, "total_tokens": 5});
        ResponseTemplate::new(200).set_body_json(
            json!({"object": "list", "data": data, "model": "pequeno", "usage": usage}),
        )
    }
}

fn endpoint() -> wiremock::MockBuilder {
    Mock::given(method("POST")).and(path("/v1/embeddings"))
}

/// A server that always answers this.
async fn answering(answer: impl Respond + 'static) -> MockServer {
    let server = MockServer::start().await;
    endpoint().respond_with(answer).mount(&server).await;
    server
}

/// Fails if an error shows the key, a text, or the address.
fn assert_discreet(error: &EmbedError, server: &MockServer) {
    for shown in [error.to_string(), format!("{error:?}")] {
        for secret in [
            KEY,
            TEXT,
            "confidencial",
            &server.address().port().to_string(),
        ] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

/// The error of a question to a server that always answers this, and how often it was asked.
async fn failure(answer: impl Respond + 'static) -> (EmbedError, usize) {
    let server = answering(answer).await;
    let error = embedder(&server).await.embed_query(TEXT).await.unwrap_err();
    assert_discreet(&error, &server);
    (error, server.received_requests().await.unwrap().len())
}

fn bad_answer(error: &EmbedError) -> &str {
    match error {
        EmbedError::BadAnswer { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn batches_are_asked_in_order_and_answers_sorted() {
    let server = MockServer::start().await;
    endpoint()
        .and(header("authorization", format!("Bearer {KEY}")))
        .and(header("content-type", "application/json"))
        .and(body_partial_json(json!({"model": "pequeno"})))
        .respond_with(Vectors { reverse: true })
        .expect(3)
        .mount(&server)
        .await;
    let vectors = embedder(&server)
        .await
        .embed_passages(&passages(5))
        .await
        .unwrap();
    assert_eq!(vectors.len(), 5);
    for (n, vectors) in (0_u8..).zip(&vectors) {
        let length = (25.0 + f32::from(n) * f32::from(n)).sqrt();
        let expected = [3.0, f32::from(n), 4.0].map(|value: f32| value / length);
        let error = vectors
            .vector
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs());
        assert!(error.sum::<f32>() < 1e-6, "{n}: {vectors:?}");
        assert!(vectors.sentences.is_empty() && !vectors.truncated);
    }
    let requests = server.received_requests().await.unwrap();
    let texts = requests.iter().map(inputs).collect::<Vec<_>>();
    let expected = passages(5)
        .iter()
        .map(|p| format!("passage: {}", p.text))
        .collect::<Vec<_>>();
    assert_eq!(texts, [&expected[..2], &expected[2..4], &expected[4..]]);
}

#[tokio::test]
async fn a_question_has_its_prefix_and_unit_length() {
    let server = answering(Vectors { reverse: false }).await;
    let vector = embedder(&server)
        .await
        .embed_query("Quando?")
        .await
        .unwrap();
    assert_eq!(vector, [0.6, 0.0, 0.8]);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(inputs(&requests[0]), ["query: Quando?"]);
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let server = answering(Vectors { reverse: false }).await;
    let settings = OpenAiSettings {
        api_key: None,
        ..settings(&server)
    };
    OpenAiEmbedder::new(settings)
        .await
        .unwrap()
        .embed_query("Quando?")
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(!requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn dimensions_are_asked_for_when_not_given() {
    let server = answering(Vectors { reverse: false }).await;
    let settings = OpenAiSettings {
        dimensions: None,
        ..settings(&server)
    };
    let embedder = OpenAiEmbedder::new(settings).await.unwrap();
    assert_eq!(embedder.dimensions(), 3);
    assert_eq!(embedder.model_id(), "pequeno@3#passage: ");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);

    let given = OpenAiEmbedder::new(self::settings(&server)).await.unwrap();
    assert_eq!(given.dimensions(), 3);
    assert_eq!(
        server.received_requests().await.unwrap().len(),
        1,
        "nothing more to ask"
    );
}

#[tokio::test]
async fn refusals_are_final() {
    for status in [301, 400, 401, 403, 404, 422] {
        let (error, requests) = failure(ResponseTemplate::new(status).set_body_string(TEXT)).await;
        assert!(
            matches!(error, EmbedError::Refused { status: s } if s == status),
            "{error:?}"
        );
        assert_eq!(error.retry(), Retry::Never);
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn an_overloaded_endpoint_is_asked_again() {
    for (status, retry_after) in [
        (429, Some("0")),
        (429, Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        (500, None),
        (503, Some("sometime")),
    ] {
        let server = MockServer::start().await;
        let mut overloaded = ResponseTemplate::new(status);
        if let Some(value) = retry_after {
            overloaded = overloaded.insert_header("retry-after", value);
        }
        endpoint()
            .respond_with(overloaded)
            .up_to_n_times(2)
            .mount(&server)
            .await;
        endpoint()
            .respond_with(Vectors { reverse: false })
            .mount(&server)
            .await;
        let vector = embedder(&server)
            .await
            .embed_query("Quando?")
            .await
            .unwrap();
        assert_eq!(vector, [0.6, 0.0, 0.8]);
        assert_eq!(
            server.received_requests().await.unwrap().len(),
            3,
            "{status} {retry_after:?}"
        );
    }
}

#[tokio::test]
async fn patience_has_an_end() {
    let (error, requests) = failure(ResponseTemplate::new(502)).await;
    assert_eq!(error.retry(), Retry::Soon);
    assert_eq!(requests, 4);
    assert!(error.to_string().contains("502"));
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let overloaded = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    let (error, requests) = failure(overloaded).await;
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(3600)));
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unavailable() {
    let server = MockServer::start().await;
    let mut settings = settings(&server);
    // Port 1 is reserved (RFC 6335) and listens nowhere; a free one could be another test's a moment later.
    let uri = "http://127.0.0.1:1";
    settings.base_url = uri.parse().unwrap();
    let error = match OpenAiEmbedder::new(settings).await {
        Ok(embedder) => embedder.embed_query(TEXT).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(
        matches!(
            error,
            EmbedError::Unavailable {
                retry_after: None,
                ..
            }
        ),
        "{uri}: {error:?}"
    );
    assert_eq!(error.retry(), Retry::Soon);
}

#[tokio::test]
async fn a_slow_answer_is_not_awaited() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(600));
    let server = answering(slow).await;
    let settings = OpenAiSettings {
        timeout: Duration::from_millis(50),
        ..settings(&server)
    };
    let embedder = OpenAiEmbedder::new(settings).await.unwrap();
    let error = embedder.embed_query(TEXT).await.unwrap_err();
    assert_discreet(&error, &server);
    assert_eq!(
        error.to_string(),
        "embedding endpoint is unavailable: no answer in time"
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn answers_that_do_not_fit_the_question_are_refused() {
    let entry = |index: usize, vector: Value| json!({"index": index, "embedding": vector});
    let good = json!([1.0, 2.0, 2.0]);
    for (data, reason) in [
        (json!([entry(0, good.clone())]), "1 vectors for 2 texts"),
        (json!([]), "0 vectors for 2 texts"),
        (
            json!([
                entry(0, good.clone()),
                entry(1, good.clone()),
                entry(2, good.clone())
            ]),
            "3 vectors for 2 texts",
        ),
        (
            json!([entry(0, good.clone()), entry(1, json!([1.0, 2.0]))]),
            "a vector of 2 values, expected 3",
        ),
        (
            json!([entry(0, good.clone()), entry(1, json!([]))]),
            "a vector of 0 values, expected 3",
        ),
        (
            json!([entry(0, good.clone()), entry(0, good.clone())]),
            "two vectors of index 0",
        ),
        (
            json!([entry(0, good.clone()), entry(2, good.clone())]),
            "index 2 for 2 texts",
        ),
        (
            json!([entry(0, good.clone()), entry(1, json!([1.0, 1e39, 0.0]))]),
            "a value that is not finite",
        ),
        (
            json!([entry(0, good.clone()), entry(1, json!([1.0, null, 0.0]))]),
            "something else at",
        ),
        (
            json!("Internal error: texto confidencial"),
            "something else at",
        ),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(json!({"data": data}));
        let server = answering(answer).await;
        let error = embedder(&server)
            .await
            .embed_passages(&passages(2))
            .await
            .unwrap_err();
        assert_discreet(&error, &server);
        assert!(bad_answer(&error).starts_with(reason), "{error} for {data}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_answer_at_all_is_refused() {
    for body in [
        "",
        "<html>texto confidencial</html>",
        "{\"data\": [{\"index\": 0, \"embedding\": [NaN, 1, 2]}]}",
        "{\"data\": [{\"index\": 0, \"embedding\": [1, 2, 1e999]}]}",
        "{\"data\": [{\"index\": -1, \"embedding\": [1, 2, 3]}]}",
        "{\"data\": [{\"index\": 0, \"embedding\": [1, 2, 3]",
    ] {
        let (error, requests) = failure(ResponseTemplate::new(200).set_body_string(body)).await;
        assert!(
            bad_answer(&error).starts_with("something else"),
            "{error} for {body}"
        );
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn a_huge_body_is_not_read_to_its_end() {
    let (error, _) = failure(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 1 << 20])).await;
    assert_eq!(bad_answer(&error), "more than 327680 bytes");
}

#[tokio::test]
async fn keys_and_addresses_are_not_shown() {
    let server = MockServer::start().await;
    let mut settings = settings(&server);
    settings
        .base_url
        .set_password(Some("senha-do-proxy"))
        .unwrap();
    let shown = [
        format!("{settings:?}"),
        format!("{:?}", OpenAiEmbedder::new(settings).await),
    ];
    for shown in shown {
        assert!(
            !shown.contains(KEY) && !shown.contains("senha-do-proxy"),
            "{shown}"
        );
        assert!(shown.contains("127.0.0.1"), "{shown}");
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let server = MockServer::start().await;
    let newline = Some("duas\nlinhas".to_owned().into());
    let cases = [
        OpenAiSettings {
            api_key: newline,
            ..settings(&server)
        },
        OpenAiSettings {
            base_url: "mailto:a@b.c".parse().unwrap(),
            ..settings(&server)
        },
    ];
    for settings in cases {
        let error = OpenAiEmbedder::new(settings).await.unwrap_err();
        assert!(matches!(error, EmbedError::Compute { .. }), "{error:?}");
        assert!(!error.to_string().contains("linhas"));
    }
}

#[tokio::test]
async fn tokens_are_estimated_from_characters() {
    let server = MockServer::start().await;
    let embedder = embedder(&server).await;
    for (text, tokens) in [("", 0), ("a", 1), ("ação", 1), ("açãos", 2)] {
        assert_eq!(embedder.count_tokens(text), tokens, "{text}");
    }
}
