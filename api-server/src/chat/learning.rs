//! Learning paths and explored topics: sections of the material itself, in the order it is taught.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;
use regex::Regex;
use serde::Serialize;
use serde_json::{Value, json};
use shared::problem::{ApiError, Invalid};

use super::ChatError;
use super::guidance::{folded, heads_a_subject, is_heading, without_number};
use super::model::Level;
use super::question::{MAX_TOPIC, is_line};
use super::reading::{Difficulty, Effort, minutes};
use super::service::ChatService;
use super::wire::{Hits, RagAnswer, RagConfig, RagQuestion, Section, Sections, Source};
use crate::rag::{RagClient, RagError};

/// Steps of a path.
const STEPS: usize = 8;
/// Passages looked at for a path where the rag-server does not know sections, and for what comes first.
const PASSAGES: usize = 24;
/// A passage this much less likely than the best one is about something else.
const SHARE_OF_BEST: f64 = 0.1;
/// A passage this likely is about the topic even in other words.
const LIKELY: f64 = 0.3;
/// Most characters of a step's description and of what comes first.
const LONGEST_DESCRIPTION: usize = 400;
const LONGEST_PREREQUISITE: usize = 200;
const MOST_PREREQUISITES: usize = 5;
/// How a sentence says what comes first.
const REQUIREMENT: &str = r"(?i)\bpr[eé][- ]?requisitos?\b|\bconhecimentos? pr[eé]vios?\b|\b(?:é preciso|é necessário|convém|recomenda-se) (?:conhecer|dominar|ter estudado|rever|revisar|saber)\b";
/// What a topic is explored by: name, title, and what is asked about it.
const ASPECTS: [(&str, &str, &str); 5] = [
    ("fundamentals", "Fundamentos", "O que é {}?"),
    (
        "practice",
        "Aplicação prática",
        "recomendações e exemplos de {}",
    ),
    (
        "variations",
        "Variações e progressões",
        "variações e progressão de {}",
    ),
    (
        "cautions",
        "Cuidados e populações especiais",
        "cuidados com {}",
    ),
    ("evidence", "Evidências", "estudos e evidências sobre {}"),
];
/// Letters of a word that tell it apart whatever its ending; shorter words tell nothing.
const STEM: usize = 5;

/// What to study about a topic, step by step.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as the page reads it")]
pub(crate) struct LearningPath {
    /// As asked for.
    pub topic: String,
    /// For whom.
    pub user_level: Level,
    /// Sections of the material in the order they are taught; empty when it is silent.
    pub learning_path: Vec<LearningStep>,
    /// For people: reading time of all steps.
    pub estimated_time: String,
    /// Minutes of reading of all steps.
    pub estimated_minutes: usize,
    /// What the material itself says has to be known before.
    pub prerequisites: Vec<String>,
    /// Whether there is any material about it.
    pub resources_available: bool,
}

/// A section to study.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LearningStep {
    /// From 1.
    pub step: usize,
    /// Heading of the section.
    pub title: String,
    /// How the section begins, and where it stands.
    pub description: String,
    /// How hard it is to read.
    pub difficulty: Difficulty,
    /// Minutes of reading.
    pub estimated_minutes: usize,
    /// Id of the material.
    pub material_id: String,
    /// Name of the material.
    pub source: String,
    /// Page, from 1; null where there are none.
    pub page: Option<u32>,
    /// Lesson of the course catalogue.
    #[schema(value_type = Option<Object>)]
    pub lesson: Option<Value>,
}

/// A topic from several sides.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ExploredTopic {
    /// As asked for.
    pub topic: String,
    /// For whom.
    pub user_level: Level,
    /// What the material says; sides it is silent about are left out.
    pub aspects: Vec<TopicAspect>,
    /// Titles of the sides the material is silent about.
    pub not_covered: Vec<String>,
    /// Headings near what was cited.
    pub related_topics: Vec<String>,
}

/// One side of a topic, in quotes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TopicAspect {
    /// `fundamentals`, `practice`, `variations`, `cautions` or `evidence`.
    pub aspect: String,
    /// The same for people.
    pub title: String,
    /// Markdown; `[n]` names the source with that `n`.
    pub answer: String,
    /// Passages it rests on.
    pub sources: Vec<Source>,
}

/// Makes learning paths.
#[derive(Debug)]
pub(crate) struct LearningService {
    chat: Arc<ChatService>,
    rag: Arc<RagClient>,
    /// A sentence that names what comes first.
    requirement: Regex,
}

impl LearningService {
    /// Paths through what `chat` answers from.
    ///
    /// # Errors
    /// Never: the expression is ours and tested.
    pub(crate) fn new(chat: Arc<ChatService>, rag: Arc<RagClient>) -> Result<Self, regex::Error> {
        Ok(Self {
            chat,
            rag,
            requirement: Regex::new(REQUIREMENT)?,
        })
    }

