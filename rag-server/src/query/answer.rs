//! From ranked passages to an answer whose every quote is proven.

use std::ops::Range;

use chunk::Chunk;
use extract::Locator;
use generate::Language;
use rank::{AnswerLimits, Candidate, Ranked, Ranking};

use super::retrieve::{Passage, Retrieved};
use super::wire::{Asked, Mode, QueryResponse, SearchHit, SearchResponse, Source, Timings};
use crate::catalogue;

/// Sentences of an extractive answer at most, and their characters.
const EXCERPTS: usize = 4;
const EXCERPT_CHARACTERS: usize = 1200;

/// The best sentences of the material, quoted; or that the material does not hold the answer.
pub(super) fn extractive(asked: &Asked, retrieved: &Retrieved) -> QueryResponse {
    let ranking = &retrieved.ranking;
    let english = asked.language() == Language::English;
    let cited = cited(asked, retrieved);
    if cited.is_empty() {
        let answer = if english {
            "I did not find an answer to this question in the course material."
        } else {
            "Não encontrei a resposta para esta pergunta no material do curso."
        };
        return response(
            answer.to_owned(),
            Mode::NotFound,
            Vec::new(),
            ranking.evidence,
        );
    }
    // What is quoted in the answer must be among the sources.
    let shown = Ranking {
        passages: cited.iter().map(|(ranked, _)| (*ranked).clone()).collect(),
        evidence: ranking.evidence,
        answerable: ranking.answerable,
    };
    let candidates: Vec<Candidate<'_>> =
        retrieved.passages.iter().map(Passage::candidate).collect();
    let limits = AnswerLimits {
        excerpts: EXCERPTS,
        characters: EXCERPT_CHARACTERS,
        min_score: asked.min_score,
    };
    let excerpts = rank::extractive(&shown, &candidates, limits);

    let mut answer = String::from(if english {
        "From the course material:\n"
    } else {
        "Segundo o material do curso:\n"
    });
    for excerpt in &excerpts {
        let Some((_, passage)) = cited.get(excerpt.passage) else {
            continue;
        };
        let Some(words) = proven(&passage.chunk.chunk, &excerpt.span) else {
            continue;
        };
        answer.push_str(&format!(
            "\n- “{}” [{}]",
            as_markdown(words),
            excerpt.passage + 1
        ));
    }
    let sources: Vec<Source> = cited
        .iter()
        .enumerate()
        .filter_map(|(at, (ranked, passage))| source(at + 1, ranked, passage))
        .collect();
    response(answer, Mode::Extractive, sources, ranking.evidence)
}

/// What a search shows.
pub(super) fn hits(asked: &Asked, retrieved: &Retrieved) -> SearchResponse {
    let hits = retrieved
        .ranking
        .passages
        .iter()
        .filter(|ranked| ranked.score >= asked.min_score)
        .take(asked.limit)
        .filter_map(|ranked| {
            let passage = retrieved.passages.get(ranked.index)?;
            let place = Place::of(&passage.chunk.chunk.locator);
            Some(SearchHit {
                material_id: passage.chunk.material_id.clone(),
                chunk_id: passage.chunk.id.clone(),
                title: passage.title.clone(),
                source: passage.source.clone(),
                citation: catalogue::citation(&passage.title, &passage.chunk.chunk.locator),
                page: place.page,
                sheet: place.sheet,
                range: place.range,
                locator: passage.chunk.chunk.locator.clone(),
                text: passage.chunk.chunk.text.clone(),
                score: ranked.score,
            })
        })
        .collect();
    SearchResponse { hits }
}

/// The passages an answer may rest on: what the ranking lets be cited, with a quote that can be proven.
pub(super) fn cited<'a>(asked: &Asked, retrieved: &'a Retrieved) -> Vec<(&'a Ranked, &'a Passage)> {
    let ranking = &retrieved.ranking;
    ranking
        .sources(asked.min_score)
        .into_iter()
        .filter_map(|position| ranking.passages.get(position))
        .filter_map(|ranked| Some((ranked, retrieved.passages.get(ranked.index)?)))
        .filter(|(ranked, passage)| proven(&passage.chunk.chunk, &ranked.quote).is_some())
        .take(asked.limit)
        .collect()
}

pub(super) fn source(n: usize, ranked: &Ranked, passage: &Passage) -> Option<Source> {
    source_quoting(n, ranked, passage, &ranked.quote)
}

/// A source with other words of it than the ranking's; `None` unless they stand there.
pub(super) fn source_quoting(
    n: usize,
    ranked: &Ranked,
    passage: &Passage,
    span: &Range<usize>,
) -> Option<Source> {
    let chunk = &passage.chunk.chunk;
    let quote = proven(chunk, span)?;
    let locator = place_of(chunk, span);
    let place = Place::of(&locator);
    Some(Source {
        n,
        material_id: passage.chunk.material_id.clone(),
        chunk_id: passage.chunk.id.clone(),
        title: passage.title.clone(),
        source: passage.source.clone(),
        citation: catalogue::citation(&passage.title, &locator),
        lesson: passage.placed.as_ref().map(|placed| placed.lesson.clone()),
        page: place.page,
        sheet: place.sheet,
        range: place.range,
        locator,
        quote: quote.to_owned(),
        chunk: chunk.text.clone(),
        score: ranked.score,
    })
}

