//! Decides about one sentence: which passages support it, and what of it may be said.
//!
//! Support is lexical, on purpose: what it decides can be read from the passage and never from another model. The share
//! of a sentence's terms that a passage holds is weighted by how few of the passages hold them, so that the words a
//! whole course has in common do not make one page as good as another.

use std::collections::BTreeSet;
use std::ops::Range;

use super::evidence::Evidence;
use super::number::{self, Figure};
use super::parse::{REMOVED, Token};
use super::quotation::{self, Quotation};
use super::render::plain;
use super::{Tally, WarningKind};

/// Share of a sentence's terms that a cited passage must hold: below it, it is about something else.
const LEAST_SHARE: f64 = 0.25;
/// Share from which a passage that was not cited may take the place of one that was.
const MOVE_SHARE: f64 = 0.6;
/// Share from which a sentence that cites nothing gets a citation.
const ATTRIBUTE_SHARE: f64 = 0.75;
/// Weighted share from which a passage may be cited that the model did not name.
const UNASKED_WEIGHT: f64 = 0.85;
/// Below this share of terms that any passage holds, a sentence is not about the material.
const FOREIGN_SHARE: f64 = 0.4;
/// Words from which a quotation supports its sentence alone.
pub(super) const LONG_QUOTATION: usize = 3;

/// What a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It states something, or may.
    Claim,
    /// A heading, or the head of a table: names and states nothing.
    Label,
}

/// A sentence that may be delivered.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) tokens: Vec<Token>,
    /// Passages it cites, with the spans it quotes of them.
    pub(super) cited: Vec<(usize, Vec<Range<usize>>)>,
}

/// How well each passage supports a sentence.
struct Support {
    /// Distinct terms.
    terms: usize,
    /// Share of them that each passage holds.
    shares: Vec<f64>,
    /// Weighted share of those that any passage holds.
    weights: Vec<f64>,
    /// Share that all passages together hold.
    known: f64,
}

impl Support {
    fn of(text: &str, passages: &[Evidence]) -> Self {
        // Numbers are judged for themselves: one that is right must not speak for a subject that is wrong.
        let terms: BTreeSet<String> = terms::terms(text)
            .into_iter()
            .filter(|term| !term.contains(|c: char| c.is_ascii_digit()))
            .collect();
        let mut shares = vec![0.0; passages.len()];
        let mut weights = vec![0.0; passages.len()];
        let (mut total, mut known) = (0.0, 0usize);
        for term in &terms {
            let holders: Vec<usize> = passages
                .iter()
                .enumerate()
                .filter_map(|(at, passage)| passage.has_term(term).then_some(at))
                .collect();
            if holders.is_empty() {
                continue;
            }
            known += 1;
            let weight = (1.0 + passages.len() as f64 / holders.len() as f64).ln();
            total += weight;
            for at in holders {
                if let (Some(share), Some(sum)) = (shares.get_mut(at), weights.get_mut(at)) {
                    *share += 1.0 / terms.len() as f64;
                    *sum += weight;
                }
            }
        }
        if total > 0.0 {
            for weight in &mut weights {
                *weight /= total;
            }
        }
        let known = if terms.is_empty() {
            0.0
        } else {
            known as f64 / terms.len() as f64
        };
        Self {
            terms: terms.len(),
            shares,
            weights,
            known,
        }
    }

    fn share(&self, passage: usize) -> f64 {
        self.shares.get(passage).copied().unwrap_or(0.0)
    }

    fn weight(&self, passage: usize) -> f64 {
        self.weights.get(passage).copied().unwrap_or(0.0)
    }

    fn best(&self) -> Option<usize> {
        (0..self.weights.len())
            .max_by(|a, b| self.weight(*a).total_cmp(&self.weight(*b)).then(b.cmp(a)))
    }

    /// Whether a passage that the model cites may stay: it is about the same, and not much worse than the best.
    fn keeps(&self, passage: usize) -> bool {
        let best = self.best().map_or(0.0, |best| self.weight(best));
        let least = if best >= 0.85 {
            0.75 * best
        } else {
            0.5 * best
        };
        let common = (self.share(passage) * self.terms as f64).round() as usize;
        self.terms > 0
            && common >= self.terms.min(2)
            && self.share(passage) >= LEAST_SHARE
            && self.weight(passage) >= least
    }

    /// The passage that holds a sentence's words so well that it may be cited unasked.
    fn found(&self, least: f64, terms: usize) -> Option<usize> {
        self.best().filter(|best| {
            self.terms >= terms
                && self.share(*best) >= least
                && self.weight(*best) >= UNASKED_WEIGHT
        })
    }
}

