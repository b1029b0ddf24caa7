//! Letters put together to words by the gaps between them.

use super::mark::Mark;
use super::text;

/// Part of an em that separates words: two thirds of a usual space.
pub(super) const WORD_GAP: f64 = 0.15;

/// Letters in a row that tell whether they are set apart.
const LETTERSPACED: usize = 6;

/// What the glyphs of a run stand for, and the gaps before them in ems; a space is a gap without end.
pub(super) struct Letters {
    texts: Vec<(String, f64)>,
    spaced: bool,
}

impl Letters {
    pub(super) fn new(first: String) -> Self {
        Self {
            texts: vec![(first, 0.0)],
            spaced: false,
        }
    }

    pub(super) fn space(&mut self) {
        self.spaced = true;
    }

    pub(super) fn add(&mut self, text: String, gap: f64) {
        let gap = if std::mem::take(&mut self.spaced) {
            f64::INFINITY
        } else {
            gap
        };
        self.texts.push((text, gap));
    }

    /// Words stand apart by spaces and wide gaps; where nearly all letters do, and some clearly more than others, a gap must
    /// be twice as wide as theirs.
    pub(super) fn into_text(self) -> String {
        let mut gaps: Vec<f64> = self
            .texts
            .iter()
            .skip(1)
            .map(|(_, gap)| *gap)
            .filter(|gap| gap.is_finite())
            .collect();
        gaps.sort_by(f64::total_cmp);
        let usual = gaps.get(gaps.len() / 4).copied().unwrap_or(0.0);
        let wider = self.texts.iter().any(|(_, gap)| *gap > 2.0 * usual);
        let letterspaced = gaps.len() >= LETTERSPACED && usual > WORD_GAP && wider;
        let apart = if letterspaced { 2.0 * usual } else { WORD_GAP };
        let mut text = String::new();
        for (letter, gap) in self.texts {
            let unspaced = text.chars().next_back().is_some_and(text::unspaced)
                && letter.chars().next().is_some_and(text::unspaced);
            if gap.is_infinite() || (gap > apart && !unspaced) {
                text.push(' ');
            }
            text.push_str(&letter);
        }
        if self.spaced {
            text.push(' ');
        }
        text
    }
}

/// Whether glyphs advance by the same width, and whether that says anything.
pub(super) struct Pitch {
    advance: f64,
    same: bool,
    /// A letter that is narrow in other type, and another one.
    narrow: bool,
    wide: bool,
}

impl Pitch {
    pub(super) fn of(mark: &Mark) -> Self {
        let mut pitch = Self {
            advance: mark.advance,
            same: true,
            narrow: false,
            wide: false,
        };
        pitch.add(mark);
        pitch
    }

    pub(super) fn add(&mut self, mark: &Mark) {
        self.same &= (self.advance - mark.advance).abs() < 1.0;
        if mark
            .text
            .chars()
            .all(|character| " .,:;!|'()[]ijlrtfI1-".contains(character))
        {
            self.narrow = true;
        } else {
            self.wide = true;
        }
    }

    /// All advance by the same width, narrow letters too.
    pub(super) fn is_monospaced(&self) -> bool {
        self.same && self.narrow && self.wide
    }
}

#[cfg(test)]
mod tests {
    use super::Letters;

    fn text(letters: &[(&str, f64)]) -> String {
        let mut made = Letters::new(letters[0].0.to_owned());
        for (letter, gap) in &letters[1..] {
            if *letter == " " {
                made.space();
            } else {
                made.add((*letter).to_owned(), *gap);
            }
        }
        made.into_text()
    }

    #[test]
    fn spaces_and_wide_gaps_separate_words() {
        let letters = [("a", 0.0), ("b", 0.02), ("c", 0.3), (" ", 0.0), ("d", 0.01)];
        assert_eq!(text(&letters), "ab c d");
    }

    #[test]
    fn letters_set_apart_are_one_word() {
        let mut letters = vec![("T", 0.0)];
        letters.extend(["Í", "T", "U", "L", "O"].map(|letter| (letter, 0.2)));
        letters.push(("U", 0.6));
        letters.extend(["M", "D"].map(|letter| (letter, 0.2)));
        assert_eq!(text(&letters), "TÍTULO UMD");
        // Letters one by one, none apart more than another, are words.
        let lone: Vec<(&str, f64)> = ["à", "À", "â", "Â", "ä", "Ä", "ç", "Ç"]
            .map(|one| (one, 0.33))
            .into();
        assert_eq!(text(&lone), "à À â Â ä Ä ç Ç");
    }
}
