//! The chain against a real socket.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use crate::chain::BreakerState;
use crate::testing::{Reply, Seen, StubModel};
use crate::{
    Chain, ChainSettings, ChatRequest, Given, Message, ProviderError, Registry, Role, Usage,
};

const KEY: &str = "chave-secreta-123";

fn settings() -> ChainSettings {
    ChainSettings {
        first_token: Duration::from_secs(5),
        ..ChainSettings::default()
    }
}

fn chain(stub: &StubModel, names: &[&str], settings: ChainSettings) -> Chain {
    let registry = Registry::parse(&stub.registry_of(names)).unwrap();
    let given = Given {
        keys: [("STUB_API_KEY".to_owned(), SecretString::from(KEY))].into(),
        ..Given::default()
    };
    Chain::new(registry.models().to_vec(), &given, settings).unwrap()
}

async fn write(chain: &Chain, model: Option<&str>) -> Option<crate::Writing> {
    let prompt = |_: &crate::ModelEntry| {
        vec![Message {
            role: Role::User,
            content: "Olá".into(),
        }]
    };
    chain
        .write(&ChatRequest {
            model,
            temperature: None,
            max_output: None,
            schema: None,
            prompt: &prompt,
        })
        .await
}

#[tokio::test]
async fn a_schema_is_sent_to_models_that_keep_to_one() {
    let stub = StubModel::start(|_| Reply::Text("{}".into())).await;
    let mut registry: serde_json::Value =
        serde_json::from_str(&stub.registry_of(&["um", "dois"])).unwrap();
    registry["models"][1]["structured"] = true.into();
    let registry = Registry::parse(&registry.to_string()).unwrap();
    let given = Given {
        keys: [("STUB_API_KEY".to_owned(), SecretString::from(KEY))].into(),
        ..Given::default()
    };
    let chain = Chain::new(registry.models().to_vec(), &given, settings()).unwrap();
    let schema = serde_json::json!({ "type": "object" });
    let prompt = |_: &crate::ModelEntry| Vec::new();
    for model in ["um", "dois"] {
        let request = ChatRequest {
            model: Some(model),
            temperature: None,
            max_output: None,
            schema: Some(&schema),
            prompt: &prompt,
        };
        chain.write(&request).await.unwrap();
    }
    let seen = stub.seen();
    assert_eq!(seen[0].body["response_format"], serde_json::Value::Null);
    let format = serde_json::json!({
        "type": "json_schema",
        "json_schema": { "name": "reply", "strict": true, "schema": schema },
    });
    assert_eq!(seen[1].body["response_format"], format);
}

fn is_for(seen: &Seen, name: &str) -> bool {
    seen.body["model"] == format!("{name}-1")
}

#[tokio::test]
async fn an_answer_is_streamed_with_its_usage() {
    let stub = StubModel::start(|_| Reply::Text("Olá, mundo — tudo bem?".into())).await;
    let chain = chain(&stub, &["um"], settings());
    let mut writing = write(&chain, None).await.unwrap();
    assert_eq!(writing.whole().await.unwrap(), "Olá, mundo — tudo bem?");
    assert_eq!(writing.usage().prompt_tokens, 1000);
    assert!(writing.next().await.unwrap().is_none() && !writing.is_cut());
    let seen = stub.seen();
    assert_eq!(
        seen[0].authorization.as_deref(),
        Some("Bearer chave-secreta-123")
    );
    assert_eq!(seen[0].body["stream"], true);
    assert_eq!(seen[0].body["max_tokens"], 4096);
    assert!(writing.entry().cost(&writing.usage()) > 0.0);
}

#[tokio::test]
async fn a_model_that_fails_is_followed_by_the_next_one() {
    for (status, retry_after, calls) in [
        (401, None, 1),
        (400, None, 1),
        (429, Some(3600), 1),
        (503, None, 2),
        (302, None, 2),
    ] {
        let stub = StubModel::start(move |seen| {
            if is_for(seen, "um") {
                Reply::Status(status, retry_after)
            } else {
                Reply::Text("dois".into())
            }
        })
        .await;
        let chain = chain(&stub, &["um", "dois"], settings());
        let mut writing = write(&chain, None).await.unwrap();
        assert_eq!(writing.entry().name, "dois", "{status}");
        assert_eq!(writing.whole().await.unwrap(), "dois");
        let asked = stub.seen().iter().filter(|seen| is_for(seen, "um")).count();
        assert_eq!(asked, calls, "{status}");
    }
}

