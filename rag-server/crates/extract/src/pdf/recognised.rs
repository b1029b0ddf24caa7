//! Pages that are pictures, read by optical character recognition.
//!
//! The recognition itself is a program of its own (tesseract) that the caller runs; here its table of words becomes blocks with
//! places on the page. What it is unsure of is left out, and how sure it was stays with the page.

use serde::{Deserialize, Serialize};

use super::text::{self, Joiner};
use crate::document::{Block, Document, Locator, Role, Warning};
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::picture::{PagePicture, page_picture};

/// Width of the pictures in pixels: about 280 dots per inch on A4, what tesseract is made for.
const WIDTH: u32 = 2_300;
/// Words less sure than this, of 100, are noise.
const LEAST_SURE: f32 = 30.0;
/// Pages less sure than this, of 100, are told of.
const UNSURE: f32 = 60.0;

/// The text of a page that is a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecognisedPage {
    /// 1-based.
    pub number: u32,
    /// Its paragraphs from top to bottom; none where no word was sure enough.
    pub blocks: Vec<Block>,
    /// How sure its words are, 0 to 100, by characters.
    pub sure: f32,
}

/// Draws page `number` (1-based) of a PDF and asks `recognise` for its words; `None` when there is no such page.
///
/// `recognise` gets a picture and answers the table that `tesseract stdin stdout tsv` prints.
///
/// # Errors
/// Those of [`page_picture`]; `Damaged` with the words of `recognise` where it fails.
pub fn recognise_page(
    bytes: &[u8],
    number: u32,
    limits: &Limits,
    recognise: &mut dyn FnMut(&PagePicture) -> Result<String, String>,
) -> Result<Option<RecognisedPage>, ExtractError> {
    let Some(picture) = page_picture(bytes, number, WIDTH, limits)? else {
        return Ok(None);
    };
    let table = recognise(&picture).map_err(|reason| ExtractError::Damaged { reason })?;
    let (blocks, sure) = blocks(&table, number, &picture);
    Ok(Some(RecognisedPage {
        number,
        blocks,
        sure,
    }))
}

impl Document {
    /// Puts the text of a page in its place among the others; whether there was any.
    ///
    /// # Errors
    /// `TooLarge` by characters.
    pub fn add_recognised(
        &mut self,
        page: RecognisedPage,
        limits: &Limits,
    ) -> Result<bool, ExtractError> {
        let RecognisedPage {
            number,
            blocks,
            sure,
        } = page;
        let found: usize = blocks.iter().map(|block| text::ink(&block.text)).sum();
        if found == 0 {
            return Ok(false);
        }
        let characters = self.pages.iter().map(|page| u64::from(page.characters));
        let characters = characters.fold(found as u64, u64::saturating_add);
        if characters > limits.characters {
            return Err(ExtractError::TooLarge {
                what: "characters",
                limit: limits.characters,
            });
        }
        if let Some(page) = self.pages.iter_mut().find(|page| page.number == number) {
            page.characters = u32::try_from(found).unwrap_or(u32::MAX);
            page.recognised = Some(sure);
        }
        if sure < UNSURE {
            self.warnings.push(Warning {
                code: "unsure_recognition".to_owned(),
                message: format!("O texto da página {number} foi reconhecido com pouca certeza."),
                locator: Some(Locator::Page { number, bbox: None }),
            });
        }
        let at = self
            .blocks
            .iter()
            .position(|block| page_of(block).is_some_and(|page| page > number))
            .unwrap_or(self.blocks.len());
        self.blocks.splice(at..at, blocks);
        Ok(true)
    }
}

fn page_of(block: &Block) -> Option<u32> {
    match block.locator {
        Locator::Page { number, .. } => Some(number),
        _ => None,
    }
}

/// A word of the table.
struct Word<'t> {
    /// Block and paragraph.
    paragraph: (u32, u32),
    line: u32,
    /// Left, top, right, bottom in pixels.
    place: [f64; 4],
    sure: f32,
    text: &'t str,
}

