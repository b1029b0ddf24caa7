//! `extract-bench DIR`: how well, how fast and in how much memory files are read. See `docs/reading.md`.

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "extract-bench", version, about)]
struct Cli {
    #[command(flatten)]
    args: reading_bench::Args,
}

fn main() -> ExitCode {
    let result = reading_bench::run(&Cli::parse().args, &[]);
    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "printing is what this program is for"
    )]
    match result {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("extract-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
