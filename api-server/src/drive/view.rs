//! Runs and their ledger as clients see them.

use serde::Serialize;
use shared::clock::rfc3339;

use super::model::{Notice, Reason, RunState};
use super::store::ledger::LedgerRow;
use super::store::runs::RunRow;

/// Something somebody should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DriveNotice)]
pub(crate) struct NoticeView {
    /// Stable code.
    pub code: String,
    /// Sentence for people.
    pub detail: String,
}

impl NoticeView {
    pub(super) fn notice(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            detail: Notice::parse(code)
                .map(Notice::detail)
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn reason(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            detail: Reason::parse(code)
                .map(Reason::detail)
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// The folder of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct RunFolderView {
    /// Our id of it.
    pub id: String,
    /// Google's.
    pub drive_id: String,
    /// Its name.
    pub name: String,
}

/// Files of a run, counted: `listed = indexed + unchanged + skipped + failed + pending`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct CountsView {
    /// Folders that were read, the topmost not among them.
    pub folders: i64,
    /// What Drive listed.
    pub listed: i64,
    /// New, changed, renamed or moved: taken in.
    pub indexed: i64,
    /// Nothing to do.
    pub unchanged: i64,
    /// Left out by rule.
    pub skipped: i64,
    /// Tried in vain.
    pub failed: i64,
    /// Still to be done.
    pub pending: i64,
    /// Removals that are due.
    pub removals: i64,
    /// Removals that were done.
    pub removed: i64,
}

/// Seconds.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct TimingView {
    /// Until the plan stood.
    pub analysis: f64,
    /// Carrying it out.
    pub download: f64,
    /// Both.
    pub total: f64,
}

/// A sync.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = DriveRun)]
pub(crate) struct RunView {
    /// Id; the `download_id` of the web application.
    pub id: String,
    /// Of what.
    pub folder: RunFolderView,
    /// `full` or `incremental`.
    pub kind: String,
    /// `queued`, `analyzing`, `processing`, `completed`, `needs_confirmation`, `needs_reauth`, `failed` or `cancelled`.
    pub state: String,
    /// Plans only.
    pub dry_run: bool,
    /// A folder could not be read: nothing is removed.
    pub partial: bool,
    /// Files, counted.
    pub counts: CountsView,
    /// Bytes that were downloaded.
    pub bytes: i64,
    /// Requests that Drive was sent, those for tokens not among them.
    pub requests: i64,
    /// The file that was done last.
    pub current_file: String,
    /// Name of who began it.
    pub started_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub started_at: Option<String>,
    /// RFC 3339, UTC.
    pub ended_at: Option<String>,
    /// How long it took.
    pub timing: TimingView,
    /// What somebody should know.
    pub notice: Option<NoticeView>,
}

impl RunView {
    /// As of `now`, Unix ms.
    pub(super) fn of(row: &RunRow, now: i64) -> Self {
        let until = row.ended_at.unwrap_or(now);
        let begun = row.started_at.unwrap_or(until);
        let planned = row.planned_at.unwrap_or(until);
        let seconds = |from: i64, to: i64| to.saturating_sub(from).max(0) as f64 / 1000.0;
        Self {
            id: row.id.clone(),
            folder: RunFolderView {
                id: row.folder.clone(),
                drive_id: row.folder_drive_id.clone(),
                name: row.folder_name.clone(),
            },
            kind: row.kind.clone(),
            state: row.state.clone(),
            dry_run: row.dry_run != 0,
            partial: row.partial != 0,
            counts: CountsView {
                folders: row.folders,
                listed: row.listed,
                indexed: row.indexed,
                unchanged: row.unchanged,
                skipped: row.skipped,
                failed: row.failed,
                pending: row.pending,
                removals: row.removals,
                removed: row.removed,
            },
            bytes: row.bytes,
            requests: row.requests,
            current_file: row.current_file.clone(),
            started_by: row.starter.clone(),
            created_at: rfc3339(row.created_at),
            started_at: row.started_at.map(rfc3339),
            ended_at: row.ended_at.map(rfc3339),
            timing: TimingView {
                analysis: seconds(begun, planned),
                download: seconds(planned, until),
                total: seconds(begun, until),
            },
            notice: row.notice.as_deref().map(NoticeView::notice),
        }
    }

    /// Whether it goes no further.
    pub(super) fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }
}

/// A row of the ledger.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DriveLedgerRow)]
pub(crate) struct LedgerView {
    /// Its number in the run.
    pub seq: i64,
    /// Google's id of the file.
    pub file_id: String,
    /// Where it lies in Drive; of a removal, what its material was to be called.
    pub path: String,
    /// Bytes; 0 for Google's own documents.
    pub size: i64,
    /// As Drive says.
    pub mime_type: String,
    /// `keep`, `skip`, `add`, `update`, `rename` or `remove`.
    pub action: String,
    /// `pending`, `indexed`, `unchanged`, `skipped`, `failed`, `waiting` or `removed`.
    pub outcome: String,
    /// Why.
    pub reason: Option<NoticeView>,
    /// The id its material has now.
    pub material_id: Option<String>,
    /// Its material.
    pub material_uid: Option<String>,
}

