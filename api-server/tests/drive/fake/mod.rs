//! Google Drive in this process: version 3 of its interface as far as programs that mirror folders use it, and Google's
//! authorisation server. It keeps everything in memory, counts and notes every request, and goes wrong on demand.
//!
//! That it has the shape of the real one is shown by `scripts/drive-shape.py`, which points Google's own client at it.

pub(crate) mod faults;
mod fields;
pub(crate) mod oauth;
pub(crate) mod office;
mod query;
mod reads;
mod reply;
mod serve;
mod view;
pub(crate) mod world;
mod writes;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde_json::Value;

use faults::{Call, Fault};
use oauth::OAuth;
use world::World;

/// Longest body of an upload, bytes.
const LARGEST_UPLOAD: usize = 64 * 1024 * 1024;

/// A request, noted.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) call: Call,
    pub(crate) path: String,
    /// As it came.
    pub(crate) query: String,
    pub(crate) range: Option<String>,
    pub(crate) status: u16,
    pub(crate) at: Instant,
}

/// All that the server's threads share.
pub(crate) struct Shared {
    world: Mutex<World>,
    faults: Mutex<Vec<Fault>>,
    oauth: Mutex<OAuth>,
    noted: Mutex<Vec<Noted>>,
    base: String,
    latency_ms: AtomicU64,
    /// Bytes of files sent.
    sent: AtomicU64,
    going: AtomicUsize,
    most: AtomicUsize,
}

/// It. Ends when dropped.
pub(crate) struct FakeDrive {
    shared: Arc<Shared>,
    handle: ServerHandle,
}

impl Drop for FakeDrive {
    fn drop(&mut self) {
        // Told at once; nobody waits for the threads.
        drop(self.handle.stop(false));
    }
}

impl FakeDrive {
    /// On a free port.
    pub(crate) async fn start() -> Self {
        Self::start_on(0, 1).await
    }

    /// On this port; ids follow from `seed`.
    pub(crate) async fn start_on(port: u16, seed: u64) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(seed)),
            faults: Mutex::default(),
            oauth: Mutex::default(),
            noted: Mutex::default(),
            base: format!("http://{address}"),
            latency_ms: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            going: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(LARGEST_UPLOAD))
                .default_service(web::to(serve::serve))
        })
        .workers(1)
        .shutdown_timeout(0)
        .disable_signals()
        .listen(listener)
        .expect("it listens")
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { shared, handle }
    }

    pub(crate) fn base(&self) -> &str {
        &self.shared.base
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().expect("nobody panics with it")
    }

    pub(crate) fn oauth(&self) -> MutexGuard<'_, OAuth> {
        self.shared.oauth.lock().expect("nobody panics with it")
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.shared
            .faults
            .lock()
            .expect("nobody panics with it")
            .push(fault);
    }

    /// From now on nothing goes wrong.
    pub(crate) fn heal(&self) {
        self.shared
            .faults
            .lock()
            .expect("nobody panics with it")
            .clear();
    }

    /// Every answer comes so late.
    pub(crate) fn set_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.shared.latency_ms.store(ms, Ordering::SeqCst);
    }

    /// Requests since the last [`FakeDrive::forget`].
    pub(crate) fn noted(&self) -> Vec<Noted> {
        self.shared
            .noted
            .lock()
            .expect("nobody panics with it")
            .clone()
    }

    /// How many of them were of a kind.
    pub(crate) fn count(&self, call: Call) -> usize {
        self.noted()
            .iter()
            .filter(|noted| noted.call == call)
            .count()
    }

    /// How many of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<Call, usize> {
        let mut counts = BTreeMap::new();
        for noted in self.noted() {
            *counts.entry(noted.call).or_default() += 1;
        }
        counts
    }

    /// Bytes of files sent since then.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Most requests that were answered at a time.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// Counts anew.
    pub(crate) fn forget(&self) {
        self.shared
            .noted
            .lock()
            .expect("nobody panics with it")
            .clear();
        self.shared.sent.store(0, Ordering::SeqCst);
        self.shared.most.store(0, Ordering::SeqCst);
    }

    /// The key file of a service account that this server knows.
    pub(crate) fn robot_key(&self) -> Value {
        oauth::robot_key(self.base())
    }

    /// Settings that lead an api-server here.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let base = self.base();
        vec![
            ("GOOGLE_DRIVE_URL", format!("{base}/drive/v3/")),
            ("GOOGLE_UPLOAD_URL", format!("{base}/upload/drive/v3/")),
            ("GOOGLE_AUTH_URL", format!("{base}/o/oauth2/v2/auth")),
            ("GOOGLE_TOKEN_URL", format!("{base}/token")),
            ("GOOGLE_REVOKE_URL", format!("{base}/revoke")),
        ]
    }
}
