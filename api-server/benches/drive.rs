//! What a sync of Google Drive costs, against a Drive in this process: `cargo bench -p api-server --bench drive`.
//!
//! A second sync of a folder that did not change; files per second against a program that loads one after the other; how soon
//! a sync ends that somebody cancels. The figures stand in `docs/drive.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::print_stdout,
    reason = "a bench that cannot be set up ends there"
)]

#[allow(
    dead_code,
    reason = "the tests use parts of it that the bench does not need"
)]
#[path = "../tests/drive/fake/mod.rs"]
mod fake;
#[allow(
    dead_code,
    reason = "the tests use parts of it that the bench does not need"
)]
#[path = "../tests/process/mod.rs"]
mod process;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use fake::FakeDrive;
use fake::faults::{Act, Call, Fault};
use fake::oauth::ROBOT;
use process::{ApiServer, number};
use tempfile::TempDir;

const OWNER: &str = "professora@escola.example";
/// What Drive takes for an answer.
const LATENCY: Duration = Duration::from_millis(50);

struct Bench {
    drive: FakeDrive,
    api: ApiServer,
    http: reqwest::Client,
    folder: String,
    _data: TempDir,
}

impl Bench {
    async fn new(files: usize, bytes: usize) -> Self {
        let drive = FakeDrive::start().await;
        let folder = {
            let mut world = drive.world();
            let root = world.add_user(OWNER);
            let course = world.add_folder(&root, "Curso");
            world.share(&course, ROBOT);
            let mut module = String::new();
            for number in 0..files {
                if number % 50 == 0 {
                    module = world.add_folder(&course, &format!("Módulo {}", number / 50));
                }
                let mut text = format!("texto {number}\n").into_bytes();
                text.resize(bytes.max(text.len()), b'a');
                world.add_file(&module, &format!("aula {number}.txt"), "text/plain", text);
            }
            course
        };
        let data = tempfile::tempdir().unwrap();
        let key = data.path().join("robot.json");
        std::fs::write(&key, drive.robot_key().to_string()).unwrap();
        let mut variables = drive.variables();
        variables.push(("GOOGLE_CREDENTIALS_PATH", key.display().to_string()));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        // Nobody answers there: what the index does with the files is not measured.
        let api = ApiServer::start(data.path(), "http://127.0.0.1:9", &http, &variables).await;
        Self {
            drive,
            api,
            http,
            folder,
            _data: data,
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}{path}", self.api.base))
            .bearer_auth(&self.api.token)
            .json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn start(&self) -> String {
        let started = self
            .post(
                "/api/drive/sync-recursive",
                json!({ "folder_id": self.folder }),
            )
            .await;
        started["download_id"]
            .as_str()
            .unwrap_or_else(|| panic!("{started}"))
            .to_owned()
    }

    /// Waits for the end; the run.
    async fn end(&self, id: &str) -> Value {
        loop {
            let request = self
                .http
                .get(format!("{}/api/drive/runs/{id}", self.api.base))
                .bearer_auth(&self.api.token);
            let run: Value = request.send().await.unwrap().json().await.unwrap();
            if run["ended_at"].is_string() {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A whole sync: the run, and seconds as somebody in front of it sees them.
    async fn sync(&self) -> (Value, f64) {
        let begun = Instant::now();
        let id = self.start().await;
        let run = self.end(&id).await;
        assert_eq!(run["state"], "completed", "{run}");
        (run, begun.elapsed().as_secs_f64())
    }

    /// Seconds of a program that lists the folder and loads file after file on one connection.
    async fn one_after_the_other(&self) -> f64 {
        let token = self.drive.oauth().grant_access(OWNER);
        let base = format!("{}/drive/v3/files", self.drive.base());
        let begun = Instant::now();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            let mut page: Option<String> = None;
            loop {
                let mut url: url::Url = base.parse().unwrap();
                url.query_pairs_mut()
                    .append_pair("q", &format!("'{folder}' in parents"))
                    .append_pair("pageSize", "1000");
                if let Some(token) = &page {
                    url.query_pairs_mut().append_pair("pageToken", token);
                }
                let list: Value = self
                    .http
                    .get(url)
                    .bearer_auth(&token)
                    .send()
                    .await
                    .unwrap()
                    .json()
                    .await
                    .unwrap();
                for file in list["files"].as_array().unwrap() {
                    let id = file["id"].as_str().unwrap().to_owned();
                    if file["mimeType"] == fake::world::FOLDER {
                        folders.push(id);
                        continue;
                    }
                    let media = self
                        .http
                        .get(format!("{base}/{id}?alt=media"))
                        .bearer_auth(&token);
                    drop(media.send().await.unwrap().bytes().await.unwrap());
                }
                match list["nextPageToken"].as_str() {
                    Some(next) => page = Some(next.to_owned()),
                    None => break,
                }
            }
        }
        begun.elapsed().as_secs_f64()
    }
}

#[tokio::main]
async fn main() {
    let files = number("DRIVE_FILES", 5000);
    let bench = Bench::new(files, 0).await;
    let (_, first) = bench.sync().await;
    bench.drive.forget();
    let (run, seconds) = bench.sync().await;
    println!(
        "{files} files, first sync {first:.1} s; the second: {} requests {:?}, {} bytes of files, {seconds:.2} s ({} s within the run)",
        bench.drive.noted().len(),
        bench.drive.counts(),
        bench.drive.sent(),
        run["timing"]["total"],
    );
    drop(bench);

    let files = number("DRIVE_LOADED", 400);
    let bench = Bench::new(files, 50_000).await;
    bench.drive.set_latency(LATENCY);
    let (_, ours) = bench.sync().await;
    let theirs = bench.one_after_the_other().await;
    let rate = |seconds: f64| files as f64 / seconds;
    println!(
        "{files} files of 50 kB at {} ms an answer: {:.0} files/s, one after the other {:.0} files/s, ratio {:.1}",
        LATENCY.as_millis(),
        rate(ours),
        rate(theirs),
        theirs / ours,
    );
    drop(bench);

    let mut latencies = Vec::new();
    for _ in 0..number("DRIVE_CANCELS", 10) {
        let bench = Bench::new(40, 1_000_000).await;
        bench.drive.fail(Fault::always(
            Call::Download,
            Act::Drip {
                bytes: 1000,
                pause: Duration::from_millis(100),
            },
        ));
        let id = bench.start().await;
        while bench.drive.count(Call::Download) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let asked = Instant::now();
        bench
            .post("/api/drive/cancel-download", json!({ "download_id": id }))
            .await;
        let run = bench.end(&id).await;
        assert_eq!(run["state"], "cancelled", "{run}");
        latencies.push(asked.elapsed().as_millis());
    }
    latencies.sort_unstable();
    println!("cancelled while loading: {latencies:?} ms until the run is over");
}
