//! What to ask and read next, made of headings of the material alone.
//!
//! The rag-server names headings of cited passages and their neighbours (`related`). More are read from the cited passages:
//! a numbered line, or a short first line that is no sentence.

use std::collections::BTreeSet;

use super::model::{Level, Style};
use super::wire::{RagAnswer, Related, Source};

/// Most characters of a heading.
const LONGEST_HEADING: usize = 90;
/// Of each list.
const MOST: usize = 4;
const MOST_TOPICS: usize = 8;
/// Headings that head no subject.
const NO_SUBJECT: [&str; 12] = [
    "referências",
    "bibliografia",
    "referências bibliográficas",
    "sumário",
    "índice",
    "objetivos",
    "objetivos da aula",
    "questões para estudo",
    "exercícios",
    "anexos",
    "introdução",
    "conclusão",
];
/// How a heading begins that is a question itself.
const INTERROGATIVES: [&str; 8] = [
    "por que ", "como ", "quando ", "qual ", "quais ", "quem ", "onde ", "quanto ",
];

/// What to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Guidance {
    /// Questions to go on with.
    pub(crate) questions: Vec<String>,
    /// What to read or try.
    pub(crate) suggestions: Vec<String>,
    /// Headings, the nearest first.
    pub(crate) topics: Vec<String>,
}

/// What to do after `answer` to `question`.
pub(crate) fn after(answer: &RagAnswer, question: &str, level: Level, style: Style) -> Guidance {
    let headings = headings(answer);
    let whole = answer.standalone_question.as_deref().unwrap_or_default();
    let asked = folded(&format!("{question}\n{whole}"));
    let fresh: Vec<&Related> = headings
        .iter()
        .filter(|heading| !asked.contains(&folded(&subject(&heading.title))))
        .collect();
    let questions = fresh
        .iter()
        .enumerate()
        .map(|(at, heading)| follow_up(&heading.title, level, at))
        .take(MOST)
        .collect();
    let suggestions = fresh
        .iter()
        .take(MOST)
        .map(|heading| suggestion(heading, style))
        .collect();
    let topics = headings
        .iter()
        .map(|heading| subject(&heading.title))
        .take(MOST_TOPICS)
        .collect();
    Guidance {
        questions,
        suggestions,
        topics,
    }
}

/// Headings near what was cited, each once.
fn headings(answer: &RagAnswer) -> Vec<Related> {
    // What is quoted comes before what only stands beside it.
    let mut read: Vec<_> = answer.sources.iter().flat_map(of_passage).collect();
    read.sort_by_key(|(is_quoted, _)| !is_quoted);
    let read = read.into_iter().map(|(_, related)| related);
    let mut seen = BTreeSet::new();
    answer
        .related
        .iter()
        .cloned()
        .chain(read)
        .map(|related| Related {
            title: plain(&related.title),
            ..related
        })
        .filter(|related| {
            let key = folded(&subject(&related.title));
            !key.is_empty() && heads_a_subject(&related.title) && seen.insert(key)
        })
        .collect()
}

fn of_passage(source: &Source) -> Vec<(bool, Related)> {
    source
        .chunk
        .lines()
        .map(str::trim)
        .enumerate()
        .filter(|(at, line)| is_heading(line, *at == 0))
        .map(|(_, line)| {
            let related = Related {
                title: line.to_owned(),
                material_id: source.material_id.clone(),
                source: source.source.clone(),
                page: source.page,
            };
            (source.quote.contains(line), related)
        })
        .collect()
}

/// A line that heads what follows: numbered and no sentence, or short, first and no sentence.
pub(crate) fn is_heading(line: &str, is_first: bool) -> bool {
    let length = line.chars().count();
    if !(3..=LONGEST_HEADING).contains(&length) || line.ends_with(['.', ';', ':', ',', '?', '!']) {
        return false;
    }
    let rest = without_number(line);
    // Rows of tables have numbers, headings hardly.
    let numbers = rest
        .split_whitespace()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .count();
    if numbers > 1 {
        return false;
    }
    let is_numbered = rest.len() < line.len();
    rest.chars().next().is_some_and(char::is_uppercase)
        && (is_numbered
            || (is_first
                && length <= 60
                && !rest.contains([';', '|', '.'])
                && !rest.contains(": ")))
}

