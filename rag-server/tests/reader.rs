//! The reading pool with real children: the server's own program, and small scripts that fail in its place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rag_server::reader::{OcrSettings, ReadError, ReaderPool, ReaderSettings};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rag-server");
const TEXT: &str = "A fotossíntese transforma luz em energia química.";

/// A folder with a file to read and, where the test wants one, a script in place of the program.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: TempDir::new().unwrap(),
        };
        fs::write(bench.document(), TEXT).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn document(&self) -> PathBuf {
        self.path("aula.txt")
    }

    /// `body` runs first; `$BENCH` is the folder, `$PROGRAM` the server. Children note their numbers in `pids`.
    fn script(&self, body: &str) -> PathBuf {
        let path = self.path("worker.sh");
        let folder = self.folder.path().display();
        let text = format!(
            "#!/bin/sh\nBENCH='{folder}'\nPROGRAM='{PROGRAM}'\necho $$ >> \"$BENCH/pids\"\n{body}\n"
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn pids(&self) -> Vec<String> {
        let pids = fs::read_to_string(self.path("pids")).unwrap_or_default();
        pids.lines().map(str::to_owned).collect()
    }
}

fn settings(program: &Path) -> ReaderSettings {
    ReaderSettings {
        program: program.to_owned(),
        workers: 1,
        timeout: Duration::from_mins(1),
        memory_bytes: 1 << 30,
        cpu_seconds: 60,
        recycle_after: 100,
        limits: extract::Limits::default(),
        ocr: OcrSettings {
            program: PathBuf::new(),
            languages: Vec::new(),
        },
    }
}

fn pool(program: &Path) -> ReaderPool {
    ReaderPool::new(settings(program))
}

async fn read(pool: &ReaderPool, path: &Path) -> Result<extract::Document, ReadError> {
    pool.read(path, "aula.txt", &CancellationToken::new()).await
}

#[track_caller]
fn assert_read(result: Result<extract::Document, ReadError>) {
    let document = result.unwrap();
    assert!(
        document
            .blocks
            .iter()
            .any(|block| block.text.contains("fotossíntese")),
        "{document:?}"
    );
}

/// Waits for `condition`; fails after ten seconds.
async fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "did not come true in time");
        tokio::task::yield_now().await;
    }
}

