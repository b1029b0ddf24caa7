//! `doctor`: looks at the whole set-up and says what to do.

use std::path::Path;

use anyhow::bail;
use reqwest::Method;
use serde::Serialize;
use shared::clock::{Clock as _, SystemClock, rfc3339};

use super::operate::answers;
use super::output::Output;
use crate::app::{Ports, Services};
use crate::settings::Settings;
use crate::{disk, users};

/// Less free disk than this is a warning.
const LITTLE_DISK: u64 = 1 << 30;
/// A newest backup that is older than this is a warning.
const OLD_BACKUP_MS: i64 = 2 * 24 * 3600 * 1000;

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    level: Level,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    Warning,
    Fault,
}

/// Looks at everything; an error when something is at fault.
pub(super) async fn run(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    let mut findings = vec![
        data(&settings.data_dir),
        space(&settings.data_dir).await,
        server(settings).await,
        address(settings),
        mail(settings),
        backups(settings).await,
    ];
    match Services::open(settings, &Ports::default()).await {
        Err(error) => findings.push(finding("database", Level::Fault, format!("{error:#}"))),
        Ok(services) => {
            findings.extend(parts(&services).await);
            findings.push(rag(&services, settings).await);
            services.db().close().await;
        }
    }
    output.value(&findings)?;
    for finding in &findings {
        let mark = match finding.level {
            Level::Ok => "ok     ",
            Level::Warning => "warning",
            Level::Fault => "FAULT  ",
        };
        output.line(&format!("{mark} {:10} {}", finding.what, finding.detail));
    }
    let faults = findings
        .iter()
        .filter(|finding| finding.level == Level::Fault)
        .count();
    if faults > 0 {
        bail!("{faults} of {} checks failed", findings.len());
    }
    Ok(())
}

fn finding(what: &'static str, level: Level, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        level,
        detail: detail.into(),
    }
}

fn data(folder: &Path) -> Finding {
    let probe = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    match probe {
        Ok(_) => finding(
            "data",
            Level::Ok,
            format!("{} can be written", folder.display()),
        ),
        Err(error) => {
            let detail = format!(
                "{} cannot be written ({error}): set DATA_DIR",
                folder.display()
            );
            finding("data", Level::Fault, detail)
        }
    }
}

async fn space(folder: &Path) -> Finding {
    match disk::free(folder).await {
        None => finding("disk", Level::Warning, "free space cannot be told"),
        Some(free) if free < LITTLE_DISK => {
            let detail = format!("only {} MB are free", free >> 20);
            finding("disk", Level::Warning, detail)
        }
        Some(free) => finding("disk", Level::Ok, format!("{} GB are free", free >> 30)),
    }
}

async fn server(settings: &Settings) -> Finding {
    match answers(settings).await {
        Ok(url) => finding("server", Level::Ok, format!("{url} answers")),
        Err(_) => finding(
            "server",
            Level::Warning,
            "it is not running: start it with `api-server serve`",
        ),
    }
}

fn address(settings: &Settings) -> Finding {
    let url = &settings.server.public_url;
    if url.scheme() == "https" || url.host_str() == Some("localhost") {
        return finding("address", Level::Ok, format!("people reach it at {url}"));
    }
    let detail = format!("{url} is not https: passwords travel unprotected; set PUBLIC_BASE_URL");
    finding("address", Level::Warning, detail)
}

fn mail(settings: &Settings) -> Finding {
    if let Some(smtp) = &settings.mail.smtp {
        return finding("mail", Level::Ok, format!("mails leave by {}", smtp.host));
    }
    let folder = settings.mail.folder.display();
    let detail = format!("mails go to {folder} and reach nobody: set EMAIL_HOST");
    finding("mail", Level::Warning, detail)
}

async fn backups(settings: &Settings) -> Finding {
    let newest = crate::backup::Backups::newest(&settings.backup).await;
    match newest {
        Ok(Some(at)) => {
            let old = rfc3339(SystemClock.now_ms().saturating_sub(OLD_BACKUP_MS));
            let level = if at < old { Level::Warning } else { Level::Ok };
            finding("backup", level, format!("the newest is of {at}"))
        }
        Ok(None) => finding(
            "backup",
            Level::Warning,
            "there is none: `api-server backup` takes one",
        ),
        Err(error) => finding("backup", Level::Fault, error.to_string()),
    }
}

async fn parts(services: &Services) -> Vec<Finding> {
    let readiness = services.health.readiness().await;
    let mut findings = Vec::new();
    let database = &readiness.database;
    findings.push(if database.status == "ok" {
        finding(
            "database",
            Level::Ok,
            format!("{} answers and is up to date", database.kind),
        )
    } else {
        finding(
            "database",
            Level::Fault,
            format!("{} does not answer", database.kind),
        )
    });
    let cache = &readiness.cache;
    findings.push(if cache.status == "ok" {
        finding("cache", Level::Ok, format!("{} answers", cache.kind))
    } else {
        finding(
            "cache",
            Level::Warning,
            format!("{} does not answer: limits are per process", cache.kind),
        )
    });
    findings.push(match users::store::count_by_role(services.db()).await {
        Ok(roles) if roles.is_empty() => finding(
            "users",
            Level::Warning,
            "there is none: the first start makes an administrator",
        ),
        Ok(roles) => {
            let count: i64 = roles.iter().map(|(_, count)| count).sum();
            finding("users", Level::Ok, format!("{count} accounts"))
        }
        Err(error) => finding("users", Level::Fault, error.to_string()),
    });
    findings
}

async fn rag(services: &Services, settings: &Settings) -> Finding {
    let url = &settings.rag_server_url;
    let asked = async {
        let request = services.rag.request(Method::GET, &["readyz"], &[])?;
        services.rag.send(request).await
    };
    match asked.await {
        Ok(_) => finding(
            "rag-server",
            Level::Ok,
            format!("{url} answers and knows us"),
        ),
        Err(error) if error.is_refusal(401) || error.is_refusal(403) => {
            let detail = format!("{url} does not know us: SERVICE_SECRET must be the same on both");
            finding("rag-server", Level::Fault, detail)
        }
        Err(error) => {
            let why = shared::telemetry::chain(&error);
            let detail = format!("{url} does not answer ({why}): start it, or set RAG_SERVER_URL");
            finding("rag-server", Level::Fault, detail)
        }
    }
}
