//! The child: `rag-server extract-worker`. Reads requests from standard input, answers on standard output.
//!
//! It is meant to be killed, by the server, by its own limits, or by an allocation that fails; nothing it does
//! needs cleaning up. When its standard input ends it ends at once, in the middle of a document too: the server is
//! gone then, and nobody waits for the answer.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};

use extract::{Block, Document, ExtractError, Limits, Locator, PagePicture};
use rlimit::Resource;
use serde::Serialize;

use super::error::Fault;
use super::ocr;
use super::wire::{self, Answer, Capped, Request, Task};

/// `USER_HZ`, the unit of processor times in `/proc`: 100 on every architecture Linux runs on today (proc(5)).
const TICKS_PER_SECOND: u64 = 100;

thread_local! {
    /// Where the last panic of this thread began.
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs as a reading child until standard input ends. Call it before anything starts threads or opens logs.
pub fn worker_main() -> ExitCode {
    std::panic::set_hook(Box::new(note_panic));
    if Resource::CORE.set(0, 0).is_err() {
        // A core dump would hold the document.
        return ExitCode::FAILURE;
    }
    let (sender, requests) = sync_channel(1);
    let listener = std::thread::Builder::new()
        .name("listener".to_owned())
        .stack_size(256 << 10)
        .spawn(move || listen(&sender));
    if listener.is_err() {
        return ExitCode::FAILURE;
    }
    let mut out = io::stdout().lock();
    let mut base_bytes = None;
    for request in requests {
        // Memory is counted from what the first request finds: program, libraries and thread stacks.
        let base_bytes = *base_bytes.get_or_insert_with(|| status_bytes("VmSize:").unwrap_or(0));
        if confine(&request, base_bytes).is_err() || respond(&mut out, &request).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Keeps the place of a panic instead of printing it: its text may quote the document.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let at = panic
        .location()
        .map(|at| format!("{}:{}", at.file(), at.line()));
    PANICKED_AT.set(Some(at.unwrap_or_default()));
}

/// Hands on what comes from standard input; ends the process when nothing can come any more.
fn listen(requests: &SyncSender<Request>) {
    let mut from = io::stdin().lock();
    let exit = loop {
        let frame = match wire::read_frame(&mut from, wire::MESSAGE_MAX) {
            Ok(Some(frame)) => frame,
            Ok(None) => break 0,
            Err(_) => break 1,
        };
        let Ok(request) = wire::parse(&frame) else {
            break 1;
        };
        if requests.send(request).is_err() {
            break 1;
        }
    };
    #[expect(
        clippy::exit,
        reason = "the main thread may be deep in a reader that never returns"
    )]
    std::process::exit(exit)
}

/// Sets the limits of one request. Only the soft ones, so that the next request may have others.
fn confine(request: &Request, base_bytes: u64) -> io::Result<()> {
    set_soft(
        Resource::AS,
        base_bytes.saturating_add(request.memory_bytes),
    )?;
    if let Some(spent) = cpu_seconds() {
        // Reaching it raises SIGXCPU, which ends the process.
        set_soft(
            Resource::CPU,
            spent.saturating_add(request.cpu_seconds).saturating_add(1),
        )?;
    }
    Ok(())
}

fn set_soft(resource: Resource, soft: u64) -> io::Result<()> {
    let hard = resource.get_hard()?;
    resource.set(soft.min(hard), hard)
}

/// Processor time of this process so far, in whole seconds; none where there is no `/proc`.
fn cpu_seconds() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; user and system time are fields 14 and 15 (proc(5)).
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// A size from `/proc/self/status`, in bytes.
fn status_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes << 10)
}

fn resident_bytes() -> u64 {
    status_bytes("VmRSS:").unwrap_or(0)
}

fn respond(out: &mut impl Write, request: &Request) -> io::Result<()> {
    match work(request) {
        Ok(body) => {
            say(
                out,
                &Answer::Whole {
                    resident_bytes: resident_bytes(),
                },
            )?;
            wire::write_frame(out, &body, wire::DOCUMENT_MAX)
        }
        Err(answer) => say(out, &answer),
    }
}

fn say(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    wire::write_frame(out, &serde_json::to_vec(answer)?, wire::MESSAGE_MAX)
}

/// What is asked for, as the bytes of its frame.
fn work(request: &Request) -> Result<Vec<u8>, Answer> {
    let bytes = load(request)?;
    let limits = &request.limits;
    match &request.task {
        Task::Read { filename } => {
            let mut document = guarded(|| extract::extract(&bytes, filename, limits))?;
            scrub(&mut document);
            serialised(&document)
        }
        Task::Recognise {
            page,
            program,
            languages,
        } => serialised(&guarded(|| {
            let mut recognise =
                |picture: &PagePicture| ocr::recognise(program, languages, &picture.png);
            extract::recognise_page(&bytes, *page, limits, &mut recognise)
        })?),
        Task::Draw { page, width } => {
            let picture = guarded(|| extract::page_picture(&bytes, *page, *width, limits))?;
            wire::picture_frame(picture).map_err(|error| no_frame(error.kind().to_string()))
        }
    }
}

/// Runs a reader; a panic is an answer like others.
fn guarded<T>(reader: impl FnOnce() -> Result<T, ExtractError>) -> Result<T, Answer> {
    match catch_unwind(AssertUnwindSafe(reader)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Answer::Panicked {
            at: PANICKED_AT.take().unwrap_or_default(),
        }),
    }
}

