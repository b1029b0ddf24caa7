//! What there is and how it is, for the page of administrators.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use shared::clock::{Clock, rfc3339};
use shared::db::Db;

use super::MaintenanceError;
use super::operations::{bytes_of, in_megabytes};
use crate::analytics::{Efficiency, Sizes};
use crate::health::HealthService;
use crate::materials::{self, MaterialRow, MaterialService, Wanted};

/// Changes that the rag-server has not heard of for so long that something is wrong.
const MANY_WAITING: i64 = 100;

/// Looks over the whole.
#[derive(Debug)]
pub(crate) struct Overview {
    db: Db,
    materials: Arc<MaterialService>,
    health: Arc<HealthService>,
    clock: Arc<dyn Clock>,
}

/// What there is, how it is, and what should be done about it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SystemReport {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Name of who asked.
    pub generated_by: String,
    /// What runs where.
    pub system_info: SystemInfo,
    /// What is kept.
    pub directories: Directories,
    /// Google Drive.
    pub drive_status: DriveStatus,
    /// The rag-server in its own words; or that it does not answer.
    #[schema(value_type = Object)]
    pub rag_status: serde_json::Value,
    /// Contents that stand twice.
    pub file_analysis: FileAnalysis,
    /// What should be done, in order of weight.
    pub recommendations: Vec<String>,
}

/// What runs where.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SystemInfo {
    /// Version of the program.
    pub version: &'static str,
    /// The language it is written in; the name is the page's.
    pub python_version: &'static str,
    /// Operating system and processor.
    pub platform: String,
}

/// What is kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Directories {
    /// Materials.
    pub materials: MaterialsReport,
}

/// Materials as a whole.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaterialsReport {
    /// How many.
    pub total_files: u64,
    /// Bytes of them.
    pub total_size_bytes: u64,
    /// How many of each type.
    #[schema(value_type = Object)]
    pub file_types: BTreeMap<String, u64>,
    /// How many of each size.
    pub size_distribution: Sizes,
    /// How many in each state.
    #[schema(value_type = Object)]
    pub states: BTreeMap<String, u64>,
}

/// Google Drive.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DriveStatus {
    /// Whether it can be asked.
    pub service_available: bool,
    /// How it is asked.
    pub authentication_method: &'static str,
    /// Files that came from it.
    pub processed_files_count: u64,
}

/// Contents that stand twice.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FileAnalysis {
    /// They.
    pub duplicates: DuplicatesReport,
}

/// Contents that stand twice. On the disk each stands once; in lists and in the index as often as it was sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DuplicatesReport {
    /// Materials whose content an older one has.
    pub duplicate_files: u64,
    /// Contents that stand more than once.
    pub duplicate_groups: u64,
    /// Megabytes of those materials.
    pub wasted_space_mb: f64,
    /// Bytes that would be left, of all, in percent.
    pub efficiency_percentage: f64,
}

/// Whether each part does its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct HealthCheck {
    /// Whether all of them do.
    pub healthy: bool,
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Part by part.
    #[schema(value_type = Object)]
    pub checks: BTreeMap<&'static str, bool>,
    /// Sentences about those that do not.
    pub issues: Vec<String>,
}