/// Whether something is taught under a heading: not exercises, references and the like, and no address to go to.
pub(crate) fn heads_a_subject(heading: &str) -> bool {
    let heading = folded(without_number(heading.trim()));
    !heading.contains("://")
        && !heading.contains("www.")
        && !NO_SUBJECT.iter().any(|other| folded(other) == heading)
}

/// A heading without its number: `2.1 Células-satélite` is `Células-satélite`.
pub(crate) fn without_number(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if rest.len() < line.len() && rest.starts_with(' ') {
        rest.trim_start()
    } else {
        line
    }
}

/// A heading as one line without marks that Markdown or HTML would act on.
fn plain(heading: &str) -> String {
    let kept: String = without_number(heading.trim())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| {
            !matches!(
                c,
                '<' | '>' | '[' | ']' | '`' | '*' | '#' | '|' | '“' | '”' | '"'
            )
        })
        .take(LONGEST_HEADING)
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a heading is about: `O que é hipertrofia` is about `hipertrofia`.
pub(crate) fn subject(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let skipped = [
        "o que é a ",
        "o que é o ",
        "o que é ",
        "o que são ",
        "o que foi ",
    ]
    .into_iter()
    .find(|start| lower.starts_with(start))
    .map_or(0, |start| start.chars().count());
    heading
        .chars()
        .skip(skipped)
        .collect::<String>()
        .trim_end_matches('?')
        .to_owned()
}

fn follow_up(heading: &str, level: Level, at: usize) -> String {
    let lower = heading.to_lowercase();
    if INTERROGATIVES.iter().any(|word| lower.starts_with(word)) {
        return format!("{}?", heading.trim_end_matches('?'));
    }
    let subject = subject(heading);
    let turns = match level {
        Level::Beginner => [
            format!("O que significa “{subject}”?"),
            format!("Pode explicar “{subject}” com um exemplo simples?"),
            format!("O que preciso saber primeiro sobre “{subject}”?"),
        ],
        Level::Intermediate => [
            format!("Quais são os pontos principais de “{subject}”?"),
            format!("Como “{subject}” se aplica na prática?"),
            format!("Como “{subject}” se relaciona com o que acabei de perguntar?"),
        ],
        Level::Advanced => [
            format!("Que evidências o material apresenta sobre “{subject}”?"),
            format!("Que limites o material aponta em “{subject}”?"),
            format!("Que variáveis influenciam “{subject}”, segundo o material?"),
        ],
    };
    let turn = at % turns.len();
    turns.into_iter().nth(turn).unwrap_or_default()
}

fn suggestion(heading: &Related, style: Style) -> String {
    let file = heading.source.rsplit('/').next().unwrap_or_default();
    let place = match heading.page {
        Some(page) => format!("“{}” ({file}, p. {page})", heading.title),
        None => format!("“{}” ({file})", heading.title),
    };
    match style {
        Style::Visual => format!("Leia {place} e resuma em um esquema ou quadro."),
        Style::Auditory => format!("Leia {place} e explique em voz alta com as suas palavras."),
        Style::Kinesthetic => format!("Leia {place} e monte um exemplo para pôr em prática."),
        Style::Mixed => format!("Leia {place}."),
    }
}

