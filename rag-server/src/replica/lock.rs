//! The lock on the data folder.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Who has the data folder open: one process alone, or several that know of each other. The lock file tells where a server
/// listens.
pub(crate) struct DataLock {
    file: File,
}

impl DataLock {
    const NAME: &'static str = "server.lock";

    /// Takes the lock, alone or with `others` that share it; an error while somebody else has it otherwise.
    pub(crate) fn take(data_dir: &Path, others: bool) -> anyhow::Result<Self> {
        let path = data_dir.join(Self::NAME);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(&path)?;
        let taken = if others {
            file.try_lock_shared()
        } else {
            file.try_lock()
        };
        match taken {
            Ok(()) => Ok(Self { file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                anyhow::bail!(
                    "another process works in {}; only one may",
                    data_dir.display()
                )
            }
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn announce(&self, address: SocketAddr) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file
            .write_all_at(format!("http://{address}\n").as_bytes(), 0)
    }

    /// Address of the server that has the folder open; `None` when nobody has.
    pub(crate) fn holder(data_dir: &Path) -> Option<String> {
        let path = data_dir.join(Self::NAME);
        let file = File::open(&path).ok()?;
        // Alone: servers that share the folder have it open as well.
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::fs::read_to_string(&path)
                .ok()
                .map(|text| text.trim().to_owned()),
            _ => None,
        }
    }
}
