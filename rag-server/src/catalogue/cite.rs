//! How a place is named to people.

use extract::Locator;

use super::Lesson;

impl Lesson {
    /// As people know it: `Módulo 1, Aula 3 — 'Hipertrofia'`.
    pub(crate) fn label(&self) -> String {
        let named = |word: &str, value: &str| {
            if value.is_empty() || terms::fold(value).starts_with(&terms::fold(word)) {
                value.to_owned()
            } else {
                format!("{word} {value}")
            }
        };
        let parts = [named("Módulo", &self.module), named("Aula", &self.lesson)];
        let place: Vec<&str> = parts
            .iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        if place.is_empty() {
            format!("'{}'", self.title)
        } else {
            format!("{} — '{}'", place.join(", "), self.title)
        }
    }
}

/// A source in the house format: what it is, then where.
pub(crate) fn citation(title: &str, locator: &Locator) -> String {
    match locator {
        Locator::Page { number, .. } => format!("{title}, p. {number}"),
        Locator::Slide { number } => format!("{title}, slide {number}"),
        Locator::Sheet { name, range } => format!("{title}, planilha {name}, {range}"),
        Locator::Section { path, .. } => match path.last() {
            Some(heading) => format!("{title}, seção “{heading}”"),
            None => title.to_owned(),
        },
        Locator::Lines { start, end } if start == end => format!("{title}, linha {start}"),
        Locator::Lines { start, end } => format!("{title}, linhas {start}–{end}"),
        Locator::Time { start_ms, .. } => {
            let seconds = start_ms / 1000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = format!("{minutes:02}:{:02}", seconds % 60);
            if hours == 0 {
                format!("{title}, {rest}")
            } else {
                format!("{title}, {hours}:{rest}")
            }
        }
    }
}
