//! Free space of the disk that a folder lies on.

use std::path::{Path, PathBuf};

use shared::telemetry::spawn_blocking_in_span;
use sysinfo::{Disk, Disks};

/// Bytes that are free; `None` where the system does not tell.
pub(crate) async fn free(folder: &Path) -> Option<u64> {
    let folder = folder.to_owned();
    spawn_blocking_in_span(move || free_now(folder))
        .await
        .ok()?
}

fn free_now(folder: PathBuf) -> Option<u64> {
    let folder = folder.canonicalize().ok()?;
    Disks::new_with_refreshed_list()
        .ok()?
        .iter()
        .filter(|disk| folder.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(Disk::available_space)
}