/// Judges a sentence. `None` when nothing of it may be delivered.
pub(super) fn sentence(
    tokens: &[Token],
    role: Role,
    passages: &[Evidence],
    tally: &mut Tally,
) -> Option<Judged> {
    let asked = cited_by(tokens, passages.len(), tally);
    let words: Vec<Token> = tokens
        .iter()
        .filter(|token| !matches!(token, Token::Cite(_)))
        .cloned()
        .collect();
    let mut quotations = quotation::find(tokens);
    for quotation in &mut quotations {
        quotation.locate(&asked, passages);
    }
    if quotations
        .iter()
        .any(|one| one.place.is_none() && one.words >= quotation::WHOLE)
    {
        // Words that nobody said are not made true by taking the marks away.
        tally.add(WarningKind::QuoteRemoved);
        return None;
    }
    let text = plain(&words);
    if tally.is_confidential(&text) {
        tally.add(WarningKind::ForeignRemoved);
        return None;
    }
    if !text.contains(char::is_alphanumeric) {
        return None;
    }
    let has_address = text.contains(REMOVED);
    let text = text.replace(REMOVED, "");
    let figures = number::figures(&text);
    let support = Support::of(&text, passages);
    if role == Role::Label {
        return label(&words, &figures, &support, passages, tally);
    }
    let quoted: BTreeSet<usize> = quotations.iter().filter_map(Quotation::long_in).collect();
    let cited = supporters(&asked, &quoted, &figures, &support, passages);
    let moved = cited.iter().any(|passage| !asked.contains(passage));
    if !asked.is_empty() && (moved || cited.len() < asked.len()) {
        tally.add(if moved && !cited.is_empty() {
            WarningKind::CitationMoved
        } else {
            WarningKind::CitationRemoved
        });
    }
    let unproven = figures
        .iter()
        .any(|figure| !cited.iter().any(|at| holds(passages, *at, figure)));
    let is_statement = support.terms >= 3 || !figures.is_empty() || !asked.is_empty();
    let asks = text.trim_end().ends_with('?');
    let leads_in = text.trim_end().ends_with(':') && support.terms <= 12 && figures.is_empty();
    let mut note = None;
    if cited.is_empty() && has_address && support.terms < 3 {
        // Nothing is left but the place where an address stood.
        return None;
    }
    if cited.is_empty() && is_statement && !leads_in {
        if support.known < FOREIGN_SHARE || (asks && !figures.is_empty()) {
            tally.add(WarningKind::ForeignRemoved);
            return None;
        }
        if unproven {
            tally.add(WarningKind::NumberUnproven);
            note = Some(tally.note_number());
        } else if !asks {
            tally.add(WarningKind::Uncited);
            note = Some(tally.note_uncited());
        }
    }
    Some(written(tokens, &quotations, &cited, note, passages, tally))
}

/// The passages a sentence names that there are, from 0, each once.
fn cited_by(tokens: &[Token], passages: usize, tally: &mut Tally) -> Vec<usize> {
    let mut cited = Vec::new();
    for token in tokens {
        let Token::Cite(numbers) = token else {
            continue;
        };
        for number in numbers {
            match number.checked_sub(1).filter(|at| *at < passages) {
                Some(at) if !cited.contains(&at) => cited.push(at),
                Some(_) => {}
                None => tally.add(WarningKind::CitationRemoved),
            }
        }
    }
    cited
}

fn holds(passages: &[Evidence], at: usize, figure: &Figure) -> bool {
    passages.get(at).is_some_and(|passage| passage.has(figure))
}

/// The passages that a sentence may cite: of those it names, else the one that holds it.
fn supporters(
    asked: &[usize],
    quoted: &BTreeSet<usize>,
    figures: &[Figure],
    support: &Support,
    passages: &[Evidence],
) -> Vec<usize> {
    let all = |set: &[usize]| {
        figures
            .iter()
            .all(|figure| set.iter().any(|at| holds(passages, *at, figure)))
    };
    let any =
        |at: usize| figures.is_empty() || figures.iter().any(|figure| holds(passages, at, figure));
    // Next to a quotation only its own passage is beyond doubt.
    let keeps =
        |at: usize| quoted.contains(&at) || (quoted.is_empty() && support.keeps(at) && any(at));
    let mut kept: Vec<usize> = asked.iter().copied().filter(|at| keeps(*at)).collect();
    kept.extend(quoted.iter().copied().filter(|at| !asked.contains(at)));
    if !kept.is_empty() && all(&kept) {
        return kept;
    }
    // A figure that none of them holds: only a passage with all of it can stand for the sentence.
    let (least, terms) = if asked.is_empty() {
        (ATTRIBUTE_SHARE, 4)
    } else {
        (MOVE_SHARE, 2)
    };
    let holds_all = |at: &usize| all(&[*at]) && support.keeps(*at);
    let quotes_stay = |at: &usize| quoted.iter().all(|of| of == at);
    support
        .found(least, terms)
        .filter(holds_all)
        .filter(quotes_stay)
        .into_iter()
        .collect()
}

