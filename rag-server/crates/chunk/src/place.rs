//! Places: which ones may stand in one chunk, and the place of several taken together.

use extract::Locator;

/// The part of a document that a chunk never leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit<'a> {
    Page(u32),
    Slide(u32),
    Sheet(&'a str),
    /// A document without pages; headings divide it.
    Flow,
    Lines,
    Recording,
}

impl<'a> Unit<'a> {
    pub(crate) fn of(locator: &'a Locator) -> Self {
        match locator {
            Locator::Page { number, .. } => Self::Page(*number),
            Locator::Slide { number } => Self::Slide(*number),
            Locator::Sheet { name, .. } => Self::Sheet(name),
            Locator::Section { .. } => Self::Flow,
            Locator::Lines { .. } => Self::Lines,
            Locator::Time { .. } => Self::Recording,
        }
    }

    /// Whether headings before this unit still stand above what is in it.
    pub(crate) fn continues_headings(self) -> bool {
        !matches!(self, Self::Slide(_) | Self::Sheet(_))
    }
}

/// The place of all of `locators` as a whole: box, range, lines or time that spans them; of paragraphs in
/// sections the first. `None` for none. All must lie in one [`Unit`].
pub fn union<'a>(mut locators: impl Iterator<Item = &'a Locator>) -> Option<Locator> {
    let mut whole = locators.next()?.clone();
    for locator in locators {
        extend(&mut whole, locator);
    }
    Some(whole)
}

fn extend(whole: &mut Locator, locator: &Locator) {
    match (whole, locator) {
        (Locator::Page { bbox, .. }, Locator::Page { bbox: other, .. }) => {
            *bbox = match (*bbox, *other) {
                (Some([left, bottom, right, top]), Some([l, b, r, t])) => {
                    Some([left.min(l), bottom.min(b), right.max(r), top.max(t)])
                }
                (one, other) => one.or(other),
            };
        }
        (Locator::Sheet { range, .. }, Locator::Sheet { range: other, .. }) => {
            if let (Some(one), Some(two)) = (Cells::parse(range), Cells::parse(other)) {
                *range = one.and(two).to_string();
            }
        }
        (Locator::Lines { start, end }, Locator::Lines { start: s, end: e }) => {
            *start = (*start).min(*s);
            *end = (*end).max(*e);
        }
        (
            Locator::Time { start_ms, end_ms },
            Locator::Time {
                start_ms: s,
                end_ms: e,
            },
        ) => {
            *start_ms = (*start_ms).min(*s);
            *end_ms = (*end_ms).max(*e);
        }
        _ => {}
    }
}

/// A rectangle of cells; columns and rows 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cells {
    first: (u32, u32),
    last: (u32, u32),
}

impl Cells {
    /// `A2:D40` or `B7`.
    fn parse(range: &str) -> Option<Self> {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        Some(Self {
            first: cell(first)?,
            last: cell(last)?,
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: (
                self.first.0.min(other.first.0),
                self.first.1.min(other.first.1),
            ),
            last: (self.last.0.max(other.last.0), self.last.1.max(other.last.1)),
        }
    }
}

impl std::fmt::Display for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", letters(self.first.0), self.first.1)?;
        if self.first != self.last {
            write!(f, ":{}{}", letters(self.last.0), self.last.1)?;
        }
        Ok(())
    }
}

/// `D40` as (4, 40).
fn cell(name: &str) -> Option<(u32, u32)> {
    let row = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = name.strip_suffix(row)?;
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let digit = u32::from(letter.checked_sub(b'A')?).checked_add(1)?;
        column.checked_mul(26)?.checked_add(digit)
    })?;
    let row: u32 = row.parse().ok()?;
    (column > 0 && row > 0).then_some((column, row))
}

/// Column 28 as `AB`: digits of base 26 without a zero.
fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while let Some(left) = rest.checked_sub(1) {
        letters.push(char::from(b'A'.saturating_add((left % 26) as u8)));
        rest = left / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_of_one_sheet_are_spanned() {
        let place = |range: &str| Locator::Sheet {
            name: "Treino A".into(),
            range: range.into(),
        };
        let places = [place("A2:D2"), place("B7"), place("A40:AB41")];
        assert_eq!(union(places.iter()), Some(place("A2:AB41")));
    }

    #[test]
    fn a_range_that_is_none_leaves_the_first() {
        let place = |range: &str| Locator::Sheet {
            name: "S".into(),
            range: range.into(),
        };
        for odd in ["", "A", "7", "a1", "A0", "Z9999999999", "$A$1"] {
            assert_eq!(union([place("A2"), place(odd)].iter()), Some(place("A2")));
        }
    }

    #[test]
    fn boxes_are_spanned_and_absent_ones_ignored() {
        let place = |bbox| Locator::Page { number: 3, bbox };
        let places = [
            place(None),
            place(Some([10.0, 20.0, 30.0, 40.0])),
            place(Some([5.0, 25.0, 28.0, 50.0])),
        ];
        assert_eq!(
            union(places.iter()),
            Some(place(Some([5.0, 20.0, 30.0, 50.0])))
        );
    }

    proptest! {
        #[test]
        fn cells_are_written_as_they_are_read(column in 1_u32..20_000, row in 1_u32..2_000_000) {
            let name = format!("{}{row}", letters(column));
            prop_assert_eq!(cell(&name), Some((column, row)));
            prop_assert_eq!(Cells::parse(&name).map(|cells| cells.to_string()), Some(name));
        }
    }
}