#[tokio::test]
async fn what_a_provider_asks_to_wait_is_waited() {
    let count = AtomicUsize::new(0);
    let stub = StubModel::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Status(429, Some(1)),
        _ => Reply::Text("agora sim".into()),
    })
    .await;
    let chain = chain(&stub, &["um"], settings());
    let started = tokio::time::Instant::now();
    assert_eq!(
        write(&chain, None).await.unwrap().whole().await.unwrap(),
        "agora sim"
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn a_slow_model_is_left_for_the_next_one_and_not_asked_again() {
    let stub = StubModel::start(|seen| {
        if is_for(seen, "um") {
            Reply::Stalled(String::new())
        } else {
            Reply::Text("dois".into())
        }
    })
    .await;
    let fast = ChainSettings {
        first_token: Duration::from_millis(200),
        ..settings()
    };
    let chain = chain(&stub, &["um", "dois"], fast);
    assert_eq!(write(&chain, None).await.unwrap().entry().name, "dois");
    assert_eq!(
        stub.seen().iter().filter(|seen| is_for(seen, "um")).count(),
        1
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_told_from_one_that_ends() {
    let stub = StubModel::start(|_| Reply::Broken("Meia resposta".into())).await;
    let chain = chain(&stub, &["um"], settings());
    let mut writing = write(&chain, None).await.unwrap();
    assert_eq!(writing.whole().await, Err(ProviderError::Broken));
    assert!(writing.next().await.unwrap().is_none());
    let stub = StubModel::start(|_| Reply::Filtered).await;
    let chain = self::chain(&stub, &["um"], settings());
    assert!(write(&chain, None).await.is_none());
}

#[tokio::test]
async fn a_model_that_keeps_failing_is_left_alone_and_tried_again_later() {
    let is_down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let down = std::sync::Arc::clone(&is_down);
    let stub = StubModel::start(move |_| {
        if down.load(Ordering::SeqCst) {
            Reply::Status(500, None)
        } else {
            Reply::Text("voltei".into())
        }
    })
    .await;
    let quick = ChainSettings {
        open_for: Duration::from_millis(100),
        retries: 0,
        ..settings()
    };
    let chain = chain(&stub, &["um"], quick);
    for _ in 0..3 {
        assert!(write(&chain, None).await.is_none());
    }
    assert_eq!(chain.status()[0].breaker, BreakerState::Open);
    assert!(write(&chain, None).await.is_none());
    assert_eq!(stub.seen().len(), 3, "an open breaker asks nobody");
    is_down.store(false, Ordering::SeqCst);
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    let mut writing = loop {
        if let Some(writing) = write(&chain, None).await {
            break writing;
        }
        assert!(tokio::time::Instant::now() < until);
        tokio::task::yield_now().await;
    };
    assert_eq!(stub.seen().len(), 4, "one probe");
    assert_eq!(writing.whole().await.unwrap(), "voltei");
    assert_eq!(chain.status()[0].breaker, BreakerState::Closed);
    drop(writing);
    let tally = chain.status()[0].tally;
    assert_eq!((tally.asked, tally.failed), (4, 3));
    assert!(
        tally.usage.prompt_tokens > 0 && tally.cost > 0.0,
        "{tally:?}"
    );
}

#[tokio::test]
async fn the_model_asked_for_begins_and_unknown_ones_do_not_matter() {
    let stub = StubModel::start(|_| Reply::Text("oi".into())).await;
    let chain = chain(&stub, &["um", "dois"], settings());
    for (asked, answers) in [
        (Some("dois"), "dois"),
        (Some("dois-1"), "dois"),
        (Some("gpt-9"), "um"),
        (None, "um"),
    ] {
        assert_eq!(write(&chain, asked).await.unwrap().entry().name, answers);
        assert_eq!(chain.first(asked).as_deref(), Some(answers));
    }
}

#[tokio::test]
async fn without_a_key_a_model_is_not_there_until_it_is_given_one() {
    let stub = StubModel::start(|_| Reply::Text("oi".into())).await;
    let registry = Registry::parse(&stub.registry()).unwrap();
    let chain = Chain::new(registry.models().to_vec(), &Given::default(), settings()).unwrap();
    assert!(!chain.is_available() && write(&chain, None).await.is_none() && stub.seen().is_empty());
    let key = SecretString::from(KEY);
    assert_eq!(chain.use_key(Some("outro"), &key), None);
    assert_eq!(chain.use_key(None, &key), None);
    assert_eq!(chain.use_key(Some("stub"), &key).as_deref(), Some("stub"));
    assert!(chain.is_available() && write(&chain, None).await.is_some());
    assert!(!format!("{chain:?} {:?}", chain.status()).contains(KEY));
}

#[test]
fn keys_say_whose_they_are() {
    let chain = Chain::new(
        Registry::bundled().unwrap().models().to_vec(),
        &Given::default(),
        settings(),
    )
    .unwrap();
    for (key, provider) in [
        ("sk-ant-abc", "anthropic"),
        ("nvapi-abc", "nvidia"),
        ("AIzaabc", "gemini"),
        ("sk-proj-abc", "openai"),
    ] {
        assert_eq!(
            chain.use_key(None, &SecretString::from(key)).as_deref(),
            Some(provider)
        );
    }
    let available: Vec<bool> = chain
        .status()
        .iter()
        .map(|status| status.is_available)
        .collect();
    assert_eq!(
        available.iter().filter(|is| !**is).count(),
        1,
        "Ollama has no address"
    );
}

#[tokio::test]
async fn a_client_that_goes_away_closes_the_stream_upstream() {
    let stub = StubModel::start(|_| Reply::Stalled("Era uma vez".into())).await;
    let chain = chain(&stub, &["um"], settings());
    let mut writing = write(&chain, None).await.unwrap();
    assert!(writing.next().await.unwrap().is_some());
    assert_eq!(stub.abandoned(), 0);
    drop(writing);
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    while stub.abandoned() == 0 {
        assert!(tokio::time::Instant::now() < until);
        tokio::task::yield_now().await;
    }
}

#[test]
fn waits_are_read_as_seconds_or_dates() {
    let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
    let wait = |text: &str| super::asked_wait(text, now);
    assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
    assert_eq!(
        wait("Wed, 21 Oct 2015 07:28:30 GMT"),
        Some(Duration::from_secs(30))
    );
    assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("já"), None);
    assert!(SystemTime::now() > now);
}

#[test]
fn errors_say_nothing_of_what_was_sent() {
    for error in [
        ProviderError::Auth { status: 401 },
        ProviderError::Timeout,
        ProviderError::Refused { status: 400 },
    ] {
        assert!(!error.to_string().contains("http"));
    }
    assert_eq!(Usage::default().prompt_tokens, 0);
}
