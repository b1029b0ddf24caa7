//! A Drive, an api-server that mirrors a folder of it, and what of the folder should be there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::testing::RagServer;
use tempfile::TempDir;

use crate::fake::FakeDrive;
use crate::fake::oauth::{API_KEY, ROBOT};
use crate::fake::office::{DOCX, PDF, PPTX, XLSX};
use crate::fake::world::{
    Caller, Content, DOCUMENT, DRAWING, FOLDER, PRESENTATION, SHORTCUT, SPREADSHEET, World,
};
use crate::test_app::{Answer, On, Person, SERVICE_SECRET, TestApp, service_token};

/// Whose drive it is.
pub(crate) const OWNER: &str = "professora@escola.example";
/// Time a sync may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// Asks until it is so.
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Path, as Drive has it, and BLAKE3, by the id of the file or of the shortcut that leads to it.
pub(crate) type Expected = BTreeMap<String, (String, String)>;

/// All of it.
pub(crate) struct Stage {
    pub(crate) drive: FakeDrive,
    pub(crate) app: TestApp,
    pub(crate) admin: Person,
    /// The folder that is mirrored.
    pub(crate) folder: String,
    pub(crate) rag: Option<RagServer>,
    /// With the service account's key.
    _secrets: TempDir,
}

impl Stage {
    /// Without a rag-server, on the embedded stores.
    pub(crate) async fn new() -> Self {
        Self::on(On::Embedded, None, &[]).await.unwrap()
    }

