//! PDF.
//!
//! Two readers work together. `lopdf` gives the skeleton (pages, images, bookmarks, labels, metadata),
//! `pdf_oxide` the runs of text with their places; order, lines, paragraphs and headings are made here from
//! those places.
//!
//! **Second reader.** When the first finds fewer than [`FEW`] characters on a page that shows text, or when
//! more than a third of what it finds is no text (unmapped or private characters), or less than half of it
//! letters and digits, the page is read again through `lopdf`'s fonts, and that text is taken if it has at
//! least twice as many letters and digits.
//!
//! **Faults.** Every call into a library is guarded: a panic is a page not read, never the end of the
//! process. Deep recursion has a large stack. Endless loops and memory are bounded by the process this runs
//! in.

mod asides;
mod blocks;
mod furniture;
mod headings;
mod labels;
mod line;
mod lists;
mod nesting;
mod outline;
mod paragraphs;
mod reading_order;
mod run;
mod shown;
mod spans;
mod stream;
mod strings;
mod structure;
mod text;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::document::PdfDocument;

use self::furniture::PageText;
use self::line::Line;
use self::structure::{Opened, Page, Structure};
use crate::{Document, ExtractError, FileKind, Limits, Locator, PageInfo, Warning};

/// Characters of a page below which the second reader is asked too.
const FEW: usize = 40;

/// Bytes of stack: parsers recurse with the nesting of the file.
const STACK: usize = 64 << 20;

/// Reads a whole PDF.
///
/// # Errors
/// `Encrypted` with any but the empty password; `Damaged`; `NoText` without text and images; `TooLarge` by
/// bytes, pages or characters.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    if bytes.is_empty() {
        return Err(ExtractError::Empty);
    }
    within(bytes.len(), limits.bytes, "bytes")?;
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new()
            .name("pdf".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || read_guarded(bytes, limits));
        match reading.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(damaged("the reader panicked")),
            Err(error) => Err(damaged(&error.to_string())),
        }
    })
}

fn read_guarded(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let too_deep = || ExtractError::TooLarge {
        what: "nesting",
        limit: limits.nesting,
    };
    if nesting::deepest(bytes) > limits.nesting {
        return Err(too_deep());
    }
    let skeleton = guarded(|| structure::open(bytes, limits))
        .unwrap_or_else(|| Opened::Broken("the structure reader panicked".to_owned()));
    if matches!(skeleton, Opened::TooDeep) {
        return Err(too_deep());
    }
    let text = open_text(bytes);
    let (skeleton, reason) = match skeleton {
        Opened::Read(skeleton) => (Some(*skeleton), None),
        Opened::Locked if !matches!(text, TextReader::Open(_)) => {
            return Err(ExtractError::Encrypted);
        }
        Opened::Locked | Opened::TooDeep => (None, None),
        Opened::Broken(reason) => (None, Some(reason)),
    };
    let text = match (text, &skeleton, reason) {
        (TextReader::Open(text), _, _) => Some(text),
        // A file both readers call broken is not readable for want of a password.
        (TextReader::Locked, None, _) => return Err(ExtractError::Encrypted),
        (TextReader::Broken(first), None, second) => {
            return Err(damaged(&format!("{first}; {}", second.unwrap_or_default())));
        }
        (TextReader::Locked | TextReader::Broken(_), Some(_), _) => None,
    };
    Readers {
        skeleton,
        text,
        limits,
    }
    .read()
}

/// The two readers of one document; at least one is there.
struct Readers<'l> {
    skeleton: Option<Structure>,
    text: Option<Box<PdfDocument>>,
    limits: &'l Limits,
}

