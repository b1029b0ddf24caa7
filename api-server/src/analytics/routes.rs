//! `/analytics`: for instructors and administrators.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Invalid, Problems};

use super::{Efficiency, Sizes};
use crate::access::Staff;
use crate::materials::{MaterialError, MaterialRow, MaterialService, Wanted};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Contents that stand more than once, materials downloaded most and last downloads told at once.
const MOST_GROUPS: usize = 100;
const MOST_MATERIALS: i64 = 20;
const LAST_DOWNLOADS: i64 = 20;
/// Below so many percent the storage is worth tidying.
const EFFICIENT: f64 = 90.0;

/// A folder.
#[derive(Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct FolderFigures {
    /// Its path; empty for the topmost.
    pub path: String,
    /// Materials in it, not below.
    pub file_count: u64,
    /// Bytes of them.
    pub size_bytes: u64,
    /// Materials in it and below.
    pub total_file_count: u64,
    /// Bytes of them.
    pub total_size_bytes: u64,
    /// How many of each type are in it.
    #[schema(value_type = Object)]
    pub file_types: BTreeMap<String, u64>,
}

/// Every folder.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FolderStructure {
    /// In order of path, the topmost first.
    pub folders: Vec<FolderFigures>,
    /// How many, but for the topmost.
    pub total_folders: u64,
    /// Materials in all of them.
    pub total_files: u64,
    /// Most folders above a material.
    pub max_depth: u64,
}

/// Materials of one type.
#[derive(Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct TypeFigures {
    /// How many.
    pub count: u64,
    /// Bytes of them.
    pub size_bytes: u64,
    /// Of all materials, in percent.
    pub percentage: f64,
}

/// Types and sizes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FileDistribution {
    /// How many materials.
    pub total_files: u64,
    /// Bytes of them.
    pub total_size_bytes: u64,
    /// By type.
    #[schema(value_type = Object)]
    pub by_type: BTreeMap<String, TypeFigures>,
    /// By size.
    pub by_size: Sizes,
    /// By state in the index.
    #[schema(value_type = Object)]
    pub by_state: BTreeMap<String, u64>,
}

/// A content that stands more than once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DuplicateGroup {
    /// Bytes of one.
    pub size_bytes: u64,
    /// Id of the material that was here first.
    pub kept: String,
    /// Ids of the others.
    pub duplicates: Vec<String>,
}

/// How much of what is listed stands once. On the disk every content does.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct StorageEfficiency {
    /// Bytes of all materials.
    pub total_size_bytes: u64,
    /// Bytes of materials whose content an older one has.
    pub wasted_bytes: u64,
    /// Bytes that stand once, of all, in percent.
    pub efficiency_percentage: f64,
    /// Materials whose content an older one has.
    pub duplicate_files: u64,
    /// Contents that stand more than once; 100 at most are told.
    pub duplicate_groups: Vec<DuplicateGroup>,
    /// Stored files that no material has any more, an hour old or older.
    pub orphan_files: u64,
    /// Bytes of them.
    pub orphan_bytes: u64,
    /// What should be done.
    pub recommendations: Vec<&'static str>,
}

/// Downloads of one material.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaterialDownloads {
    /// Its id.
    pub material: String,
    /// How often.
    pub downloads: i64,
    /// Bytes sent.
    pub bytes: i64,
}

/// One download.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Download {
    /// Id of the material.
    pub material: String,
    /// Bytes of it.
    pub bytes: i64,
    /// RFC 3339, UTC.
    pub at: String,
}

/// Whole materials that were downloaded; nobody keeps by whom.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DownloadReport {
    /// The last so many days.
    pub days: i64,
    /// How many.
    pub total_downloads: i64,
    /// Bytes sent.
    pub total_bytes: i64,
    /// The twenty downloaded most.
    pub most_downloaded: Vec<MaterialDownloads>,
    /// The last twenty, newest first.
    pub recent_downloads: Vec<Download>,
}

async fn all(materials: &MaterialService) -> Result<Vec<MaterialRow>, MaterialError> {
    let wanted = Wanted {
        limit: i64::MAX,
        ..Wanted::default()
    };
    materials.list(&wanted).await
}

/// Every folder with what is in it and below it.
#[utoipa::path(tag = "analytics", responses((status = 200, body = FolderStructure), Problems))]
#[get("/analytics/folder-structure")]
pub(crate) async fn folder_structure(
    _staff: Staff,
    materials: Data<MaterialService>,
) -> Result<Json<FolderStructure>, ApiError> {
    Ok(Json(structure(&all(&materials).await?)))
}

