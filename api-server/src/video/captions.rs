//! Subtitles read for their times alone: `SubRip` and `WebVTT`. What is searched is what the rag-server read; this is for
//! showing where in a recording things are.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::chat::folded;

/// Parts of a recording are about so long.
const PART_MS: u64 = 60_000;
/// Most parts told of one recording: three and a half hours.
const MOST_PARTS: usize = 200;
/// Most characters of a part's text.
const MOST_CHARACTERS: usize = 1_500;

/// A part of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Part {
    /// Seconds from the beginning.
    pub start_timestamp: u64,
    /// Seconds from the beginning.
    pub end_timestamp: u64,
    /// How it begins, in its own words.
    pub topic: String,
    /// What is said, cut at 1,500 characters.
    pub text: String,
}

struct Cue<'a> {
    start_ms: u64,
    end_ms: u64,
    lines: Vec<&'a str>,
}

/// A recording's parts of about a minute each, and its length in seconds: the end of the last cue.
pub(super) fn parts(text: &str) -> (Vec<Part>, u64) {
    let mut parts: Vec<Part> = Vec::new();
    let mut open: Option<(u64, u64, String)> = None;
    let mut length_ms = 0;
    for cue in cues(text) {
        length_ms = length_ms.max(cue.end_ms);
        let said = plain(&cue.lines.join(" "));
        if said.is_empty() {
            continue;
        }
        open = match open.take() {
            Some((start, _, mut words)) if cue.end_ms.saturating_sub(start) <= PART_MS => {
                words.push(' ');
                words.push_str(&said);
                Some((start, cue.end_ms, words))
            }
            Some(done) => {
                parts.push(part(done));
                Some((cue.start_ms, cue.end_ms, said))
            }
            None => Some((cue.start_ms, cue.end_ms, said)),
        };
        if parts.len() >= MOST_PARTS {
            open = None;
            break;
        }
    }
    parts.extend(open.map(part));
    (parts, length_ms.div_ceil(1000))
}

/// When the line of a passage that has most words of a `query` is said, in seconds; `None` where no line has any, or its
/// words are not found between these seconds.
pub(super) fn moment(
    subtitles: &str,
    (start, end): (u64, u64),
    passage: &str,
    query: &str,
) -> Option<(u64, u64)> {
    let asked = words(query);
    let shared = |line: &&str| {
        let said = words(line);
        asked.iter().filter(|word| said.contains(*word)).count()
    };
    // The first of equal ones.
    let line = passage.lines().rev().max_by_key(shared)?;
    if shared(&line) == 0 {
        return None;
    }
    let line = plain(line);
    let mut found: Option<(u64, u64)> = None;
    for cue in cues(subtitles) {
        let is_near = cue.start_ms / 1000 >= start && cue.start_ms / 1000 <= end;
        let said = plain(&cue.lines.join(" "));
        if is_near && !said.is_empty() && line.contains(&said) {
            let begun = found.map_or(cue.start_ms, |(begun, _)| begun);
            found = Some((begun, cue.end_ms));
        } else if found.is_some() {
            break;
        }
    }
    found.map(|(begun, ended)| (begun / 1000, ended.div_ceil(1000)))
}

/// Words that mean something, for comparing: folded, of four letters and more, by their first six.
fn words(text: &str) -> BTreeSet<String> {
    folded(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= 4)
        .map(|word| word.chars().take(6).collect())
        .collect()
}

fn part((start_ms, end_ms, text): (u64, u64, String)) -> Part {
    Part {
        start_timestamp: start_ms / 1000,
        end_timestamp: end_ms.div_ceil(1000),
        topic: beginning(&text),
        text: text.chars().take(MOST_CHARACTERS).collect(),
    }
}

/// The first sentence, or as many of its words as fit a heading.
fn beginning(text: &str) -> String {
    const LONGEST: usize = 80;
    let sentence = text
        .split_inclusive(['.', '!', '?'])
        .next()
        .unwrap_or_default()
        .trim();
    if sentence.chars().count() <= LONGEST {
        return sentence.trim_end_matches('.').to_owned();
    }
    let head: String = sentence.chars().take(LONGEST).collect();
    let words = head
        .rsplit_once(' ')
        .map_or(head.as_str(), |(words, _)| words);
    format!("{words}…")
}

