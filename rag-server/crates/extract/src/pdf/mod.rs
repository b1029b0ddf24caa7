//! PDF.
//!
//! Two readers work together. `lopdf` gives the skeleton (pages, images, bookmarks, labels, metadata), `hayro` every glyph
//! with its place; words, order, lines, paragraphs and headings are made here from those places.
//!
//! **Second reader.** When the first finds fewer than [`FEW`] characters on a page, or breaks off, the page is read again through
//! `lopdf`'s fonts, and that text is taken if it has at least twice as many letters and digits. Where a font of the page is
//! not in the file, which the first reader passes over unless the text is plain ASCII, more letters are enough. Glyphs that
//! the first finds and cannot name are not asked for again: other readers take their codes for letters, and what comes out
//! is no text.
//!
//! **Faults.** Every call into a library is guarded: a panic is a page not read, never the end of the
//! process. Deep recursion has a large stack. Endless loops and memory are bounded by the process this runs
//! in.

mod asides;
mod bidi;
mod blocks;
mod furniture;
mod glyphs;
mod headings;
mod labels;
mod letters;
mod line;
mod lists;
mod mark;
mod nesting;
mod outline;
mod paragraphs;
mod reading_order;
mod recognised;
mod run;
mod shown;
mod stream;
mod strings;
mod structure;
mod swollen;
mod text;

#[cfg(test)]
pub(crate) mod tests;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use self::recognised::{RecognisedPage, recognise_page};

use self::furniture::PageText;
use self::line::Line;
use self::shown::Forms;
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
    let swollen = || ExtractError::TooLarge {
        what: "bytes",
        limit: limits.unpacked_bytes,
    };
    if nesting::deepest(bytes) > limits.nesting {
        return Err(too_deep());
    }
    let skeleton = guarded(|| structure::open(bytes, limits))
        .unwrap_or_else(|| Opened::Broken("the structure reader panicked".to_owned()));
    match skeleton {
        Opened::TooDeep => return Err(too_deep()),
        Opened::Swollen => return Err(swollen()),
        Opened::Read(_) | Opened::Locked | Opened::Broken(_) => {}
    }
    let opened = guarded(|| glyphs::open(bytes)).unwrap_or(glyphs::Opened::Broken);
    let locked = matches!(opened, glyphs::Opened::Locked);
    let pdf = match opened {
        glyphs::Opened::Read(pdf) => Some(pdf),
        glyphs::Opened::Locked | glyphs::Opened::Broken => None,
    };
    let skeleton = match (skeleton, &pdf) {
        (Opened::Read(skeleton), _) => Some(*skeleton),
        // A file both readers call broken is not readable for want of a password.
        (Opened::Locked, None) => return Err(ExtractError::Encrypted),
        (Opened::Broken(_), None) if locked => return Err(ExtractError::Encrypted),
        (Opened::Broken(reason), None) => return Err(damaged(&reason)),
        (_, _) => None,
    };
    let unpacked = usize::try_from(limits.unpacked_bytes).unwrap_or(usize::MAX);
    if skeleton.is_none()
        && let Some(pdf) = &pdf
        && guarded(|| glyphs::is_swollen(pdf, structure::stream_limit(limits))) == Some(true)
    {
        return Err(swollen());
    }
    Readers {
        skeleton,
        glyphs: pdf.as_deref().map(|pdf| glyphs::Reader::new(pdf, unpacked)),
        forms: RefCell::default(),
        limits,
    }
    .read()
}

/// What a page shows by the better reader, and what went wrong.
struct Best {
    lines: Vec<Line>,
    image: bool,
    warning: Option<Warning>,
}

/// The two readers of one document; at least one is there.
struct Readers<'l> {
    skeleton: Option<Structure>,
    glyphs: Option<glyphs::Reader<'l>>,
    forms: RefCell<Forms>,
    limits: &'l Limits,
}

