//! `serve`, `worker`, `scheduler`, `migrate`, `import`, `healthcheck`, `check-config` and `openapi`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use shared::clock::SystemClock;
use shared::http::{self, HttpSettings};
use shared::settings::Loaded;
use shared::shutdown::Shutdown;
use shared::start::{self, CannotStart};
use tracing::info;

use super::output::Output;
use crate::app::{self, App, Ports, Services};
use crate::settings::Settings;
use crate::{numbers, users};

/// Serves until a signal.
pub(crate) async fn serve(loaded: &Loaded<Settings>) -> anyhow::Result<()> {
    for setting in &loaded.effective {
        tracing::debug!(key = %setting.key, value = %setting.value, source = %setting.source, "setting");
    }
    let settings = loaded.settings.clone();
    let address = (settings.server.host, settings.server.port).into();
    start::check(&settings.data_dir, address)?;
    let shutdown = Shutdown::on_signal()?;
    let app = App::build(settings, Ports::default())
        .await
        .map_err(|error| CannotStart::because(format!("{error:#}")))?;
    app.run(shutdown).await
}

/// Sends mails until a signal.
pub(crate) async fn worker(settings: &Settings) -> anyhow::Result<()> {
    in_background(settings, "api-worker", Services::start_worker).await
}

/// Tidies up until a signal.
pub(crate) async fn scheduler(settings: &Settings) -> anyhow::Result<()> {
    in_background(settings, "api-scheduler", Services::start_scheduler).await
}

async fn in_background(
    settings: &Settings,
    service: &'static str,
    start: impl FnOnce(&Services, &Shutdown),
) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signal()?;
    let services = Services::open(settings, &Ports::default()).await?;
    if let Some(address) = settings.metrics_listen {
        let token = settings.metrics_token.clone();
        numbers::page::serve(address, service, &services.counts, token, &shutdown)
            .map_err(|error| CannotStart::because(format!("{error:#}")))?;
    }
    start(&services, &shutdown);
    info!("{service} works");
    shutdown.begun().await;
    let drained = shutdown.drain(settings.server.drain).await;
    info!("stopped: {drained:?}");
    Ok(())
}

/// Brings the database up to date.
pub(crate) async fn migrate(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data_dir)?;
    app::open_database(settings).await?.close().await;
    output.value(&serde_json::json!({ "migrated": true }))?;
    output.line("the database is up to date");
    Ok(())
}

/// Takes over the files of the earlier system.
pub(crate) async fn import(
    output: &Output,
    settings: &Settings,
    users_file: Option<PathBuf>,
    approved_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    if users_file.is_none() && approved_file.is_none() {
        bail!("give --users, --approved or both");
    }
    let read = |path: Option<PathBuf>| {
        path.map(|path| {
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))
        })
        .transpose()
    };
    let (users_text, approved_text) = (read(users_file)?, read(approved_file)?);
    std::fs::create_dir_all(&settings.data_dir)?;
    let db = app::open_database(settings).await?;
    let report = users::import(
        &db,
        &SystemClock,
        users_text.as_deref(),
        approved_text.as_deref(),
    )
    .await?;
    db.close().await;
    output.value(&report)?;
    output.line(&format!(
        "{} users and {} approved people taken over",
        report.users, report.approved
    ));
    for name in &report.present {
        output.line(&format!("{name}: there already, left as it is"));
    }
    for (old, new) in &report.renamed {
        output.line(&format!("{old}: is now {new}"));
    }
    for name in &report.without_password {
        output.line(&format!("{name}: needs a new password (reset link)"));
    }
    Ok(())
}

/// Asks the running server whether it is healthy.
pub(crate) async fn healthcheck(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    answers(settings).await?;
    output.value(&serde_json::json!({ "healthy": true }))?;
    output.line("healthy");
    Ok(())
}

/// Where the running server answers.
pub(super) async fn answers(settings: &Settings) -> anyhow::Result<String> {
    let host = if settings.server.host.is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        settings.server.host.to_string()
    };
    let client = http::client(&HttpSettings::default())?;
    let url = format!("http://{host}:{}/health", settings.server.port);
    let answer = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    if !answer.status().is_success() {
        bail!("{url} answered {}", answer.status());
    }
    Ok(url)
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
        output.line(&format!("{} = {}  ({})", one.key, one.value, one.source));
    }
    for warning in &loaded.warnings {
        output.line(&format!("warning: {warning}"));
    }
    Ok(())
}

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    Output::raw(&crate::openapi_document().to_pretty_json()?);
    Ok(())
}
