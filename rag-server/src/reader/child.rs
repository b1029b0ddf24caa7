//! One reading child as the server sees it: started, asked, and told apart by how it ended.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::error::ReadError;
use super::wire::{self, Answer, Reply, Request};

/// Environment of a child, all of it. One allocation arena, and what is freed goes back to the system at once: address
/// space that the allocators keep would count against the child's limit.
const ENVIRONMENT: [(&str, &str); 2] = [
    ("MALLOC_ARENA_MAX", "1"),
    (
        "_RJEM_MALLOC_CONF",
        "narenas:1,retain:false,dirty_decay_ms:0,muzzy_decay_ms:0,background_thread:false",
    ),
];
/// A child that has closed its output gets this long to end.
const ENDING: Duration = Duration::from_secs(2);
/// Documents up to this many bytes of JSON are parsed in place; larger ones off the async threads. About a
/// millisecond of work.
const PARSED_IN_PLACE: usize = 256 << 10;
/// What is kept of the end of standard error, in bytes; enough for the last line of an abort.
const TAIL: usize = 4 << 10;

// Signal numbers that Linux gives on x86 and ARM (signal(7)).
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// An answer that came whole.
#[derive(Debug)]
pub(super) struct Answered<T> {
    pub(super) result: Result<T, ReadError>,
    /// Memory that the child holds after it.
    pub(super) resident_bytes: u64,
    /// The child should read nothing more.
    pub(super) spent: bool,
}

/// How a child failed to answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was gone before it took the request, or was killed from outside and may have been.
    NotTaken,
    /// It ran into its memory limit.
    OutOfMemory,
    /// It ran into its limit of processor time.
    OutOfTime,
    /// It ended in another way or made no sense.
    Crashed(String),
}

/// A running child; killed when dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: tokio::process::Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Ends with the child's standard error and yields its tail.
    errors: JoinHandle<Vec<u8>>,
    served: usize,
}

impl Child {
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg("extract-worker")
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            // Ctrl-C on a terminal is for the server, which lets running documents finish.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pipe = || io::Error::other("child has no pipe");
        Ok(Self {
            requests: process.stdin.take().ok_or_else(pipe)?,
            answers: BufReader::with_capacity(64 << 10, process.stdout.take().ok_or_else(pipe)?),
            errors: tokio::spawn(tail(process.stderr.take().ok_or_else(pipe)?)),
            process,
            served: 0,
        })
    }

    /// Documents asked of it so far.
    pub(super) fn served(&self) -> usize {
        self.served
    }

    /// Asks for one thing. After a failure the child is good for nothing but to be dropped.
    pub(super) async fn ask<T: Reply>(
        &mut self,
        request: &Request,
    ) -> Result<Answered<T>, Failure> {
        // A child that was fine a document ago may have been ended from outside since; a new one that does not even
        // take its first request tells by its end why.
        let first = self.served == 0;
        if !first && !matches!(self.process.try_wait(), Ok(None)) {
            return Err(Failure::NotTaken);
        }
        self.served += 1;
        let request =
            serde_json::to_vec(request).map_err(|_| Failure::Crashed("no request".to_owned()))?;
        if wire::send_frame(&mut self.requests, &request, wire::MESSAGE_MAX)
            .await
            .is_err()
        {
            return Err(if first {
                self.ended("took no request").await
            } else {
                Failure::NotTaken
            });
        }
        let answer = match wire::receive_frame(&mut self.answers, wire::MESSAGE_MAX).await {
            Ok(frame) => wire::parse(&frame),
            Err(error) => Err(error),
        };
        match answer {
            Ok(Answer::Whole { resident_bytes }) => {
                let whole = self.whole().await?;
                Ok(Answered {
                    result: Ok(whole),
                    resident_bytes,
                    spent: false,
                })
            }
            Ok(Answer::Refused {
                fault,
                reason,
                resident_bytes,
            }) => {
                let result = Err(ReadError::Extract { fault, reason });
                Ok(Answered {
                    result,
                    resident_bytes,
                    spent: false,
                })
            }
            Ok(Answer::Unreadable { reason }) => {
                let result = Err(ReadError::Io(io::Error::other(reason)));
                Ok(Answered {
                    result,
                    resident_bytes: 0,
                    spent: false,
                })
            }
            Ok(Answer::OutOfMemory) => Err(Failure::OutOfMemory),
            Ok(Answer::Panicked { at }) => {
                let result = Err(ReadError::Crashed {
                    detail: format!("panicked at {at}"),
                });
                Ok(Answered {
                    result,
                    resident_bytes: 0,
                    spent: true,
                })
            }
            Err(error) => Err(self.broken(&error).await),
        }
    }

    async fn whole<T: Reply>(&mut self) -> Result<T, Failure> {
        let frame = match wire::receive_frame(&mut self.answers, wire::DOCUMENT_MAX).await {
            Ok(frame) => frame,
            Err(error) => return Err(self.broken(&error).await),
        };
        let parsed = if frame.len() <= PARSED_IN_PLACE {
            T::parse(&frame)
        } else {
            let parsing = tokio::task::spawn_blocking(move || T::parse(&frame));
            parsing
                .await
                .unwrap_or_else(|error| Err(io::Error::other(error)))
        };
        parsed.map_err(|error| Failure::Crashed(format!("sent nothing that can be used: {error}")))
    }

    async fn broken(&mut self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
                self.ended("sent no answer").await
            }
            _ => Failure::Crashed(format!("sent no answer: {error}")),
        }
    }

    /// Why a child ended that closed its pipes.
    async fn ended(&mut self, instead: &str) -> Failure {
        let Ok(Ok(status)) = tokio::time::timeout(ENDING, self.process.wait()).await else {
            return Failure::Crashed(format!("{instead} and went on"));
        };
        // It may have been killed while it was idle and still be dying when it was asked. Should the document be to
        // blame after all, its next child, which reads nothing before it, will tell.
        if status.signal() == Some(SIGKILL) && self.served > 1 {
            return Failure::NotTaken;
        }
        // A grandchild could hold the pipe open for ever.
        let tail = tokio::time::timeout(ENDING, &mut self.errors).await;
        let tail = tail.ok().and_then(Result::ok).unwrap_or_default();
        diagnose(status, &tail)
    }
}