/// Cues in the order of the file; a blank line or the next times end one.
fn cues(text: &str) -> Vec<Cue<'_>> {
    let mut cues: Vec<Cue<'_>> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        if let Some((start_ms, end_ms)) = timing(line) {
            // The number of a cue stands alone before its times.
            if is_open && let Some(last) = cues.last_mut() {
                last.lines
                    .pop_if(|line| line.bytes().all(|byte| byte.is_ascii_digit()));
            }
            cues.push(Cue {
                start_ms,
                end_ms: end_ms.max(start_ms),
                lines: Vec::new(),
            });
            is_open = true;
        } else if line.is_empty() {
            is_open = false;
        } else if is_open && let Some(cue) = cues.last_mut() {
            cue.lines.push(line);
        }
    }
    cues
}

/// `00:01:02,500 --> 00:01:04.000`, with what may follow.
fn timing(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    Some((
        milliseconds(start.trim())?,
        milliseconds(rest.split_whitespace().next()?)?,
    ))
}

fn milliseconds(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let mut seconds = 0_u64;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    (clock.contains(':')).then(|| seconds.checked_mul(1000)?.checked_add(thousandths))?
}

/// Without tags, positions and control characters.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut closing = None;
    for letter in text.chars() {
        match (closing, letter) {
            (Some(end), letter) if letter == end => closing = None,
            (Some(_), _) => {}
            (None, '<') => closing = Some('>'),
            (None, '{') => closing = Some('}'),
            (None, letter) if letter.is_control() => out.push(' '),
            (None, letter) => out.push(letter),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_about_a_minute_and_begin_with_their_own_words() {
        let srt = "1\r\n00:00:01,000 --> 00:00:03,500\r\n{\\an8}<i>Boa noite, turma.</i>\r\nHoje: força.\r\n2\r\n\
                   00:00:50,000 --> 00:00:58,000\r\nDescanso.\r\n\r\n3\r\n00:01:02,000 --> 01:01:04,000\r\nFim da aula\r\n";
        let (told, length) = parts(srt);
        assert_eq!(length, 3664);
        assert_eq!(
            told,
            [
                Part {
                    start_timestamp: 1,
                    end_timestamp: 58,
                    topic: "Boa noite, turma".to_owned(),
                    text: "Boa noite, turma. Hoje: força. Descanso.".to_owned(),
                },
                Part {
                    start_timestamp: 62,
                    end_timestamp: 3664,
                    topic: "Fim da aula".to_owned(),
                    text: "Fim da aula".to_owned(),
                },
            ]
        );
        assert_eq!(parts("WEBVTT\n\nNOTE nada\n"), (Vec::new(), 0));
        assert_eq!(
            parts("WEBVTT\n\n00:05.500 --> 00:07.000 align:start\noi\n").0[0].start_timestamp,
            5
        );
    }

    #[test]
    fn a_moment_is_where_the_words_are_said() {
        let srt = "1\n00:00:02,000 --> 00:00:09,000\nO volume importa.\n\n2\n00:02:10,000 --> 00:02:12,000\n\
                   O descanso entre as\n\n3\n00:02:12,000 --> 00:02:18,500\nséries dura minutos.\n\n4\n\
                   00:09:00,000 --> 00:09:02,000\nO descanso entre as\n";
        let passage = "O volume importa.\nO descanso entre as séries dura minutos.";
        let said = |query: &str| moment(srt, (2, 139), passage, query);
        assert_eq!(said("Qual o descanso entre séries?"), Some((130, 139)));
        assert_eq!(said("volumes de treino"), Some((2, 9)));
        assert_eq!(said("astronomia"), None);
        assert_eq!(moment(srt, (200, 300), passage, "descanso"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_in_bounds(text in "([0-9:,.>< -]{0,12}(-->)?[a-zç{}\\n]{0,8}){0,30}") {
            let (told, length) = parts(&text);
            prop_assert!(told.len() <= MOST_PARTS);
            for part in told {
                prop_assert!(part.start_timestamp <= part.end_timestamp && part.end_timestamp <= length);
                prop_assert!(!part.text.is_empty() && part.text.chars().count() <= MOST_CHARACTERS);
                prop_assert!(part.topic.chars().count() <= 81);
            }
        }
    }
}
