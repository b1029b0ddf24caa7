//! What the material says about a topic, in the order it is taught: what a learning path is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shared::problem::Invalid;

use super::retrieve::Passage;
use super::wire::{self, Asked};
use super::{QueryConfig, QueryError, QueryService, RetrievalSettings, Source, answer};
use crate::catalogue::Lesson;

/// Sections unless asked otherwise, and at most.
const SECTIONS: i64 = 12;
const MAX_SECTIONS: i64 = 50;
/// Passages looked at, so that a topic that fills one chapter still shows the others.
const FETCH: usize = 80;
/// A passage this much worse than the best one is about something else.
const SHARE_OF_BEST: f32 = 0.1;

/// A topic.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"topic": "hipertrofia", "limit": 8}))]
pub struct TopicRequest {
    /// A few words.
    pub topic: String,
    /// Sections at most, 1 to 50; 12 unless told otherwise.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50)]
    pub limit: Option<i64>,
    /// Only these materials; null for all.
    #[serde(default)]
    pub material_ids: Option<Vec<String>>,
}

/// Sections of the material about a topic.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TopicResponse {
    /// In the order of the course catalogue, then of names, then of pages; empty when the material is silent.
    pub sections: Vec<Section>,
}

/// A section of a material.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Section {
    /// Its heading; the title of the lesson or material where it has none.
    pub title: String,
    /// Id of the material.
    pub material_id: String,
    /// Name of the material: a relative path.
    pub source: String,
    /// Page it is found on, from 1; null where there are no pages.
    pub page: Option<u32>,
    /// Where it stands, for people.
    pub citation: String,
    /// Its words about the topic, as they stand there.
    pub excerpt: String,
    /// Lesson the material belongs to; null outside the catalogue.
    pub lesson: Option<Lesson>,
    /// Words in the passages found.
    pub words: usize,
}

impl TopicRequest {
    fn check(&self, settings: &RetrievalSettings) -> Result<Asked, Invalid> {
        let mut invalid = Invalid::new();
        let limit = self.limit.unwrap_or(SECTIONS);
        if !(1..=MAX_SECTIONS).contains(&limit) {
            invalid = invalid.field(
                "/limit",
                "out_of_range",
                "O número de seções deve ficar entre 1 e 50.",
            );
        }
        let config = QueryConfig::default();
        let ids = self.material_ids.as_ref();
        wire::check("/topic", &self.topic, ids, &config, settings, invalid).map(|asked| Asked {
            limit: limit as usize,
            fetch: asked.fetch.max(FETCH),
            ..asked
        })
    }
}

/// A section, and what decides whether and where it is shown.
struct Found {
    section: Section,
    /// Rank of its best passage.
    rank: usize,
    /// Lessons come first, in the catalogue's order; the rest by name and place.
    order: (bool, Option<(String, i64)>, String, u32),
}

impl QueryService {
    /// The sections about a topic, in the order they are taught.
    pub async fn topics(
        self: &Arc<Self>,
        request: &TopicRequest,
    ) -> Result<TopicResponse, QueryError> {
        let asked = request.check(&self.settings)?;
        let retrieved = self.retrieve(&asked).await?;
        let ranked = &retrieved.ranking.passages;
        let best = ranked.first().map_or(0.0, |one| one.score);
        let floor = asked.min_score.max(best * SHARE_OF_BEST);

        let mut sections: BTreeMap<(&str, &[String]), Found> = BTreeMap::new();
        for (rank, one) in ranked
            .iter()
            .enumerate()
            .filter(|(_, one)| one.score >= floor)
        {
            let Some(passage) = retrieved.passages.get(one.index) else {
                continue;
            };
            let chunk = &passage.chunk.chunk;
            let words = chunk.text.split_whitespace().count();
            let key = (
                passage.chunk.material_id.as_str(),
                chunk.headings.as_slice(),
            );
            if let Some(found) = sections.get_mut(&key) {
                found.section.words += words;
                found.order.3 = found.order.3.min(chunk.ordinal);
            } else if let Some(source) = answer::source(1, one, passage) {
                let found = Found {
                    section: section(source, passage, words),
                    rank,
                    order: order(passage),
                };
                sections.insert(key, found);
            }
        }
        let mut shown: Vec<Found> = sections.into_values().collect();
        shown.sort_by_key(|found| found.rank);
        shown.truncate(asked.limit);
        shown.sort_by(|a, b| a.order.cmp(&b.order));
        Ok(TopicResponse {
            sections: shown.into_iter().map(|found| found.section).collect(),
        })
    }
}

fn section(source: Source, passage: &Passage, words: usize) -> Section {
    let heading = passage.chunk.chunk.headings.last();
    Section {
        title: heading.cloned().unwrap_or_else(|| {
            let lesson = source.lesson.as_ref().map(|lesson| lesson.title.clone());
            lesson.unwrap_or_else(|| source.title.clone())
        }),
        material_id: source.material_id,
        source: source.source,
        page: source.page,
        citation: source.citation,
        excerpt: source.quote,
        lesson: source.lesson,
        words,
    }
}

fn order(passage: &Passage) -> (bool, Option<(String, i64)>, String, u32) {
    let placed = passage.placed.as_ref().map(|placed| placed.order.clone());
    let name = by_number(&passage.source);
    (placed.is_none(), placed, name, passage.chunk.chunk.ordinal)
}

/// A name that sorts as people count: `aula-2` before `aula-10`.
fn by_number(name: &str) -> String {
    let mut sortable = String::with_capacity(name.len() + 16);
    let mut digits = String::new();
    for c in name.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            sortable.push_str(&format!("{digits:0>12}"));
            digits.clear();
        }
        sortable.push(c);
    }
    sortable
}

#[cfg(test)]
mod tests {
    use super::by_number;

    #[test]
    fn names_sort_as_people_count() {
        let mut names = ["aula-10.pdf", "aula-2.pdf", "aula-2b.pdf", "Apêndice 1"];
        names.sort_by_key(|name| by_number(name));
        assert_eq!(
            names,
            ["Apêndice 1", "aula-2.pdf", "aula-2b.pdf", "aula-10.pdf"]
        );
    }
}
