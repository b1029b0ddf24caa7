//! Lets through what is proven.
//!
//! The stream is cut into sentences, lines, tables and code blocks ([`split`]); each is read as Markdown and reduced to
//! text with emphasis ([`parse`]), judged against the passages ([`judge`]) and written anew ([`render`]). Nothing is
//! given out before the first sentence whose citation stands, so that an answer without any can still be replaced.

mod cite;
mod evidence;
mod judge;
mod number;
mod parse;
mod quotation;
mod render;
mod split;
mod visible;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub use evidence::Evidence;
pub use visible::visible;

use crate::Language;
use judge::{Judged, Role};
use parse::{Block, Shape, Token};
use split::{Gap, Kind, Piece, Splitter};

/// Bytes of an answer at most; what follows is left out.
const LONGEST_ANSWER: usize = 100_000;

/// What was found wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A citation named no passage, or one that does not support its sentence.
    CitationRemoved,
    /// A citation was moved to the passage that supports its sentence.
    CitationMoved,
    /// Words that stand in no passage were put between quotation marks.
    QuoteRemoved,
    /// A number, date or code stands in none of the passages cited.
    NumberUnproven,
    /// A sentence states something and cites nothing.
    Uncited,
    /// A sentence was not about the material.
    ForeignRemoved,
    /// A link, address, image or HTML was left out.
    MarkupRemoved,
    /// The answer was too long.
    Cut,
}

/// What was found wrong with an answer, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What.
    pub kind: WarningKind,
    /// How often.
    pub count: usize,
}

/// A passage that an answer cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// Its position among the passages, from 0; its number in the answer is its place in [`Verified::cited`], from 1.
    pub passage: usize,
    /// Bytes of the passage that the answer quotes; may be empty.
    pub quotes: Vec<Range<usize>>,
}

/// An answer of which everything is proven that claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Markdown; `[n]` is the `n`th of `cited`.
    pub answer: String,
    /// What has not been given out yet: the end of `answer`.
    pub rest: String,
    /// The passages cited, in the order in which the answer names them; empty when nothing of it may be delivered.
    pub cited: Vec<Cited>,
    /// What was wrong.
    pub warnings: Vec<Warning>,
}

#[derive(Debug)]
struct Tally {
    counts: BTreeMap<WarningKind, usize>,
    language: Language,
    /// Runs of words that belong to the rules and not to the material.
    confidential: BTreeSet<String>,
    /// The random word around the passages; empty for none.
    fence: String,
}

impl Tally {
    fn add(&mut self, kind: WarningKind) {
        *self.counts.entry(kind).or_default() += 1;
    }

    fn is_confidential(&self, text: &str) -> bool {
        let names_fence = !self.fence.is_empty() && text.to_lowercase().contains(&self.fence);
        names_fence || runs(text).any(|run| self.confidential.contains(&run))
    }

    fn note_number(&self) -> &'static str {
        match self.language {
            Language::Portuguese => "(número não confirmado no material)",
            Language::English => "(number not confirmed by the material)",
        }
    }

    fn note_uncited(&self) -> &'static str {
        match self.language {
            Language::Portuguese => "(sem fonte)",
            Language::English => "(no source)",
        }
    }
}

/// Takes what a model writes, word by word, and gives out what is proven.
#[derive(Debug)]
pub struct Verifier {
    passages: Vec<Evidence>,
    splitter: Splitter,
    answer: String,
    given: usize,
    received: usize,
    gap: Gap,
    last_was_table: bool,
    cited: Vec<Cited>,
    tally: Tally,
}

impl Verifier {
    /// One for an answer from these passages; the model calls the first one 1.
    pub fn new(passages: Vec<Evidence>, language: Language) -> Self {
        Self {
            passages,
            splitter: Splitter::default(),
            answer: String::new(),
            given: 0,
            received: 0,
            gap: Gap::Start,
            last_was_table: false,
            cited: Vec::new(),
            tally: Tally {
                counts: BTreeMap::new(),
                language,
                confidential: BTreeSet::new(),
                fence: String::new(),
            },
        }
    }

    /// Sentences that repeat `rules`, which the model was given, or name the `fence` are left out.
    #[must_use]
    pub fn keeping(mut self, rules: &str, fence: &str) -> Self {
        self.tally.confidential = runs(rules).collect();
        self.tally.fence = fence.to_lowercase();
        for passage in &self.passages {
            for run in runs(passage.text()) {
                self.tally.confidential.remove(&run);
            }
        }
        self
    }