fn alive(pid: &str) -> bool {
    // A process that ended and was not waited for yet is a zombie, state Z.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

#[tokio::test]
async fn one_warm_child_reads_document_after_document() {
    let bench = Bench::new();
    let pool = pool(&bench.script("exec \"$PROGRAM\" \"$@\""));
    assert_eq!(pool.idle_workers(), 0, "started only when needed");
    for _ in 0..5 {
        assert_read(read(&pool, &bench.document()).await);
    }
    assert_eq!(pool.idle_workers(), 1);
    assert_eq!(bench.pids().len(), 1);
}

#[tokio::test]
async fn child_reads_as_the_crate_itself() {
    let bench = Bench::new();
    let here = extract::extract(TEXT.as_bytes(), "aula.txt", &extract::Limits::default()).unwrap();
    assert_eq!(
        read(&pool(Path::new(PROGRAM)), &bench.document())
            .await
            .unwrap(),
        here
    );
}

#[tokio::test]
async fn refused_file_has_its_code_and_leaves_the_child_warm() {
    let bench = Bench::new();
    let pool = pool(&bench.script("exec \"$PROGRAM\" \"$@\""));
    let empty = bench.path("vazio.pdf");
    fs::write(&empty, "").unwrap();
    let error = read(&pool, &empty).await.unwrap_err();
    assert_eq!(error.code(), "empty_file");
    assert!(error.permanent());
    let error = read(&pool, &bench.path("falta.pdf")).await.unwrap_err();
    assert_eq!(error.code(), "file_unreadable");
    assert!(!error.permanent());
    assert_read(read(&pool, &bench.document()).await);
    assert_eq!(bench.pids().len(), 1);
}

#[tokio::test]
async fn many_documents_share_few_children() {
    let bench = Bench::new();
    let script = bench.script("exec \"$PROGRAM\" \"$@\"");
    let pool = ReaderPool::new(ReaderSettings {
        workers: 2,
        ..settings(&script)
    });
    let reads = (0..12).map(|_| {
        let (pool, path) = (pool.clone(), bench.document());
        tokio::spawn(async move { read(&pool, &path).await })
    });
    for reading in reads.collect::<Vec<_>>() {
        assert_read(reading.await.unwrap());
    }
    assert!(bench.pids().len() <= 2, "{:?}", bench.pids());
}

#[tokio::test]
async fn child_is_replaced_after_its_share_of_documents() {
    let bench = Bench::new();
    let script = bench.script("exec \"$PROGRAM\" \"$@\"");
    let pool = ReaderPool::new(ReaderSettings {
        recycle_after: 2,
        ..settings(&script)
    });
    for _ in 0..5 {
        assert_read(read(&pool, &bench.document()).await);
    }
    assert_eq!(bench.pids().len(), 3);
}

#[tokio::test]
async fn child_killed_while_idle_costs_no_document() {
    let bench = Bench::new();
    let pool = pool(&bench.script("exec \"$PROGRAM\" \"$@\""));
    assert_read(read(&pool, &bench.document()).await);
    let pid = bench.pids().remove(0);
    let kill = tokio::process::Command::new("kill")
        .args(["-9", &pid])
        .status()
        .await
        .unwrap();
    assert!(kill.success());
    eventually(|| !alive(&pid)).await;
    assert_read(read(&pool, &bench.document()).await);
}

/// Each of these ends one document, and the next is read.
#[tokio::test]
async fn faults_end_one_document_only() {
    let faults: &[(&str, &str)] = &[
        ("exit 3", "reader_crashed"),
        ("exit 0", "reader_crashed"),
        ("kill -SEGV $$", "reader_crashed"),
        ("kill -ABRT $$", "reader_crashed"),
        ("kill -KILL $$", "reader_crashed"),
        (
            "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$",
            "too_big_for_memory",
        ),
        ("kill -XCPU $$", "too_slow"),
        // Not the protocol: text, a length beyond any cap, a frame that is cut, a frame that is no answer.
        ("echo 'thread panicked'; exec sleep 600", "reader_crashed"),
        (
            "printf '\\377\\377\\377\\377'; exec sleep 600",
            "reader_crashed",
        ),
        ("printf '\\020\\000\\000\\000{\"status\"'", "reader_crashed"),
        (
            "printf '\\002\\000\\000\\000{}'; exec sleep 600",
            "reader_crashed",
        ),
        // Says that a document follows, and sends something else.
        (
            "printf '\\050\\000\\000\\000{\"status\":\"document\",\"resident_bytes\":1}\\002\\000\\000\\000{}'; exec sleep 600",
            "reader_crashed",
        ),
        // Closes its output and stays.
        ("exec >&-; exec sleep 600", "reader_crashed"),
    ];
    for (fault, code) in faults {
        let bench = Bench::new();
        let script = bench.script(&format!(
            "[ -e \"$BENCH/well\" ] && exec \"$PROGRAM\" \"$@\"\n{fault}"
        ));
        let pool = pool(&script);
        let error = read(&pool, &bench.document()).await.unwrap_err();
        assert_eq!(error.code(), *code, "{fault}: {error:?}");
        let pid = bench.pids().remove(0);
        eventually(|| !alive(&pid)).await;
        fs::write(bench.path("well"), "").unwrap();
        assert_read(read(&pool, &bench.document()).await);
    }
}

#[tokio::test]
async fn child_that_hangs_is_killed_at_the_time_limit() {
    let bench = Bench::new();
    let script = bench.script("exec sleep 600");
    let pool = ReaderPool::new(ReaderSettings {
        timeout: Duration::from_millis(300),
        ..settings(&script)
    });
    let error = read(&pool, &bench.document()).await.unwrap_err();
    assert_eq!(error.code(), "too_slow");
    let pid = bench.pids().remove(0);
    eventually(|| !alive(&pid)).await;
}

#[tokio::test]
async fn cancelling_kills_the_child() {
    let bench = Bench::new();
    let pool = pool(&bench.script("exec sleep 600"));
    let cancel = CancellationToken::new();
    let reading = tokio::spawn({
        let (pool, path, cancel) = (pool.clone(), bench.document(), cancel.clone());
        async move { pool.read(&path, "aula.txt", &cancel).await }
    });
    eventually(|| !bench.pids().is_empty()).await;
    cancel.cancel();
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "cancelled");
    let pid = bench.pids().remove(0);
    eventually(|| !alive(&pid)).await;
}

