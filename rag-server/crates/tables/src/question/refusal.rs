//! Why no table could be asked, gathered over all of them.

use super::ask::anchors;
use super::assemble::Why;
use super::reply::{Asked, Reply};
use super::tags::{Is, Tag};
use crate::lexicon;

/// Ways offered when it asks back.
pub(super) const MOST_CANDIDATES: usize = 6;

#[derive(Default)]
pub(super) struct Refusal {
    pub(super) word: Option<String>,
    explained: f64,
    named: usize,
    explains: bool,
    unclear: Option<(String, Vec<String>, u32)>,
}

impl Refusal {
    pub(super) fn reply(self) -> Reply {
        Reply::Refused {
            word: self.word,
            explained: self.explained,
            named: self.named,
            explains: self.explains,
        }
    }

    pub(super) fn with_question(self, english: bool) -> Reply {
        match self.unclear {
            Some((about, mut candidates, _)) => {
                candidates.sort();
                candidates.dedup();
                candidates.truncate(MOST_CANDIDATES);
                Reply::Asked(Asked {
                    about,
                    candidates,
                    plans: Vec::new(),
                    english,
                })
            }
            None => self.reply(),
        }
    }

    pub(super) fn add(&mut self, why: Why, tags: &[Tag], words: usize, cost: u32) {
        let unknown = tags
            .iter()
            .filter(|tag| tag.is == Is::Unknown)
            .map(|tag| tag.to - tag.from)
            .sum::<usize>();
        let explained = 1.0 - unknown as f64 / words.max(1) as f64;
        match why {
            Why::Unknown(word) => {
                if explained > self.explained || self.word.is_none() {
                    self.word = Some(word);
                }
            }
            // With one name in it, it may well be about something else.
            Why::Unclear(about, candidates) => {
                if anchors(tags) > 1
                    && !candidates.is_empty()
                    && self
                        .unclear
                        .as_ref()
                        .is_none_or(|(_, _, known)| cost < *known)
                {
                    self.unclear = Some((about, candidates, cost));
                }
            }
            Why::NotComputable => {}
        }
        self.explains |= tags
            .iter()
            .any(|tag| tag.is == Is::Does(lexicon::Does::Explain));
        if explained > self.explained || self.named == 0 {
            self.named = anchors(tags);
        }
        self.explained = self.explained.max(explained);
    }
}
