//! The command line, as people and scripts call it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the program from a folder that is not the project's, as someone who calls it by its path.
fn rag(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rag-server"))
        .args(arguments)
        .current_dir(data)
        .env("DATA_DIR", data.join("data"))
        .env("LOG_LEVEL", "error")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn folders_with_files_of_the_same_name_are_all_brought_in() {
    let dir = tempfile::tempdir().unwrap();
    for (term, word) in [("sem1", "mitocôndria"), ("sem2", "ribossomo")] {
        std::fs::create_dir_all(dir.path().join(term)).unwrap();
        let text = format!("A aula trata do {word} e de sua função.");
        std::fs::write(dir.path().join(term).join("aula-01.txt"), text).unwrap();
    }
    let done = rag(dir.path(), &["ingest", "sem1", "sem2", "--json"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(json(&done)["materials"].as_array().unwrap().len(), 2);
    for (word, source) in [
        ("mitocôndria", "sem1/aula-01.txt"),
        ("ribossomo", "sem2/aula-01.txt"),
    ] {
        let found = json(&rag(dir.path(), &["search", word, "--json"]));
        assert_eq!(found["hits"][0]["source"], source, "{found}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_leaves_the_others() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bom.txt"), "Texto que se lê.").unwrap();
    std::fs::write(dir.path().join("vazio.pdf"), "").unwrap();
    let done = rag(dir.path(), &["ingest", "vazio.pdf", "bom.txt", "--json"]);
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    let report = json(&done);
    let states: Vec<&str> = report["materials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|material| material["state"].as_str().unwrap())
        .collect();
    assert!(
        states.contains(&"ready") && states.contains(&"failed"),
        "{report}"
    );
}

#[test]
fn blocks_are_printed_with_their_places() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("notas.csv"), "aluno;nota\n1;7,5\n2;9,0\n").unwrap();
    let read = json(&rag(dir.path(), &["extract", "notas.csv", "--json"]));
    let blocks = read["blocks"].as_array().unwrap();
    assert!(
        blocks
            .iter()
            .any(|block| block["text"].as_str().unwrap().contains("7,5")),
        "{read}"
    );
    assert!(
        blocks.iter().all(|block| block["locator"].is_object()),
        "{read}"
    );
}

#[test]
fn faulty_settings_end_with_78_and_name_their_variable() {
    let dir = tempfile::tempdir().unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_rag-server"))
        .arg("check-config")
        .current_dir(dir.path())
        .env("SERVICE_SECRET", "curto")
        .env("TOP_K_RESULTS", "0")
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(78), "{checked:?}");
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(
        told.contains("SERVICE_SECRET") && told.contains("TOP_K_RESULTS"),
        "{told}"
    );
    assert!(!told.contains("curto"), "{told}");
}

#[test]
fn what_keeps_the_server_from_starting_is_told_at_once_with_78() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("data"), "").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let started = Command::new(env!("CARGO_BIN_EXE_rag-server"))
        .arg("serve")
        .current_dir(dir.path())
        .env("DATA_DIR", dir.path().join("data"))
        .env("PORT", &port)
        .output()
        .unwrap();
    assert_eq!(started.status.code(), Some(78), "{started:?}");
    let told = String::from_utf8_lossy(&started.stderr);
    assert!(told.contains("DATA_DIR") && told.contains(&port), "{told}");
}