impl<'t> Word<'t> {
    /// Level, page, block, paragraph, line, word, left, top, width, height, confidence, text; words are of level 5.
    fn of(line: &'t str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[
            "5",
            _,
            block,
            paragraph,
            line,
            _,
            left,
            top,
            width,
            height,
            sure,
            text,
        ] = fields.as_slice()
        else {
            return None;
        };
        let number = |field: &str| {
            field
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
        };
        let (left, top) = (number(left)?, number(top)?);
        let word = Self {
            paragraph: (block.parse().ok()?, paragraph.parse().ok()?),
            line: line.parse().ok()?,
            place: [left, top, left + number(width)?, top + number(height)?],
            sure: number(sure)? as f32,
            text: text.trim(),
        };
        (word.sure >= LEAST_SURE && !word.text.is_empty()).then_some(word)
    }
}

/// Paragraphs of a page, and how sure they are: 0 to 100, by characters.
fn blocks(table: &str, number: u32, picture: &PagePicture) -> (Vec<Block>, f32) {
    let words: Vec<Word<'_>> = table.lines().filter_map(Word::of).collect();
    let mut sure = 0.0;
    let mut characters = 0_usize;
    let mut blocks = Vec::new();
    for paragraph in words.chunk_by(|a, b| a.paragraph == b.paragraph) {
        let mut lines: Vec<String> = Vec::new();
        for line in paragraph.chunk_by(|a, b| a.line == b.line) {
            let words: Vec<&str> = line.iter().map(|word| word.text).collect();
            lines.push(text::clean(&words.join(" ")));
        }
        let joiner = Joiner::learn(std::iter::empty(), std::iter::empty());
        let mut joined = String::new();
        for line in &lines {
            joiner.join(&mut joined, line);
        }
        let joined = text::closed(joined);
        if joined.trim().is_empty() {
            continue;
        }
        for word in paragraph {
            let count = word.text.chars().count();
            sure += word.sure * count as f32;
            characters = characters.saturating_add(count);
        }
        let around = paragraph.iter().map(|word| word.place).reduce(|a, b| {
            [
                a[0].min(b[0]),
                a[1].min(b[1]),
                a[2].max(b[2]),
                a[3].max(b[3]),
            ]
        });
        blocks.push(Block {
            text: joined,
            locator: Locator::Page {
                number,
                bbox: around.and_then(|place| picture.on_page(place)),
            },
            role: Role::Paragraph,
        });
    }
    (blocks, sure / characters.max(1) as f32)
}

#[cfg(test)]
mod tests {
    use super::blocks;
    use crate::document::Locator;
    use crate::picture::PagePicture;

    #[test]
    fn words_become_paragraphs_with_places() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t200\t400\t-1\t\n\
            5\t1\t1\t1\t1\t1\t20\t40\t60\t20\t96.5\tUma\n\
            5\t1\t1\t1\t1\t2\t90\t40\t60\t20\t90\tdemons-\n\
            5\t1\t1\t1\t2\t1\t20\t70\t60\t20\t90\ttração.\n\
            5\t1\t2\t1\t1\t1\t20\t300\t60\t20\t12\t~|_\n\
            5\t1\t3\t1\t1\t1\t20\t340\t60\t20\t50\tFim\n";
        // Two pixels a point on a page of 100 by 200 points.
        let picture = PagePicture {
            png: Vec::new(),
            width: 200,
            height: 400,
            transform: [2.0, 0.0, 0.0, -2.0, 0.0, 400.0],
        };
        let (blocks, sure) = blocks(table, 3, &picture);
        let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["Uma demonstração.", "Fim"]);
        assert_eq!(
            blocks[0].locator,
            Locator::Page {
                number: 3,
                bbox: Some([10.0, 155.0, 75.0, 180.0])
            }
        );
        assert!((80.0..90.0).contains(&sure), "{sure}");
    }
}