    /// Takes some words and returns the Markdown that may be delivered now; empty while a sentence is not complete, and
    /// until the first one whose citation stands.
    pub fn push(&mut self, words: &str) -> String {
        if self.received > LONGEST_ANSWER {
            return String::new();
        }
        self.received += words.len();
        if self.received > LONGEST_ANSWER {
            self.tally.add(WarningKind::Cut);
        } else {
            self.splitter.push(words);
        }
        self.work();
        self.give()
    }

    /// No more words come.
    pub fn finish(mut self) -> Verified {
        self.splitter.end();
        self.work();
        let rest = self.give();
        let counts = self.tally.counts.into_iter();
        Verified {
            answer: if self.cited.is_empty() {
                String::new()
            } else {
                self.answer
            },
            rest,
            cited: self.cited,
            warnings: counts
                .map(|(kind, count)| Warning { kind, count })
                .collect(),
        }
    }

    fn give(&mut self) -> String {
        if self.cited.is_empty() {
            return String::new();
        }
        let new = self.answer.get(self.given..).unwrap_or_default().to_owned();
        self.given = self.answer.len();
        new
    }

    fn work(&mut self) {
        while let Some(piece) = self.splitter.next() {
            self.take(&piece);
        }
    }

    fn take(&mut self, piece: &Piece) {
        if !piece.text.is_empty() {
            let text: String = piece.text.nfc().collect();
            let (blocks, removed) = parse::read(piece.kind, &text);
            if removed
                || blocks
                    .iter()
                    .any(|block| render::plain(&block.tokens).contains(parse::REMOVED))
            {
                self.tally.add(WarningKind::MarkupRemoved);
            }
            let is_table = piece.kind == Kind::Table;
            if is_table || self.last_was_table {
                self.widen(Gap::Block);
            }
            let mut wrote_any = false;
            for block in blocks {
                wrote_any |= self.write(block);
                self.widen(Gap::Line);
                if !wrote_any && is_table {
                    // Without its head a table is none.
                    break;
                }
            }
            self.last_was_table = is_table && wrote_any;
            if piece.after == Gap::Space && self.gap == Gap::Line && wrote_any {
                self.gap = Gap::Space;
            }
        }
        self.widen(piece.after);
    }

    fn widen(&mut self, gap: Gap) {
        if self.gap != Gap::Start {
            self.gap = self.gap.max(gap);
        }
    }

    /// Writes a block if something of it may be delivered.
    fn write(&mut self, block: Block) -> bool {
        let Some(judged) = self.judge(&block) else {
            return false;
        };
        let block = Block {
            shape: shown_as(block.shape),
            tokens: judged.tokens,
        };
        let is_line_start = self.gap != Gap::Space;
        let cited = &mut self.cited;
        let text = render::block(&block, is_line_start, &mut |number| {
            number_of(cited, number.saturating_sub(1))
        });
        if text.is_empty() {
            return false;
        }
        for (passage, quotes) in judged.cited {
            if let Some(cited) = self.cited.iter_mut().find(|cited| cited.passage == passage) {
                cited.quotes.extend(quotes);
            }
        }
        self.answer.push_str(match self.gap {
            Gap::Start => "",
            Gap::Space => " ",
            Gap::Line => "\n",
            Gap::Block => "\n\n",
        });
        self.answer.push_str(&text);
        self.gap = Gap::Space;
        true
    }

    fn judge(&mut self, block: &Block) -> Option<Judged> {
        let passages = &self.passages;
        match block.shape {
            Shape::Heading(_) | Shape::TableHead => {
                judge::sentence(&block.tokens, Role::Label, passages, &mut self.tally)
            }
            Shape::TableRow => {
                judge::sentence(&block.tokens, Role::Claim, passages, &mut self.tally)
            }
            Shape::Code => self.code(block),
            Shape::Quotation => {
                let is_marked = block
                    .tokens
                    .iter()
                    .any(|token| matches!(token, Token::Char(c, _) if quotation::is_mark(*c)));
                let tokens = if is_marked {
                    block.tokens.clone()
                } else {
                    between_marks(&block.tokens)
                };
                judge::sentence(&tokens, Role::Claim, passages, &mut self.tally)
            }
            Shape::Text | Shape::Item { .. } => {
                let mut whole = Judged::default();
                for part in sentences(&block.tokens) {
                    if let Some(judged) =
                        judge::sentence(part, Role::Claim, passages, &mut self.tally)
                    {
                        if !whole.tokens.is_empty() {
                            whole.tokens.push(Token::Char(' ', 0));
                        }
                        whole.tokens.extend(judged.tokens);
                        whole.cited.extend(judged.cited);
                    }
                }
                (!whole.tokens.is_empty()).then_some(whole)
            }
        }
    }

