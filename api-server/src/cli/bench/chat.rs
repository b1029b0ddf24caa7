//! What the way through this server adds to the rag-server's answers.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Serialize;
use shared::clock::SystemClock;
use shared::settings::SecretString;
use shared::token::{API_SERVER, RAG_SERVER, ServiceTokens};

use super::server::Server;
use super::{BenchArgs, Latencies, NAME, PACE};
use crate::cli::output::Output;
use crate::opaque;

/// Each person asks once in this time.
const THINKS: Duration = Duration::from_secs(10);
/// What is asked about.
const SUBJECTS: [&str; 6] = [
    "hipertrofia",
    "periodização",
    "descanso entre séries",
    "tensão mecânica",
    "frequência cardíaca",
    "aquecimento",
];

#[derive(Debug, Serialize)]
struct Figures {
    people: u32,
    /// `POST /query` at the rag-server, and `POST /chat` here, in turns.
    direct: Latencies,
    through: Latencies,
    overhead_p50_ms: f64,
    overhead_p99_ms: f64,
    /// Until the first words of `/query/stream` and of `/chat/stream`.
    first_words_direct: Latencies,
    first_words_through: Latencies,
    /// Paced `GET /auth/me` meanwhile.
    others: Latencies,
    idle_mb: f64,
    after_mb: f64,
}

