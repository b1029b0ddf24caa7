//! `backup`, `verify` and `restore`.

use anyhow::bail;

use super::operate::answers;
use super::output::Output;
use crate::app::{Ports, Services};
use crate::backup::{Backups, Report};
use crate::settings::Settings;

/// Takes a backup.
pub(super) async fn take(output: &Output, settings: &Settings) -> anyhow::Result<()> {
    let services = Services::open(settings, &Ports::default()).await?;
    let report = services.backups.take().await?;
    services.db().close().await;
    tell(output, "taken", &report)
}

/// Checks one.
pub(super) async fn verify(
    output: &Output,
    settings: &Settings,
    backup: &str,
) -> anyhow::Result<()> {
    let report = Backups::verify(&settings.backup, backup).await?;
    tell(output, "whole", &report)
}

/// Restores one.
pub(super) async fn restore(
    output: &Output,
    settings: &Settings,
    backup: &str,
    confirm: bool,
) -> anyhow::Result<()> {
    if !confirm {
        bail!("everything there is now goes: say --confirm");
    }
    if answers(settings).await.is_ok() {
        bail!("the server is running: stop it first, its worker and its scheduler too");
    }
    let services = Services::open(settings, &Ports::default()).await?;
    let report = services.backups.restore(backup).await?;
    services.db().close().await;
    tell(output, "restored", &report)
}

fn tell(output: &Output, what: &str, report: &Report) -> anyhow::Result<()> {
    output.value(report)?;
    output.line(&format!(
        "{what}: {} with {} rows, {} files, {} bytes, {}, in {:.1} s",
        report.backup,
        report.rows,
        report.files,
        report.bytes,
        if report.rag {
            "the rag-server's index"
        } else {
            "without the rag-server's index (it is made again from the files)"
        },
        report.seconds
    ));
    Ok(())
}
