//! Sections next to what an answer cites: only headings that stand in the material, never invented ones.

use super::answer::Place;
use super::retrieve::{Passage, Retrieved};
use super::wire::{RelatedSection, Source};

/// Sections at most.
const MOST: usize = 6;
/// Passages before and behind a cited one that count as next to it.
const NEAR: u32 = 2;

/// The sections that the sources stand in, then those of the passages found next to them.
pub(super) fn sections(retrieved: &Retrieved, sources: &[Source]) -> Vec<RelatedSection> {
    let is_cited = |passage: &Passage| {
        sources
            .iter()
            .any(|source| source.chunk_id == passage.chunk.id)
    };
    let cited: Vec<&Passage> = retrieved
        .passages
        .iter()
        .filter(|one| is_cited(one))
        .collect();
    let is_near = |passage: &Passage| {
        cited.iter().any(|other| {
            other.chunk.material_id == passage.chunk.material_id
                && other
                    .chunk
                    .chunk
                    .ordinal
                    .abs_diff(passage.chunk.chunk.ordinal)
                    <= NEAR
        })
    };
    let ranked = retrieved.ranking.passages.iter();
    let near = ranked
        .filter_map(|one| retrieved.passages.get(one.index))
        .filter(|passage| !is_cited(passage) && is_near(passage));
    let mut found: Vec<RelatedSection> = Vec::new();
    for passage in cited.iter().copied().chain(near) {
        let Some(title) = passage.chunk.chunk.headings.last() else {
            continue;
        };
        let is_known = |one: &RelatedSection| {
            one.title == *title && one.material_id == passage.chunk.material_id
        };
        if found.len() < MOST && !found.iter().any(is_known) {
            found.push(RelatedSection {
                title: title.clone(),
                material_id: passage.chunk.material_id.clone(),
                source: passage.source.clone(),
                page: Place::of(&passage.chunk.chunk.locator).page,
            });
        }
    }
    found
}
