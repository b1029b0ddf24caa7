//! Writes a chunk: its text, the spans of its sentences, its headings and its place.

use crate::pack::Span;
use crate::piece::{Kind, Piece};
use crate::section::Section;
use crate::{Chunk, Sentence, place};
use extract::Role;

/// The chunk of the pieces of `span`, with `header` above its first row. Its ordinal is still to be set.
/// `None` when the span is empty.
pub(crate) fn assemble(
    section: &Section<'_>,
    pieces: &[Piece],
    span: &Span,
    header: Option<&str>,
) -> Option<Chunk> {
    let pieces = pieces.get(span.pieces())?;
    let mut text = String::new();
    let mut sentences: Vec<Sentence> = Vec::with_capacity(pieces.len());
    let mut header = header;
    let mut last: Option<&Piece> = None;
    for piece in pieces {
        let block = section.entries.get(piece.entry)?.block;
        match last {
            // Inside a block the text stays as it stands, so that quotes over several sentences hold.
            Some(last) if last.entry == piece.entry => {
                text.push_str(block.text.get(last.range.end..piece.range.start)?);
            }
            Some(_) => text.push('\n'),
            None => {}
        }
        if matches!(block.role, Role::TableRow { .. })
            && let Some(header) = header.take()
        {
            text.push_str(header);
            text.push('\n');
        }
        let start = u32::try_from(text.len()).ok()?;
        text.push_str(block.text.get(piece.range.clone())?);
        let end = u32::try_from(text.len()).ok()?;
        sentences.push(Sentence {
            start,
            end,
            locator: block.locator.clone(),
        });
        last = Some(piece);
    }
    Some(Chunk {
        ordinal: 0,
        headings: headings(section, pieces),
        text,
        locator: place::union(sentences.iter().map(|sentence| &sentence.locator))?,
        sentences,
    })
}

/// The headings above all of `pieces`; what only opens part of them is left to the text.
fn headings(section: &Section<'_>, pieces: &[Piece]) -> Vec<String> {
    let only_headings = pieces.iter().all(|piece| piece.kind == Kind::Heading);
    let mut paths = pieces
        .iter()
        .filter(|piece| only_headings || piece.kind != Kind::Heading)
        .filter_map(|piece| section.entries.get(piece.entry))
        .map(|entry| &entry.path);
    let Some(first) = paths.next() else {
        return Vec::new();
    };
    let shared = paths.fold(first.len(), |shared, path| {
        let same = first
            .iter()
            .zip(path.iter())
            .take_while(|(one, other)| one == other);
        same.count().min(shared)
    });
    first.iter().take(shared).cloned().collect()
}
