//! `rag-server`: reads a course's materials, answers questions from them and proves every answer.

use std::process::ExitCode;

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