impl Readers<'_> {
    fn read(self) -> Result<Document, ExtractError> {
        let pages = self.pages()?;
        let mut document = Document::new(FileKind::Pdf);
        let mut texts = Vec::with_capacity(pages.len());
        let mut has_images = Vec::with_capacity(pages.len());
        let mut characters = 0_usize;
        for (index, page) in pages.iter().enumerate() {
            let shown = self.best(index, page)?;
            document.warnings.extend(shown.warning);
            has_images.push(shown.image);
            for line in &shown.lines {
                characters = characters.saturating_add(line.text.len());
            }
            // Bytes are no fewer than characters; exact counting comes with the blocks.
            within(characters / 4, self.limits.characters, "characters")?;
            texts.push(PageText {
                lines: shown.lines,
                visible: page.visible,
                label: page.label.clone(),
            });
        }

        if let Some(skeleton) = &self.skeleton {
            document.outline.clone_from(&skeleton.outline);
            document.metadata = skeleton.metadata.clone();
        }
        let made = blocks::make(&mut texts, &document.outline);
        document.blocks = made.blocks;
        document.furniture = made.furniture;

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
        for (((index, page), count), has_images) in
            pages.iter().enumerate().zip(characters).zip(has_images)
        {
            document.pages.push(PageInfo {
                number: number(index),
                label: page.label.clone(),
                characters: u32::try_from(count).unwrap_or(u32::MAX),
                has_images,
                recognised: None,
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
        if let Some(glyphs) = &self.glyphs {
            let found = guarded(|| glyphs.pages()).unwrap_or(0);
            within(found, self.limits.pages, "pages")?;
            for index in pages.len()..found {
                let visible = guarded(|| glyphs.visible(index)).flatten();
                pages.push(Page {
                    visible: visible.unwrap_or_default(),
                    ..Page::default()
                });
            }
        }
        if pages.is_empty() {
            return Err(damaged("no pages"));
        }
        Ok(pages)
    }

    /// What a page shows by the better reader, and what went wrong.
    ///
    /// # Errors
    /// `TooLarge` by the bytes that its contents unpack to.
    fn best(&self, index: usize, page: &Page) -> Result<Best, ExtractError> {
        let first = self
            .glyphs
            .as_ref()
            .map(|glyphs| guarded(|| glyphs.page(index)));
        let mut has_images = false;
        let mut fonts_lost = false;
        let (lines, failed) = match first {
            Some(Some(Ok(Some(shown)))) => {
                has_images = shown.image;
                fonts_lost = shown.fonts_lost;
                (shown.lines, !shown.whole)
            }
            Some(Some(Err(glyphs::Swollen))) => {
                return Err(ExtractError::TooLarge {
                    what: "bytes",
                    limit: self.limits.unpacked_bytes,
                });
            }
            Some(None) => (Vec::new(), true),
            Some(Some(Ok(None))) | None => (Vec::new(), false),
        };
        let found = Found::of(&lines);
        let doubtful = found.ink < FEW || failed || fonts_lost;
        if !doubtful && !found.is_garbled() {
            return Ok(Best {
                lines,
                image: has_images,
                warning: None,
            });
        }
        // An image that the first reader cannot make sense of is one all the same.
        has_images = has_images || self.names_image(page);
        let second = self
            .skeleton
            .as_ref()
            .zip(page.id)
            .filter(|_| doubtful)
            .and_then(|(skeleton, id)| {
                let limit = structure::stream_limit(self.limits);
                guarded(|| stream::lines(&skeleton.document, id, limit))
            });
        let other = second.as_deref().map(Found::of).unwrap_or_default();
        let better = if fonts_lost {
            other.letters > found.letters
        } else {
            other.letters > 0 && other.letters >= found.letters.saturating_mul(2)
        };
        let (lines, found) = match second {
            Some(second) if better => (second, other),
            _ => (lines, found),
        };
        let garbled = found.ink >= FEW && found.is_garbled();
        let mut lines = lines;
        if garbled {
            // What nobody can name is for recognition, like a picture.
            has_images = true;
            for line in &mut lines {
                line.text = text::clean(&line.text.replace('\u{FFFD}', " "));
            }
            lines.retain(|line| !line.text.is_empty());
        }
        let warning = if failed && found.ink == 0 {
            Some(warning(
                index,
                "page_unreadable",
                format!("Não foi possível ler o texto da página {}.", number(index)),
            ))
        } else if garbled {
            Some(warning(
                index,
                "unmapped_text",
                format!(
                    "A página {} usa fontes sem correspondência com letras; parte do texto pode estar \
                     ilegível.",
                    number(index)
                ),
            ))
        } else if failed {
            Some(warning(
                index,
                "page_incomplete",
                format!(
                    "Não foi possível ler a página {} até o fim; parte do texto pode faltar.",
                    number(index)
                ),
            ))
        } else {
            None
        };
        Ok(Best {
            lines,
            image: has_images,
            warning,
        })
    }

    /// Whether the contents of a page name an image.
    fn names_image(&self, page: &Page) -> bool {
        let skeleton = self.skeleton.as_ref().zip(page.id);
        skeleton.is_some_and(|(skeleton, id)| {
            let limit = structure::stream_limit(self.limits);
            let forms = &mut self.forms.borrow_mut();
            guarded(|| shown::has_image(&skeleton.document, id, limit, forms)).unwrap_or(false)
        })
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
