//! Blocks made of the lines of all pages.

use std::collections::BTreeMap;

use super::furniture::{self, PageText};
use super::headings::{self, Style};
use super::line::{Line, Place};
use super::paragraphs::{self, Paragraph};
use super::structure::PageBox;
use super::text::{self, Joiner};
use super::{lists, number};
use crate::{Block, Locator, OutlineEntry, Role};

/// Size of body text where no text tells, points.
const USUAL_SIZE: f32 = 11.0;

/// Of a hundred characters, so many in monospaced type make it the type of the text itself and not of programs.
const MONOSPACED_TEXT: usize = 50;

/// What the lines of a document make.
pub(super) struct Made {
    /// In reading order.
    pub(super) blocks: Vec<Block>,
    /// Running headers and footers, which are taken out of the pages.
    pub(super) furniture: Vec<Block>,
}

/// Makes blocks in reading order. Takes running headers and footers out of `pages`.
pub(super) fn make(pages: &mut [PageText], outline: &[OutlineEntry]) -> Made {
    let body = body_size(pages);
    let furniture = furniture::remove(pages, body)
        .into_iter()
        .filter_map(|(index, line)| {
            let visible = pages.get(index)?.visible;
            Some(Block {
                locator: Locator::Page {
                    number: number(index),
                    bbox: place(&[&line], visible),
                },
                text: text::closed(line.text),
                role: Role::Paragraph,
            })
        })
        .collect();
    let code = programs_are_monospaced(pages);
    let spacing = paragraphs::usual_spacing(pages.iter().map(|page| page.lines.as_slice()));
    let marks = headings::outlined(pages, outline);
    let split: Vec<Vec<Paragraph>> = pages
        .iter()
        .zip(&marks)
        .map(|(page, marks)| paragraphs::split(&page.lines, marks, spacing, code))
        .collect();

    let all = || {
        pages.iter().zip(&split).flat_map(|(page, paragraphs)| {
            paragraphs
                .iter()
                .map(|paragraph| (paragraph, lines_of(page, paragraph)))
        })
    };
    let style = Style::learn(all(), body);
    let pairs = pages.iter().zip(&split).flat_map(|(page, paragraphs)| {
        paragraphs.iter().flat_map(|paragraph| {
            let first = paragraph.lines.iter();
            let second = paragraph.lines.iter().skip(1);
            first.zip(second).filter_map(|(a, b)| {
                let text = |index: &usize| page.lines.get(*index).map(|line| line.text.as_str());
                Some((text(a)?, text(b)?))
            })
        })
    });
    let lines = pages.iter().flat_map(|page| &page.lines);
    let joiner = Joiner::learn(pairs, lines.map(|line| line.text.as_str()));

    let mut blocks = Vec::new();
    for (index, (page, paragraphs)) in pages.iter().zip(&split).enumerate() {
        for paragraph in paragraphs {
            let lines = lines_of(page, paragraph);
            let level = style.level(paragraph, &lines);
            blocks.extend(
                block(paragraph, &lines, level, &joiner, code).map(|(text, role)| Block {
                    text,
                    locator: Locator::Page {
                        number: number(index),
                        bbox: place(&lines, page.visible),
                    },
                    role,
                }),
            );
        }
    }
    Made { blocks, furniture }
}

fn lines_of<'a>(page: &'a PageText, paragraph: &Paragraph) -> Vec<&'a Line> {
    paragraph
        .lines
        .iter()
        .filter_map(|index| page.lines.get(*index))
        .collect()
}

/// Text and role of a paragraph; `None` if nothing but the mark of a list is in it.
fn block(
    paragraph: &Paragraph,
    lines: &[&Line],
    level: Option<u8>,
    joiner: &Joiner,
    code: bool,
) -> Option<(String, Role)> {
    let program = code && lines.iter().all(|line| line.monospaced);
    let mut text = String::new();
    for line in lines {
        if program {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&line.text);
        } else {
            joiner.join(&mut text, &line.text);
        }
    }
    let mut text = text::closed(text);
    let role = match level {
        Some(level) => Role::Heading { level },
        None if program => Role::Code,
        None if paragraph.listed => Role::ListItem,
        None => Role::Paragraph,
    };
    if role == Role::ListItem
        && let Some(mark) = lists::mark(&text)
    {
        text.drain(..mark.sign);
    }
    (!text.trim().is_empty()).then_some((text, role))
}

/// Rectangle around all lines, from the lower left corner of the visible page; `None` if a place is missing.
fn place(lines: &[&Line], visible: PageBox) -> Option<[f32; 4]> {
    let mut whole: Option<Place> = None;
    for line in lines {
        let place = line.place?;
        whole = Some(whole.map_or(place, |whole| whole.around(place)));
    }
    whole.map(|whole| {
        [
            whole.left - visible.left,
            whole.bottom - visible.bottom,
            whole.right - visible.left,
            whole.top - visible.bottom,
        ]
    })
}

/// The size most characters are set in.
fn body_size(pages: &[PageText]) -> f32 {
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    for line in pages.iter().flat_map(|page| &page.lines) {
        let count = sizes.entry((line.size * 2.0).round() as i32).or_default();
        *count = count.saturating_add(text::ink(&line.text));
    }
    let most = sizes
        .into_iter()
        .filter(|(size, _)| *size > 0)
        .max_by_key(|(_, count)| *count);
    most.map_or(USUAL_SIZE, |(size, _)| size as f32 / 2.0)
}

/// Whether monospaced type is that of programs, and not of the whole document.
fn programs_are_monospaced(pages: &[PageText]) -> bool {
    let mut monospaced = 0_usize;
    let mut all = 0_usize;
    for line in pages.iter().flat_map(|page| &page.lines) {
        let ink = text::ink(&line.text);
        all = all.saturating_add(ink);
        monospaced = monospaced.saturating_add(if line.monospaced { ink } else { 0 });
    }
    monospaced.saturating_mul(100) < all.saturating_mul(MONOSPACED_TEXT)
}
