//! Puts the server together: opens what is kept, starts what works in the background, listens.

mod part;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use actix_web::{App as HttpApp, HttpServer, middleware};
use anyhow::Context as _;
use index::{Index, Need};
use shared::cache::{Cache, MemoryCache, RedisCache};
use shared::clock::{Clock, SystemClock};
use shared::db::{self, Db};
use shared::shutdown::Shutdown;
use shared::token::ServiceTokens;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::access::{self, Access, People};
use crate::archive::{self, ArchiveService};
use crate::embedding::Embedding;
use crate::ingest::IngestService;
use crate::jobs::{JobService, Queue};
use crate::materials::{Files, MaterialService, TableFiles};
use crate::models::Models;
use crate::pages::PageService;
use crate::query::{Aliases, Answers, QueryService};
use crate::ranking::{RankingService, Versions};
use crate::reader::{ReaderPool, ReaderSettings};
use crate::replica::{self, DataLock, Forwarder, Replica, Role};
use crate::routes;
use crate::settings::{ServiceSettings, Settings};
use crate::status::StatusService;
use crate::tables::TableService;

/// How often the index is looked at for rows that wait to be indexed.
const TEND_EVERY: Duration = Duration::from_secs(2);
/// What is worthwhile and not pressing waits this many times as long as it took the last time.
const TEND_REST: u32 = 20;
/// How often it is tended even without need: old versions go.
const TEND_AT_LEAST: Duration = Duration::from_secs(1800);
/// How often an embedder that is away is looked for.
const RECONNECT_EVERY: Duration = Duration::from_secs(15);
/// Documents a reading process reads before it is replaced.
const RECYCLE_AFTER: usize = 200;

/// What the server takes from outside; tests bring their own.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The program started as `extract-worker`.
    pub reader_program: PathBuf,
}

impl Ports {
    /// The real ones: this machine's clock, this very program.
    pub fn real() -> std::io::Result<Self> {
        Ok(Self {
            clock: Arc::new(SystemClock),
            reader_program: std::env::current_exe()?,
        })
    }
}

/// Everything behind HTTP; the command line uses it too.
#[derive(Clone)]
pub struct Services {
    /// Materials.
    pub materials: Arc<MaterialService>,
    /// Jobs.
    pub jobs: Arc<JobService>,
    /// Questions.
    pub query: Arc<QueryService>,
    /// Learning to rank.
    pub(crate) ranking: Arc<RankingService>,
    /// What jobs do.
    pub ingest: Arc<IngestService>,
    /// The whole store in one file.
    pub(crate) archive: Arc<ArchiveService>,
    /// Pictures of pages.
    pub(crate) pages: Arc<PageService>,
    /// Tables.
    pub(crate) tables: Arc<TableService>,
    /// Vectors.
    pub embedding: Arc<Embedding>,
    /// Chat models.
    pub models: Arc<Models>,
    /// State of the server.
    pub status: Arc<StatusService>,
    /// The index.
    pub index: Index,
    /// State.
    pub db: Db,
    /// This server among those over the same data.
    pub(crate) replica: Arc<Replica>,
    collection: String,
    lock: Arc<DataLock>,
}

