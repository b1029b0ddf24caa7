//! The numbers of a process that serves nothing else.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, get};
use anyhow::Context as _;
use shared::metrics::{CONTENT_TYPE, Metrics};
use shared::problem::{self, ApiError};
use shared::settings::SecretString;
use shared::shutdown::Shutdown;

use super::counts::Counts;
use super::routes::admit;
use crate::health;

/// What one process counted; how things stand is told by the one that serves.
#[derive(Debug)]
struct Page {
    metrics: Metrics,
    token: Option<SecretString>,
}

/// Answers `/metrics` and `/livez` on `address` until `shutdown`.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) fn serve(
    address: SocketAddr,
    service: &'static str,
    counts: &Counts,
    token: Option<SecretString>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let metrics = Metrics::new(service, env!("CARGO_PKG_VERSION"), |registry| {
        counts.register(registry);
    });
    let page = Data::from(Arc::new(Page { metrics, token }));
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(page.clone())
            .service(numbers)
            .service(health::livez)
            .default_service(web::route().to(problem::not_found))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    let stopping = shutdown.token();
    shutdown.spawn(async move {
        let serving = tokio::spawn(server);
        stopping.cancelled().await;
        handle.stop(true).await;
        drop(serving.await);
    });
    Ok(())
}

#[get("/metrics")]
async fn numbers(request: HttpRequest, page: Data<Page>) -> Result<HttpResponse, ApiError> {
    admit(page.token.as_ref(), &request)?;
    Ok(HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .body(page.metrics.page()))
}