#[tokio::test]
async fn waiting_for_a_child_can_be_cancelled_and_a_dropped_reader_frees_its_place() {
    let bench = Bench::new();
    let script = bench.script("[ -e \"$BENCH/well\" ] && exec \"$PROGRAM\" \"$@\"\nexec sleep 600");
    let pool = pool(&script);
    let hanging = tokio::spawn({
        let (pool, path) = (pool.clone(), bench.document());
        async move { read(&pool, &path).await }
    });
    eventually(|| !bench.pids().is_empty()).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = pool
        .read(&bench.document(), "aula.txt", &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "cancelled");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    fs::write(bench.path("well"), "").unwrap();
    assert_read(read(&pool, &bench.document()).await);
}

#[tokio::test]
async fn chatter_on_standard_error_holds_nothing_up() {
    let bench = Bench::new();
    let flood = "head -c 5000000 /dev/zero | tr '\\0' 'x' >&2\nexec \"$PROGRAM\" \"$@\"";
    assert_read(read(&pool(&bench.script(flood)), &bench.document()).await);
}

#[tokio::test]
async fn child_inherits_no_environment() {
    let bench = Bench::new();
    let pool =
        pool(&bench.script("env > \"$BENCH/env\"; pwd > \"$BENCH/pwd\"; exec \"$PROGRAM\" \"$@\""));
    assert_read(read(&pool, &bench.document()).await);
    // What the shell itself adds is not ours.
    let added = ["PWD=", "SHLVL=", "_=", "OLDPWD="];
    let environment = fs::read_to_string(bench.path("env")).unwrap();
    let inherited: Vec<_> = environment
        .lines()
        .filter(|line| !added.iter().any(|name| line.starts_with(name)))
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    assert_eq!(inherited, ["MALLOC_ARENA_MAX", "_RJEM_MALLOC_CONF"]);
    assert_eq!(fs::read_to_string(bench.path("pwd")).unwrap(), "/\n");
}

#[tokio::test]
async fn child_is_confined() {
    let bench = Bench::new();
    let pool = pool(&bench.script("exec \"$PROGRAM\" \"$@\""));
    assert_read(read(&pool, &bench.document()).await);
    let limits = fs::read_to_string(format!("/proc/{}/limits", bench.pids()[0])).unwrap();
    let soft = |name: &str| {
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.split_whitespace()
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert_eq!(soft("Max core file size"), 0);
    let asked = settings(Path::new(PROGRAM));
    assert!((asked.cpu_seconds..asked.cpu_seconds + 10).contains(&soft("Max cpu time")));
    assert!((asked.memory_bytes..4 * asked.memory_bytes).contains(&soft("Max address space")));
}

#[tokio::test]
async fn file_that_does_not_fit_into_memory_is_told_apart() {
    let bench = Bench::new();
    let large = bench.path("grande.txt");
    fs::write(&large, format!("{TEXT}\n").repeat(1 << 20)).unwrap();
    // Room for a fresh child's small change, not for the file.
    let settings = ReaderSettings {
        memory_bytes: 24 << 20,
        ..settings(Path::new(PROGRAM))
    };
    let error = read(&ReaderPool::new(settings), &large).await.unwrap_err();
    assert_eq!(error.code(), "too_big_for_memory", "{error:?}");
    assert!(error.permanent());
}

#[tokio::test]
async fn file_that_fits_but_whose_reading_does_not_is_told_apart() {
    let bench = Bench::new();
    let large = bench.path("grande.txt");
    let bytes = format!("{TEXT}\n").repeat(1 << 19);
    fs::write(&large, &bytes).unwrap();
    let memory_bytes = (bytes.len() + bytes.len() / 2) as u64;
    let settings = ReaderSettings {
        memory_bytes,
        ..settings(Path::new(PROGRAM))
    };
    let error = read(&ReaderPool::new(settings), &large).await.unwrap_err();
    assert_eq!(error.code(), "too_big_for_memory", "{error:?}");
}

#[tokio::test]
async fn program_that_is_not_there_is_no_fault_of_the_document() {
    let bench = Bench::new();
    let error = read(&pool(&bench.path("nada")), &bench.document())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "reader_unavailable");
    assert!(!error.permanent());
}

#[tokio::test]
async fn child_ends_with_its_server() {
    let mut child = tokio::process::Command::new(PROGRAM)
        .arg("extract-worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn child_refuses_what_is_no_request() {
    for noise in [
        b"\x02\0\0\0{}".as_slice(),
        b"\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut child = tokio::process::Command::new(PROGRAM)
            .arg("extract-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // It may be gone before all of it is written.
        let mut stdin = child.stdin.take().unwrap();
        drop(stdin.write_all(noise).await);
        let output = child.wait_with_output().await.unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
    }
}