fn structure(rows: &[MaterialRow]) -> FolderStructure {
    let mut folders: BTreeMap<String, FolderFigures> = BTreeMap::new();
    folders.insert(String::new(), FolderFigures::default());
    let mut max_depth = 0;
    for row in rows {
        let size = row.size_bytes.unsigned_abs();
        let folder = row.id.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = folders.entry(folder.to_owned()).or_default();
        own.file_count = own.file_count.saturating_add(1);
        own.size_bytes = own.size_bytes.saturating_add(size);
        let of_type = own.file_types.entry(row.kind.clone()).or_default();
        *of_type = of_type.saturating_add(1);
        let mut above = Some(folder);
        let mut depth = 0_u64;
        while let Some(path) = above {
            let figures = folders.entry(path.to_owned()).or_default();
            figures.total_file_count = figures.total_file_count.saturating_add(1);
            figures.total_size_bytes = figures.total_size_bytes.saturating_add(size);
            above =
                (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(parent, _)| parent));
            depth = depth.saturating_add(u64::from(above.is_some()));
        }
        max_depth = max_depth.max(depth);
    }
    let folders: Vec<FolderFigures> = folders
        .into_iter()
        .map(|(path, figures)| FolderFigures { path, ..figures })
        .collect();
    FolderStructure {
        total_folders: (folders.len() as u64).saturating_sub(1),
        total_files: rows.len() as u64,
        max_depth,
        folders,
    }
}

/// Materials by type, size and state.
#[utoipa::path(tag = "analytics", responses((status = 200, body = FileDistribution), Problems))]
#[get("/analytics/file-distribution")]
pub(crate) async fn file_distribution(
    _staff: Staff,
    materials: Data<MaterialService>,
) -> Result<Json<FileDistribution>, ApiError> {
    let rows = all(&materials).await?;
    let mut by_type: BTreeMap<String, TypeFigures> = BTreeMap::new();
    let mut by_state: BTreeMap<String, u64> = BTreeMap::new();
    let mut total_size_bytes = 0_u64;
    for row in &rows {
        let size = row.size_bytes.unsigned_abs();
        total_size_bytes = total_size_bytes.saturating_add(size);
        let figures = by_type.entry(row.kind.clone()).or_default();
        figures.count = figures.count.saturating_add(1);
        figures.size_bytes = figures.size_bytes.saturating_add(size);
        let in_state = by_state.entry(row.state.clone()).or_default();
        *in_state = in_state.saturating_add(1);
    }
    let total_files = rows.len() as u64;
    for figures in by_type.values_mut() {
        let share = figures.count as f64 / total_files as f64;
        figures.percentage = (share * 1000.0).round() / 10.0;
    }
    Ok(Json(FileDistribution {
        total_files,
        total_size_bytes,
        by_type,
        by_size: Sizes::of(&rows),
        by_state,
    }))
}

/// How much of what is listed and stored is needed.
#[utoipa::path(tag = "analytics", responses((status = 200, body = StorageEfficiency), Problems))]
#[get("/analytics/storage-efficiency")]
pub(crate) async fn storage_efficiency(
    _staff: Staff,
    materials: Data<MaterialService>,
) -> Result<Json<StorageEfficiency>, ApiError> {
    let efficiency = Efficiency::of(all(&materials).await?);
    let orphans = materials.sweep(true).await?;
    let efficiency_percentage = efficiency.percentage();
    let mut recommendations = Vec::new();
    if efficiency_percentage < EFFICIENT {
        recommendations.push("Há muito conteúdo repetido: use a limpeza de duplicados.");
    }
    if orphans.files > 0 {
        recommendations.push("Há arquivos sem material: use a otimização do armazenamento.");
    }
    Ok(Json(StorageEfficiency {
        total_size_bytes: efficiency.total_bytes,
        wasted_bytes: efficiency.wasted_bytes,
        efficiency_percentage,
        duplicate_files: efficiency.duplicate_files,
        duplicate_groups: efficiency
            .groups
            .into_iter()
            .take(MOST_GROUPS)
            .map(|group| DuplicateGroup {
                size_bytes: group.kept.size_bytes.unsigned_abs(),
                kept: group.kept.id,
                duplicates: group.others.into_iter().map(|row| row.id).collect(),
            })
            .collect(),
        orphan_files: orphans.files,
        orphan_bytes: orphans.bytes,
        recommendations,
    }))
}