/// Measures and prints.
pub(super) async fn run(output: Output, args: &BenchArgs) -> anyhow::Result<()> {
    let (folder, rag_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let secret = opaque::token();
    let program = match &args.rag_server {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("rag-server"),
    };
    // Programs that are given a relative path run in another folder.
    let program = program.canonicalize().context("there is no rag-server")?;
    let variables = [("SERVICE_SECRET", secret.as_str())];
    let rag = Server::spawn(&program, rag_folder.path(), &variables).await?;
    let tokens = ServiceTokens::new(&SecretString::from(secret.as_str()), API_SERVER, RAG_SERVER)?;
    bring_in(&rag, &tokens).await?;

    let url = format!("http://127.0.0.1:{}", rag.port);
    let password = opaque::one_time_password();
    let more = [
        ("SERVICE_SECRET", secret.as_str()),
        ("RAG_SERVER_URL", &url),
    ];
    let api = Server::start(folder.path(), (NAME, &password), &more).await?;
    let token = api.line().await?.token(&api.login(NAME, &password)).await?;
    // The first question opens what is opened once.
    api.line()
        .await?
        .ask(&chat(&api, &token, "/chat", "hipertrofia"))
        .await?;
    let idle_mb = api.resident_mb();

    let length = Duration::from_secs(args.seconds).max(THINKS * 2);
    let me = api.get("/auth/me", &token);
    let (asked, others) = tokio::join!(
        ask(&api, &rag, &tokens, &token, args.people, length),
        api.many(2, &me, PACE, length)
    );
    let (direct, through) = asked?;
    let (first_direct, first_through) = first_words(&api, &rag, &tokens, &token).await?;
    let figures = Figures {
        people: args.people,
        overhead_p50_ms: through.p50_ms - direct.p50_ms,
        overhead_p99_ms: through.p99_ms - direct.p99_ms,
        direct,
        through,
        first_words_direct: first_direct,
        first_words_through: first_through,
        others: others?,
        idle_mb,
        after_mb: api.resident_mb(),
    };
    output.line(&format!(
        "{} people, one question each in {} s: rag-server alone p50 {:.1} ms, p99 {:.1} ms; through chat p50 {:.1} ms, p99 {:.1} ms",
        figures.people,
        THINKS.as_secs(),
        figures.direct.p50_ms,
        figures.direct.p99_ms,
        figures.through.p50_ms,
        figures.through.p99_ms
    ));
    output.line(&format!(
        "first words: rag-server p50 {:.1} ms, p99 {:.1} ms; through chat p50 {:.1} ms, p99 {:.1} ms",
        figures.first_words_direct.p50_ms,
        figures.first_words_direct.p99_ms,
        figures.first_words_through.p50_ms,
        figures.first_words_through.p99_ms
    ));
    output.line(&format!(
        "GET /auth/me meanwhile: p50 {:.1} ms, p99 {:.1} ms; memory {idle_mb:.0} MB before, {:.0} MB after",
        figures.others.p50_ms, figures.others.p99_ms, figures.after_mb
    ));
    output.value(&figures)
}

/// A material with something about everything, ready to be asked about.
async fn bring_in(rag: &Server, tokens: &ServiceTokens) -> anyhow::Result<()> {
    let mut text = String::new();
    for part in 1..=60 {
        for subject in SUBJECTS {
            text.push_str(&format!(
                "# {subject} {part}\n\nNa parte {part} do curso, {subject} é explicado com {part} exemplos e exercícios.\n\n"
            ));
        }
    }
    let http = shared::http::client(&shared::http::HttpSettings::default())?;
    let url = format!("http://127.0.0.1:{}/materials/curso.md", rag.port);
    let sent = http
        .put(&url)
        .bearer_auth(tokens.sign(&SystemClock)?)
        .body(text);
    sent.send().await?.error_for_status()?;
    let started = Instant::now();
    loop {
        let asked = http.get(&url).bearer_auth(tokens.sign(&SystemClock)?);
        let material: serde_json::Value =
            shared::http::read_json(asked.send().await?, 1 << 20).await?;
        if material.get("state").is_some_and(|state| state == "ready") {
            return Ok(());
        }
        if started.elapsed() > Duration::from_mins(2) {
            bail!("the material does not become ready: {material}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn chat(api: &Server, token: &str, path: &str, question: &str) -> Vec<u8> {
    let body = serde_json::json!({ "content": question }).to_string();
    api.post(path, token, &body)
}

fn query(
    rag: &Server,
    tokens: &ServiceTokens,
    path: &str,
    question: &str,
) -> anyhow::Result<Vec<u8>> {
    let body = serde_json::json!({ "question": question }).to_string();
    Ok(rag.post(path, &tokens.sign(&SystemClock)?, &body))
}

/// A question nobody asked before, so that no kept answer makes it quick.
fn question(person: u32, turn: u32) -> String {
    let subject = usize::try_from(person).unwrap_or_default() % SUBJECTS.len();
    let subject = SUBJECTS.get(subject).copied().unwrap_or_default();
    format!(
        "O que a parte {} diz de {subject}, na vez {person}?",
        turn % 60
    )
}

/// People who ask in turns there and here, spread evenly over time.
async fn ask(
    api: &Server,
    rag: &Server,
    tokens: &ServiceTokens,
    token: &str,
    people: u32,
    length: Duration,
) -> anyhow::Result<(Latencies, Latencies)> {
    let started = Instant::now();
    let everybody = (0..people).map(|person| async move {
        let (mut direct, mut through) = (Vec::new(), Vec::new());
        tokio::time::sleep(THINKS.mul_f64(f64::from(person) / f64::from(people))).await;
        let mut turn = 0;
        while started.elapsed() < length {
            let turn_began = Instant::now();
            let question = question(person, turn);
            // A connection of its own each time: a silent one would be closed meanwhile.
            let (mut here, mut there) = (api.line().await?, rag.line().await?);
            let asked = Instant::now();
            if (person + turn) % 2 == 0 {
                there.ask(&query(rag, tokens, "/query", &question)?).await?;
                direct.push(micros(asked));
            } else {
                here.ask(&chat(api, token, "/chat", &question)).await?;
                through.push(micros(asked));
            }
            turn += 1;
            tokio::time::sleep(THINKS.saturating_sub(turn_began.elapsed())).await;
        }
        anyhow::Ok((direct, through))
    });
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for done in futures::future::join_all(everybody).await {
        let (one, other) = done?;
        direct.extend(one);
        through.extend(other);
    }
    let took = started.elapsed();
    Ok((Latencies::of(direct, took), Latencies::of(through, took)))
}

/// Streams one after the other, in turns there and here.
async fn first_words(
    api: &Server,
    rag: &Server,
    tokens: &ServiceTokens,
    token: &str,
) -> anyhow::Result<(Latencies, Latencies)> {
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    let started = Instant::now();
    for person in 0..200 {
        let question = question(person, 1000 + person);
        if person % 2 == 0 {
            let request = query(rag, tokens, "/query/stream", &question)?;
            let waited = rag.line().await?.until(&request, b"event: token").await?;
            direct.push(in_micros(waited));
        } else {
            let request = chat(api, token, "/chat/stream", &question);
            let waited = api.line().await?.until(&request, b"event: token").await?;
            through.push(in_micros(waited));
        }
    }
    let took = started.elapsed();
    Ok((Latencies::of(direct, took), Latencies::of(through, took)))
}

fn micros(since: Instant) -> u64 {
    in_micros(since.elapsed())
}

fn in_micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