    /// A path through a topic.
    pub(crate) async fn path(&self, topic: &str, level: Level) -> Result<LearningPath, ApiError> {
        let topic = check(topic)?;
        let sections = self.sections(topic).await?;
        let steps: Vec<LearningStep> = sections
            .into_iter()
            .filter(|section| heads_a_subject(&section.title))
            .take(STEPS)
            .enumerate()
            .map(|(at, section)| self.step(at + 1, section))
            .collect();
        let prerequisites = if steps.is_empty() {
            Vec::new()
        } else {
            self.prerequisites(topic).await?
        };
        let estimated_minutes = steps.iter().map(|step| step.estimated_minutes).sum();
        Ok(LearningPath {
            topic: topic.to_owned(),
            user_level: level,
            resources_available: !steps.is_empty(),
            estimated_time: match estimated_minutes {
                0 => "sem material sobre o tema".to_owned(),
                1 => "cerca de 1 minuto de leitura".to_owned(),
                more => format!("cerca de {more} minutos de leitura"),
            },
            estimated_minutes,
            learning_path: steps,
            prerequisites,
        })
    }

    /// A topic from several sides, in quotes of the material.
    pub(crate) async fn explore(
        &self,
        uid: &str,
        topic: &str,
        level: Level,
    ) -> Result<ExploredTopic, ApiError> {
        let topic = check(topic)?;
        let zone = self.chat.usage.zone().await?;
        let mut tx = self.chat.db.begin_write().await.map_err(ChatError::from)?;
        let admission = self.chat.usage.admit(&mut tx, uid, zone).await?;
        tx.commit().await.map_err(ChatError::from)?;
        let asked = ASPECTS
            .iter()
            .map(|(_, _, question)| self.quotes(question.replace("{}", topic), level));
        let answers = match try_join_all(asked).await {
            Ok(answers) => answers,
            Err(error) => {
                self.chat.usage.take_back(&admission).await;
                return Err(error.into());
            }
        };
        let mut explored = ExploredTopic {
            topic: topic.to_owned(),
            user_level: level,
            aspects: Vec::new(),
            not_covered: Vec::new(),
            related_topics: Vec::new(),
        };
        let mut shown = BTreeSet::new();
        for ((name, title, _), answer) in ASPECTS.iter().zip(answers) {
            let is_about = answer
                .sources
                .iter()
                .any(|source| mentions(&source.chunk, topic));
            let before = shown.len();
            if is_about {
                shown.extend(answer.sources.iter().map(|source| source.chunk_id.clone()));
            }
            // Nothing about it, or nothing that was not shown already.
            if shown.len() == before {
                explored.not_covered.push((*title).to_owned());
                continue;
            }
            let near = super::guidance::after(&answer, topic, level, super::model::Style::Mixed);
            for heading in near.topics {
                if !explored.related_topics.contains(&heading) {
                    explored.related_topics.push(heading);
                }
            }
            explored.aspects.push(TopicAspect {
                aspect: (*name).to_owned(),
                title: (*title).to_owned(),
                answer: self.chat.shown_text(answer.answer),
                sources: self.chat.shown(answer.sources),
            });
        }
        Ok(explored)
    }

    async fn quotes(&self, question: String, level: Level) -> Result<RagAnswer, RagError> {
        let request = RagQuestion {
            question,
            level: Some(level.as_str().to_owned()),
            config: RagConfig {
                generate: Some(false),
                top_k: Some(4),
                ..RagConfig::default()
            },
            ..RagQuestion::default()
        };
        self.rag.post(&["query"], &request).await
    }

    /// Sections about a topic in the order they are taught.
    async fn sections(&self, topic: &str) -> Result<Vec<Section>, RagError> {
        let asked = json!({ "topic": topic, "limit": STEPS });
        match self.rag.post::<Sections>(&["topics"], &asked).await {
            Ok(found) => Ok(found.sections),
            // An earlier rag-server: passages, put into sections here.
            Err(error) if error.is_refusal(404) => {
                Ok(sections_of(topic, self.search(topic).await?))
            }
            Err(error) => Err(error),
        }
    }

    async fn search(&self, query: &str) -> Result<Hits, RagError> {
        let asked = json!({ "query": query, "limit": PASSAGES });
        self.rag.post(&["search"], &asked).await
    }