impl Readers<'_> {
    fn read(self) -> Result<Document, ExtractError> {
        let pages = self.pages()?;
        let mut document = Document::new(FileKind::Pdf);
        let mut texts = Vec::with_capacity(pages.len());
        let mut characters = 0_usize;
        for (index, page) in pages.iter().enumerate() {
            let (lines, warning) = self.lines(index, page);
            document.warnings.extend(warning);
            for line in &lines {
                characters = characters.saturating_add(line.text.len());
            }
            // Bytes are no fewer than characters; exact counting comes with the blocks.
            within(characters / 4, self.limits.characters, "characters")?;
            texts.push(PageText {
                lines,
                visible: page.visible,
                label: page.label.clone(),
            });
        }

        if let Some(skeleton) = &self.skeleton {
            document.outline.clone_from(&skeleton.outline);
            document.metadata = skeleton.metadata.clone();
        }
        document.blocks = blocks::make(&mut texts, &document.outline);

        let mut characters = vec![0_usize; pages.len()];
        for block in &document.blocks {
            if let Locator::Page { number, .. } = block.locator
                && let Some(index) = number.checked_sub(1)
                && let Some(count) = usize::try_from(index)
                    .ok()
                    .and_then(|index| characters.get_mut(index))
            {
                *count = count.saturating_add(text::ink(&block.text));
            }
        }
        let total = characters
            .iter()
            .fold(0, |sum: usize, count| sum.saturating_add(*count));
        within(total, self.limits.characters, "characters")?;
        for ((index, page), count) in pages.iter().enumerate().zip(characters) {
            document.pages.push(PageInfo {
                number: number(index),
                label: page.label.clone(),
                characters: u32::try_from(count).unwrap_or(u32::MAX),
                has_images: page.has_images || (count == 0 && self.shows_image(index, page)),
            });
        }
        let readable = |page: &PageInfo| page.characters > 0 || page.has_images;
        if !document.pages.iter().any(readable) {
            return Err(if self.skeleton.is_some() && document.warnings.is_empty() {
                ExtractError::NoText
            } else {
                damaged("no page could be read")
            });
        }
        Ok(document)
    }

    /// All pages: those of the page tree, and more if the text reader reaches more.
    fn pages(&self) -> Result<Vec<Page>, ExtractError> {
        let mut pages = self
            .skeleton
            .as_ref()
            .map(|skeleton| skeleton.pages.clone())
            .unwrap_or_default();
        within(pages.len(), self.limits.pages, "pages")?;
        if let Some(text) = &self.text {
            let claimed = guarded(|| text.page_count().unwrap_or(0)).unwrap_or(0);
            // The number is only claimed by the file; a page counts when it is there.
            while pages.len() < claimed {
                let index = pages.len();
                if !guarded(|| text.get_page(index).is_ok()).unwrap_or(false) {
                    break;
                }
                pages.push(Page {
                    visible: self.visible(index),
                    ..Page::default()
                });
                within(pages.len(), self.limits.pages, "pages")?;
            }
        }
        if pages.is_empty() {
            return Err(damaged("no pages"));
        }
        Ok(pages)
    }

    /// Visible part of a page only the text reader knows.
    fn visible(&self, index: usize) -> structure::PageBox {
        let found = self
            .text
            .as_ref()
            .and_then(|text| guarded(|| text.get_page_media_box(index).ok()).flatten());
        match found {
            Some((left, bottom, right, top)) if right > left && top > bottom => {
                structure::PageBox {
                    left,
                    bottom,
                    right,
                    top,
                }
            }
            _ => structure::PageBox::default(),
        }
    }

    /// Whether a page only the text reader knows shows an image.
    fn shows_image(&self, index: usize, page: &Page) -> bool {
        page.id.is_none()
            && self.text.as_ref().is_some_and(|text| {
                guarded(|| {
                    text.page_image_handles(index)
                        .is_ok_and(|images| !images.is_empty())
                })
                .unwrap_or(false)
            })
    }

    /// Lines of a page by the better reader, and what went wrong.
    fn lines(&self, index: usize, page: &Page) -> (Vec<Line>, Option<Warning>) {
        let first = self.text.as_ref().filter(|_| !page.too_much_text);
        let first = first.map(|text| {
            guarded(|| spans::lines(text, index))
                .unwrap_or_else(|| Err("the text reader panicked".to_owned()))
        });
        let (lines, failed) = match first {
            Some(Ok(lines)) => (lines, false),
            Some(Err(reason)) => {
                tracing::debug!(page = number(index), reason, "text reader failed");
                (Vec::new(), true)
            }
            None => (Vec::new(), false),
        };
        let found = Found::of(&lines);
        if found.ink >= FEW && !found.is_garbled() {
            return (lines, None);
        }
        let second = self
            .skeleton
            .as_ref()
            .zip(page.id)
            .and_then(|(skeleton, id)| {
                let limit = structure::stream_limit(self.limits);
                guarded(|| stream::lines(&skeleton.document, id, limit))
            });
        let other = second.as_deref().map(Found::of).unwrap_or_default();
        let better = other.letters > 0 && other.letters >= found.letters.saturating_mul(2);
        let (lines, found) = match second {
            Some(second) if better => (second, other),
            _ => (lines, found),
        };
        let warning = if failed && found.ink == 0 {
            Some(warning(
                index,
                "page_unreadable",
                format!("Não foi possível ler o texto da página {}.", number(index)),
            ))
        } else if found.ink >= FEW && found.is_garbled() {
            Some(warning(
                index,
                "unmapped_text",
                format!(
                    "A página {} usa fontes sem correspondência com letras; parte do texto pode estar \
                     ilegível.",
                    number(index)
                ),
            ))
        } else {
            None
        };
        (lines, warning)
    }
}