    /// With these variables besides.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::on(On::Embedded, None, variables).await.unwrap()
    }

    /// With a rag-server, on either kind of stores.
    pub(crate) async fn with_rag(on: On) -> Option<Self> {
        let rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
        Self::on(on, Some(rag), &[]).await
    }

    /// A folder `Curso` that its owner shares with the service account.
    pub(crate) async fn on(on: On, rag: Option<RagServer>, more: &[(&str, &str)]) -> Option<Self> {
        let drive = FakeDrive::start().await;
        let folder = {
            let mut world = drive.world();
            let root = world.add_user(OWNER);
            let folder = world.add_folder(&root, "Curso");
            world.share(&folder, ROBOT);
            folder
        };
        let secrets = tempfile::tempdir().unwrap();
        let key = secrets.path().join("credentials.json");
        std::fs::write(&key, drive.robot_key().to_string()).unwrap();
        let mut variables = drive.variables();
        variables.extend([
            ("GOOGLE_CREDENTIALS_PATH", key.display().to_string()),
            ("API__SERVER__WORKER", "true".to_owned()),
            ("DRIVE_RETRIES", "3".to_owned()),
            ("DRIVE_RETRY_WAIT", "5ms".to_owned()),
        ]);
        if let Some(rag) = &rag {
            variables.push(("RAG_SERVER_URL", rag.url().to_string()));
        }
        variables.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        let all: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(more.iter().copied().filter(|(_, value)| !value.is_empty()))
            .collect();
        let app = TestApp::in_real_time(on, &all).await?;
        let admin = app.admin().await;
        Some(Self {
            drive,
            app,
            admin,
            folder,
            rag,
            _secrets: secrets,
        })
    }

    /// By a clock that stands still until it is told: a public folder, read by a key, whose use knows no time.
    pub(crate) async fn by_a_clock(on: On) -> Option<Self> {
        let drive = FakeDrive::start().await;
        let folder = {
            let mut world = drive.world();
            let root = world.add_user(OWNER);
            let folder = world.add_folder(&root, "Curso");
            world.share(&folder, "anyone");
            folder
        };
        let mut variables = drive.variables();
        variables.extend([
            ("GOOGLE_DRIVE_API_KEY", API_KEY.to_owned()),
            ("API__SERVER__WORKER", "true".to_owned()),
        ]);
        let all: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let app = TestApp::on(on, &all).await?;
        let admin = app.admin().await;
        Some(Self {
            drive,
            app,
            admin,
            folder,
            rag: None,
            _secrets: tempfile::tempdir().unwrap(),
        })
    }

    /// Signs in again, after tokens have ended.
    pub(crate) async fn again(mut self) -> Self {
        self.admin = self.app.admin().await;
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.app.get(&self.admin, path).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(&self.admin, path, body).await
    }

    /// Starts a sync; its id.
    pub(crate) async fn start(&self, more: Value) -> String {
        let mut body = json!({ "folder_id": self.folder });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let started = self.post("/api/drive/sync-recursive", body).await.ok();
        assert_eq!(started["status"], "started", "{started}");
        started["download_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn run(&self, id: &str) -> Value {
        self.get(&format!("/api/drive/runs/{id}")).await.ok()
    }

    /// Waits for the end of a run, and checks its account.
    pub(crate) async fn end_of(&self, id: &str) -> Value {
        let mut run = Value::Null;
        until("the run ends", async || {
            run = self.run(id).await;
            run["ended_at"].is_string()
        })
        .await;
        self.check_ledger(&run).await;
        run
    }

    /// A whole sync.
    pub(crate) async fn sync(&self) -> Value {
        let id = self.start(json!({})).await;
        self.end_of(&id).await
    }

    /// A whole sync that ends well and mirrors all, with whatever has to be confirmed.
    pub(crate) async fn mirror(&self) -> Value {
        let mut run = self.sync().await;
        if run["state"] == "needs_confirmation" {
            run = self.confirm(&run).await;
        }
        assert_eq!(run["state"], "completed", "{run}: {:?}", self.drive.noted());
        self.assert_exact(&format!("{run}")).await;
        run
    }

    /// Confirms what a run asks.
    pub(crate) async fn confirm(&self, run: &Value) -> Value {
        let path = format!("/api/drive/runs/{}/confirm", run["id"].as_str().unwrap());
        let body = json!({ "removals": run["counts"]["removals"] });
        let started = self.post(&path, body).await.ok();
        self.end_of(started["download_id"].as_str().unwrap()).await
    }

    /// All rows of a run's ledger.
    pub(crate) async fn rows(&self, run: &Value) -> Vec<Value> {
        let id = run["id"].as_str().unwrap();
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let after_part = after.map_or_else(String::new, |seq: i64| format!("&after={seq}"));
            let path = format!("/api/drive/runs/{id}/files?limit=100{after_part}");
            let page = self.get(&path).await.ok();
            let page = page.as_array().unwrap();
            let Some(last) = page.last() else {
                return rows;
            };
            after = last["seq"].as_i64();
            rows.extend(page.iter().cloned());
        }
    }

    /// The row of a file.
    pub(crate) async fn row(&self, run: &Value, file: &str) -> Value {
        let rows = self.rows(run).await;
        rows.iter()
            .find(|row| row["file_id"] == file)
            .unwrap_or_else(|| panic!("{file} is not in {rows:?}"))
            .clone()
    }

    /// Why a file was left out or failed: outcome, code.
    pub(crate) async fn why(&self, run: &Value, file: &str) -> (String, String) {
        let row = self.row(run, file).await;
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        (text(&row["outcome"]), text(&row["reason"]["code"]))
    }

    /// Every file has one outcome, the sums are those of the rows, and removals stand apart.
    async fn check_ledger(&self, run: &Value) {
        let counts = &run["counts"];
        let count = |name: &str| counts[name].as_u64().unwrap_or_else(|| panic!("{run}"));
        let parts = ["indexed", "unchanged", "skipped", "failed", "pending"];
        let sum: u64 = parts.iter().map(|part| count(part)).sum();
        assert_eq!(count("listed"), sum, "{run}");
        let rows = self.rows(run).await;
        let of = |outcome: &str| rows.iter().filter(|row| row["outcome"] == outcome).count() as u64;
        for part in parts {
            assert_eq!(count(part), of(part), "{part} of {run}: {rows:?}");
        }
        let removals = rows.iter().filter(|row| row["action"] == "remove").count() as u64;
        assert_eq!(
            (count("removals"), count("removed")),
            (removals, of("removed")),
            "{run}: {rows:?}"
        );
        // What is skipped now may be removed by that; else every file has one row.
        let files: BTreeSet<(bool, &str)> = rows
            .iter()
            .map(|row| (row["action"] == "remove", row["file_id"].as_str().unwrap()))
            .collect();
        assert_eq!(files.len(), rows.len(), "{rows:?}");
        for row in &rows {
            let needs_reason = ["skipped", "failed", "waiting", "removed"]
                .contains(&row["outcome"].as_str().unwrap());
            assert_eq!(needs_reason, row["reason"]["detail"].is_string(), "{row}");
        }
        if run["state"] == "completed" && run["dry_run"] == false {
            assert_eq!(count("pending"), 0, "{run}");
        }
    }

    /// All materials.
    pub(crate) async fn materials(&self) -> Vec<Value> {
        self.get("/api/materials")
            .await
            .ok()
            .as_array()
            .unwrap()
            .clone()
    }

    /// Paths of materials, without the number that a taken name gets, and their BLAKE3.
    pub(crate) async fn held(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut held: Vec<(String, String)> = self
            .materials()
            .await
            .iter()
            .map(|material| {
                (
                    unnumbered(&text(&material["id"])),
                    text(&material["content_hash"]),
                )
            })
            .collect();
        held.sort();
        held
    }

    /// What should be there.
    pub(crate) fn expected(&self) -> Expected {
        expected(&self.drive.world(), &self.folder)
    }

    /// Materials are what the folder holds, exactly.
    pub(crate) async fn assert_exact(&self, context: &str) {
        let mut wanted: Vec<(String, String)> = self.expected().into_values().collect();
        wanted.sort();
        let held = self.held().await;
        let missing: Vec<_> = wanted.iter().filter(|one| !held.contains(one)).collect();
        let surplus: Vec<_> = held.iter().filter(|one| !wanted.contains(one)).collect();
        assert!(
            held == wanted,
            "missing {missing:#?}, surplus {surplus:#?}; {context}"
        );
    }

    /// What the rag-server is asked, as the api-server would.
    pub(crate) async fn ask_rag(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let rag = self.rag.as_ref().unwrap();
        let token = service_token("acervo-api-server", "acervo-rag-server", &SystemClock);
        let url = rag.url().join(path).unwrap();
        let mut request = self
            .app
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.app.send(request).await.ok()
    }

    /// How many passages with this word the index finds.
    pub(crate) async fn hits(&self, word: &str) -> usize {
        let body = json!({ "query": word, "config": { "search": "text", "rerank": false } });
        let found = self.ask_rag("POST", "search", Some(body)).await;
        let hits = found["hits"].as_array().unwrap();
        hits.iter()
            .filter(|hit| hit["text"].as_str().unwrap().contains(word))
            .count()
    }

    /// Waits until the rag-server has heard of everything and read it; then the index holds what the materials are.
    pub(crate) async fn assert_indexed(&self) {
        until("the rag-server has heard of everything", async || {
            let materials = self.materials().await;
            self.get("/api/status").await.ok()["changes_waiting"] == 0
                && materials
                    .iter()
                    .all(|material| material["state"] == "ready" || material["state"] == "failed")
        })
        .await;
        let pair = |value: &Value, id: &str, source: &str| {
            (value[id].to_string(), value[source].to_string())
        };
        let materials = self.materials().await;
        let failed: Vec<_> = materials
            .iter()
            .filter(|material| material["state"] == "failed")
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
        let mine: BTreeSet<_> = materials
            .iter()
            .map(|material| pair(material, "uid", "id"))
            .collect();
        let known = self.ask_rag("GET", "materials?limit=1000", None).await;
        let known: BTreeSet<_> = known["materials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|material| pair(material, "id", "source"))
            .collect();
        assert_eq!(known, mine);
    }

    /// Files in the server's store, those on their way included.
    pub(crate) fn stored_files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else {
                return 0;
            };
            let paths = entries.map(|entry| entry.unwrap().path());
            paths
                // What processes lock stays, whatever goes.
                .filter(|path| !path.ends_with(".lock"))
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(&self.app.folder.path().join("uploads"))
    }

    /// Ends in good order.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
    }
}

