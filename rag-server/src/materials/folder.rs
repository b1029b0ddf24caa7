//! A folder of files on this machine, as people keep their course in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file of a folder.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    /// Bytes.
    pub(crate) size: u64,
    /// Milliseconds since 1970; 0 when the file system does not tell.
    pub(crate) modified_at: i64,
}

/// Files below `folder` by relative path with `/`; links, hidden files and lock files of office programs left out.
pub(crate) fn scan(folder: &Path) -> std::io::Result<BTreeMap<String, File>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with('.') || name.starts_with("~$") {
                continue;
            }
            // Does not follow links: a link out of the folder would publish what lies elsewhere.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                let data = entry.metadata()?;
                let modified_at = data
                    .modified()
                    .ok()
                    .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                    .map_or(0, |since| since.as_millis() as i64);
                let path = entry.path();
                let relative = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .components()
                    .filter_map(|part| part.as_os_str().to_str())
                    .collect::<Vec<_>>()
                    .join("/");
                found.insert(
                    relative,
                    File {
                        path,
                        size: data.len(),
                        modified_at,
                    },
                );
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn the_folder_is_read_without_links_and_hidden_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("módulo 1/sub")).unwrap();
        std::fs::write(dir.path().join("módulo 1/sub/aula.pdf"), "x").unwrap();
        std::fs::write(dir.path().join(".DS_Store"), "x").unwrap();
        std::fs::write(dir.path().join("~$notas.xlsx"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("etc")).unwrap();
        let found = scan(dir.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["módulo 1/sub/aula.pdf"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_no_empty_folder() {
        assert!(scan(std::path::Path::new("/nowhere/at/all")).is_err());
    }
}