/// Tells from its exit status and last words why a child ended. The words themselves are not kept: they may
/// quote the document.
fn diagnose(status: ExitStatus, last_words: &[u8]) -> Failure {
    // Rust's and libstdc++'s words for an allocation that failed; both end in an abort.
    let allocation = [
        b"memory allocation of ".as_slice(),
        b"std::bad_alloc".as_slice(),
    ];
    let starved = allocation.iter().any(|words| {
        last_words
            .windows(words.len())
            .any(|window| window == *words)
    });
    match (status.signal(), status.code()) {
        (Some(SIGXCPU), _) => Failure::OutOfTime,
        (Some(SIGABRT), _) if starved => Failure::OutOfMemory,
        // Not by us: we do not ask a child that we kill. The system does it when the whole machine is out of
        // memory, which says little about the document.
        (Some(SIGKILL), _) => Failure::Crashed("killed from outside".to_owned()),
        (Some(signal), _) => Failure::Crashed(format!("ended by signal {signal}")),
        (None, Some(code)) => Failure::Crashed(format!("ended with status {code}")),
        (None, None) => Failure::Crashed("ended".to_owned()),
    }
}

/// Drains standard error, so that the child never waits for it, and keeps its end.
async fn tail(mut from: ChildStderr) -> Vec<u8> {
    let mut kept = Vec::with_capacity(2 * TAIL);
    let mut piece = vec![0; TAIL];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        kept.extend(piece.iter().take(read));
        if kept.len() > TAIL {
            kept.drain(..kept.len() - TAIL);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_told_apart() {
        let signal = ExitStatus::from_raw;
        let words = b"memory allocation of 1073741824 bytes failed\n";
        assert!(matches!(
            diagnose(signal(SIGABRT), words),
            Failure::OutOfMemory
        ));
        assert!(matches!(
            diagnose(signal(SIGABRT), b"terminate: std::bad_alloc"),
            Failure::OutOfMemory
        ));
        assert!(matches!(diagnose(signal(SIGXCPU), b""), Failure::OutOfTime));
        for (status, last_words) in [
            (
                signal(SIGABRT),
                b"thread main has overflowed its stack".as_slice(),
            ),
            (signal(SIGKILL), b"".as_slice()),
            (signal(11), words.as_slice()),
            (signal(3 << 8), b"".as_slice()),
            (signal(0), b"".as_slice()),
        ] {
            assert!(
                matches!(diagnose(status, last_words), Failure::Crashed(_)),
                "{status}"
            );
        }
    }

    #[test]
    fn last_words_are_not_repeated() {
        let Failure::Crashed(detail) = diagnose(ExitStatus::from_raw(11), b"nota do aluno: 7,5")
        else {
            panic!("a crash");
        };
        assert!(!detail.contains("nota"), "{detail}");
    }
}
