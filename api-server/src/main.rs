//! `api-server`: accounts, sessions and everything people reach.

use std::process::ExitCode;

fn main() -> ExitCode {
    api_server::cli::main()
}
