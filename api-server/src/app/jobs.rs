//! What is done by the clock.

use std::sync::Arc;

use anyhow::bail;
use async_trait::async_trait;
use shared::clock::Clock;
use shared::db::Db;

use crate::alerts::Alerts;
use crate::backup::Backups;
use crate::chat::ChatService;
use crate::drive::Runner;
use crate::improvement::Improvement;
use crate::materials::{DisagreementError, MaterialService};
use crate::planned::Planned;
use crate::rag::RagClient;
use crate::reports::Reports;
use crate::schedules::{self, Job, Worker};
use crate::{api_keys, audit, improvement, links, maintenance, materials, oidc, sessions};

/// Ended sessions, keys and links are kept so long, to be explained; runs of schedules and the audit log longer.
const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;
const RUNS_KEPT_MS: i64 = 30 * 24 * 3600 * 1000;
const AUDIT_KEPT_MS: i64 = 400 * 24 * 3600 * 1000;

/// By the course's clock. Names are those of the platform whose schedules these were.
const JOBS: &[Job] = &[
    Job {
        name: "processar-mensagens-agendadas",
        title: "Fazer as perguntas e enviar as mensagens que as pessoas agendaram",
        cron: "* * * * *",
    },
    Job {
        name: "sincronizar-drive",
        title: "Iniciar as sincronizações do Google Drive que chegaram à sua hora",
        cron: "* * * * *",
    },
    Job {
        name: "conferir-indice",
        title: "Enviar de novo ao rag-server os materiais que ele perdeu",
        cron: "*/10 * * * *",
    },
    Job {
        name: "verificar-alertas",
        title: "Verificar alertas",
        cron: "*/15 * * * *",
    },
    Job {
        name: "limpar-encerrados",
        title: "Remover o que terminou: sessões, chaves, links, registros e arquivos sem dono",
        cron: "40 * * * *",
    },
    Job {
        name: "avaliar-conversas-pendentes",
        title: "Avaliar conversas que terminaram",
        cron: "0 2 * * *",
    },
    Job {
        name: "fazer-backup",
        title: "Guardar uma cópia de todo o sistema",
        cron: "30 3 * * *",
    },
    Job {
        name: "relatorio-diario",
        title: "Enviar o relatório do dia anterior",
        cron: "0 8 * * *",
    },
    Job {
        name: "atualizar-prompt-feedback",
        title: "Melhoria semanal: aprender com o que as pessoas abriram e avaliaram",
        cron: "0 2 * * 0",
    },
    Job {
        name: "followup-diario",
        title: "Enviar aos professores o que ficou em aberto no dia anterior",
        cron: "0 10 * * *",
    },
];

/// Does what is due.
#[derive(Debug)]
pub(super) struct Jobs {
    pub(super) db: Db,
    pub(super) materials: Arc<MaterialService>,
    pub(super) rag: Arc<RagClient>,
    pub(super) chat: Arc<ChatService>,
    pub(super) planned: Arc<Planned>,
    pub(super) alerts: Arc<Alerts>,
    pub(super) reports: Arc<Reports>,
    pub(super) backups: Arc<Backups>,
    pub(super) improvement: Arc<Improvement>,
    pub(super) drive: Arc<Runner>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Jobs {
    /// Removes what has ended.
    async fn tidy(&self) -> anyhow::Result<String> {
        let now = self.clock.now_ms();
        let before = now.saturating_sub(KEPT_MS);
        let db = &self.db;
        sessions::store::prune(db, before).await?;
        links::store::prune(db, before).await?;
        api_keys::store::prune(db, before).await?;
        oidc::store::prune(db, now).await?;
        schedules::store::prune(db, now.saturating_sub(RUNS_KEPT_MS)).await?;
        audit::store::prune(db, now.saturating_sub(AUDIT_KEPT_MS)).await?;
        improvement::store::prune(db, now.saturating_sub(AUDIT_KEPT_MS)).await?;
        self.planned.prune(now.saturating_sub(RUNS_KEPT_MS)).await?;
        maintenance::store::prune(db, now.saturating_sub(AUDIT_KEPT_MS)).await?;
        materials::upkeep::store::prune_downloads(db, now.saturating_sub(AUDIT_KEPT_MS)).await?;
        self.drive.forget().await?;
        let records = self.chat.prune_runs().await?;
        self.materials.sweep(false).await?;
        Ok(format!(
            "limpeza feita; {records} arquivos de registros removidos"
        ))
    }
}

#[async_trait]
impl Worker for Jobs {
    fn jobs(&self) -> &'static [Job] {
        JOBS
    }

    async fn run(&self, name: &str, is_asked: bool) -> anyhow::Result<String> {
        Ok(match name {
            "processar-mensagens-agendadas" => {
                let counted = self.planned.work().await?;
                format!(
                    "{} feitas, {} sem sucesso, {} para tentar de novo",
                    counted.done, counted.failed, counted.later
                )
            }
            "sincronizar-drive" => {
                let count = self.drive.begin_due(is_asked).await?;
                format!("{count} sincronizações iniciadas")
            }
            "conferir-indice" => match self.materials.agree(&self.rag).await {
                Ok(count) => format!("{count} materiais enviados ou perguntados de novo"),
                // Another alert tells of it.
                Err(DisagreementError::Rag(error)) => {
                    format!("o rag-server não respondeu: {error}")
                }
                Err(error) => return Err(error.into()),
            },
            "verificar-alertas" => format!("{} alertas em vigor", self.alerts.check().await?),
            "limpar-encerrados" => self.tidy().await?,
            "avaliar-conversas-pendentes" => {
                let count = self.reports.judge_conversations().await?;
                format!("{count} conversas avaliadas")
            }
            "fazer-backup" => {
                let report = self.backups.take().await?;
                format!(
                    "{} linhas, {} arquivos, {} MB em {:.1} s",
                    report.rows,
                    report.files,
                    report.bytes >> 20,
                    report.seconds
                )
            }
            "relatorio-diario" => self.reports.daily().await?,
            "atualizar-prompt-feedback" => self.improvement.run().await?,
            "followup-diario" => self.reports.follow_up().await?,
            _ => bail!("no job is called {name}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_jobs_have_the_same_name() {
        let names: BTreeSet<_> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(names.len(), JOBS.len());
    }
}