#[test]
fn variables_may_stand_in_a_file_and_its_faults_do_not_show_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    let run = |more: &[(&str, &str)]| {
        Command::new(env!("CARGO_BIN_EXE_rag-server"))
            .args(["check-config", "--json"])
            .current_dir(dir.path())
            .env_remove("ENV_FILE")
            .envs(more.iter().copied())
            .output()
            .unwrap()
    };
    let top_k = |output: &Output| {
        let told = json(output);
        let settings = told["settings"].as_array().unwrap().iter();
        let mut found = settings.filter(|one| one["key"] == "retrieval.top_k");
        found.next().unwrap()["value"].to_string().replace('"', "")
    };
    std::fs::write(dir.path().join(".env"), "# minha\nTOP_K_RESULTS=3\n").unwrap();
    assert_eq!(top_k(&run(&[])), "3");
    assert_eq!(top_k(&run(&[("TOP_K_RESULTS", "4")])), "4");
    std::fs::write(dir.path().join("other"), "TOP_K_RESULTS=5\n").unwrap();
    assert_eq!(top_k(&run(&[("ENV_FILE", "other")])), "5");

    for (name, text) in [
        ("broken", "SERVICE_SECRET='segredo\n"),
        ("broken", "segredo\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
        let refused = run(&[("ENV_FILE", name)]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(
            said.contains("ENV_FILE") && !said.contains("segredo"),
            "{said}"
        );
    }
    assert_eq!(run(&[("ENV_FILE", "absent")]).status.code(), Some(78));
}

#[test]
fn chat_models_are_listed_without_their_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let listed = rag(dir.path(), &["models", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    let listed = json(&listed);
    let models = listed["models"].as_array().unwrap();
    for provider in ["nvidia", "openai", "gemini", "anthropic", "ollama"] {
        assert!(
            models.iter().any(|model| model["provider"] == provider),
            "{provider}: {listed}"
        );
    }
    assert!(!listed.to_string().contains("http"), "{listed}");
}

#[test]
fn what_was_learned_is_listed_shown_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data/ranking");
    std::fs::create_dir_all(&folder).unwrap();
    let model: Value =
        serde_json::from_str(include_str!("../../assets/ranking/model.json")).unwrap();
    let figures = |ndcg_10: f64| {
        serde_json::json!([{
            "part": "samples", "basis": "text", "answerable": 17, "unanswerable": 20, "ndcg_10": ndcg_10, "hit_1": 0.9,
            "refused": 0.8, "wrongly_refused": 0.05
        }])
    };
    let one = serde_json::json!({
        "version": 1, "created_at": 1_795_315_200_000_i64, "model": model,
        "report": {
            "outcome": "accepted", "faults": [], "examples": 60, "people": 7, "from": 0,
            "held_out_before": { "ndcg_10": 0.81, "hit_1": 0.6 }, "held_out_after": { "ndcg_10": 0.92, "hit_1": 0.7 },
            "held_out_error": 0.01,
            "before": figures(0.951), "after": figures(0.962), "took_ms": 800
        }
    });
    std::fs::write(folder.join("1.json"), one.to_string()).unwrap();
    std::fs::write(folder.join("current"), "1\n").unwrap();
    let listed = json(&rag(dir.path(), &["ranking", "list", "--json"]));
    assert_eq!(
        (&listed["in_use"], &listed["tries"][0]["people"]),
        (&1.into(), &7.into())
    );
    let shown = rag(dir.path(), &["ranking", "show", "1"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for figure in ["0.810 → 0.920", "0.951 → 0.962", "60 answers of 7 people"] {
        assert!(shown.contains(figure), "{shown}");
    }
    assert_eq!(
        rag(dir.path(), &["ranking", "show", "2"]).status.code(),
        Some(1)
    );
    let back = json(&rag(dir.path(), &["ranking", "rollback", "--json"]));
    assert_eq!(back["in_use"], 0);
    let again = rag(dir.path(), &["ranking", "rollback"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let back = json(&rag(dir.path(), &["ranking", "rollback", "1", "--json"]));
    assert_eq!(back["in_use"], 1);
}

#[test]
fn honest_students_bring_a_ranking_back_and_harmful_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for seed in ["1", "2"] {
        let done = rag(
            dir.path(),
            &["ranking", "simulate", "--seed", seed, "--json"],
        );
        let classes = json(&done);
        let classes = classes.as_array().unwrap();
        assert_eq!(classes.len(), 6);
        for class in classes {
            let teaches = class["start"] == "astray" && class["habit"] == "honest";
            assert_eq!(class["accepted"], teaches, "{class}");
            let ndcg_10 = |when: &str| class[when]["ndcg_10"].as_f64().unwrap();
            if teaches {
                assert!(ndcg_10("after") > ndcg_10("before") + 0.01, "{class}");
            }
        }
    }
}
