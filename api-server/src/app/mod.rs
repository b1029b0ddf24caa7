//! Puts the server together: opens what is kept, starts what works in the background, listens.

mod jobs;
mod services;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
};
use actix_web::middleware::{self, Next};
use actix_web::web::{Data, scope};
use actix_web::{App as HttpApp, Error, HttpServer};
use anyhow::Context as _;
use shared::problem::{ApiError, Code};
use shared::shutdown::Shutdown;
use tracing::info;

use crate::access::gate;
use crate::routes;
use crate::settings::Settings;

pub(crate) use services::open_database;
pub use services::{Ports, Services};

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
        services.ensure_admin(&settings).await?;
        let address = SocketAddr::new(settings.server.host, settings.server.port);
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let data = routes::AppData::new(&services, &settings)?;
        let access = Data::from(Arc::clone(&services.access));
        let origins = settings.server.cors_origins.clone();
        let patience = Patience {
            usual: settings.server.request_timeout,
            uploads: settings.materials.upload_timeout,
            // A little more than the rag-server gets, so that its silence is told as such.
            chat: settings.chat.timeout + Duration::from_secs(5),
        };
        let server = HttpServer::new(move || {
            HttpApp::new()
                .configure(routes::outside)
                .service(scope("/api").configure(routes::all))
                .configure(routes::all)
                .configure(|config| data.configure(config))
                .app_data(access.clone())
                .app_data(Data::new(patience))
                .wrap(middleware::from_fn(in_time))
                .wrap(middleware::from_fn(only_documents_are_compressed))
                .wrap(middleware::Compress::default())
                .wrap(middleware::Condition::new(
                    !origins.is_empty(),
                    cors(&origins),
                ))
                .wrap(middleware::from_fn(gate::gate))
                .wrap(middleware::from_fn(shared::telemetry::observe))
                .wrap(shared::telemetry::logger())
        })
        .workers(settings.server.workers)
        .client_request_timeout(Duration::from_secs(10))
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
        if self.settings.server.worker {
            self.services.start(&shutdown);
        }
        let handle = self.server.handle();
        let mut serving = tokio::spawn(self.server);
        info!(address = %self.address, "listening on {}", self.address);
        tokio::select! {
            result = &mut serving => {
                shutdown.begin();
                result.context("server thread")?.context("server")?;
            }
            () = shutdown.begun() => {
                self.services.stopping.cancel();
                handle.stop(true).await;
                serving.await.context("server thread")?.context("server")?;
            }
        }
        let drained = shutdown.drain(self.settings.server.drain).await;
        self.services.db().close().await;
        info!("stopped: {drained:?}");
        Ok(())
    }
}

/// Pages of other origins that may call, with a header but without the cookie.
fn cors(origins: &[String]) -> Cors {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("x-api-key"),
        ])
        .expose_headers([
            "x-request-id",
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .block_on_origin_mismatch(false)
        .max_age(600);
    for origin in origins {
        cors = cors.allowed_origin(origin);
    }
    cors
}

/// Only what everybody may read is compressed. The length of a compressed answer tells about a secret in it whoever can
/// choose another part of it (BREACH), and streams would wait for their end.
async fn only_documents_are_compressed(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_document = request.path() == "/openapi.json" || request.path().starts_with("/docs/");
    let mut response = next.call(request).await?;
    if !is_document {
        let plain = HeaderValue::from_static("identity");
        response.headers_mut().insert(CONTENT_ENCODING, plain);
    }
    Ok(response)
}

#[derive(Debug, Clone, Copy)]
struct Patience {
    usual: Duration,
    /// With a file in the body; a sender that falls silent is not waited for so long.
    uploads: Duration,
    /// Of whoever waits for an answer.
    chat: Duration,
}

/// Ends what takes too long; what it began in the database is rolled back.
async fn in_time(
    patience: Data<Patience>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    let path = path.strip_prefix("/api").unwrap_or(path);
    let limit = if path.starts_with("/materials/upload") {
        patience.uploads
    } else if path.starts_with("/chat") {
        patience.chat
    } else {
        patience.usual
    };
    match tokio::time::timeout(limit, next.call(request)).await {
        Ok(done) => done,
        Err(_) => Err(ApiError::new(Code::Timeout).into()),
    }
}