impl Services {
    /// Opens what is kept below the data folder; another process that has it open is an error.
    pub async fn open(settings: &Settings, ports: &Ports) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("cannot create {}", settings.data_dir.display()))?;
        let lock = DataLock::take(&settings.data_dir, settings.replica.is_some())?;
        // The folder people put files into; one that they named themselves must be there, or it is the wrong one.
        if settings.materials_dir.starts_with(&settings.data_dir) {
            std::fs::create_dir_all(&settings.materials_dir)
                .with_context(|| format!("cannot create {}", settings.materials_dir.display()))?;
        }
        let db = db::connect(&settings.database_url)
            .await
            .context("cannot open the database")?;
        db::migrate(
            &db,
            &sqlx::migrate!("migrations/sqlite"),
            &sqlx::migrate!("migrations/postgres"),
        )
        .await
        .context("cannot migrate the database")?;
        let replica = Arc::new(match &settings.replica {
            None => Replica::alone(),
            Some(address) => Replica::join(db.clone(), address.clone())
                .await
                .context("cannot tell who writes")?,
        });
        let queue = Queue::open(&settings.queue_url)
            .await
            .context("cannot open the queue")?;
        let collection = archive::collection_in_use(&db, &settings.index.collection)
            .await
            .context("cannot tell which collection is in use")?;
        let mut index_settings = index::IndexSettings::new(&settings.index.uri, &collection);
        index_settings.index_cache_bytes = settings.index.cache_bytes;
        // The lock covers the data folder: an index elsewhere may have another writer.
        index_settings.sole_writer = Path::new(&settings.index.uri).starts_with(&settings.data_dir);
        let index = Index::open(index_settings)
            .await
            .context("cannot open the index")?;
        let files = Files::shared(
            &settings.data_dir.join("files"),
            settings.server.upload_limit,
        );
        let table_files = TableFiles::open(&settings.data_dir.join("tables"))
            .context("cannot open the folder of tables")?;

        let clock = Arc::clone(&ports.clock);
        let embedding = Arc::new(Embedding::new(
            db.clone(),
            index.clone(),
            settings.embedding.clone(),
        ));
        let jobs = Arc::new(JobService::new(db.clone(), queue, Arc::clone(&clock)));
        let materials = Arc::new(MaterialService::new(
            db.clone(),
            files,
            (index.clone(), table_files),
            Arc::clone(&jobs),
            Arc::clone(&clock),
        ));
        let reader = ReaderPool::new(ReaderSettings {
            program: ports.reader_program.clone(),
            workers: settings.reader.workers,
            timeout: settings.reader.timeout,
            memory_bytes: settings.reader.memory_bytes,
            cpu_seconds: settings.reader.timeout.as_secs().max(1),
            recycle_after: RECYCLE_AFTER,
            limits: settings.reader.limits,
            ocr: settings.reader.ocr.clone(),
        });
        let pages = Arc::new(PageService::new(Arc::clone(&materials), reader.clone()));
        let ingest = Arc::new(IngestService {
            db: db.clone(),
            materials: Arc::clone(&materials),
            jobs: Arc::clone(&jobs),
            index: index.clone(),
            reader,
            embedding: Arc::clone(&embedding),
            chunking: settings.chunk,
            mirrored_folder: settings.materials_dir.clone(),
            clock: Arc::clone(&clock),
            vectors_wanted: Notify::new(),
            refused: std::sync::Mutex::default(),
            stopping: CancellationToken::new(),
        });
        let parts = archive::Parts {
            db: db.clone(),
            index: index.clone(),
            materials: Arc::clone(&materials),
            jobs: Arc::clone(&jobs),
            embedding: Arc::clone(&embedding),
            clock: Arc::clone(&clock),
            collection: settings.index.collection.clone(),
            data_dir: settings.data_dir.clone(),
        };
        let archive = ArchiveService::open(parts, settings.archive)
            .context("cannot open the folder of archives")?;
        let path = settings.data_dir.join("aliases.json");
        let aliases =
            Aliases::open(&path).with_context(|| format!("cannot use {}", path.display()))?;
        let tables = Arc::new(TableService::new(
            Arc::clone(&materials),
            tables::Aliases(aliases.listed().clone()),
            settings.tables,
        ));
        let models = Arc::new(Models::new(&settings.chat).context("cannot set up chat models")?);
        let cache: Arc<dyn Cache> = match &settings.answers.redis_url {
            Some(url) => Arc::new(
                RedisCache::new(url, &settings.answers.prefix, Arc::clone(&clock))
                    .context("cache.redis_url")?,
            ),
            None => Arc::new(MemoryCache::new(Arc::clone(&clock))),
        };
        let answers = Arc::new(Answers::new(cache, settings.answers.ttl));
        let versions = Versions::open(&settings.data_dir.join("ranking"))
            .context("cannot open the folder of rankings")?;
        let query = Arc::new(QueryService::new(
            db.clone(),
            index.clone(),
            Arc::clone(&embedding),
            versions.in_use(),
            (Arc::new(aliases), Arc::clone(&models), answers),
            Arc::clone(&tables),
            settings.retrieval,
        ));
        let ranking = RankingService::new(Arc::clone(&query), versions, Arc::clone(&clock));
        let status = Arc::new(StatusService::new(
            db.clone(),
            index.clone(),
            Arc::clone(&jobs),
            Arc::clone(&embedding),
            Arc::clone(&models),
            Arc::clone(&query),
            (Arc::clone(&replica), settings.index.collection.clone()),
        ));
        let services = Self {
            materials,
            jobs,
            query,
            ranking: Arc::new(ranking),
            ingest,
            archive: Arc::new(archive),
            pages,
            tables,
            embedding,
            models,
            status,
            index,
            db,
            replica,
            collection: settings.index.collection.clone(),
            lock: Arc::new(lock),
        };
        if services.replica.role() != Role::Follower {
            services.take_charge().await?;
        }
        Ok(services)
    }

    /// Starts what works in the background until `shutdown`.
    pub fn start(&self, shutdown: &Shutdown, concurrency: std::num::NonZeroUsize) {
        let stopping = self.ingest.stopping.clone();
        let token = shutdown.token();
        shutdown.spawn(async move {
            token.cancelled().await;
            stopping.cancel();
        });
        shutdown.spawn(Arc::clone(&self.ingest).run(concurrency));
        shutdown.spawn(Arc::clone(&self.ingest).reconcile_forever());
        shutdown.spawn(Arc::clone(&self.ingest).embed_forever());
        shutdown.spawn(tend(self.index.clone(), shutdown.token()));
        shutdown.spawn(keep_connected(Arc::clone(&self.ingest), shutdown.token()));
    }
}

