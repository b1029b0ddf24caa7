//! The report, as Markdown tables.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::LEAST_WORDS;
use crate::child::{Outcome, Round};
use crate::measure::{Document, Reading};

/// What was measured.
#[derive(Debug)]
pub enum Report {
    /// One file, as JSON for the process that asked.
    One(Outcome),
    /// One file as read.
    Document(Box<extract::Document>),
    /// A folder read again and again in one process.
    Rounds(Vec<Round>),
    /// All files of a folder.
    Folder {
        /// In the order of their names.
        documents: Vec<Document>,
        /// How many of the worst to list.
        worst: usize,
    },
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(outcome) => {
                let json = serde_json::to_string(outcome).map_err(|_| fmt::Error)?;
                out.write_str(&json)
            }
            Self::Document(document) => {
                let json = serde_json::to_string(document).map_err(|_| fmt::Error)?;
                out.write_str(&json)
            }
            Self::Rounds(rounds) => {
                writeln!(
                    out,
                    "| files read | peak MiB | resident MiB |\n|---|---|---|"
                )?;
                let mut files = 0;
                for round in rounds {
                    files += round.files;
                    let [peak, resident] =
                        [round.peak_kib, round.resident_kib].map(|kib| kib >> 10);
                    writeln!(out, "| {files} | {peak} | {resident} |")?;
                }
                Ok(())
            }
            Self::Folder { documents, worst } => {
                let mut measured: Vec<&Document> = documents
                    .iter()
                    .filter(|document| document.agreed >= LEAST_WORDS)
                    .collect();
                writeln!(
                    out,
                    "{} files, {} with at least {LEAST_WORDS} agreed words\n",
                    documents.len(),
                    measured.len()
                )?;
                readers(out, documents, &measured)?;
                outcomes(out, documents)?;
                measured.sort_by(|a, b| own_f1(a).total_cmp(&own_f1(b)));
                worst_documents(out, &measured, *worst)?;
                slowest(out, documents)
            }
        }
    }
}

fn own_f1(document: &Document) -> f64 {
    document
        .readings
        .first()
        .map_or(0.0, |reading| reading.score.f1())
}

fn readers(out: &mut Formatter<'_>, documents: &[Document], measured: &[&Document]) -> fmt::Result {
    writeln!(
        out,
        "| reader | F1 | precision | recall | errors | total s | ms/page | p99 ms/page | peak MiB |\n|---|---|---|---|---|---|---|---|---|"
    )?;
    let mut names: Vec<&str> = Vec::new();
    for reading in documents.iter().flat_map(|document| &document.readings) {
        if !names.contains(&reading.reader.as_str()) {
            names.push(&reading.reader);
        }
    }
    // Times are compared over the files that every reader could read.
    let common: Vec<&Document> = documents
        .iter()
        .filter(|document| document.readings.len() == names.len())
        .filter(|document| {
            document
                .readings
                .iter()
                .all(|reading| reading.outcome.error.is_none())
        })
        .collect();
    for name in names {
        let of = |document: &&Document| -> Option<usize> {
            document
                .readings
                .iter()
                .position(|reading| reading.reader == name)
        };
        let mean = |value: &dyn Fn(&Reading) -> f64| -> f64 {
            let sum: f64 = measured
                .iter()
                .filter_map(|document| document.readings.get(of(document)?))
                .map(value)
                .sum();
            sum / measured.len().max(1) as f64
        };
        let all: Vec<&Reading> = documents
            .iter()
            .filter_map(|document| document.readings.get(of(&document)?))
            .collect();
        let timed: Vec<&Reading> = common
            .iter()
            .filter_map(|document| document.readings.get(of(document)?))
            .collect();
        let errors = all
            .iter()
            .filter(|reading| reading.outcome.error.is_some())
            .count();
        let seconds: f64 = timed.iter().map(|reading| reading.outcome.seconds).sum();
        let pages: usize = timed
            .iter()
            .map(|reading| reading.outcome.pages.max(1))
            .sum();
        let mut per_page: Vec<f64> = timed
            .iter()
            .map(|reading| reading.outcome.seconds * 1000.0 / reading.outcome.pages.max(1) as f64)
            .collect();
        per_page.sort_by(f64::total_cmp);
        let p99 = per_page
            .get((per_page.len() * 99 / 100).min(per_page.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0);
        let peak = all
            .iter()
            .map(|reading| reading.outcome.peak_kib)
            .max()
            .unwrap_or(0)
            >> 10;
        writeln!(
            out,
            "| {name} | {:.4} | {:.4} | {:.4} | {errors} | {seconds:.1} | {:.2} | {p99:.1} | {peak} |",
            mean(&|reading| reading.score.f1()),
            mean(&|reading| reading.score.precision),
            mean(&|reading| reading.score.recall),
            seconds * 1000.0 / pages.max(1) as f64,
        )?;
    }
    Ok(())
}

fn outcomes(out: &mut Formatter<'_>, documents: &[Document]) -> fmt::Result {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reading in documents
        .iter()
        .filter_map(|document| document.readings.first())
    {
        let outcome = match &reading.outcome {
            Outcome {
                error: Some(error), ..
            } => error,
            outcome if outcome.pages_to_recognise > 0 => "needs_ocr (some or all pages)",
            _ => "read",
        };
        *counts.entry(outcome).or_default() += 1;
    }
    writeln!(out, "\n| outcome | files |\n|---|---|")?;
    for (outcome, count) in counts {
        writeln!(out, "| {outcome} | {count} |")?;
    }
    Ok(())
}

fn worst_documents(out: &mut Formatter<'_>, sorted: &[&Document], count: usize) -> fmt::Result {
    if sorted.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| worst | agreed words | F1 | precision | recall | others' F1 |\n|---|---|---|---|---|---|"
    )?;
    for document in sorted.iter().take(count) {
        let Some((own, others)) = document.readings.split_first() else {
            continue;
        };
        let others: Vec<String> = others
            .iter()
            .map(|reading| format!("{} {:.2}", reading.reader, reading.score.f1()))
            .collect();
        let failed = own.outcome.error.as_deref().unwrap_or_default();
        writeln!(
            out,
            "| {} {failed} | {} | {:.3} | {:.3} | {:.3} | {} |",
            document.name,
            document.agreed,
            own.score.f1(),
            own.score.precision,
            own.score.recall,
            others.join(", ")
        )?;
    }
    Ok(())
}

fn slowest(out: &mut Formatter<'_>, documents: &[Document]) -> fmt::Result {
    let mut own: Vec<(&str, &Outcome)> = documents
        .iter()
        .filter_map(|document| Some((document.name.as_str(), &document.readings.first()?.outcome)))
        .collect();
    own.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds));
    writeln!(
        out,
        "\n| slowest | s | pages | peak MiB |\n|---|---|---|---|"
    )?;
    for (name, outcome) in own.iter().take(5) {
        writeln!(
            out,
            "| {name} | {:.2} | {} | {} |",
            outcome.seconds,
            outcome.pages,
            outcome.peak_kib >> 10
        )?;
    }
    own.sort_by_key(|(_, outcome)| std::cmp::Reverse(outcome.peak_kib));
    writeln!(out, "\n| most memory | MiB | pages |\n|---|---|---|")?;
    for (name, outcome) in own.iter().take(5) {
        writeln!(
            out,
            "| {name} | {} | {} |",
            outcome.peak_kib >> 10,
            outcome.pages
        )?;
    }
    Ok(())
}