impl From<LedgerRow> for LedgerView {
    fn from(row: LedgerRow) -> Self {
        Self {
            seq: row.seq,
            file_id: row.file_id,
            path: row.path,
            size: row.size_bytes,
            mime_type: row.mime_type,
            action: row.action,
            outcome: row.outcome,
            reason: row.reason.as_deref().map(NoticeView::reason),
            material_id: row.material_id,
            material_uid: row.material_uid,
        }
    }
}

/// What came of a download, as the web application reads it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ResultView {
    /// Files, counted.
    pub statistics: StatisticsView,
    /// How long it took.
    pub timing: ProgressTimingView,
    /// The first 200 files that were taken in.
    pub processed_files: Vec<ProcessedView>,
}

/// Files of a download, counted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct StatisticsView {
    /// Folders, the topmost among them.
    pub total_folders: i64,
    /// Files.
    pub total_files: i64,
    /// Files that were taken in.
    pub downloaded_files: i64,
    /// Files that were here already.
    pub skipped_duplicates: i64,
    /// Files that were left out by rule.
    pub skipped: i64,
    /// Files that failed.
    pub errors: i64,
    /// Files that were removed.
    pub removed: i64,
}

/// Seconds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as the page reads it")]
pub(crate) struct ProgressTimingView {
    /// Reading the folder.
    pub analysis_time: f64,
    /// Taking files in.
    pub download_time: f64,
    /// Both.
    pub total_time: f64,
}

/// A file that was taken in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProcessedView {
    /// Its path in Drive.
    pub path: String,
    /// Bytes.
    pub size: i64,
    /// `add`, `update` or `rename`.
    pub action: String,
}

/// How far a download is, as the web application reads it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DriveProgress)]
pub(crate) struct ProgressView {
    /// `starting`, `analyzing`, `processing`, `completed`, `error` or `cancelled`.
    pub status: &'static str,
    /// 0 to 100.
    pub progress: i64,
    /// Files.
    pub total_files: i64,
    /// Files that are done, whatever came of them.
    pub downloaded_files: i64,
    /// The file that was done last.
    pub current_file: String,
    /// RFC 3339, UTC.
    pub started_at: Option<String>,
    /// RFC 3339, UTC.
    pub completed_at: Option<String>,
    /// Google's id of the folder.
    pub folder_id: String,
    /// Name of who began it.
    pub user: String,
    /// Name of the folder: the module, for a download of one.
    pub current_module: String,
    /// Names of modules that are done.
    pub processed_modules: Vec<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What came of it, at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultView>,
    /// All there is to know.
    pub run: RunView,
}

impl ProgressView {
    pub(super) fn of(row: &RunRow, processed: Vec<LedgerRow>, now: i64) -> Self {
        let run = RunView::of(row, now);
        let state = RunState::parse(&row.state).unwrap_or(RunState::Queued);
        let status = state.progress();
        let done = row.listed.saturating_sub(row.pending);
        let is_complete = status == "completed";
        let progress = if is_complete {
            100
        } else if row.planned_at.is_some() && row.listed > 0 {
            (done.saturating_mul(100) / row.listed).min(99)
        } else {
            0
        };
        let result = is_complete.then(|| ResultView {
            statistics: StatisticsView {
                total_folders: row.folders.saturating_add(1),
                total_files: row.listed,
                downloaded_files: row.indexed,
                skipped_duplicates: row.unchanged,
                skipped: row.skipped,
                errors: row.failed,
                removed: row.removed,
            },
            timing: ProgressTimingView {
                analysis_time: run.timing.analysis,
                download_time: run.timing.download,
                total_time: run.timing.total,
            },
            processed_files: processed
                .into_iter()
                .map(|row| ProcessedView {
                    path: row.path,
                    size: row.size_bytes,
                    action: row.action,
                })
                .collect(),
        });
        Self {
            status,
            progress,
            total_files: row.listed,
            downloaded_files: done,
            current_file: row.current_file.clone(),
            started_at: run.started_at.clone(),
            completed_at: run.ended_at.clone(),
            folder_id: row.folder_drive_id.clone(),
            user: row.starter.clone(),
            current_module: row.folder_name.clone(),
            processed_modules: if is_complete {
                vec![row.folder_name.clone()]
            } else {
                Vec::new()
            },
            error: (status == "error").then(|| {
                run.notice
                    .as_ref()
                    .map_or_else(String::new, |notice| notice.detail.clone())
            }),
            result,
            run,
        }
    }
}