/// Headings cite nothing, and say no number that no passage holds.
fn label(
    words: &[Token],
    figures: &[Figure],
    support: &Support,
    passages: &[Evidence],
    tally: &mut Tally,
) -> Option<Judged> {
    let is_proven = figures
        .iter()
        .all(|figure| (0..passages.len()).any(|at| holds(passages, at, figure)));
    if !is_proven || (support.terms >= 6 && support.known < FOREIGN_SHARE) {
        tally.add(WarningKind::ForeignRemoved);
        return None;
    }
    let unquoted = words
        .iter()
        .filter(|token| !matches!(token, Token::Char(c, _) if quotation::is_mark(*c)));
    Some(Judged {
        tokens: unquoted.cloned().collect(),
        cited: Vec::new(),
    })
}

/// Puts a sentence together again: proven quotations in the passage's own words, its citations behind it.
fn written(
    tokens: &[Token],
    quotations: &[Quotation],
    cited: &[usize],
    note: Option<&'static str>,
    passages: &[Evidence],
    tally: &mut Tally,
) -> Judged {
    let mut spans: Vec<(usize, Vec<Range<usize>>)> =
        cited.iter().map(|at| (*at, Vec::new())).collect();
    let mut body: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let quotation = quotations.iter().find(|one| one.tokens.start == at);
        if let Some(one) = quotation {
            let place = one.place.as_ref();
            let found = place.and_then(|place| place.among(cited, passages, &one.text));
            if let Some((passage, found)) = found {
                let words: Vec<&str> = passages
                    .get(passage)
                    .map(|evidence| found.iter().map(|span| evidence.words(span)).collect())
                    .unwrap_or_default();
                body.extend(quotation::shown(&words.join(" … ")));
                if let Some((_, of)) = spans.iter_mut().find(|(at, _)| *at == passage) {
                    of.extend(found);
                }
            } else {
                if place.is_none() {
                    tally.add(WarningKind::QuoteRemoved);
                }
                let inside = tokens.get(one.tokens.clone()).unwrap_or_default();
                let bare = inside.iter().filter(|token| {
                    !matches!(token, Token::Cite(_))
                        && !matches!(token, Token::Char(c, _) if quotation::is_mark(*c))
                });
                body.extend(bare.cloned());
            }
            at = one.tokens.end.max(at + 1);
            continue;
        }
        match token {
            Token::Cite(_) => {}
            Token::Char(c, _) if quotation::is_mark(*c) => {}
            other => body.push(other.clone()),
        }
        at += 1;
    }
    attach(&mut body, cited, note);
    Judged {
        tokens: body,
        cited: spans,
    }
}

/// Citations stand at the end of the sentence, in the last cell of a row.
fn attach(body: &mut Vec<Token>, cited: &[usize], note: Option<&'static str>) {
    let is_end = |token: &Token| {
        matches!(token, Token::Cell) || matches!(token, Token::Char(c, _) if c.is_whitespace())
    };
    let is_row = matches!(body.last(), Some(Token::Cell));
    while body.last().is_some_and(is_end) && !(is_row && ends_with_empty_cell(body)) {
        body.pop();
    }
    // What stood before a citation inside the sentence leaves its space behind.
    tidy(body);
    let mut tail: Vec<Token> = Vec::new();
    let mut stops: Vec<Token> = Vec::new();
    while matches!(
        body.last(),
        Some(Token::Char('.' | '!' | '?' | '…' | ';' | ':', _))
    ) {
        stops.extend(body.pop());
    }
    if !cited.is_empty() {
        tail.push(Token::Char(' ', 0));
        tail.push(Token::Cite(cited.iter().map(|at| at + 1).collect()));
    }
    if let Some(note) = note {
        tail.push(Token::Char(' ', 0));
        tail.extend(note.chars().map(|c| Token::Char(c, super::parse::EMPHASIS)));
    }
    body.extend(tail);
    body.extend(stops.into_iter().rev());
    if is_row {
        body.push(Token::Cell);
    }
}

/// Two cells in a row: the last one is empty, and stays.
fn ends_with_empty_cell(body: &[Token]) -> bool {
    let mut cells = body
        .iter()
        .rev()
        .filter(|token| !matches!(token, Token::Char(c, _) if c.is_whitespace()));
    matches!(
        (cells.next(), cells.next()),
        (Some(Token::Cell), Some(Token::Cell))
    )
}

/// No space before a full stop, and no two in a row.
fn tidy(body: &mut Vec<Token>) {
    let mut kept: Vec<Token> = Vec::with_capacity(body.len());
    for token in body.drain(..) {
        if let Token::Char(c, _) = token {
            let after_space = matches!(kept.last(), Some(Token::Char(' ', _)));
            if after_space && c == ' ' {
                continue;
            }
            if after_space && matches!(c, '.' | ',' | ';') {
                kept.pop();
            }
        }
        kept.push(token);
    }
    *body = kept;
}
