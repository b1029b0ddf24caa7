//! A server of its own for each test, spoken to in the words of the domain.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_server::app::{App, Ports, Services};
use api_server::settings::Settings;
use api_server::{Letter, MailError, Mailer};
use async_trait::async_trait;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::settings::{Environment, SecretString};
use shared::shutdown::Shutdown;
use shared::testing::{ManualClock, TestDb};
use shared::token::ServiceTokens;
use tempfile::TempDir;

pub(crate) const JWT_SECRET: &str = "k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe";
pub(crate) const SERVICE_SECRET: &str = "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf";
pub(crate) const WEBHOOK_SECRET: &str = "p0Oi9Uy8Tr7Ew6Qa5Sd4Fg3Hj2Kl1Zxc";
pub(crate) const ADMIN: &str = "diretora";
pub(crate) const PASSWORD: &str = "girassol de papel azul";

/// Which store and cache a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// What needs nothing installed.
    Embedded,
    /// Postgres and Redis.
    Shared,
}

/// Runs one test on both.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every test needs what its file imports")]
            use super::*;

            async fn the_test($app: $crate::test_app::TestApp) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                let app = $crate::test_app::TestApp::on($crate::test_app::On::Embedded, &[]).await;
                the_test(app.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn shared() {
                if let Some(app) = $crate::test_app::TestApp::on($crate::test_app::On::Shared, &[]).await {
                    the_test(app).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// An answer: status, content type, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The answer is a problem with this status and code; its `detail` is a sentence.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.content_type.as_str()),
            (status, "application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{problem}"
        );
        assert!(problem["request_id"].is_string(), "{problem}");
        problem
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the session cookie.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.header("set-cookie");
        let value = cookie
            .strip_prefix("acervo_session=")
            .unwrap_or_else(|| panic!("{self:?}"));
        value.split(';').next().unwrap().to_owned()
    }
}

/// Mails kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    sent: Mutex<Vec<Letter>>,
    pub(crate) failing: std::sync::atomic::AtomicBool,
}

impl Letters {
    /// What was sent since the last time.
    pub(crate) fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Those that were sent to this address.
    pub(crate) fn to(&self, address: &str) -> Vec<Letter> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .filter(|letter| letter.to == address)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl Mailer for Letters {
    async fn send(&self, letter: Letter) -> Result<(), MailError> {
        if self.failing.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(std::io::Error::other("mail server is away").into());
        }
        self.sent.lock().unwrap().push(letter);
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

/// A running server.
pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) letters: Arc<Letters>,
    pub(crate) folder: TempDir,
    pub(crate) services: Services,
    shutdown: Shutdown,
    serving: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
    database: Option<TestDb>,
    settings: Settings,
    ports: Ports,
}

/// Another api-server on the same data.
pub(crate) struct Replica {
    pub(crate) base: String,
    shutdown: Shutdown,
    serving: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Replica {
    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        self.serving.await.unwrap().unwrap();
    }
}

/// Somebody signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) cookie: String,
    pub(crate) id: String,
}

impl TestApp {
    /// On embedded defaults.
    pub(crate) async fn spawn() -> Self {
        Self::with(&[]).await
    }

