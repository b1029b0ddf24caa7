//! The program that reads pages which are pictures: tesseract, or one that is called and answers like it.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Most bytes of a table of words; a page of newsprint has about half a million.
const TABLE_MAX: u64 = 16 << 20;

/// Instead of a program's name: none is wanted.
const NONE: &str = "none";

/// What reads pages that are pictures.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    /// Name of the program in `PATH`, or its path; `none` for none.
    pub program: PathBuf,
    /// Languages that pages are written in, as tesseract names them.
    pub languages: Vec<String>,
}

/// A program that is there, with the languages it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recogniser {
    /// Absolute path.
    pub program: PathBuf,
    /// `por+eng`.
    pub languages: String,
}

/// Looks for the program and the languages it has; `None` without the program, or without any of the languages.
pub async fn recogniser(settings: &OcrSettings) -> Option<Recogniser> {
    let program = executable(&settings.program, std::env::var_os("PATH").as_deref())?;
    let listed = tokio::process::Command::new(&program)
        .arg("--list-langs")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await
        .ok()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let has = |language: &&String| listed.lines().any(|line| line.trim() == language.as_str());
    let languages: Vec<&str> = settings
        .languages
        .iter()
        .filter(has)
        .map(String::as_str)
        .collect();
    (!languages.is_empty()).then(|| Recogniser {
        program,
        languages: languages.join("+"),
    })
}

/// The file that a shell would run for `program`.
fn executable(program: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    let is_executable = |file: &PathBuf| {
        std::fs::metadata(file)
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if program.as_os_str().is_empty() || program == Path::new(NONE) {
        return None;
    }
    if program.components().count() > 1 {
        return std::path::absolute(program).ok().filter(is_executable);
    }
    std::env::split_paths(path?)
        .map(|folder| folder.join(program))
        .find(is_executable)
}

/// In the reading child: the table of words of a picture. The program has the child's limits of memory and time.
pub(super) fn recognise(program: &Path, languages: &str, png: &[u8]) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("recognition: {}", error.kind());
    let mut process = Command::new(program)
        .args(["stdin", "stdout", "-l", languages, "tsv"])
        .env_clear()
        // The pool decides how many work at once.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // It reads the whole picture before it writes a word; dropping the pipe ends the picture.
    let sent = process.stdin.take().map(|mut pipe| pipe.write_all(png));
    let mut table = String::new();
    let received = process.stdout.take().map(|pipe| {
        let mut pipe = pipe.take(TABLE_MAX);
        pipe.read_to_string(&mut table)
    });
    let status = process.wait().map_err(failed)?;
    if !status.success() {
        return Err(format!("recognition ended with {status}"));
    }
    match (sent, received) {
        (Some(Ok(())), Some(Ok(_))) => Ok(table),
        (Some(Err(error)), _) | (_, Some(Err(error))) => Err(failed(error)),
        _ => Err("recognition has no pipes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let file = folder.join(name);
        std::fs::write(
            &file,
            "#!/bin/sh\nprintf 'List of languages (2):\\neng\\npor\\n'\n",
        )
        .unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        script(folder.path(), "le", 0o600);
        let file = script(second.path(), "le", 0o700);
        let path = std::env::join_paths([folder.path(), second.path()]).unwrap();
        assert_eq!(executable(Path::new("le"), Some(&path)), Some(file.clone()));
        assert_eq!(executable(&file, None), Some(file));
        assert_eq!(executable(Path::new("le"), None), None);
        assert_eq!(executable(Path::new(""), Some(&path)), None);
        assert_eq!(executable(&folder.path().join("le"), None), None);
    }

    #[tokio::test]
    async fn languages_that_are_missing_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "le", 0o700);
        let found = async |languages: &[&str]| {
            let languages = languages.iter().map(|&one| one.to_owned()).collect();
            let program = program.clone();
            recogniser(&OcrSettings { program, languages }).await
        };
        assert_eq!(
            found(&["por", "spa", "eng"]).await.unwrap().languages,
            "por+eng"
        );
        assert_eq!(found(&["spa"]).await, None);
    }
}
