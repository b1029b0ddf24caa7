//! Kill −9 of the api-server at random moments of a sync: it goes on by itself, and nothing is there twice.
//!
//! Five kills and sixty files here; `DRIVE_KILLS=50 DRIVE_FILES=600 cargo test -p api-server --test drive kills -- --nocapture` makes
//! the figure of `docs/drive.md`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::testing::RagServer;

use crate::fake::FakeDrive;
use crate::fake::faults::Call;
use crate::fake::oauth::ROBOT;
use crate::process::{ApiServer, SERVICE_SECRET, number};
use crate::stage::{OWNER, expected, unnumbered};
use crate::test_app::service_token;

/// Time everything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(15);

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_mid_sync_lose_and_double_nothing() {
    let (kills, files) = (number("DRIVE_KILLS", 5), number("DRIVE_FILES", 60));
    let drive = FakeDrive::start().await;
    let folder = {
        let mut world = drive.world();
        let root = world.add_user(OWNER);
        let course = world.add_folder(&root, "Curso");
        world.share(&course, ROBOT);
        let mut module = String::new();
        for number in 0..files {
            if number % 20 == 0 {
                module = world.add_folder(&course, &format!("Módulo {}", number / 20));
            }
            let text = format!("# Aula\n\nA palavra marcador{number}x só existe aqui.\n");
            world.add_file(&module, &format!("aula {number}.md"), "text/markdown", text);
        }
        course
    };
    drive.set_latency(Duration::from_millis(20));
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("robot.json");
    std::fs::write(&key, drive.robot_key().to_string()).unwrap();
    let mut variables = drive.variables();
    variables.push(("GOOGLE_CREDENTIALS_PATH", key.display().to_string()));
    // Slow enough that the kills fall into it.
    variables.push(("DRIVE_CONCURRENCY", "2".to_owned()));
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
    let start = async || ApiServer::start(data.path(), rag.url().as_str(), &http, &variables).await;
    let mut api = start().await;
    let post = async |api: &ApiServer, path: &str, body: Value| {
        let request = http
            .post(format!("{}{path}", api.base))
            .bearer_auth(&api.token)
            .json(&body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let get = async |api: &ApiServer, path: &str| {
        let request = http
            .get(format!("{}{path}", api.base))
            .bearer_auth(&api.token);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let mut random = SmallRng::seed_from_u64(20_261_121);
    let started = post(
        &api,
        "/api/drive/sync-recursive",
        json!({ "folder_id": folder }),
    )
    .await;
    let mut id = started["download_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{started}"))
        .to_owned();
    let begun = Instant::now();
    let (mut killed, mut in_mid_run) = (0, 0);
    let mut full = 0;
    loop {
        assert!(begun.elapsed() < PATIENCE, "the sync does not end");
        let run = get(&api, &format!("/api/drive/runs/{id}")).await;
        let is_over = run["ended_at"].is_string();
        if is_over {
            assert_eq!(run["state"], "completed", "{run}");
            if killed >= kills {
                break;
            }
            // There are kills left: another look at everything.
            full += 1;
            let started = post(
                &api,
                "/api/drive/sync-recursive",
                json!({ "folder_id": folder, "full": true }),
            )
            .await;
            started["download_id"]
                .as_str()
                .unwrap_or_else(|| panic!("{started}"))
                .clone_into(&mut id);
        }
        if killed < kills {
            tokio::time::sleep(Duration::from_millis(random.random_range(1..400))).await;
            drop(api);
            killed += 1;
            api = start().await;
            in_mid_run += usize::from(!is_over);
        } else {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut wanted: Vec<(String, String)> =
        expected(&drive.world(), &folder).into_values().collect();
    wanted.sort();
    let listed = loop {
        let listed = api.list(&http).await;
        let mut held: Vec<_> = listed
            .iter()
            .map(|one| (unnumbered(&text(&one["id"])), text(&one["content_hash"])))
            .collect();
        held.sort();
        assert_eq!(held, wanted);
        let ready = listed.iter().filter(|one| one["state"] == "ready").count();
        if ready == files {
            break listed;
        }
        assert!(begun.elapsed() < PATIENCE, "{ready} of {files} ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let ids: Vec<String> = listed.iter().map(|one| text(&one["id"])).collect();
    assert!(
        ids.iter().all(|id| unnumbered(id) == *id),
        "a material is there twice: {ids:?}"
    );
    // What was on its way when the server died is loaded once more, and nothing else.
    let mut loads: BTreeMap<String, usize> = BTreeMap::new();
    for noted in drive
        .noted()
        .into_iter()
        .filter(|noted| noted.call == Call::Download)
    {
        *loads.entry(noted.path).or_default() += 1;
    }
    let again: usize = loads.values().map(|times| times - 1).sum();
    assert!(again <= 2 * kills, "{again} files were loaded again");
    let ask = http
        .get(rag.url().join("materials?limit=1000").unwrap())
        .bearer_auth(service_token(
            "acervo-api-server",
            "acervo-rag-server",
            &SystemClock,
        ));
    let known: Value = ask.send().await.unwrap().json().await.unwrap();
    assert_eq!(known["materials"].as_array().unwrap().len(), files);
    eprintln!(
        "{killed} kills, {in_mid_run} of them in a run, {full} further runs; {files} files, {again} loaded again"
    );
}