/// Which days to report on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportDays {
    /// The last so many days, 1 to 366; 30 when absent.
    #[param(minimum = 1, maximum = 366)]
    days: Option<i64>,
}

impl ReportDays {
    fn check(&self) -> Result<i64, Invalid> {
        let days = self.days.unwrap_or(30);
        if (1..=366).contains(&days) {
            return Ok(days);
        }
        Err(Invalid::new().field("/days", "out_of_range", "deve estar entre 1 e 366"))
    }
}

/// What was downloaded, how often.
#[utoipa::path(tag = "analytics", params(ReportDays), responses((status = 200, body = DownloadReport), Problems))]
#[get("/analytics/download-report")]
pub(crate) async fn download_report(
    _staff: Staff,
    query: Query<ReportDays>,
    materials: Data<MaterialService>,
) -> Result<Json<DownloadReport>, ApiError> {
    let days = query.check()?;
    let told = materials
        .downloads(days.saturating_mul(DAY_MS), MOST_MATERIALS, LAST_DOWNLOADS)
        .await?;
    let (total_downloads, total_bytes) = told.total;
    Ok(Json(DownloadReport {
        days,
        total_downloads,
        total_bytes,
        most_downloaded: told
            .most
            .into_iter()
            .map(|(material, downloads, bytes)| MaterialDownloads {
                material,
                downloads,
                bytes,
            })
            .collect(),
        recent_downloads: told
            .last
            .into_iter()
            .map(|(material, bytes, at)| Download {
                material,
                bytes,
                at: rfc3339(at),
            })
            .collect(),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(id: &str, size: i64) -> MaterialRow {
        MaterialRow {
            uid: id.to_owned(),
            id: id.to_owned(),
            title: String::new(),
            description: None,
            tags: "[]".to_owned(),
            kind: "txt".to_owned(),
            size_bytes: size,
            content_hash: format!("{size}"),
            uploaded_by: None,
            uploader: String::new(),
            created_at: 0,
            updated_at: 0,
            state: "ready".to_owned(),
            pages: None,
            passages: 0,
            embedded: 0,
            reason_code: None,
            reason: None,
        }
    }

    #[test]
    fn folders_hold_what_is_below_them() {
        let told = structure(&[row("a/b/c.txt", 3), row("a/d.txt", 5), row("e.txt", 7)]);
        let figures: Vec<_> = told
            .folders
            .iter()
            .map(|folder| {
                (
                    folder.path.as_str(),
                    folder.file_count,
                    folder.total_file_count,
                    folder.total_size_bytes,
                )
            })
            .collect();
        assert_eq!(figures, [("", 1, 3, 15), ("a", 1, 2, 8), ("a/b", 1, 1, 3)]);
        assert_eq!(
            (told.total_folders, told.total_files, told.max_depth),
            (2, 3, 2)
        );
        assert_eq!(structure(&[]).folders.len(), 1);
    }

    #[test]
    fn sizes_are_classed_at_their_borders() {
        const MB: i64 = 1 << 20;
        let rows: Vec<_> = [0, MB - 1, MB, 10 * MB - 1, 10 * MB, 100 * MB - 1, 100 * MB]
            .into_iter()
            .map(|size| row("a.txt", size))
            .collect();
        let sizes = Sizes::of(&rows);
        assert_eq!(
            (sizes.small, sizes.medium, sizes.large, sizes.huge),
            (2, 2, 2, 1)
        );
    }

    proptest! {
        #[test]
        fn every_material_is_in_one_folder_and_every_content_stands_once(
            ids in prop::collection::btree_set("[ab]/[ab]/[a-f]|[a-f]", 0..12), sizes in prop::collection::vec(0..4_i64, 12)
        ) {
            let rows: Vec<_> = ids.iter().zip(sizes).map(|(id, size)| row(id, size)).collect();
            let told = structure(&rows);
            prop_assert_eq!(told.folders.iter().map(|folder| folder.file_count).sum::<u64>(), rows.len() as u64);
            prop_assert_eq!(told.folders[0].total_file_count, rows.len() as u64);
            let efficiency = Efficiency::of(rows.clone());
            let contents: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.content_hash).collect();
            prop_assert_eq!(efficiency.duplicate_files, (rows.len() - contents.len()) as u64);
            prop_assert!((0.0..=100.0).contains(&efficiency.percentage()));
            prop_assert_eq!(efficiency.duplicate_files == 0, efficiency.groups.is_empty());
        }
    }
}
