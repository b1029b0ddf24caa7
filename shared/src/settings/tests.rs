#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::time::Duration;

use proptest::prelude::{any, proptest};
use serde::Deserialize;

use super::*;

const DEFAULTS: Defaults = Defaults {
    base: "
common:
  log:
    level: info
rag:
  server:
    port: 8001
    host: 127.0.0.1
    origins: [http://localhost:3000]
    drain: 10s
  chunk:
    size: 350
    overlap: 50
  limits:
    upload: 20MiB
  embed:
    model: null
    batch: 8
    scale: 1.0
    normalise: true
  auth:
    service_secret: null
    metrics_token: null
  data_file: data.bin
api:
  anything: goes here
",
    development: "",
    testing: "rag: { server: { port: 0 } }",
    production: "rag: { server: { host: 0.0.0.0 } }\ncommon: { log: { level: warn } }",
};

const SPEC: Spec = Spec {
    section: "rag",
    prefix: "RAG__",
    variables: &[
        Variable::new("PORT", "server.port"),
        Variable::new("ANY_PORT", "server.port").yields(),
        Variable::new("CORS_ORIGINS", "server.origins"),
        Variable::new("DRAIN_SECONDS", "server.drain").unit("s"),
        Variable::new("CHUNK_SIZE", "chunk.size"),
        Variable::new("SERVICE_SECRET", "auth.service_secret"),
        Variable::new("INTERNAL_SECRET", "auth.service_secret").deprecated("SERVICE_SECRET"),
        Variable::new("MODEL", "embed.model"),
        Variable::new("NORMALISE", "embed.normalise"),
        Variable::new("LOG_LEVEL", "log.level"),
    ],
    secrets: &["auth.service_secret", "auth.metrics_token"],
    defaults: DEFAULTS,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    log: RawLog,
    server: RawServer,
    chunk: RawChunk,
    limits: RawLimits,
    embed: RawEmbed,
    auth: RawAuth,
    data_file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLog {
    level: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    port: u16,
    host: String,
    origins: Vec<url::Url>,
    #[serde(with = "duration")]
    drain: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChunk {
    size: usize,
    overlap: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    #[serde(with = "size")]
    upload: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEmbed {
    model: Option<Model>,
    batch: usize,
    scale: f32,
    normalise: bool,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Model {
    Bundled,
    OpenAi,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuth {
    service_secret: Option<SecretString>,
    metrics_token: Option<SecretString>,
}

fn check(raw: Raw, faults: &mut Faults<'_>) -> Option<Raw> {
    if raw.chunk.overlap >= raw.chunk.size {
        faults.add("chunk.overlap", "must be smaller than chunk.size");
    }
    if let Some(secret) = &raw.auth.service_secret {
        faults.secret("auth.service_secret", secret);
    } else if faults.stage() == Stage::Production {
        faults.require("auth.service_secret", raw.auth.service_secret.as_ref())?;
    }
    Some(raw)
}

/// Loads with these variables and no `config` folder of the checkout.
fn with(pairs: &[(&str, &str)]) -> Result<Loaded<Raw>, SettingsErrors> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.yaml"), "").unwrap();
    let mut all = vec![("CONFIG_DIR", folder.path().to_str().unwrap())];
    all.extend_from_slice(pairs);
    load(&SPEC, &Environment::from_pairs(all), check)
}

fn faults(pairs: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let errors = with(pairs).unwrap_err();
    errors
        .faults
        .into_iter()
        .map(|fault| (fault.key, fault.source.unwrap_or_default(), fault.message))
        .collect()
}

const SECRET: &str = "9fT2kQ7wLz0Xv5Rb1Nc8Hy3Mj6Pd4Sg";
fn secret() -> String {
    format!("{SECRET}aB")
}

#[test]
fn defaults_alone_are_enough() {
    let loaded = with(&[]).unwrap();
    assert_eq!(loaded.stage, Stage::Development);
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let raw = loaded.settings;
    assert_eq!(
        (raw.server.port, raw.server.host.as_str()),
        (8001, "127.0.0.1")
    );
    assert_eq!(raw.server.drain, Duration::from_secs(10));
    assert_eq!(raw.limits.upload, 20 * 1024 * 1024);
    assert_eq!(raw.log.level, "info");
    assert_eq!((raw.embed.model, raw.embed.batch), (None, 8));
    assert!(raw.auth.metrics_token.is_none());
}

#[test]
fn layers_lie_over_each_other() {
    let loaded = with(&[("ENVIRONMENT", "production"), ("SERVICE_SECRET", &secret())]).unwrap();
    assert_eq!(loaded.settings.server.host, "0.0.0.0");
    assert_eq!(loaded.settings.log.level, "warn");
    assert_eq!(
        loaded.settings.server.port, 8001,
        "the rest of the section stays"
    );

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "base.yaml",
        "rag: { chunk: { size: 200 }, server: { port: 9000 } }",
    );
    write("testing.yaml", "rag: { chunk: { size: 100 } }");
    let path = folder.path().to_str().unwrap();
    let environment = Environment::from_pairs([
        ("CONFIG_DIR", path),
        ("ENVIRONMENT", "testing"),
        ("RAG__SERVER__PORT", "9500"),
    ]);
    let loaded = load(&SPEC, &environment, check).unwrap();
    assert_eq!(loaded.settings.chunk.size, 100, "stage file over base file");
    assert_eq!(loaded.settings.server.port, 9500, "variable over file");
    assert_eq!(
        loaded.settings.chunk.overlap, 50,
        "compiled-in defaults below"
    );
}

#[test]
fn variables_take_the_type_of_what_they_set() {
    let loaded = with(&[
        ("PORT", " 8080 "),
        ("CORS_ORIGINS", "https://a.example, https://b.example,"),
        ("DRAIN_SECONDS", "45"),
        ("CHUNK_SIZE", "128"),
        ("MODEL", "open-ai"),
        ("NORMALISE", "off"),
        ("RAG__EMBED__SCALE", "0.5"),
        ("RAG__EMBED__BATCH", "16"),
        ("RAG__LIMITS__UPLOAD", "1GiB"),
        ("LOG_LEVEL", "DEBUG"),
    ])
    .unwrap();
    let raw = loaded.settings;
    assert_eq!(
        (raw.server.port, raw.chunk.size, raw.embed.batch),
        (8080, 128, 16)
    );
    assert_eq!(raw.server.origins.len(), 2);
    assert_eq!(raw.server.drain, Duration::from_secs(45));
    assert_eq!(raw.embed.model, Some(Model::OpenAi));
    assert!(!raw.embed.normalise);
    assert!((raw.embed.scale - 0.5).abs() < f32::EPSILON);
    assert_eq!(raw.limits.upload, 1 << 30);
    assert_eq!(raw.log.level, "DEBUG");
}

#[test]
fn a_text_setting_keeps_text_that_looks_like_a_number() {
    let raw = with(&[("RAG__SERVER__HOST", "0123")]).unwrap().settings;
    assert_eq!(raw.server.host, "0123");
}

#[test]
fn empty_variables_count_as_unset() {
    let raw = with(&[
        ("PORT", ""),
        ("RAG__CHUNK__SIZE", ""),
        ("SERVICE_SECRET", ""),
    ])
    .unwrap();
    assert_eq!(
        (raw.settings.server.port, raw.settings.chunk.size),
        (8001, 350)
    );
    assert!(raw.settings.auth.service_secret.is_none());
}

#[test]
fn all_faults_are_reported_at_once_with_key_and_origin() {
    let found = faults(&[
        ("PORT", "muitas"),
        ("RAG__CHUNK__SIZ", "10"),
        ("RAG__CHUNK__OVERLAP", "5000"),
        ("RAG__LIMITS__UPLOAD", "20 potatoes"),
        ("RAG__SERVER__DRAIN", "10"),
        ("MODEL", "magic"),
        ("NORMALISE", "perhaps"),
        ("SERVICE_SECRET", "short"),
        ("RAG__LOG__LEVEL__DEEP", "1"),
        ("RAG__CHUNK", "5"),
    ]);
    let got: Vec<(&str, &str)> = found
        .iter()
        .map(|(key, source, _)| (key.as_str(), source.as_str()))
        .collect();
    let expected = [
        ("auth.service_secret", "SERVICE_SECRET"),
        ("chunk", "RAG__CHUNK"),
        ("chunk.overlap", "RAG__CHUNK__OVERLAP"),
        ("chunk.siz", "RAG__CHUNK__SIZ"),
        ("embed.model", "MODEL"),
        ("embed.normalise", "NORMALISE"),
        ("limits.upload", "RAG__LIMITS__UPLOAD"),
        ("log.level.deep", "RAG__LOG__LEVEL__DEEP"),
        ("server.drain", "RAG__SERVER__DRAIN"),
        ("server.port", "PORT"),
    ];
    assert_eq!(got, expected, "{found:#?}");
}

#[test]
fn the_report_can_be_read() {
    let errors = with(&[
        ("PORT", "muitas"),
        ("CHUNK_SIZE", "10"),
        ("RAG__COLOUR", "red"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    3 faults in the settings:
      chunk.overlap (from defaults): must be smaller than chunk.size
      colour (from RAG__COLOUR): unknown key
      server.port (from PORT): invalid type: string "muitas", expected u16
    "#);
}

#[test]
fn a_secret_never_stands_in_the_report_or_the_list() {
    let errors = with(&[("SERVICE_SECRET", "hunter2"), ("PORT", "x")]).unwrap_err();
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
    let loaded = with(&[("SERVICE_SECRET", &secret())]).unwrap();
    let list = serde_json::to_string(&loaded.effective).unwrap();
    assert!(!list.contains(SECRET) && !format!("{loaded:?}").contains(SECRET));
    let shown = loaded
        .effective
        .iter()
        .find(|line| line.key == "auth.service_secret")
        .unwrap();
    assert_eq!(
        (shown.value.as_str(), shown.source.as_str()),
        ("***", "SERVICE_SECRET")
    );
    let port = loaded
        .effective
        .iter()
        .find(|line| line.key == "server.port")
        .unwrap();
    assert_eq!(
        (port.value.as_str(), port.source.as_str()),
        ("8001", "defaults")
    );
    let environment = Environment::from_pairs([("SERVICE_SECRET", secret())]);
    assert!(!format!("{environment:?}").contains(SECRET));
}

#[test]
fn passwords_in_addresses_are_hidden() {
    let good = "postgres://acervo:hunter2@db.example.org/acervo";
    let loaded = with(&[("RAG__DATA_FILE", good)]).unwrap();
    assert_eq!(loaded.settings.data_file, good);
    let line = loaded
        .effective
        .iter()
        .find(|line| line.key == "data_file")
        .unwrap();
    assert_eq!(line.value, "postgres://acervo:***@db.example.org/acervo");
    let errors = with(&[("CORS_ORIGINS", "https://u:hunter2@:x")]).unwrap_err();
    assert_eq!(errors.faults[0].key, "server.origins");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn secrets_are_refused_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("rag: {{ auth: {{ service_secret: {} }} }}", secret());
    std::fs::write(folder.path().join("base.yaml"), text).unwrap();
    let environment = Environment::from_pairs([("CONFIG_DIR", folder.path().to_str().unwrap())]);
    let errors = load(&SPEC, &environment, check).unwrap_err();
    assert_eq!(errors.faults.len(), 1, "{errors}");
    assert_eq!(errors.faults[0].key, "auth.service_secret");
    assert!(!errors.to_string().contains(SECRET));
}

#[test]
fn values_can_come_from_files_named_by_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, format!("{}\n", secret())).unwrap();
    let path = path.to_str().unwrap();
    for name in ["SERVICE_SECRET_FILE", "RAG__AUTH__SERVICE_SECRET_FILE"] {
        let raw = with(&[(name, path)]).unwrap().settings;
        assert_eq!(
            raw.auth.service_secret.unwrap().expose_secret(),
            secret(),
            "{name}"
        );
    }
    // Both ways with the same value are fine, with different ones not.
    assert!(with(&[("SERVICE_SECRET_FILE", path), ("SERVICE_SECRET", &secret())]).is_ok());
    let other = format!("{}c", secret());
    let found = faults(&[("SERVICE_SECRET_FILE", path), ("SERVICE_SECRET", &other)]);
    assert_eq!(found[0].1, "SERVICE_SECRET and SERVICE_SECRET_FILE");

    let missing = faults(&[("SERVICE_SECRET_FILE", "/nonexistent/secret")]);
    assert_eq!(missing[0].1, "SERVICE_SECRET_FILE");
    // A key that really ends so is no reference to a file.
    assert_eq!(
        with(&[("RAG__DATA_FILE", "x.bin")])
            .unwrap()
            .settings
            .data_file,
        "x.bin"
    );
}

#[test]
fn an_old_name_works_with_a_warning_and_conflicts_with_the_new_one() {
    let loaded = with(&[("INTERNAL_SECRET", &secret())]).unwrap();
    assert_eq!(
        loaded.warnings,
        ["INTERNAL_SECRET is an old name: use SERVICE_SECRET"]
    );
    assert!(loaded.settings.auth.service_secret.is_some());

    assert!(
        with(&[
            ("INTERNAL_SECRET", &secret()),
            ("SERVICE_SECRET", &secret())
        ])
        .is_ok()
    );
    let other = format!("{}zz", secret());
    let found = faults(&[("INTERNAL_SECRET", &other), ("SERVICE_SECRET", &secret())]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "auth.service_secret");
    let by_path = faults(&[("PORT", "1000"), ("RAG__SERVER__PORT", "2000")]);
    assert_eq!(by_path[0].1, "PORT and RAG__SERVER__PORT");
}

#[test]
fn a_name_that_several_programs_read_yields_to_our_own() {
    let port = |given: &[(&str, &str)]| with(given).unwrap().settings.server.port;
    assert_eq!(port(&[("ANY_PORT", "1000")]), 1000);
    assert_eq!(port(&[("ANY_PORT", "1000"), ("PORT", "2000")]), 2000);
    assert_eq!(
        port(&[("ANY_PORT", "1000"), ("RAG__SERVER__PORT", "2000")]),
        2000
    );
}

#[test]
fn files_with_faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base.yaml");
    let environment = Environment::from_pairs([("CONFIG_DIR", folder.path().to_str().unwrap())]);
    let missing = load(&SPEC, &environment, check).unwrap_err();
    assert!(missing.faults[0].key.ends_with("base.yaml"), "{missing}");
    let cases = [
        ("rag: [", "base.yaml"),
        ("- a\n- b", "base.yaml"),
        ("rag: { chunk: { siz: 1 } }", "chunk.siz"),
        ("rag: { server: { port: 70000 } }", "server.port"),
        ("rag: 5", "rag"),
        ("web: { port: 1 }", "web"),
        ("rag: { 5: 6 }", ""),
    ];
    for (text, key) in cases {
        std::fs::write(&path, text).unwrap();
        let errors = load(&SPEC, &environment, check).unwrap_err();
        assert_eq!(errors.faults.len(), 1, "{text}: {errors}");
        assert!(errors.faults[0].key.ends_with(key), "{text}: {errors}");
        assert!(errors.to_string().contains("base.yaml"), "{text}: {errors}");
    }
}

#[test]
fn an_unknown_stage_is_checked_as_production() {
    let found = faults(&[("ENVIRONMENT", "prod")]);
    let keys: Vec<&str> = found.iter().map(|fault| fault.0.as_str()).collect();
    assert_eq!(keys, ["ENVIRONMENT", "auth.service_secret"]);
}

#[test]
fn weak_secrets_are_refused_and_random_ones_pass() {
    let too_short = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bD0f";
    assert_eq!(
        check_secret(too_short),
        Err(WeakSecret::TooShort { bytes: 31 })
    );
    assert_eq!(check_secret(""), Err(WeakSecret::TooShort { bytes: 0 }));
    for sample in [
        "changeme",
        "your_jwt_secret_key_here",
        "YOUR-SECRET-KEY-HERE-please-make-it-long-enough",
        "troque-me-por-um-valor-aleatorio-de-32-bytes",
        "my-random-string-for-seeding-and-some-more-1234",
        "infini_rag_flow_infini_rag_flow_infini",
        "super-secret-0123456789-abcdefghijkl",
    ] {
        assert_eq!(check_secret(sample), Err(WeakSecret::Sample), "{sample}");
    }
    for repeated in [
        "a".repeat(64),
        "ab".repeat(20),
        "0123456789".repeat(4),
        "0123456789abcdef".repeat(3),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcdef".to_owned(),
    ] {
        assert_eq!(
            check_secret(&repeated),
            Err(WeakSecret::Repetitive),
            "{repeated}"
        );
    }
    assert_eq!(check_secret(&secret()), Ok(()));
}

#[test]
fn bare_numbers_are_no_lengths_of_time() {
    for text in [
        "30",
        "",
        "s",
        "-5s",
        "1.5h",
        "5 parsecs",
        "99999999999999999999s",
        "1000000000000d",
    ] {
        assert!(duration::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(duration::parse("250 ms"), Ok(Duration::from_millis(250)));
    assert_eq!(duration::parse("0"), Ok(Duration::ZERO));
    assert_eq!(duration::parse("1d"), Ok(Duration::from_hours(24)));
}

#[test]
fn sizes_know_both_kinds_of_kilo() {
    assert_eq!(size::parse("20MiB"), Ok(20 << 20));
    assert_eq!(size::parse("1 MB"), Ok(1_000_000));
    assert_eq!(size::parse("0"), Ok(0));
    for text in ["", "MiB", "-1", "1.5GB", "1mb", "20 MiBs", "99999999TiB"] {
        assert!(size::parse(text).is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn lengths_of_time_survive_writing_and_reading(ms in 0u64..1 << 50) {
        let value = Duration::from_millis(ms);
        assert_eq!(duration::parse(&duration::format(&value)), Ok(value));
    }

    #[test]
    fn sizes_survive_writing_and_reading(bytes: u64) {
        assert_eq!(size::parse(&size::format(bytes)), Ok(bytes));
    }

    #[test]
    fn random_secrets_pass(bytes in proptest::array::uniform32(any::<u8>())) {
        let distinct: std::collections::BTreeSet<u8> = bytes.into_iter().collect();
        let hex = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        // Shrinking and edge cases of the generator are no random secrets.
        if distinct.len() > 20 {
            assert_eq!(check_secret(&hex), Ok(()));
        }
    }

    #[test]
    fn no_variable_makes_loading_panic(name in "(PORT|MODEL|RAG__[A-Z_]{0,12}|CORS_ORIGINS)", value in ".{0,20}") {
        drop(with(&[(&name, &value)]));
    }
}