/// The file's bytes, at most as many as are allowed.
fn load(request: &Request) -> Result<Vec<u8>, Answer> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::OutOfMemory => Answer::OutOfMemory,
        kind => Answer::Unreadable {
            reason: kind.to_string(),
        },
    };
    let Limits { bytes: limit, .. } = request.limits;
    let too_large = || {
        refused(&ExtractError::TooLarge {
            what: "bytes",
            limit,
        })
    };
    let file = File::open(&request.path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        // Opening a pipe or a device could wait for ever.
        return Err(Answer::Unreadable {
            reason: "not a regular file".to_owned(),
        });
    }
    if metadata.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let expected = usize::try_from(metadata.len()).map_err(|_| too_large())?;
    bytes
        .try_reserve_exact(expected)
        .map_err(|_| Answer::OutOfMemory)?;
    // One byte more than allowed tells a file that grew meanwhile.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

fn refused(error: &ExtractError) -> Answer {
    Answer::Refused {
        fault: Fault::from(error),
        reason: shortened(&error.to_string()),
        resident_bytes: resident_bytes(),
    }
}

/// A reason that fits its frame: readers quote what they stumble over.
fn shortened(reason: &str) -> String {
    reason
        .chars()
        .filter(|character| !character.is_control())
        .take(200)
        .collect()
}

fn serialised(read: &impl Serialize) -> Result<Vec<u8>, Answer> {
    let mut body = Capped::new(wire::DOCUMENT_MAX);
    match serde_json::to_writer(&mut body, read) {
        Ok(()) => Ok(body.bytes),
        Err(error) if error.io_error_kind() == Some(io::ErrorKind::FileTooLarge) => {
            let limit = wire::DOCUMENT_MAX as u64;
            Err(refused(&ExtractError::TooLarge {
                what: "unpacked_bytes",
                limit,
            }))
        }
        Err(error) => Err(no_frame(format!("{:?}", error.classify()))),
    }
}

fn no_frame(why: String) -> Answer {
    Answer::Panicked {
        at: format!("serialiser: {why}"),
    }
}

/// Drops boxes that are no numbers: JSON has no words for them, and a page alone is a good place.
fn scrub(document: &mut Document) {
    let blocks = document
        .blocks
        .iter_mut()
        .map(|Block { locator, .. }| locator);
    let tables = document.tables.iter_mut().map(|table| &mut table.locator);
    let warnings = document
        .warnings
        .iter_mut()
        .filter_map(|warning| warning.locator.as_mut());
    for locator in blocks.chain(tables).chain(warnings) {
        if let Locator::Page { bbox, .. } = locator {
            *bbox = bbox.filter(|corners| corners.iter().all(|corner| corner.is_finite()));
        }
    }
}

#[cfg(test)]
mod tests {
    use extract::{FileKind, Role};

    use super::*;

    fn request(path: &std::path::Path) -> Request {
        Request {
            path: path.to_owned(),
            task: Task::Read {
                filename: "aula.txt".to_owned(),
            },
            limits: Limits::default(),
            memory_bytes: 1 << 30,
            cpu_seconds: 10,
        }
    }

    fn answer_to(request: &Request) -> Answer {
        let mut out = Vec::new();
        respond(&mut out, request).unwrap();
        let frame = wire::read_frame(&mut out.as_slice(), wire::MESSAGE_MAX)
            .unwrap()
            .unwrap();
        wire::parse(&frame).unwrap()
    }

    #[test]
    fn missing_file_and_folder_are_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("nada.pdf"), folder.path().to_owned()] {
            let answer = answer_to(&request(&path));
            assert!(matches!(answer, Answer::Unreadable { .. }), "{answer:?}");
        }
    }

    #[test]
    fn file_over_the_limit_is_refused_before_it_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Sparse: takes no room on disk.
        file.as_file().set_len(1 << 40).unwrap();
        let Answer::Refused { fault, .. } = answer_to(&request(file.path())) else {
            panic!("must be refused");
        };
        let limit = Limits::default().bytes;
        assert_eq!(
            fault,
            Fault::TooLarge {
                what: "bytes".to_owned(),
                limit
            }
        );
    }

    #[test]
    fn empty_file_is_refused_with_its_code() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let Answer::Refused { fault, .. } = answer_to(&request(file.path())) else {
            panic!("must be refused");
        };
        assert_eq!(fault.code(), "empty_file");
    }

    #[test]
    fn panic_of_a_reader_is_told_by_its_place_alone() {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            note_panic(panic);
            before(panic);
        }));
        let Err(Answer::Panicked { at }) = guarded::<Document>(|| panic!("nota do aluno: 7,5"))
        else {
            panic!("must be told");
        };
        assert!(at.contains("worker.rs:"), "{at}");
        assert!(!at.contains("nota"), "{at}");
    }

    #[test]
    fn boxes_that_are_no_numbers_do_not_break_the_wire() {
        let page = |bbox| Locator::Page { number: 1, bbox };
        let mut document = Document::new(FileKind::Pdf);
        for bbox in [
            Some([f32::NAN, 0.0, 1.0, 1.0]),
            Some([0.0, f32::INFINITY, 1.0, 1.0]),
            Some([0.0; 4]),
        ] {
            document.blocks.push(Block {
                text: "a".to_owned(),
                locator: page(bbox),
                role: Role::Paragraph,
            });
        }
        scrub(&mut document);
        let body = serialised(&document).unwrap();
        let read: Document = wire::parse(&body).unwrap();
        let boxes: Vec<_> = read.blocks.into_iter().map(|block| block.locator).collect();
        assert_eq!(boxes, [page(None), page(None), page(Some([0.0; 4]))]);
    }

    #[test]
    fn process_figures_are_read_on_linux() {
        assert!(status_bytes("VmSize:").unwrap() > 1 << 20);
        assert!(resident_bytes() > 1 << 20);
        assert!(cpu_seconds().unwrap() < 3600);
    }
}
