//! Right-to-left scripts: glyphs stand on the page in the order they are seen, text is kept in the order it is read.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A line as it is read, from its characters from left to right.
///
/// A simple form of the Unicode Bidirectional Algorithm backwards: a line of mostly Hebrew or Arabic is turned around
/// but for its numbers and Latin words; in any other line stretches of these scripts are. Shapes of letters become the
/// letters themselves.
pub(super) fn logical(seen: &str) -> String {
    if !seen.chars().any(is_right_to_left) {
        return seen.to_owned();
    }
    let clusters = clusters(seen);
    // Numbers stand in lines of either direction.
    let letters = |which: fn(char) -> bool| {
        seen.chars()
            .filter(|c| c.is_alphabetic() && which(*c))
            .count()
    };
    let turned = letters(is_right_to_left) >= letters(is_left_to_right);
    let read: Vec<&str> = if turned {
        let mut around = clusters;
        around.reverse();
        turn_stretches(around, is_left_to_right)
    } else {
        turn_stretches(clusters, is_right_to_left)
    };
    read.concat()
        .chars()
        .flat_map(|character| {
            let shape = matches!(character, '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}');
            let letters: Vec<char> = if shape {
                character.nfkc().collect()
            } else {
                vec![character]
            };
            letters
        })
        .collect()
}

/// Whether a character belongs to a script written from right to left.
pub(super) fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
        && !is_digit(character)
}

/// Letters of other scripts, and digits of all: Arabic numbers are written from left to right too.
fn is_left_to_right(character: char) -> bool {
    is_digit(character) || (character.is_alphanumeric() && !is_right_to_left(character))
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}')
}

/// Characters with the marks over them.
fn clusters(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text
        .char_indices()
        .filter(|(_, character)| !is_combining_mark(*character))
        .map(|(at, _)| at)
        .collect();
    if starts.first() != Some(&0) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| text.get(*start..end))
        .collect()
}

/// Turns each stretch of clusters that begins and ends with one of `which`, neutral ones between them included.
fn turn_stretches(mut clusters: Vec<&str>, which: fn(char) -> bool) -> Vec<&str> {
    let is = |cluster: &str| cluster.chars().next().is_some_and(which);
    let other = |cluster: &str| {
        cluster
            .chars()
            .next()
            .is_some_and(|character| !which(character) && character.is_alphanumeric())
    };
    let mut at = 0_usize;
    while at < clusters.len() {
        let rest = clusters.get(at..).unwrap_or_default();
        if !rest.first().is_some_and(|cluster| is(cluster)) {
            at = at.saturating_add(1);
            continue;
        }
        let until = rest
            .iter()
            .position(|cluster| other(cluster))
            .unwrap_or(rest.len());
        let last = rest
            .get(..until)
            .unwrap_or_default()
            .iter()
            .rposition(|cluster| is(cluster))
            .unwrap_or(0);
        let end = at.saturating_add(last).saturating_add(1);
        if let Some(stretch) = clusters.get_mut(at..end) {
            stretch.reverse();
        }
        at = end;
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::logical;

    #[test]
    fn lines_are_turned_but_numbers_and_latin_words_are_not() {
        let seen: String = "שלום עולם".chars().rev().collect();
        assert_eq!(logical(&seen), "שלום עולם");
        let seen = format!("25.10 PDF {}", "שלום".chars().rev().collect::<String>());
        assert_eq!(logical(&seen), "שלום 25.10 PDF");
        let seen = format!("the word {} here", "שלום".chars().rev().collect::<String>());
        assert_eq!(logical(&seen), "the word שלום here");
        assert_eq!(logical("nada muda 12"), "nada muda 12");
    }

    #[test]
    fn shapes_become_letters_and_marks_stay_on_theirs() {
        // Lam-alef in one shape, seen left of beh.
        assert_eq!(logical("\u{FEFB}\u{FE91}"), "\u{628}\u{644}\u{627}");
        assert_eq!(logical("ב\u{5B0}א"), "אב\u{5B0}");
    }
}
