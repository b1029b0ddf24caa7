//! Everything behind HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use shared::cache::{Cache, MemoryCache, RedisCache};
use shared::clock::{Clock, SystemClock};
use shared::db::{self, Db};
use shared::files::Files;
use shared::http::HttpSettings;
use shared::shutdown::Shutdown;
use shared::token::{API_SERVER, RAG_SERVER, ServiceTokens};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::jobs::Jobs;
use crate::access::Access;
use crate::alerts::Alerts;
use crate::api_keys::ApiKeyService;
use crate::assistant::AssistantService;
use crate::backup::{self, Backups};
use crate::chat::{ChatService, Conversations, LearningService};
use crate::drive::DriveService;
use crate::health::HealthService;
use crate::improvement::Improvement;
use crate::limits::{LoginDelays, RateLimits};
use crate::links::LinkService;
use crate::mail::{FolderMailer, Mailer, Mails, SmtpMailer};
use crate::maintenance::{MaintenanceService, Overview};
use crate::materials::{DownloadLinks, MaterialService, Outbox};
use crate::migrations;
use crate::notices::Notices;
use crate::numbers::{Counts, Numbers, Origins};
use crate::oidc::OidcService;
use crate::passwords::Passwords;
use crate::planned::Planned;
use crate::rag::RagClient;
use crate::reports::Reports;
use crate::runs::Runs;
use crate::schedules::{Schedules, Zone};
use crate::sessions::SessionService;
use crate::settings::Settings;
use crate::site::{Operator, SiteService};
use crate::tokens::JwtKeys;
use crate::two_factor::TwoFactorService;
use crate::usage::UsageService;
use crate::users::UserService;
use crate::video::{Transcriber, VideoService};
use crate::webhook::WebhookService;

/// File with the first administrator's password, below the data folder.
const ADMIN_FILE: &str = "admin-password.txt";

/// What the server takes from outside; tests bring their own.
#[derive(Clone, Default)]
pub struct Ports {
    /// Time; this machine's when absent.
    pub clock: Option<Arc<dyn Clock>>,
    /// How mails leave; as the settings say when absent.
    pub mailer: Option<Arc<dyn Mailer>>,
}

/// Somebody waits for the identity provider's answer.
const PROVIDER: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(5),
    read_timeout: Duration::from_secs(10),
    total_timeout: Duration::from_secs(10),
};

/// Downloads of hours, with a limit of their own; silence ends them.
const DRIVE: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(10),
    read_timeout: Duration::from_secs(60),
    total_timeout: Duration::from_secs(3 * 3600),
};

/// Everything behind HTTP; the command line uses it too.
#[derive(Clone)]
pub struct Services {
    pub(crate) counts: Counts,
    pub(crate) site: Arc<SiteService>,
    pub(crate) access: Arc<Access>,
    pub(crate) users: Arc<UserService>,
    pub(crate) sessions: Arc<SessionService>,
    pub(crate) two_factor: Arc<TwoFactorService>,
    pub(crate) api_keys: Arc<ApiKeyService>,
    pub(crate) links: Arc<LinkService>,
    pub(crate) oidc: Arc<OidcService>,
    pub(crate) webhook: Arc<WebhookService>,
    pub(crate) mails: Arc<Mails>,
    pub(crate) rag: Arc<RagClient>,
    pub(crate) materials: Arc<MaterialService>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) download_links: Arc<DownloadLinks>,
    pub(crate) health: Arc<HealthService>,
    pub(crate) maintenance: Arc<MaintenanceService>,
    pub(crate) overview: Arc<Overview>,
    pub(crate) videos: Arc<VideoService>,
    transcriber: Option<Arc<Transcriber>>,
    pub(crate) delays: Arc<LoginDelays>,
    pub(crate) assistant: Arc<AssistantService>,
    pub(crate) usage: Arc<UsageService>,
    pub(crate) chat: Arc<ChatService>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) planned: Arc<Planned>,
    pub(crate) learning: Arc<LearningService>,
    pub(crate) drive: Arc<DriveService>,
    pub(crate) numbers: Arc<Numbers>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) schedules: Arc<Schedules>,
    pub(crate) improvement: Arc<Improvement>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) db: Db,
    /// Ends what streams to clients.
    pub(super) stopping: CancellationToken,
}