/// Indexes new rows, compacts and prunes, while reads go on.
async fn tend(index: Index, stopping: CancellationToken) {
    let (mut last, mut took) = (Instant::now(), Duration::ZERO);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(TEND_EVERY) => {}
        }
        let patience = match index.optimize_need() {
            Need::Pressing => Duration::ZERO,
            Need::Worthwhile => took * TEND_REST,
            Need::None => TEND_AT_LEAST,
        };
        if last.elapsed() < patience.min(TEND_AT_LEAST) {
            continue;
        }
        let started = Instant::now();
        if let Err(error) = index.optimize().await {
            warn!(error = %shared::telemetry::chain(&error), "tending the index failed: {error}");
        }
        (last, took) = (Instant::now(), started.elapsed());
    }
}

/// Looks for an embedder that is away until it is there.
async fn keep_connected(ingest: Arc<IngestService>, stopping: CancellationToken) {
    loop {
        if ingest.embedding.status().configured_model.is_none() {
            match ingest.embedding.connect().await {
                Ok(()) => ingest.vectors_wanted.notify_one(),
                Err(error) => warn!(
                    error = %shared::telemetry::chain(&error),
                    "full text answers alone until the embedding model is there: {error}"
                ),
            }
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(RECONNECT_EVERY) => {}
        }
    }
}

/// A server that listens and is not yet running.
pub struct App {
    server: actix_web::dev::Server,
    address: SocketAddr,
    services: Services,
    settings: Settings,
}

impl App {
    /// Opens everything and listens.
    pub async fn build(settings: Settings, ports: Ports) -> anyhow::Result<Self> {
        let services = Services::open(&settings, &ports).await?;
        if matches!(
            settings.embedding.source,
            crate::embedding::EmbeddingSource::Bundled
        ) {
            services
                .embedding
                .connect()
                .await
                .context("cannot load the bundled embedding model")?;
        }
        let tokens = settings
            .service
            .as_ref()
            .map(|service| {
                ServiceTokens::new(
                    &service.secret,
                    service.issuer.as_str(),
                    service.audience.as_str(),
                )
            })
            .transpose()
            .context("service.secret")?;
        let people = settings
            .service
            .as_ref()
            .map(people)
            .transpose()
            .context("API_SERVER_URL")?
            .flatten();
        let access = Data::new(Access::new(
            tokens,
            people,
            settings.metrics_token.clone(),
            Arc::clone(&ports.clock),
        ));
        let address = SocketAddr::new(settings.server.host, settings.server.port);
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        services.lock.announce(address)?;
        let replica = Data::from(Arc::clone(&services.replica));
        let forwarder = Data::new(Forwarder::new().context("cannot set up HTTP")?);
        let data = routes::AppData::new(&services, &settings)?;
        let server = HttpServer::new(move || {
            HttpApp::new()
                .configure(routes::all)
                .configure(|config| data.configure(config))
                .app_data(access.clone())
                .app_data(replica.clone())
                .app_data(forwarder.clone())
                .wrap(middleware::from_fn(replica::forward))
                .wrap(middleware::from_fn(access::guard))
                .wrap(middleware::from_fn(shared::telemetry::observe))
                .wrap(shared::telemetry::logger())
        })
        .workers(settings.server.workers)
        .shutdown_timeout(settings.server.drain.as_secs())
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self {
            server,
            address,
            services,
            settings,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is behind HTTP.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Serves until `shutdown` begins, then finishes what is being done.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        // Not waited for at the end: the lease is kept until everything else is finished.
        tokio::spawn(
            self.services
                .clone()
                .take_part(shutdown.clone(), self.settings.concurrency),
        );
        let handle = self.server.handle();
        let mut serving = tokio::spawn(self.server);
        info!(address = %self.address, "listening on {}", self.address);
        tokio::select! {
            result = &mut serving => {
                shutdown.begin();
                result.context("server thread")?.context("server")?;
            }
            () = shutdown.begun() => {
                self.services.replica.step_back().await;
                handle.stop(true).await;
                serving.await.context("server thread")?.context("server")?;
            }
        }
        let drained = shutdown.drain(self.settings.server.drain).await;
        self.services.replica.leave().await;
        self.services.jobs.queue().close().await;
        self.services.index.clone().close().await;
        self.services.db.close().await;
        info!("stopped: {drained:?}");
        Ok(())
    }
}

/// Asks the api-server who calls, showing it tokens that go the other way.
fn people(service: &ServiceSettings) -> anyhow::Result<Option<People>> {
    let Some(url) = &service.api_server_url else {
        return Ok(None);
    };
    let (ours, theirs) = (service.audience.as_str(), service.issuer.as_str());
    let tokens = ServiceTokens::new(&service.secret, ours, theirs)?;
    Ok(Some(People::new(url, tokens)?))
}
