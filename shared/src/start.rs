//! What a server needs of its machine before it starts.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// What keeps a server from starting, all of it: the process ends with [`crate::settings::EXIT_CODE`].
#[derive(Debug)]
pub struct CannotStart {
    faults: Vec<String>,
}

impl CannotStart {
    /// Something that came up while the server was put together.
    pub fn because(fault: String) -> Self {
        let faults = vec![fault];
        Self { faults }
    }
}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot start")?;
        for fault in &self.faults {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CannotStart {}

/// Looks whether the data folder can be written and the address is free, before anything is opened.
///
/// # Errors
/// Everything that is wrong, each with the variables that change it.
pub fn check(data_dir: &Path, address: SocketAddr) -> Result<(), CannotStart> {
    let mut faults = Vec::new();
    let probe = std::fs::create_dir_all(data_dir).and_then(|()| tempfile::tempfile_in(data_dir));
    if let Err(error) = probe {
        let folder = data_dir.display();
        faults.push(format!(
            "{folder} cannot be written ({error}): set DATA_DIR or its owner"
        ));
    }
    if let Err(error) = TcpListener::bind(address) {
        faults.push(format!(
            "{address} cannot be listened on ({error}): set HOST and PORT"
        ));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CannotStart { faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let told = check(&file.join("data"), taken.local_addr().unwrap())
            .unwrap_err()
            .to_string();
        assert!(told.contains("DATA_DIR") && told.contains("PORT"), "{told}");
    }

    #[test]
    fn a_new_folder_and_a_free_port_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        check(&data, ([127, 0, 0, 1], 0).into()).unwrap();
        assert!(data.is_dir());
    }
}