/// What a reader found on a page, in characters without white space.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    ink: usize,
    letters: usize,
    /// Replacement and private characters: glyphs nobody mapped to text.
    odd: usize,
}

impl Found {
    /// Much of it is no text, or most of it neither letters nor digits.
    fn is_garbled(&self) -> bool {
        self.odd.saturating_mul(3) > self.ink || self.letters.saturating_mul(2) < self.ink
    }

    fn of(lines: &[Line]) -> Self {
        let mut found = Self::default();
        for character in lines.iter().flat_map(|line| line.text.chars()) {
            if character.is_whitespace() {
                continue;
            }
            found.ink = found.ink.saturating_add(1);
            if character.is_alphanumeric() {
                found.letters = found.letters.saturating_add(1);
            }
            if matches!(character, '\u{FFFD}' | '\u{E000}'..='\u{F8FF}') {
                found.odd = found.odd.saturating_add(1);
            }
        }
        found
    }
}

/// What opening for text came to.
enum TextReader {
    Open(Box<PdfDocument>),
    Locked,
    Broken(String),
}

fn open_text(bytes: &[u8]) -> TextReader {
    let opened = guarded(|| {
        let document = PdfDocument::from_bytes(bytes.to_vec())?;
        // Tries the empty password.
        let locked = document.is_encrypted() && !document.is_authenticated();
        Ok((document, locked))
    });
    match opened {
        Some(Ok((document, false))) => TextReader::Open(Box::new(document)),
        Some(Ok((_, true)) | Err(pdf_oxide::Error::EncryptedPdf)) => TextReader::Locked,
        Some(Err(error)) => TextReader::Broken(error.to_string()),
        None => TextReader::Broken("the text reader panicked".to_owned()),
    }
}

/// Runs `work` of a library; `None` if it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What a library leaves behind is only read again through calls guarded in the same way.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn damaged(reason: &str) -> ExtractError {
    ExtractError::Damaged {
        reason: reason.to_owned(),
    }
}

fn within(count: usize, limit: u64, what: &'static str) -> Result<(), ExtractError> {
    if u64::try_from(count).unwrap_or(u64::MAX) > limit {
        return Err(ExtractError::TooLarge { what, limit });
    }
    Ok(())
}

/// 1-based number of the page at `index`.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

fn warning(index: usize, code: &str, message: String) -> Warning {
    Warning {
        code: code.to_owned(),
        message,
        locator: Some(Locator::Page {
            number: number(index),
            bbox: None,
        }),
    }
}