    /// With these variables on top of the defaults.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::on(On::Embedded, variables).await.unwrap()
    }

    /// On a store and cache, if there are such.
    pub(crate) async fn on(on: On, variables: &[(&str, &str)]) -> Option<Self> {
        // Begins with the machine's time: tokens are read by the library too.
        let clock = Arc::new(ManualClock::at(SystemClock.now_ms()));
        Self::start(on, variables, clock.clone(), clock).await
    }

    /// The same by the machine's clock: the rag-server, which has no other, believes no token of another time.
    pub(crate) async fn in_real_time(on: On, variables: &[(&str, &str)]) -> Option<Self> {
        let unused = Arc::new(ManualClock::at(0));
        Self::start(on, variables, unused, Arc::new(SystemClock)).await
    }

    async fn start(
        on: On,
        variables: &[(&str, &str)],
        clock: Arc<ManualClock>,
        time: Arc<dyn Clock>,
    ) -> Option<Self> {
        let environment = Environment::from_process();
        let mut all: Vec<(&str, String)> = variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let mut database = None;
        if on == On::Shared {
            let redis = environment.get("TEST_REDIS_URL")?;
            let postgres = TestDb::postgres().await?;
            all.push(("DATABASE_URL", postgres.url().to_owned()));
            if !variables.iter().any(|(name, _)| *name == "REDIS_URL") {
                all.push(("REDIS_URL", redis.to_owned()));
            }
            all.push((
                "API__CACHE__PREFIX",
                format!("test:{}:", uuid::Uuid::now_v7()),
            ));
            database = Some(postgres);
        }
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &all);
        let letters = Arc::new(Letters::default());
        let ports = Ports {
            clock: Some(time),
            // A test that names a mail server wants it asked.
            mailer: (!variables.iter().any(|(name, _)| *name == "EMAIL_HOST"))
                .then(|| letters.clone() as Arc<dyn Mailer>),
        };
        let app = App::build(settings.clone(), ports.clone()).await.unwrap();
        let base = format!("http://{}", app.address());
        let services = app.services().clone();
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(app.run(shutdown.clone()));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Some(Self {
            base,
            http,
            clock,
            letters,
            folder,
            services,
            shutdown,
            serving: Some(serving),
            database,
            settings,
            ports,
        })
    }

    /// Starts another api-server on the same data.
    pub(crate) async fn replica(&self) -> Replica {
        let app = App::build(self.settings.clone(), self.ports.clone())
            .await
            .unwrap();
        let base = format!("http://{}", app.address());
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(app.run(shutdown.clone()));
        Replica {
            base,
            shutdown,
            serving,
        }
    }

    /// Where its database is, if not in its folder.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(TestDb::url)
    }

    /// Whether replicas share a cache.
    pub(crate) fn has_shared_cache(&self) -> bool {
        self.settings.redis_url.is_some()
    }

    /// Stops the server in good order.
    pub(crate) async fn stop(mut self) {
        self.shutdown.begin();
        self.serving.take().unwrap().await.unwrap().unwrap();
        if let Some(database) = self.database.take() {
            database.finish().await;
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let content_type = headers
            .get("content-type")
            .map(|value| {
                value
                    .to_str()
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .unwrap_or_default();
        Answer {
            status: response.status().as_u16(),
            content_type,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// A request of somebody, or of nobody.
    pub(crate) async fn call(
        &self,
        who: Option<&Person>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method, path);
        if let Some(person) = who {
            request = request.bearer_auth(&person.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answer {
        self.call(Some(who), "GET", path, None).await
    }

    pub(crate) async fn post(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.call(Some(who), "POST", path, Some(body)).await
    }

    /// Runs the schedule `name` to its end, however long that takes on a busy machine: its `outcome` and `message`.
    #[track_caller]
    pub(crate) fn ran(&self, admin: &Person, name: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(240);
            let mut ran = self
                .post(admin, &format!("/jobs/{name}"), json!({}))
                .await
                .ok();
            while ran["outcome"] == "running" {
                assert!(tokio::time::Instant::now() < deadline, "{caller}: {ran}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                let runs = format!("/jobs/schedules/{name}/runs");
                let last = self.get(admin, &runs).await.ok()[0].take();
                ran = json!({"outcome": last["outcome"], "message": last["detail"]});
            }
            ran
        }
    }

    pub(crate) async fn put(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.call(Some(who), "PUT", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: &Person, path: &str) -> Answer {
        self.call(Some(who), "DELETE", path, None).await
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Answer {
        let form = [("username", name), ("password", password)];
        self.send(self.form("/api/auth/token", &form)).await
    }

    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Signs somebody in.
    pub(crate) async fn person(&self, name: &str, password: &str) -> Person {
        let answer = self.log_in(name, password).await;
        let body = answer.ok();
        Person {
            token: body["access_token"].as_str().unwrap().to_owned(),
            refresh_token: body["refresh_token"].as_str().unwrap().to_owned(),
            cookie: answer.cookie(),
            id: body["user"]["id"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) async fn admin(&self) -> Person {
        self.person(ADMIN, PASSWORD).await
    }

    /// Makes a user who is let in, with [`PASSWORD`], and signs in.
    pub(crate) async fn member(&self, admin: &Person, name: &str, role: &str) -> Person {
        let body = json!({ "username": name, "email": format!("{name}@example.org"), "full_name": "", "role": role });
        let made = self.post(admin, "/api/auth/users", body).await.ok();
        let first = made["generated_password"].as_str().unwrap();
        let new = self.person(name, first).await;
        let change = json!({ "current_password": first, "new_password": PASSWORD });
        self.post(&new, "/api/auth/change-password", change)
            .await
            .ok();
        self.person(name, PASSWORD).await
    }

    /// Sends what is due and gives the links of the mails to this address: (token, username).
    pub(crate) async fn links_to(&self, address: &str) -> Vec<(String, String, String)> {
        self.services.send_mails().await.unwrap();
        let sent = self.letters.sent.lock().unwrap();
        sent.iter()
            .filter(|letter| letter.to == address)
            .map(|letter| {
                let link = letter
                    .plain
                    .lines()
                    .find(|line| line.starts_with("http"))
                    .unwrap();
                let link: url::Url = link.parse().unwrap();
                let part = |name: &str| {
                    link.query_pairs()
                        .find(|(key, _)| key == name)
                        .unwrap()
                        .1
                        .into_owned()
                };
                (link.path().to_owned(), part("token"), part("username"))
            })
            .collect()
    }

    /// What the rag-server would ask.
    pub(crate) async fn introspect(&self, body: Value) -> Answer {
        let request = self
            .request("POST", "/internal/introspect")
            .bearer_auth(self.rag_token())
            .json(&body);
        self.send(request).await
    }

    pub(crate) fn rag_token(&self) -> String {
        service_token("acervo-rag-server", "acervo-api-server", &*self.clock)
    }
}

pub(crate) fn service_token(issuer: &str, audience: &str, clock: &dyn Clock) -> String {
    let secret = SecretString::from(SERVICE_SECRET.to_owned());
    ServiceTokens::new(&secret, issuer, audience)
        .unwrap()
        .sign(clock)
        .unwrap()
}

/// The variables of a test in `folder`.
pub(crate) fn variables(folder: &Path, more: &[(&str, String)]) -> Vec<(String, String)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut all = vec![
        ("ENVIRONMENT", "testing".to_owned()),
        ("CONFIG_DIR", format!("{root}/config")),
        ("DATA_DIR", folder.display().to_string()),
        ("JWT_SECRET_KEY", JWT_SECRET.to_owned()),
        ("SERVICE_SECRET", SERVICE_SECRET.to_owned()),
        ("WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        // Nobody answers there: tests that need a rag-server bring one.
        ("RAG_SERVER_URL", "http://127.0.0.1:9".to_owned()),
        // Tests send mails themselves.
        ("API__SERVER__WORKER", "false".to_owned()),
        ("ADMIN_USERNAME", ADMIN.to_owned()),
        ("ADMIN_PASSWORD", PASSWORD.to_owned()),
    ];
    all.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    all.extend(more.iter().cloned());
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Settings of a test in `folder`.
pub(crate) fn settings(folder: &Path, more: &[(&str, String)]) -> Settings {
    Settings::load(&Environment::from_pairs(variables(folder, more)))
        .unwrap_or_else(|faults| panic!("{faults}"))
        .settings
}