impl Overview {
    /// Overview on `materials` and on what `health` sees.
    pub(crate) fn new(
        db: Db,
        materials: Arc<MaterialService>,
        health: Arc<HealthService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            materials,
            health,
            clock,
        }
    }

    /// What there is and how it is, for `who` asked.
    pub(super) async fn system(&self, who: &str) -> Result<SystemReport, MaintenanceError> {
        let wanted = Wanted {
            limit: i64::MAX,
            ..Wanted::default()
        };
        let rows = self.materials.list(&wanted).await?;
        let waiting = materials::store::waiting(&self.db).await?;
        let rag_status = self.health.rag_server().await;
        let is_away = rag_status["status"] == "unavailable";
        let efficiency = Efficiency::of(rows.clone());
        let recommendations = recommendations(&rows, &efficiency, is_away, waiting);
        let mut file_types = BTreeMap::new();
        let mut states = BTreeMap::new();
        for row in &rows {
            count(&mut file_types, &row.kind);
            count(&mut states, &row.state);
        }
        Ok(SystemReport {
            timestamp: rfc3339(self.clock.now_ms()),
            generated_by: who.to_owned(),
            system_info: SystemInfo {
                version: env!("CARGO_PKG_VERSION"),
                python_version: "Rust",
                platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            },
            directories: Directories {
                materials: MaterialsReport {
                    total_files: rows.len() as u64,
                    total_size_bytes: bytes_of(&rows),
                    file_types,
                    size_distribution: Sizes::of(&rows),
                    states,
                },
            },
            drive_status: DriveStatus {
                service_available: false,
                authentication_method: "none",
                processed_files_count: 0,
            },
            rag_status,
            file_analysis: FileAnalysis {
                duplicates: DuplicatesReport {
                    duplicate_files: efficiency.duplicate_files,
                    duplicate_groups: efficiency.duplicate_groups,
                    wasted_space_mb: in_megabytes(efficiency.wasted_bytes),
                    efficiency_percentage: efficiency.percentage(),
                },
            },
            recommendations,
        })
    }

    /// Whether each part does its work.
    pub(super) async fn health(&self) -> HealthCheck {
        let readiness = self.health.readiness().await;
        let rag = self.health.rag_server().await;
        let waiting = materials::store::waiting(&self.db).await;
        let storage = self.materials.check_storage().await;
        let all = [
            (
                "database",
                readiness.database.status == "ok",
                "O banco de dados não responde.",
            ),
            (
                "cache",
                readiness.cache.status == "ok",
                "O cache compartilhado não responde; cada servidor usa o próprio.",
            ),
            (
                "rag_server",
                rag["status"] != "unavailable",
                "O servidor de busca não responde; perguntas ficam sem resposta.",
            ),
            (
                "storage",
                storage.is_ok(),
                "Não é possível gravar arquivos: o disco está cheio ou a pasta não pode ser escrita.",
            ),
            (
                "materials_in_step",
                waiting.is_ok_and(|waiting| waiting < MANY_WAITING),
                "Há muitas alterações de materiais que o servidor de busca ainda não recebeu.",
            ),
        ];
        HealthCheck {
            healthy: all.iter().all(|(_, is_well, _)| *is_well),
            timestamp: rfc3339(self.clock.now_ms()),
            issues: all
                .iter()
                .filter(|(_, is_well, _)| !is_well)
                .map(|(_, _, issue)| (*issue).to_owned())
                .collect(),
            checks: all
                .into_iter()
                .map(|(name, is_well, _)| (name, is_well))
                .collect(),
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let count = counts.entry(name.to_owned()).or_default();
    *count = count.saturating_add(1);
}

fn recommendations(
    rows: &[MaterialRow],
    efficiency: &Efficiency,
    is_away: bool,
    waiting: i64,
) -> Vec<String> {
    let in_state = |state: &str| rows.iter().filter(|row| row.state == state).count();
    let mut all = Vec::new();
    if is_away {
        all.push("O servidor de busca não responde: verifique se ele está em execução.".to_owned());
    }
    if waiting >= MANY_WAITING {
        all.push(format!(
            "{waiting} alterações de materiais esperam pelo servidor de busca."
        ));
    }
    for (count, what) in [
        (
            in_state("failed"),
            "não puderam ser indexados: veja o motivo de cada um",
        ),
        (
            in_state("needs_ocr"),
            "são imagens sem texto: envie versões com texto",
        ),
    ] {
        if count > 0 {
            all.push(format!("{count} materiais {what}."));
        }
    }
    if efficiency.duplicate_files > 0 {
        all.push(format!(
            "{} materiais repetem o conteúdo de outros: use a limpeza de duplicados.",
            efficiency.duplicate_files
        ));
    }
    if rows.is_empty() {
        all.push("Ainda não há materiais: envie os primeiros.".to_owned());
    }
    if all.is_empty() {
        all.push("Tudo em ordem.".to_owned());
    }
    all
}
