//! `rag-server`: reads a course's materials, answers questions from them and proves every answer.

use std::process::ExitCode;

/// glibc's allocator looks longer for free memory the more pieces it is in: after half an hour of questions and writes
/// that was a quarter of their processor time (`docs/scale.md`).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // A reading process is started often and knows no settings.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == "extract-worker")
    {
        return rag_server::reader::worker_main();
    }
    rag_server::cli::main()
}
