//! Subtitles: `SubRip` (`.srt`) and `WebVTT` (`.vtt`, W3C). Cues are a line or two long; they are joined into
//! sentences, each located by its time.

use crate::builder::Builder;
use crate::document::{Document, FileKind, Locator, Role};
use crate::error::ExtractError;
use crate::limits::Limits;

/// Cues are joined until a sentence ends past this many characters,
const LONG_ENOUGH: usize = 160;
/// or unconditionally from this many on,
const LONGEST: usize = 480;
/// or when the whole would last longer than this,
const LONGEST_MS: u64 = 45_000;
/// or when nothing is said for this long.
const SILENCE_MS: u64 = 3_000;
/// Bytes of the longest tag or position; what goes on beyond is text.
const LONGEST_TAG: usize = 256;

pub(crate) fn read(text: &str, kind: FileKind, limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(kind, limits);
    let mut passage: Option<Cue> = None;
    for cue in cues(text) {
        passage = match passage.take() {
            Some(mut said) if said.goes_on_with(&cue) => {
                said.join(&cue);
                Some(said)
            }
            Some(said) => {
                said.push(&mut builder)?;
                Some(cue)
            }
            None => Some(cue),
        };
    }
    if let Some(said) = passage {
        said.push(&mut builder)?;
    }
    builder.finish()
}

/// Looks like the line with the times of a cue.
pub(crate) fn is_timing(line: &str) -> bool {
    timing(line).is_some()
}

#[derive(Debug, PartialEq)]
struct Cue {
    start_ms: u64,
    end_ms: u64,
    speaker: Option<String>,
    text: String,
}

impl Cue {
    fn goes_on_with(&self, next: &Self) -> bool {
        let length = self.text.chars().count();
        let ended = self
            .text
            .trim_end_matches(['"', '”', ')', '»'])
            .ends_with(['.', '!', '?', '…']);
        let new_voice = next.speaker.is_some() && next.speaker != self.speaker;
        let complete = new_voice || ended && length >= LONG_ENOUGH;
        !complete
            && length.saturating_add(next.text.chars().count()) <= LONGEST
            && next.end_ms.saturating_sub(self.start_ms) <= LONGEST_MS
            && next.start_ms.saturating_sub(self.end_ms) <= SILENCE_MS
            && next.start_ms >= self.start_ms
    }

    /// Adds the next cue. Live captions repeat the line above in the next cue; it is said once.
    fn join(&mut self, next: &Self) {
        self.end_ms = self.end_ms.max(next.end_ms);
        if self.text.ends_with(&next.text) {
            return;
        }
        self.text.push(' ');
        self.text.push_str(&next.text);
    }

    fn push(&self, builder: &mut Builder<'_>) -> Result<(), ExtractError> {
        let locator = Locator::Time {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
        };
        let text = match &self.speaker {
            Some(speaker) => format!("{speaker}: {}", self.text),
            None => self.text.clone(),
        };
        builder.push(&text, locator, Role::Cue)?;
        Ok(())
    }
}

/// Cues in the order of the file. What stands before a line of times (numbers, names, notes, styles) is no cue.
fn cues(text: &str) -> impl Iterator<Item = Cue> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start_ms, end_ms) = loop {
                if let Some(times) = timing(lines.next()?) {
                    break times;
                }
            };
            let mut spoken = String::new();
            while let Some(line) =
                lines.next_if(|line| !line.trim().is_empty() && timing(line).is_none())
            {
                // Without a blank line between cues the number of the next one ends this one.
                let number_of_next = line.trim().bytes().all(|byte| byte.is_ascii_digit())
                    && lines.peek().is_some_and(|next| timing(next).is_some());
                if !number_of_next {
                    spoken.push_str(line);
                    spoken.push(' ');
                }
            }
            let (speaker, text) = strip(&spoken);
            if !text.is_empty() {
                return Some(Cue {
                    start_ms,
                    end_ms: end_ms.max(start_ms),
                    speaker,
                    text,
                });
            }
        }
    })
}

/// `00:01:02,500 --> 00:01:04,000`, with what may follow: positions and settings.
fn timing(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((milliseconds(start.trim())?, milliseconds(end)?))
}

/// `hh:mm:ss,mmm` or `mm:ss.mmm`; hours may have any number of digits.
fn milliseconds(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let scale = 10_u64.checked_pow(3_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?)?;
    let mut total = fraction.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut unit = 1000_u64;
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts.iter().rev() {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(part.parse::<u64>().ok()?.checked_mul(unit)?)?;
        unit = unit.checked_mul(60)?;
    }
    Some(total)
}