/// For comparing: lower case, without accents.
pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(chunks: &[&str], related: &[&str]) -> RagAnswer {
        let sources: Vec<_> = chunks
            .iter()
            .enumerate()
            .map(|(at, chunk)| {
                json!({
                    "n": at + 1, "material_id": "m", "chunk_id": "m:1", "title": "aula", "source": "modulo/aula.pdf",
                    "page": 4, "sheet": null, "range": null, "locator": {"kind": "page", "number": 4},
                    "quote": "", "chunk": chunk, "score": 0.5
                })
            })
            .collect();
        let related: Vec<_> = related
            .iter()
            .map(|title| json!({ "title": title, "material_id": "m", "source": "modulo/aula.pdf", "page": 2 }))
            .collect();
        serde_json::from_value(
            json!({ "answer": "", "mode": "extractive", "sources": sources, "related": related }),
        )
        .unwrap()
    }

    #[test]
    fn headings_are_read_from_passages_when_none_are_named() {
        let chunks = [
            "1. O que é hipertrofia\nHipertrofia muscular é o aumento da área.\n1.2 Tipos de fibra\nAs fibras são lentas.",
            "5. Questões para estudo\n1. Qual é a diferença?\n2. Por que um iniciante fica forte?",
            "Cronograma\nAula: 01; Tema: Bioenergética",
            "Intermediário 3 a 4 dias 70 a 85 % de 1RM\n8 a 12",
            "9. Veja http://example.org/x\nIgnore tudo.",
            "Esta passagem começa no meio de uma frase e segue.",
        ];
        let guidance = after(
            &answer(&chunks, &[]),
            "O que é hipertrofia?",
            Level::Beginner,
            Style::Visual,
        );
        assert_eq!(
            guidance.topics,
            ["hipertrofia", "Tipos de fibra", "Cronograma"]
        );
        assert_eq!(
            guidance.questions,
            [
                "O que significa “Tipos de fibra”?",
                "Pode explicar “Cronograma” com um exemplo simples?"
            ]
        );
        assert_eq!(
            guidance.suggestions,
            [
                "Leia “Tipos de fibra” (aula.pdf, p. 4) e resuma em um esquema ou quadro.",
                "Leia “Cronograma” (aula.pdf, p. 4) e resuma em um esquema ou quadro."
            ]
        );
    }

    #[test]
    fn what_is_quoted_comes_first() {
        let mut answer = answer(
            &[
                "2. Os estímulos\nTensão.",
                "1RM\n3.1 Intervalo de descanso\nDescansa-se 2 min.",
            ],
            &[],
        );
        answer.sources[1].quote = "3.1 Intervalo de descanso\nDescansa-se 2 min.".to_owned();
        let guidance = after(&answer, "Quanto?", Level::Beginner, Style::Mixed);
        assert_eq!(guidance.topics, ["Intervalo de descanso", "Os estímulos"]);
    }

    #[test]
    fn levels_and_styles_are_told_apart() {
        let answer = answer(
            &[],
            &["Volume de treino", "2.2 Por que a força aumenta antes"],
        );
        let of = |level, style| after(&answer, "descanso", level, style);
        let all = [
            of(Level::Beginner, Style::Mixed),
            of(Level::Intermediate, Style::Auditory),
            of(Level::Advanced, Style::Kinesthetic),
        ];
        for guidance in &all {
            assert_eq!(guidance.questions[1], "Por que a força aumenta antes?");
            assert!(guidance.questions[0].contains("Volume de treino"));
            assert!(guidance.suggestions[0].contains("aula.pdf, p. 2"));
        }
        let first: BTreeSet<_> = all
            .iter()
            .map(|one| (&one.questions[0], &one.suggestions[0]))
            .collect();
        assert_eq!(first.len(), 3);
    }

    #[test]
    fn what_was_just_asked_is_not_asked_again() {
        let mut answer = answer(&["1.2 Tipos de fibra\nAs do tipo I."], &["Hipertrofia"]);
        answer.standalone_question = Some("E os tipos? (hipertrofia)".to_owned());
        let guidance = after(&answer, "E os tipos?", Level::Beginner, Style::Mixed);
        assert_eq!(guidance.topics, ["Hipertrofia", "Tipos de fibra"]);
        assert_eq!(guidance.questions, ["O que significa “Tipos de fibra”?"]);
    }

    #[test]
    fn without_sources_there_is_nothing_to_suggest() {
        assert_eq!(
            after(&answer(&[], &[]), "x", Level::Advanced, Style::Mixed),
            Guidance::default()
        );
    }

    proptest! {
        #[test]
        fn every_heading_comes_from_the_material(titles in prop::collection::vec("\\PC{0,120}", 0..12)) {
            let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
            let guidance = after(&answer(&[], &titles), "", Level::Advanced, Style::Mixed);
            prop_assert!(guidance.topics.len() <= MOST_TOPICS && guidance.questions.len() <= MOST);
            let letters = |text: &str| folded(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            for topic in &guidance.topics {
                prop_assert!(titles.iter().any(|title| letters(title).contains(&letters(topic))), "{}", topic);
            }
            for text in guidance.topics.iter().chain(&guidance.questions).chain(&guidance.suggestions) {
                prop_assert!(!text.contains(['<', '[', '\n', '`']), "{}", text);
            }
        }
    }
}
