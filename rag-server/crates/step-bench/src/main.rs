//! `step-bench STEP TIMES`: does a step so many times; without arguments lists the steps. What a profiler counts of it
//! with one time and with several tells what one time costs, without what makes it ready.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what it is for"
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for (name, _) in step_bench::STEPS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let times: Option<usize> = arguments.next().and_then(|text| text.parse().ok());
    let found = step_bench::STEPS.iter().find(|(step, _)| *step == name);
    let (Some((_, prepare)), Some(times)) = (found, times) else {
        eprintln!("usage: step-bench [STEP TIMES]");
        return ExitCode::FAILURE;
    };
    let mut step = prepare();
    for _ in 0..times {
        step();
    }
    ExitCode::SUCCESS
}