/// Spoken text without tags (`<i>`, `<c.yellow>`, `<00:01.500>`), positions (`{\an8}`) and character
/// references; the name in a voice tag (`<v Ana>`) is the speaker.
fn strip(text: &str) -> (Option<String>, String) {
    let mut speaker = None;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['<', '{', '&']) {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        rest = if let Some((inner, after)) = tagged(tail) {
            let name = inner
                .strip_prefix("v ")
                .or_else(|| inner.strip_prefix("v."));
            if let Some(name) = name
                .map(crate::normalize::line)
                .filter(|name| !name.is_empty())
            {
                speaker.get_or_insert(name);
            }
            after
        } else {
            let (c, after) = reference(tail).unwrap_or_else(|| {
                let mut characters = tail.chars();
                (characters.next().unwrap_or_default(), characters.as_str())
            });
            out.push(c);
            after
        };
    }
    out.push_str(rest);
    (speaker, crate::normalize::line(&out))
}

/// What stands inside a tag and what after it; a lone `<`, as in `x < 2`, opens none.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let near = text.get(..text.floor_char_boundary(LONGEST_TAG))?;
    let (start, end) = if near.starts_with("{\\") {
        (2, '}')
    } else {
        (1, '>')
    };
    let inside = near
        .get(start..)
        .filter(|_| near.starts_with('<') || end == '}')?;
    let length = inside.find([end, '<'])?;
    let (inner, rest) = inside.split_at(length);
    let plausible = end == '}'
        || inner.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
            && rest.starts_with(end);
    let after = text.get(start.checked_add(length)?.checked_add(1)?..)?;
    plausible.then_some((inner, after))
}

/// The character references that `WebVTT` knows.
fn reference(text: &str) -> Option<(char, &str)> {
    [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&nbsp;", ' '),
        ("&lrm;", ' '),
        ("&rlm;", ' '),
        ("&quot;", '"'),
    ]
    .into_iter()
    .find_map(|(name, c)| text.strip_prefix(name).map(|rest| (c, rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cues, milliseconds, read};
    use crate::document::{FileKind, Locator, Role};
    use crate::limits::Limits;

    #[test]
    fn cues_are_joined_into_passages_with_their_time() {
        let text = "1\r\n00:00:01,000 --> 00:00:03,500\r\n{\\an8}<i>Boa noite, turma.</i>\r\nHoje vamos falar\r\n\r\n\
                    2\r\n00:00:03,600 --> 00:00:06,000\r\nde limites: x < 2 &amp; y > 1.\r\n\r\n\
                    3\r\n00:01:00,000 --> 00:01:02,000\r\nDepois do intervalo.\r\n";
        let document = read(text, FileKind::Srt, &Limits::default()).unwrap();
        let read: Vec<(&str, &Locator)> = document
            .blocks
            .iter()
            .map(|block| (block.text.as_str(), &block.locator))
            .collect();
        assert_eq!(
            read,
            [
                (
                    "Boa noite, turma. Hoje vamos falar de limites: x < 2 & y > 1.",
                    &Locator::Time {
                        start_ms: 1000,
                        end_ms: 6000
                    }
                ),
                (
                    "Depois do intervalo.",
                    &Locator::Time {
                        start_ms: 60_000,
                        end_ms: 62_000
                    }
                ),
            ]
        );
        assert!(document.blocks.iter().all(|block| block.role == Role::Cue));
    }

    #[test]
    fn web_subtitles_have_voices_settings_and_notes() {
        let text = "WEBVTT - Aula 1\n\nNOTE revisado\n\nabertura\n00:01.000 --> 00:02.000 align:start\n\
                    <v Ana>Bom dia.\n\n00:02.100 --> 00:03.000\n<v Beto>Bom dia, <c.azul>professora</c>!\n";
        let document = read(text, FileKind::Vtt, &Limits::default()).unwrap();
        let read: Vec<&str> = document
            .blocks
            .iter()
            .map(|block| block.text.as_str())
            .collect();
        assert_eq!(read, ["Ana: Bom dia.", "Beto: Bom dia, professora!"]);
    }

    #[test]
    fn cues_without_blank_lines_between_them_are_told_apart() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\num\n2\n00:00:09,000 --> 00:00:10,000\ndois\n";
        let read: Vec<String> = cues(text).map(|cue| cue.text).collect();
        assert_eq!(read, ["um", "dois"]);
    }

    proptest! {
        #[test]
        fn times_are_read_back(ms in 0_u64..360_000_000) {
            let text = format!("{:02}:{:02}:{:02},{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
            prop_assert_eq!(milliseconds(&text), Some(ms));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "([0-9:,. >-]|-->|<|\\PC|\n){0,200}") {
            for cue in cues(&text) {
                prop_assert!(cue.start_ms <= cue.end_ms);
            }
        }
    }
}
