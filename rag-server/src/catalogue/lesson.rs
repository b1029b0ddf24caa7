//! Lessons in a document, and codes in names.

use std::collections::BTreeSet;

use extract::{Document, Table};
use serde::{Deserialize, Serialize};

/// Most lessons of a catalogue; more are no course.
const MAX_LESSONS: usize = 20_000;
/// Most characters kept of a cell.
const MAX_CELL: usize = 2_000;
/// Most characters of a code.
const MAX_CODE: usize = 40;

/// A lesson of the course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lesson {
    /// Its code, in lower case: `m01a03`.
    pub code: String,
    /// Its module, as the catalogue names it: `1` or `Módulo 1`.
    pub module: String,
    /// Its number or name in the module.
    pub lesson: String,
    /// Its title.
    pub title: String,
    /// What it is about; may be empty.
    pub summary: String,
}

/// The lessons a document lists, in its order; none unless it is a catalogue. A code that comes twice counts once.
pub(crate) fn lessons(document: &Document) -> Vec<Lesson> {
    let mut seen = BTreeSet::new();
    document
        .tables
        .iter()
        .filter_map(|table| Some((table, Columns::of(table)?)))
        .flat_map(|(table, columns)| table.rows.iter().filter_map(move |row| columns.lesson(row)))
        .filter(|lesson| seen.insert(lesson.code.clone()))
        .take(MAX_LESSONS)
        .collect()
}

/// The code a file name begins with: its first word, which holds a digit.
pub(crate) fn code_of(source: &str) -> Option<String> {
    let name = source.rsplit('/').next()?;
    let first = name.split([' ', '-', '.', '_']).next()?;
    let code = terms::fold(first);
    let is_code = code.chars().any(|c| c.is_ascii_digit())
        && code.chars().any(char::is_alphabetic)
        && code.chars().count() <= MAX_CODE;
    is_code.then_some(code)
}

/// Where a catalogue's table has what.
struct Columns {
    code: usize,
    module: usize,
    lesson: usize,
    title: usize,
    summary: Option<usize>,
}

impl Columns {
    /// `None` unless the table has all that make a catalogue.
    fn of(table: &Table) -> Option<Self> {
        let names: Vec<String> = table.header.iter().map(|name| terms::fold(name)).collect();
        let find = |wanted: &[&str]| {
            names
                .iter()
                .position(|name| wanted.contains(&name.as_str()))
        };
        Some(Self {
            code: find(&["codigo", "codigodaaula", "cod"])?,
            module: find(&["modulo"])?,
            lesson: find(&["aula", "numerodaaula"])?,
            title: find(&["nomedaaula", "titulodaaula", "titulo"])?,
            summary: find(&["resumodaaula", "resumo"]),
        })
    }

    fn lesson(&self, row: &[String]) -> Option<Lesson> {
        let cell = |at: usize| -> String {
            let words: Vec<&str> = row
                .get(at)
                .map_or("", String::as_str)
                .split_whitespace()
                .collect();
            words.join(" ").chars().take(MAX_CELL).collect()
        };
        let code = terms::fold(&cell(self.code));
        let title = cell(self.title);
        let is_lesson = !code.is_empty() && code.chars().count() <= MAX_CODE && !title.is_empty();
        is_lesson.then(|| Lesson {
            code,
            module: cell(self.module),
            lesson: cell(self.lesson),
            title,
            summary: self.summary.map(cell).unwrap_or_default(),
        })
    }
}
