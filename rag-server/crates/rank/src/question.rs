//! What a question asks for, in words.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::statistics::Statistics;

/// Words that shape a question rather than name what is asked ("Qual a *finalidade* de…", "Para que *serve*…"): a passage
/// that answers need not hold them, so a missing one says little.
const FRAME_WORDS: &[&str] = &[
    "acontece",
    "acordo",
    "ano",
    "característica",
    "caso",
    "chama",
    "chamado",
    "coisa",
    "considerada",
    "considerado",
    "consiste",
    "data",
    "definição",
    "definido",
    "deve",
    "devem",
    "deverá",
    "diferença",
    "diz",
    "dizer",
    "dá",
    "exemplo",
    "exemplos",
    "existe",
    "existem",
    "faz",
    "fazer",
    "feita",
    "feito",
    "finalidade",
    "forma",
    "geralmente",
    "irá",
    "local",
    "lugar",
    "maneira",
    "modo",
    "motivo",
    "nome",
    "número",
    "objetivo",
    "ocorre",
    "parte",
    "permite",
    "pessoa",
    "pode",
    "podem",
    "poderá",
    "possui",
    "possuem",
    "precisa",
    "precisam",
    "principais",
    "principal",
    "quantidade",
    "quer",
    "razão",
    "realizada",
    "realizado",
    "relação",
    "serve",
    "servem",
    "significa",
    "tipo",
    "utilidade",
    "vai",
];

/// What a frame word weighs beside a word that names the matter. Chosen once from 0.3, 0.5 and 1; the three differ little.
const FRAME_WEIGHT: f32 = 0.5;

static FRAME_TERMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    FRAME_WORDS
        .iter()
        .map(|word| terms::stem(&terms::fold(word)))
        .collect()
});

/// A question, analysed.
#[derive(Debug, Clone)]
pub struct Question {
    /// Distinct terms, for what counts whole terms.
    pub(crate) terms: Vec<QuestionTerm>,
    /// Distinct words, for what compares their letters.
    pub(crate) words: Vec<QuestionWord>,
    /// Terms of neighbouring words: indices into `terms`, weight.
    pub(crate) pairs: Vec<(usize, usize, f32)>,
    /// Trigrams of the words: trigram, index into `words`; sorted.
    pub(crate) trigrams: Vec<(u64, usize)>,
}

#[derive(Debug, Clone)]
pub(crate) struct QuestionTerm {
    pub(crate) text: String,
    pub(crate) idf: f32,
}

#[derive(Debug, Clone)]
pub(crate) struct QuestionWord {
    pub(crate) text: String,
    /// Weight in coverage; all of them sum up to 1.
    pub(crate) weight: f32,
    /// How many distinct trigrams it has; 0 for numbers and codes, which match whole or not at all.
    pub(crate) trigrams: usize,
}

impl Question {
    /// Analyses `text`; what is rare in the index weighs more.
    pub fn new(text: &str, statistics: &Statistics) -> Self {
        let mut question = Self {
            terms: Vec::new(),
            words: Vec::new(),
            pairs: Vec::new(),
            trigrams: Vec::new(),
        };
        let mut end = 0;
        let mut previous = None;
        terms::visit(text, |word, span| {
            let variant = span.start < end;
            end = end.max(span.end);
            if terms::is_stop_word(word) {
                return;
            }
            let term = question.term(terms::stem(word), statistics);
            if variant {
                // The parts are counted already.
                return;
            }
            question.word(word, term);
            if let Some(previous) = previous.replace(term) {
                question.pair(previous, term);
            }
        });
        let total: f32 = question.words.iter().map(|word| word.weight).sum();
        for word in &mut question.words {
            word.weight /= total;
        }
        let total: f32 = question.pairs.iter().map(|pair| pair.2).sum();
        for pair in &mut question.pairs {
            pair.2 /= total;
        }
        question.trigrams.sort_unstable();
        question
    }

    fn term(&mut self, text: String, statistics: &Statistics) -> usize {
        if let Some(known) = self.terms.iter().position(|term| term.text == text) {
            return known;
        }
        let idf = statistics.idf(&text);
        self.terms.push(QuestionTerm { text, idf });
        self.terms.len() - 1
    }

    fn word(&mut self, text: &str, term: usize) {
        if self.words.iter().any(|word| word.text == text) {
            return;
        }
        let Some(term) = self.terms.get(term) else {
            return;
        };
        let frame = FRAME_TERMS.contains(&term.text);
        let mut letters = Vec::new();
        trigrams(text, &mut letters);
        let index = self.words.len();
        self.trigrams
            .extend(letters.iter().map(|&trigram| (trigram, index)));
        self.words.push(QuestionWord {
            text: text.to_owned(),
            weight: if frame { FRAME_WEIGHT } else { 1.0 } * term.idf,
            trigrams: letters.len(),
        });
    }

    fn pair(&mut self, first: usize, second: usize) {
        if self
            .pairs
            .iter()
            .any(|pair| (pair.0, pair.1) == (first, second))
        {
            return;
        }
        let weight: f32 = [first, second]
            .iter()
            .filter_map(|&term| self.terms.get(term))
            .map(|term| term.idf)
            .sum();
        self.pairs.push((first, second, weight));
    }
}

/// Puts the distinct trigrams of a folded word into `found`, its borders counted as letters; none for numbers and codes.
pub(crate) fn trigrams(word: &str, found: &mut Vec<u64>) {
    found.clear();
    if !word.chars().all(char::is_alphabetic) {
        return;
    }
    let border = u64::from(u32::from(' '));
    // 21 bits hold any character.
    let mut window = border;
    for (position, letter) in word
        .chars()
        .map(|letter| u64::from(u32::from(letter)))
        .chain([border])
        .enumerate()
    {
        window = ((window << 21) | letter) & ((1 << 63) - 1);
        if position > 0 {
            found.push(window);
        }
    }
    found.sort_unstable();
    found.dedup();
}