    /// Code stays if it stands in a passage as it is.
    fn code(&mut self, block: &Block) -> Option<Judged> {
        let text = render::plain(&block.tokens);
        let looks_like_more = text.contains("```") || text.contains(['[', ']']);
        let found = self
            .passages
            .iter()
            .position(|passage| passage.find(&text).is_some());
        if looks_like_more || found.is_none() {
            self.tally.add(WarningKind::QuoteRemoved);
            return None;
        }
        Some(Judged {
            tokens: block.tokens.clone(),
            cited: Vec::new(),
        })
    }
}

/// Words of a run that nobody writes by chance.
const RUN: usize = 6;

/// Every run of six words, folded.
fn runs(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(terms::fold)
        .collect();
    let count = (words.len() + 1).saturating_sub(RUN);
    (0..count).filter_map(move |at| Some(words.get(at..at + RUN)?.join(" ")))
}

/// Whether every number, date and code of `text` also stands in `source`, and `text` holds no address.
pub(crate) fn says_only(text: &str, source: &str) -> bool {
    let known = number::values(source);
    let is_known = |figure: &number::Figure| {
        figure
            .readings
            .iter()
            .any(|reading| known.contains(reading))
    };
    number::figures(text).iter().all(is_known) && !text.split_whitespace().any(visible::is_address)
}

/// The number of a passage in the answer: in the order of their first naming.
fn number_of(cited: &mut Vec<Cited>, passage: usize) -> usize {
    if let Some(at) = cited.iter().position(|one| one.passage == passage) {
        return at + 1;
    }
    cited.push(Cited {
        passage,
        quotes: Vec::new(),
    });
    cited.len()
}

/// A quotation is shown between marks; the bar beside it would hide where it ends.
fn shown_as(shape: Shape) -> Shape {
    if shape == Shape::Quotation {
        Shape::Text
    } else {
        shape
    }
}

/// The words of a block between quotation marks, what it cites behind them.
fn between_marks(tokens: &[Token]) -> Vec<Token> {
    let (cites, words): (Vec<Token>, Vec<Token>) = tokens
        .iter()
        .cloned()
        .partition(|token| matches!(token, Token::Cite(_)));
    let mark = |c| std::iter::once(Token::Char(c, 0));
    mark('“')
        .chain(words)
        .chain(mark('”'))
        .chain(cites)
        .collect()
}

/// The sentences of a line that came in one piece, what each cites included.
fn sentences(tokens: &[Token]) -> Vec<&[Token]> {
    let mut found = Vec::new();
    let (mut start, mut at, mut depth) = (0usize, 0usize, 0usize);
    let letter = |at: usize| {
        tokens.get(at).and_then(|token| match token {
            Token::Char(c, _) => Some(*c),
            Token::Cite(_) | Token::Cell => None,
        })
    };
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Char('“' | '«' | '(', _) => depth += 1,
            Token::Char('”' | '»' | ')', _) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = matches!(token, Token::Char('.' | '!' | '?' | '…', _)) && depth == 0;
        let followed = letter(at).is_none_or(char::is_whitespace);
        if !ends || !followed {
            continue;
        }
        let mut next = at;
        while letter(next).is_some_and(|c| c.is_whitespace() || c == '.')
            || matches!(tokens.get(next), Some(Token::Cite(_)))
        {
            next += 1;
        }
        if letter(next).is_some_and(|c| !c.is_lowercase() && !c.is_ascii_digit()) && at - start > 12
        {
            found.extend(tokens.get(start..next));
            (start, at) = (next, next);
        }
    }
    found.extend(tokens.get(start..).filter(|rest| !rest.is_empty()));
    found
}

#[cfg(test)]
#[path = "../tests/verify_properties.rs"]
pub(crate) mod properties;
#[cfg(test)]
#[path = "../tests/verify.rs"]
mod tests;