/// `aula_1.pdf` → `aula.pdf`.
pub(crate) fn unnumbered(id: &str) -> String {
    let Some((stem, extension)) = id.rsplit_once('.') else {
        return id.to_owned();
    };
    match stem.rsplit_once('_') {
        Some((name, number)) if number.parse::<u32>().is_ok() => format!("{name}.{extension}"),
        _ => id.to_owned(),
    }
}

/// What a folder should become, told apart from how it is mirrored: real folders first, then what shortcuts add.
pub(crate) fn expected(world: &World, root: &str) -> Expected {
    let robot = Caller::User(ROBOT.to_owned());
    let mut found = Expected::new();
    let mut here = BTreeSet::from([root.to_owned()]);
    let mut shortcuts: Vec<(String, String)> = Vec::new();
    let mut folders = vec![(root.to_owned(), world.files[root].name.clone())];
    loop {
        while let Some((folder, path)) = folders.pop() {
            for file in world.children(&folder) {
                if file.trashed || !world.may_read(&robot, &file.id) {
                    continue;
                }
                let at = format!("{path}/{}", file.name);
                if file.mime == SHORTCUT {
                    shortcuts.push((file.id.clone(), at));
                } else if here.insert(file.id.clone()) {
                    if file.mime == FOLDER {
                        folders.push((file.id.clone(), at));
                    } else {
                        add(world, &mut found, &file.id, &file.id, &at);
                    }
                }
            }
        }
        let Some((shortcut, at)) = shortcuts.pop() else {
            return found;
        };
        let target = world.files[&shortcut].target.clone().unwrap();
        if !world.may_read(&robot, &target)
            || world.is_trashed(&target)
            || !here.insert(target.clone())
        {
            continue;
        }
        if world.files[&target].mime == FOLDER {
            folders.push((target, at));
        } else {
            add(world, &mut found, &shortcut, &target, &at);
        }
    }
}

fn add(world: &World, found: &mut Expected, id: &str, of: &str, at: &str) {
    let file = &world.files[of];
    let (path, bytes) = match &file.content {
        Content::Bytes(bytes) => (at.to_owned(), bytes),
        Content::Native(exports) => {
            let (extension, mime) = match file.mime.as_str() {
                DOCUMENT => ("docx", DOCX),
                SPREADSHEET => ("xlsx", XLSX),
                PRESENTATION => ("pptx", PPTX),
                DRAWING => ("pdf", PDF),
                other => panic!("nothing is known of {other}"),
            };
            (format!("{at}.{extension}"), &exports[mime])
        }
        Content::None | Content::Zeros(_) => return,
    };
    let hash = blake3::hash(bytes).to_hex().to_string();
    found.insert(id.to_owned(), (path, hash));
}