/// The quoted words as they stand in the stored passage; `None` unless they stand there, inside its sentences.
fn proven<'a>(chunk: &'a Chunk, span: &Range<usize>) -> Option<&'a str> {
    let words = chunk.text.get(span.clone())?.trim();
    let in_sentences = chunk
        .sentences
        .iter()
        .any(|sentence| (sentence.start as usize) < span.end && span.start < sentence.end as usize);
    (!words.is_empty() && in_sentences).then_some(words)
}

/// Where a quote stands: the union of the places of its sentences.
fn place_of(chunk: &Chunk, span: &Range<usize>) -> Locator {
    let quoted = chunk
        .sentences
        .iter()
        .filter(|sentence| {
            (sentence.start as usize) < span.end && span.start < sentence.end as usize
        })
        .map(|sentence| &sentence.locator);
    chunk::union(quoted).unwrap_or_else(|| chunk.locator.clone())
}

/// The parts of a locator that have a field of their own.
pub(super) struct Place {
    pub(super) page: Option<u32>,
    pub(super) sheet: Option<String>,
    pub(super) range: Option<String>,
}

impl Place {
    pub(super) fn of(locator: &Locator) -> Self {
        let mut place = Self {
            page: None,
            sheet: None,
            range: None,
        };
        match locator {
            Locator::Page { number, .. } | Locator::Slide { number } => place.page = Some(*number),
            Locator::Sheet { name, range } => {
                place.sheet = Some(name.clone());
                place.range = Some(range.clone());
            }
            Locator::Section { .. } | Locator::Lines { .. } | Locator::Time { .. } => {}
        }
        place
    }
}

pub(super) fn response(
    answer: String,
    mode: Mode,
    sources: Vec<Source>,
    confidence: f32,
) -> QueryResponse {
    QueryResponse {
        answer,
        mode,
        sources,
        confidence,
        model: None,
        usage: None,
        cost: 0.0,
        warnings: Vec::new(),
        computed: Vec::new(),
        standalone_question: None,
        related: Vec::new(),
        response_time: 0.0,
        timings: Timings::default(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of a document as Markdown that shows them and does nothing else: no image is loaded, no link or tag is live.
pub(super) fn as_markdown(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in one_line(words).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '|'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Whether a question is asked in English: by its commonest words.
pub(super) fn is_english(question: &str) -> bool {
    const ENGLISH: [&str; 22] = [
        "what", "which", "who", "when", "where", "why", "how", "the", "is", "are", "does", "do",
        "of", "in", "for", "to", "and", "can", "many", "should", "with", "on",
    ];
    const PORTUGUESE: [&str; 24] = [
        "o", "a", "os", "as", "que", "qual", "quais", "quem", "quando", "onde", "como", "quanto",
        "quantos", "quantas", "de", "da", "do", "em", "no", "na", "para", "por", "um", "é",
    ];
    let lower = question.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(*word)).count();
    count(&ENGLISH) > count(&PORTUGUESE)
}

#[cfg(test)]
mod tests {
    use chunk::Sentence;

    use super::*;

    fn chunk() -> Chunk {
        let place = |number| Locator::Sheet {
            name: "Treino A".into(),
            range: format!("A{number}:D{number}"),
        };
        Chunk {
            ordinal: 0,
            headings: vec![],
            text: "Exercício; Séries\nSupino; 4\nRemada; 3".into(),
            sentences: vec![
                Sentence {
                    start: 20,
                    end: 29,
                    locator: place(2),
                },
                Sentence {
                    start: 30,
                    end: 39,
                    locator: place(3),
                },
            ],
            locator: Locator::Sheet {
                name: "Treino A".into(),
                range: "A1:D3".into(),
            },
        }
    }

    #[test]
    fn a_quote_is_cited_where_it_stands() {
        let chunk = chunk();
        assert_eq!(proven(&chunk, &(20..29)), Some("Supino; 4"));
        assert_eq!(
            Place::of(&place_of(&chunk, &(20..29))).range.as_deref(),
            Some("A2:D2")
        );
        assert_eq!(
            Place::of(&place_of(&chunk, &(19..38))).range.as_deref(),
            Some("A2:D3")
        );
    }

    #[test]
    fn what_does_not_stand_there_is_no_quote() {
        let chunk = chunk();
        for span in [0..5, 30..99, 4..4, 9..10] {
            assert_eq!(proven(&chunk, &span), None, "{span:?}");
        }
    }

    #[test]
    fn the_language_of_a_question_is_told() {
        assert!(is_english("What is the minimum grade?"));
        assert!(!is_english("Qual é a nota mínima?"));
        assert!(!is_english("hipertrofia"));
        assert!(!is_english("o que é overtraining"));
    }
}
