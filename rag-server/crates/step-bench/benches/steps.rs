//! How long each step takes: `cargo bench -p step-bench`.
#![allow(missing_docs, reason = "benches")]

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = step_bench::STEPS.iter().map(|(name, _)| *name))]
fn step(bencher: Bencher<'_, '_>, name: &str) {
    let found = step_bench::STEPS.iter().find(|(step, _)| *step == name);
    if let Some((_, prepare)) = found {
        bencher.bench_local(prepare());
    }
}