impl Services {
    /// Opens what is kept, and brings it up to date.
    pub async fn open(settings: &Settings, ports: &Ports) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("cannot create {}", settings.data_dir.display()))?;
        let db = open_database(settings).await?;
        let clock = ports.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
        let cache: Arc<dyn Cache> = match &settings.redis_url {
            Some(url) => Arc::new(
                RedisCache::new(url, &settings.cache_prefix, Arc::clone(&clock))
                    .context("cache.redis_url")?,
            ),
            None => Arc::new(MemoryCache::new(Arc::clone(&clock))),
        };
        let mailer: Arc<dyn Mailer> = match (&ports.mailer, &settings.mail.smtp) {
            (Some(mailer), _) => Arc::clone(mailer),
            (None, Some(smtp)) => Arc::new(SmtpMailer::new(smtp).context("mail.host")?),
            (None, None) => Arc::new(FolderMailer::new(settings.mail.folder.clone())),
        };
        let site = Arc::new(SiteService::new(
            db.clone(),
            Arc::clone(&cache),
            Operator::from(settings),
            Arc::clone(&clock),
        ));
        let counts = Counts::default();
        let mails = Arc::new(Mails::new(
            db.clone(),
            Arc::clone(&mailer),
            &settings.mail,
            Arc::clone(&site),
            settings.server.public_url.clone(),
            counts.clone(),
            Arc::clone(&clock),
        ));
        let passwords = Arc::new(Passwords::new(&settings.passwords)?);
        let users = Arc::new(UserService::new(
            db.clone(),
            Arc::clone(&cache),
            Arc::clone(&passwords),
            Arc::clone(&mails),
            Arc::clone(&clock),
        ));
        let secrets: Vec<_> = std::iter::once(&settings.jwt.secret)
            .chain(&settings.jwt.previous_secrets)
            .collect();
        let two_factor = Arc::new(TwoFactorService::new(
            db.clone(),
            Arc::clone(&users),
            Arc::clone(&passwords),
            Arc::clone(&site),
            &secrets,
            Arc::clone(&clock),
        ));
        let delays = Arc::new(LoginDelays::new(
            Arc::clone(&cache),
            settings.login,
            Arc::clone(&clock),
        ));
        let sessions = Arc::new(SessionService {
            db: db.clone(),
            cache: Arc::clone(&cache),
            users: Arc::clone(&users),
            passwords,
            two_factor: Arc::clone(&two_factor),
            delays: Arc::clone(&delays),
            keys: JwtKeys::new(&settings.jwt)?,
            site: Arc::clone(&site),
            refresh_lifetime: settings.jwt.refresh_lifetime,
            clock: Arc::clone(&clock),
        });
        let api_keys = Arc::new(ApiKeyService::new(
            db.clone(),
            Arc::clone(&cache),
            Arc::clone(&users),
            Arc::clone(&clock),
        ));
        let service_tokens = |issuer: &str, audience: &str| {
            settings
                .service_secret
                .as_ref()
                .map(|secret| ServiceTokens::new(secret, issuer, audience))
                .transpose()
                .context("service.secret")
        };
        let access = Arc::new(Access {
            sessions: Arc::clone(&sessions),
            api_keys: Arc::clone(&api_keys),
            limits: RateLimits::new(Arc::clone(&cache), settings.limits, Arc::clone(&clock)),
            from_rag: service_tokens(RAG_SERVER, API_SERVER)?,
            trusted_proxies: settings.server.trusted_proxies.clone(),
            public_url: settings.server.public_url.clone(),
            site: Arc::clone(&site),
            admins_need_two_factor: settings.admins_need_two_factor,
            clock: Arc::clone(&clock),
        });
        let rag = Arc::new(RagClient::new(
            settings.rag_server_url.clone(),
            service_tokens(API_SERVER, RAG_SERVER)?,
            counts.clone(),
            Arc::clone(&clock),
        )?);
        let stopping = CancellationToken::new();
        let files = Files::shared(
            &settings.data_dir.join("uploads"),
            settings.materials.max_upload,
        );
        let backups = Arc::new(Backups {
            db: db.clone(),
            files: files.clone(),
            rag: Arc::clone(&rag),
            settings: settings.backup.clone(),
            clock: Arc::clone(&clock),
        });
        let assistant = Arc::new(AssistantService::new(db.clone(), Arc::clone(&clock)));
        let outbox = Arc::new(Outbox::new(
            db.clone(),
            files.clone(),
            Arc::clone(&rag),
            Arc::clone(&assistant),
            counts.clone(),
            Arc::clone(&clock),
        ));
        let materials = Arc::new(MaterialService::new(
            db.clone(),
            files,
            Arc::clone(&outbox),
            settings.materials.clone(),
            Arc::clone(&site),
            Arc::clone(&clock),
            stopping.clone(),
        ));
        let download_links = Arc::new(DownloadLinks::new(
            &settings.jwt.secret,
            settings.materials.link_lifetime,
            Arc::clone(&clock),
        ));
        let health = Arc::new(HealthService {
            db: db.clone(),
            cache,
            mailer: Arc::clone(&mailer),
            rag: Arc::clone(&rag),
            started_at: clock.now_ms(),
            clock: Arc::clone(&clock),
        });
        let transcriber = settings
            .transcription
            .clone()
            .map(|settings| {
                Transcriber::new(
                    db.clone(),
                    Arc::clone(&materials),
                    settings,
                    Arc::clone(&clock),
                )
            })
            .transpose()?
            .map(Arc::new);
        let videos = Arc::new(VideoService::new(
            db.clone(),
            Arc::clone(&materials),
            Arc::clone(&rag),
            transcriber.clone(),
            Arc::clone(&clock),
        ));
        let maintenance = Arc::new(MaintenanceService::new(
            db.clone(),
            Arc::clone(&materials),
            Arc::clone(&rag),
            Arc::clone(&site),
            Arc::clone(&clock),
            stopping.clone(),
        ));
        let overview = Arc::new(Overview::new(
            db.clone(),
            Arc::clone(&materials),
            Arc::clone(&health),
            Arc::clone(&clock),
        ));
        let links = Arc::new(LinkService::new(
            db.clone(),
            Arc::clone(&users),
            Arc::clone(&mails),
            Arc::clone(&clock),
        ));
        let oidc = Arc::new(OidcService::new(
            settings.oidc.as_ref(),
            shared::http::client(&PROVIDER)?,
            db.clone(),
            Arc::clone(&users),
            Arc::clone(&sessions),
            Arc::clone(&clock),
        ));
        let webhook = Arc::new(WebhookService::new(
            db.clone(),
            Arc::clone(&users),
            settings.webhook_secret.clone(),
            Arc::clone(&clock),
        ));
        let usage = Arc::new(UsageService::new(
            db.clone(),
            settings.usage,
            Arc::clone(&site),
            Arc::clone(&clock),
        ));
        let chat = Arc::new(ChatService::new(
            db.clone(),
            Arc::clone(&rag),
            Arc::clone(&usage),
            Arc::clone(&site),
            Arc::clone(&materials),
            Arc::clone(&videos),
            Arc::clone(&assistant),
            settings.chat.clone(),
            (
                counts.clone(),
                Runs::new(settings.runs.clone(), Arc::clone(&clock)),
            ),
            Arc::clone(&clock),
        )?);
        let origins = Origins {
            db: db.clone(),
            health: Arc::clone(&health),
            usage: Arc::clone(&usage),
            data_dir: settings.data_dir.clone(),
            clock: Arc::clone(&clock),
        };
        let numbers = Arc::new(Numbers::new(
            &counts,
            origins,
            settings.metrics_token.clone(),
        ));
        let conversations = Arc::new(Conversations::new(db.clone(), Arc::clone(&clock)));
        let learning = Arc::new(LearningService::new(Arc::clone(&chat), Arc::clone(&rag))?);
        let planned = Arc::new(Planned {
            db: db.clone(),
            chat: Arc::clone(&chat),
            users: Arc::clone(&users),
            site: Arc::clone(&site),
            limit: settings.chat.planned,
            clock: Arc::clone(&clock),
        });
        let drive = Arc::new(DriveService::new(
            settings.drive.clone(),
            shared::http::client(&DRIVE)?,
            db.clone(),
            Arc::clone(&materials),
            Arc::clone(&site),
            &secrets,
            Arc::clone(&clock),
            stopping.clone(),
        ));
        let notices = Arc::new(Notices::new(
            db.clone(),
            mailer,
            Arc::clone(&site),
            counts.clone(),
            Arc::clone(&clock),
        )?);
        let alerts = Arc::new(Alerts {
            db: db.clone(),
            site: Arc::clone(&site),
            notices: Arc::clone(&notices),
            health: Arc::clone(&health),
            usage: Arc::clone(&usage),
            data_dir: settings.data_dir.clone(),
            clock: Arc::clone(&clock),
        });
        let reports = Arc::new(Reports {
            db: db.clone(),
            alerts: Arc::clone(&alerts),
            site: Arc::clone(&site),
            clock: Arc::clone(&clock),
        });
        let improvement = Arc::new(Improvement {
            db: db.clone(),
            rag: Arc::clone(&rag),
            clock: Arc::clone(&clock),
        });
        let jobs = Arc::new(Jobs {
            db: db.clone(),
            materials: Arc::clone(&materials),
            rag: Arc::clone(&rag),
            chat: Arc::clone(&chat),
            planned: Arc::clone(&planned),
            alerts: Arc::clone(&alerts),
            reports,
            backups: Arc::clone(&backups),
            improvement: Arc::clone(&improvement),
            drive: Arc::clone(drive.runner()),
            clock: Arc::clone(&clock),
        });
        let schedules = Arc::new(Schedules::new(
            db.clone(),
            jobs,
            Arc::clone(&site) as Arc<dyn Zone>,
            counts.clone(),
            Arc::clone(&clock),
            CancellationToken::new(),
        ));
        Ok(Self {
            counts,
            site,
            access,
            users,
            sessions,
            two_factor,
            api_keys,
            links,
            oidc,
            webhook,
            mails,
            rag,
            materials,
            outbox,
            download_links,
            health,
            maintenance,
            overview,
            videos,
            transcriber,
            delays,
            assistant,
            usage,
            chat,
            conversations,
            planned,
            learning,
            drive,
            numbers,
            notices,
            alerts,
            schedules,
            improvement,
            backups,
            db,
            stopping,
        })
    }

    /// Makes the first administrator if there is none; a password that was made up goes to a file.
    pub async fn ensure_admin(&self, settings: &Settings) -> anyhow::Result<()> {
        let made_up = self.users.ensure_admin(&settings.admin).await?;
        if let Some(password) = made_up {
            let path = settings.data_dir.join(ADMIN_FILE);
            write_private(&path, &password)
                .with_context(|| format!("cannot write {}", path.display()))?;
            info!(
                path = %path.display(),
                "made the first administrator; the password is in {}: sign in, change it, remove the file",
                path.display()
            );
        }
        Ok(())
    }

    /// Starts what works in the background until `shutdown`: all of it, for one machine.
    pub fn start(&self, shutdown: &Shutdown) {
        self.start_worker(shutdown);
        self.start_scheduler(shutdown);
    }

    /// Starts what does work that requests left behind.
    pub fn start_worker(&self, shutdown: &Shutdown) {
        if self.health.mailer.kind() == "folder" {
            warn!("there is no mail server: mails go to a folder");
        }
        shutdown.spawn(Arc::clone(&self.mails).run(shutdown.token()));
        shutdown.spawn(Arc::clone(&self.outbox).run(shutdown.token()));
        shutdown.spawn(Arc::clone(self.drive.runner()).run(shutdown.token()));
        if let Some(transcriber) = &self.transcriber {
            shutdown.spawn(Arc::clone(transcriber).run(shutdown.token()));
        }
        shutdown.spawn(Arc::clone(&self.notices).run(shutdown.token()));
    }

    /// Starts what is done because its time has come.
    pub fn start_scheduler(&self, shutdown: &Shutdown) {
        shutdown.spawn(Arc::clone(&self.schedules).run(shutdown.token()));
    }

    /// Sends the mails that are due now.
    pub async fn send_mails(&self) -> anyhow::Result<usize> {
        Ok(self.mails.send_due().await?)
    }

    /// Does what people planned and is due now; how much of it went well.
    pub async fn do_planned(&self) -> anyhow::Result<usize> {
        Ok(self.planned.work().await?.done)
    }

    /// Sends the alerts and reports that are due now.
    pub async fn send_notices(&self) -> anyhow::Result<usize> {
        Ok(self.notices.send_due().await?)
    }

    /// How many passwords were checked since the start, of accounts that exist and of others.
    pub fn passwords_checked(&self) -> u64 {
        self.sessions.passwords.checked()
    }

    /// State.
    pub fn db(&self) -> &Db {
        &self.db
    }
}

/// Opens the database and brings it up to date.
pub(crate) async fn open_database(settings: &Settings) -> anyhow::Result<Db> {
    let db = db::connect(&settings.database_url)
        .await
        .context("cannot open the database")?;
    let now = SystemClock.now_ms();
    backup::before_migration(&db, &settings.backup.folder, now)
        .await
        .context("cannot write the database down before migrating it: nothing was changed")?;
    migrations::run(&db)
        .await
        .context("cannot migrate the database")?;
    Ok(db)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{text}")
}
