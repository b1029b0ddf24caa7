//! The course catalogue: which lesson a material belongs to.
//!
//! The catalogue is a table among the materials with the columns *código*, *módulo*, *aula*, *nome da aula* and, where
//! there is one, *resumo da aula*. A material whose file name begins with a lesson's code (`M01A03 - Hipertrofia.pdf`)
//! belongs to it, and is cited as people know it: `Módulo 1, Aula 3 — 'Hipertrofia', p. 2`.

mod cite;
mod lesson;
pub(crate) mod store;

pub(crate) use cite::citation;
pub use lesson::Lesson;
pub(crate) use lesson::{code_of, lessons};

use std::collections::{BTreeMap, BTreeSet};

use shared::db::{Db, DbError};

/// The lessons that materials with these names belong to, by name.
pub(crate) async fn lessons_of<'a>(
    db: &Db,
    sources: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Placed>, DbError> {
    let codes: BTreeMap<&str, String> = sources
        .into_iter()
        .filter_map(|source| Some((source, code_of(source)?)))
        .collect();
    let wanted: BTreeSet<&str> = codes.values().map(String::as_str).collect();
    let rows = store::by_codes(db, &wanted.into_iter().collect::<Vec<_>>()).await?;
    Ok(codes
        .into_iter()
        .filter_map(|(source, code)| {
            let placed = rows.iter().find(|placed| placed.lesson.code == code)?;
            Some((source.to_owned(), placed.clone()))
        })
        .collect())
}

/// A lesson and its place in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) lesson: Lesson,
    /// Catalogue it stands in, and its row there: the order lessons are taught in.
    pub(crate) order: (String, i64),
}

#[cfg(test)]
mod tests;