    fn step(&self, step: usize, section: Section) -> LearningStep {
        let effort = Effort::of(&section.excerpt);
        let place = match (&section.citation, section.page) {
            (Some(citation), _) => citation.clone(),
            (None, Some(page)) => format!("{}, p. {page}", section.source),
            (None, None) => section.source.clone(),
        };
        let begins = shortened(&section.excerpt, LONGEST_DESCRIPTION);
        LearningStep {
            step,
            description: self.chat.shown_text(format!("{begins} ({place})")),
            title: without_number(&section.title).to_owned(),
            difficulty: effort.difficulty(),
            estimated_minutes: minutes(section.words.max(effort.words())).max(1),
            material_id: section.material_id,
            source: section.source,
            page: section.page,
            lesson: section.lesson,
        }
    }

    /// Sentences of the material that say what has to be known before, near the topic.
    async fn prerequisites(&self, topic: &str) -> Result<Vec<String>, RagError> {
        let found = self.search(&format!("pré-requisitos {topic}")).await?;
        let texts = found.hits.iter().map(|hit| hit.text.as_str());
        let sentences = requirements(&self.requirement, texts);
        Ok(sentences
            .into_iter()
            .map(|sentence| self.chat.shown_text(sentence))
            .collect())
    }
}

/// Sentences that say what comes first, each once.
fn requirements<'a>(requirement: &Regex, texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts
        .flat_map(|text| text.split_inclusive(['.', '\n', ';', '!', '?']))
        .map(|sentence| sentence.trim().trim_end_matches(';'))
        .filter(|sentence| requirement.is_match(sentence))
        // A bare heading says nothing.
        .filter(|sentence| sentence.split_whitespace().count() > 3)
        .map(|sentence| shortened(sentence, LONGEST_PREREQUISITE))
        .filter(|sentence| seen.insert(folded(sentence)))
        .take(MOST_PREREQUISITES)
        .collect()
}

fn check(topic: &str) -> Result<&str, ChatError> {
    if is_line(topic, MAX_TOPIC) {
        return Ok(topic.trim());
    }
    let detail = format!("deve ter de 1 a {MAX_TOPIC} caracteres, sem caracteres de controle");
    Err(Invalid::new()
        .field("/topic", "invalid_value", detail)
        .into())
}

/// One line, cut at a word.
fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let head: String = line.chars().take(most).collect();
    let whole = head
        .rsplit_once(' ')
        .map_or(head.as_str(), |(words, _)| words);
    format!("{whole}…")
}

/// Whether a passage has a word of the topic, whatever its ending.
fn mentions(passage: &str, topic: &str) -> bool {
    let stem = |word: &str| folded(word).chars().take(STEM).collect::<String>();
    let passage: BTreeSet<String> = passage
        .split(|c: char| !c.is_alphanumeric())
        .map(stem)
        .collect();
    let mut words = topic
        .split(|c: char| !c.is_alphanumeric())
        .map(stem)
        .filter(|word| word.chars().count() > 3)
        .peekable();
    // A topic of short words alone, such as a code, is taken on trust.
    words.peek().is_none() || words.any(|word| passage.contains(&word))
}

/// Passages as sections: those likely enough, by material and page, under their first heading that heads a subject or the
/// material's title, each once.
fn sections_of(topic: &str, found: Hits) -> Vec<Section> {
    let best = found.hits.iter().map(|hit| hit.score).fold(0.0, f64::max);
    let mut hits: Vec<_> = found
        .hits
        .into_iter()
        .filter(|hit| best > 0.0 && hit.score >= best * SHARE_OF_BEST)
        .filter(|hit| hit.score >= LIKELY || mentions(&hit.text, topic))
        .collect();
    hits.sort_by(|a, b| (&a.source, a.page).cmp(&(&b.source, b.page)));
    let mut seen = BTreeSet::new();
    hits.into_iter()
        .filter_map(|hit| {
            let lines = || hit.text.lines().map(str::trim).enumerate();
            let headings: Vec<(usize, &str)> = lines()
                .filter(|(at, line)| is_heading(line, *at == 0))
                .collect();
            let heading = headings.iter().find(|(_, line)| heads_a_subject(line));
            let (title, from) = match heading {
                Some((at, line)) => (without_number(line), at + 1),
                // Exercises, references and the like alone.
                None if !headings.is_empty() => return None,
                None => (hit.title.as_str(), 0),
            };
            let excerpt: Vec<&str> = lines().skip(from).map(|(_, line)| line).collect();
            let is_new = seen.insert((hit.material_id.clone(), folded(title)));
            is_new.then(|| Section {
                title: title.to_owned(),
                words: Effort::of(&hit.text).words(),
                excerpt: excerpt.join("\n"),
                material_id: hit.material_id.clone(),
                source: hit.source.clone(),
                page: hit.page,
                citation: None,
                lesson: None,
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "learning_tests.rs"]
mod tests;
