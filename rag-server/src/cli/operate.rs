//! `serve`, `worker`, `migrate`, `healthcheck`, `token`, `check-config` and `openapi`.

use anyhow::{Context as _, bail};
use shared::clock::SystemClock;
use shared::db;
use shared::http::{self, HttpSettings};
use shared::settings::Loaded;
use shared::shutdown::Shutdown;
use shared::start::{self, CannotStart};
use shared::token::ServiceTokens;
use tracing::info;

use super::output::Output;
use crate::app::{App, Ports, Services};
use crate::settings::Settings;

/// Serves until a signal.
pub(crate) async fn serve(loaded: &Loaded<Settings>) -> anyhow::Result<()> {
    for setting in &loaded.effective {
        tracing::debug!(key = %setting.key, value = %setting.value, source = %setting.source, "setting");
    }
    let settings = loaded.settings.clone();
    let address = (settings.server.host, settings.server.port).into();
    start::check(&settings.data_dir, address)?;
    let shutdown = Shutdown::on_signal()?;
    let app = App::build(settings, Ports::real()?)
        .await
        .map_err(|error| CannotStart::because(format!("{error:#}")))?;
    app.run(shutdown).await
}

/// Works on jobs until a signal.
pub(crate) async fn worker(mut settings: Settings) -> anyhow::Result<()> {
    // It answers nobody: others could pass nothing on to it.
    settings.replica = None;
    let shutdown = Shutdown::on_signal()?;
    let services = Services::open(&settings, &Ports::real()?).await?;
    services.start(&shutdown, settings.concurrency);
    info!("working on jobs");
    shutdown.begun().await;
    let drained = shutdown.drain(settings.server.drain).await;
    info!("stopped: {drained:?}");
    Ok(())
}

/// Brings the database up to date.
pub(crate) async fn migrate(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data_dir)?;
    let database = db::connect(&settings.database_url).await?;
    db::migrate(
        &database,
        &sqlx::migrate!("migrations/sqlite"),
        &sqlx::migrate!("migrations/postgres"),
    )
    .await?;
    database.close().await;
    output.value(&serde_json::json!({ "migrated": true }))?;
    output.line("the database is up to date");
    Ok(())
}

/// Asks the running server whether it is healthy.
pub(crate) async fn healthcheck(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    let host = match settings.server.host {
        host if host.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        host => host,
    };
    let address = std::net::SocketAddr::new(host, settings.server.port);
    let client = http::client(&HttpSettings::default())?;
    let url = format!("http://{address}/health");
    let answer = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    if !answer.status().is_success() {
        bail!("{url} answered {}", answer.status());
    }
    output.value(&serde_json::json!({ "healthy": true }))?;
    output.line("healthy");
    Ok(())
}

/// Prints a service token.
pub(crate) fn token(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    let Some(service) = &settings.service else {
        bail!("the server is standalone and takes no tokens: set SERVICE_SECRET");
    };
    let tokens = ServiceTokens::new(
        &service.secret,
        service.issuer.as_str(),
        service.audience.as_str(),
    )?;
    let token = tokens.sign(&SystemClock)?;
    output.value(&serde_json::json!({ "token": token }))?;
    output.line(&token);
    Ok(())
}

/// Prints the settings, secrets hidden.
pub(crate) fn check_config(output: &Output, loaded: &Loaded<Settings>) -> anyhow::Result<()> {
    let effective: Vec<_> = loaded
        .effective
        .iter()
        .map(|one| serde_json::json!({ "key": one.key, "value": one.value, "source": one.source }))
        .collect();
    output.value(&serde_json::json!({ "settings": effective, "warnings": loaded.warnings }))?;
    for one in &loaded.effective {
        output.line(&format!(
            "{} = {}  {}",
            one.key,
            one.value,
            output.dim(&format!("({})", one.source))
        ));
    }
    for warning in &loaded.warnings {
        output.line(&format!("{} {warning}", output.bold("warning:")));
    }
    Ok(())
}

/// Prints the OpenAPI document.
pub(crate) fn openapi(_output: &Output) -> anyhow::Result<()> {
    Output::raw(&crate::openapi_document().to_pretty_json()?);
    Ok(())
}
