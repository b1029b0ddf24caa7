//! The first reader: every glyph a page shows with its place, by hayro, put together to runs of text.
//!
//! hayro interprets the page like a renderer (forms, optional content, annotations, Type 3 fonts, vertical writing) and calls
//! [`Collector`] for each run of glyphs; nothing is drawn and no image is decoded.

use std::cell::Cell;
use std::panic::resume_unwind;

use hayro_interpret::font::GlyphRun;
use hayro_interpret::hayro_cmap::WritingMode;
use hayro_interpret::hayro_syntax::content::TypedIter;
use hayro_interpret::hayro_syntax::object::{
    Array, Dict, Name, Object, Stream, String as PdfString,
};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{Filter, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, RenderContent, SoftMask, interpret, interpret_page,
};

use super::letters::{Letters, Pitch, WORD_GAP};
use super::line::{Line, Place};
use super::mark::{Fonts, Mark, is_stretched};
use super::reading_order;
use super::run::Run;
use super::structure::PageBox;
use super::{bidi, guarded, strings, swollen, text};

/// Ems between glyphs of one run; what is further apart may be another column.
const RUN_GAP: f64 = 0.9;

/// Ems a glyph may begin before the last one ended (kerning, accents set over letters).
const OVERLAP: f64 = 0.6;

/// Ems a glyph may stand off the line.
const OFF_LINE: f64 = 0.05;

/// Strokes thicker than this against most of the page's are bold.
const BOLD: f64 = 1.3;

/// Glyphs on one page beyond which it is taken for one made to exhaust readers; a dense page has ten thousand.
const MOST_GLYPHS: usize = 2_000_000;

/// Clips set on one page, likewise; a map has some ten thousand.
const MOST_CLIPS: usize = 100_000;

/// Marked contents within each other that are told apart.
const MOST_CONTENTS: usize = 1_000;

/// What opening came to.
pub(super) enum Opened {
    /// Readable.
    Read(Box<Pdf>),
    /// Encrypted with a password that is not empty, or by a method hayro does not know.
    Locked,
    /// Not readable.
    Broken,
}

/// A page with more to unpack than the limit.
#[derive(Debug)]
pub(super) struct Swollen;

/// Opens `bytes` with the empty password.
pub(super) fn open(bytes: &[u8]) -> Opened {
    match Pdf::new(bytes.to_vec()) {
        Ok(pdf) => Opened::Read(Box::new(pdf)),
        Err(LoadPdfError::Decryption(_)) => Opened::Locked,
        Err(LoadPdfError::Invalid) => Opened::Broken,
    }
}

/// Whether a stream other than an image unpacks to more than `limit` bytes: for files that lopdf cannot open.
pub(super) fn is_swollen(pdf: &Pdf, limit: usize) -> bool {
    pdf.objects().into_iter().any(|object| match object {
        Object::Stream(stream) => {
            let kind = stream.dict().get::<Name<'_>>(b"Subtype".as_slice());
            let filters = stream.filters();
            let filters = filters.iter().map(|filter| match filter {
                Filter::FlateDecode => b"FlateDecode".as_slice(),
                Filter::LzwDecode => b"LZWDecode",
                Filter::RunLengthDecode => b"RunLengthDecode",
                Filter::Ascii85Decode => b"ASCII85Decode",
                Filter::AsciiHexDecode => b"ASCIIHexDecode",
                _ => b"",
            });
            kind.is_none_or(|kind| kind.as_ref() != b"Image")
                && swollen::unpacks(&stream.raw_data(), filters, limit)
        }
        _ => false,
    })
}

/// Reads the pages of one document.
pub(super) struct Reader<'a> {
    pdf: &'a Pdf,
    cache: InterpreterCache<'a>,
    fonts: Fonts<'a>,
    /// Bytes that the contents of pages may still unpack to.
    left: Cell<usize>,
}

impl<'a> Reader<'a> {
    /// `limit`: bytes that the contents of all pages together may unpack to.
    pub(super) fn new(pdf: &'a Pdf, limit: usize) -> Self {
        Self {
            pdf,
            cache: InterpreterCache::new(),
            fonts: Fonts::new(pdf),
            left: Cell::new(limit),
        }
    }

    /// Pages there are.
    pub(super) fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// Visible part of page `index` (0-based); `None` when there is no such page or it has no extent.
    pub(super) fn visible(&self, index: usize) -> Option<PageBox> {
        let seen = self.pdf.pages().get(index)?.intersected_crop_box();
        let seen = PageBox {
            left: seen.x0 as f32,
            bottom: seen.y0 as f32,
            right: seen.x1 as f32,
            top: seen.y1 as f32,
        };
        (seen.right > seen.left && seen.top > seen.bottom).then_some(seen)
    }

    /// What page `index` (0-based) shows; `None` when there is no such page.
    pub(super) fn page(&self, index: usize) -> Result<Option<Shown>, Swollen> {
        let Some(page) = self.pdf.pages().get(index) else {
            return Ok(None);
        };
        let content = self.content(page)?;
        // Its own contents are handed over: the page would keep them unpacked until the end of the document.
        let settings = InterpreterSettings {
            render_content: RenderContent::ANNOTATIONS,
            ..InterpreterSettings::default()
        };
        let mut context = Context::new(
            Affine::IDENTITY,
            Rect::new(0.0, 0.0, 1.0, 1.0),
            &self.cache,
            self.pdf.xref(),
            settings,
        );
        let seen = page.intersected_crop_box();
        let mut collector = Collector {
            fonts: &self.fonts,
            visible: Rect::new(seen.x0, seen.y0, seen.x1, seen.y1),
            runs: Vec::new(),
            strokes: Vec::new(),
            open: None,
            last: None,
            glyphs: 0,
            clips: 0,
            contents: Vec::new(),
            held: Vec::new(),
            image: false,
        };
        let whole = guarded(|| {
            interpret(
                TypedIter::new(&content),
                page.resources(),
                &mut context,
                &mut collector,
            );
            interpret_page(page, &mut context, &mut collector);
        });
        Ok(Some(Shown {
            whole: whole.is_some(),
            fonts_lost: fonts_lost(page, &content),
            image: collector.image,
            lines: reading_order::lines(collector.into_runs()),
        }))
    }

    /// The contents of `page`, one after the other.
    fn content(&self, page: &Page<'a>) -> Result<Vec<u8>, Swollen> {
        let contents = b"Contents".as_slice();
        let streams: Box<dyn Iterator<Item = Stream<'_>>> =
            if let Some(one) = page.raw().get::<Stream<'_>>(contents) {
                Box::new(std::iter::once(one))
            } else if let Some(several) = page.raw().get::<Array<'_>>(contents) {
                Box::new(several.iter::<Stream<'_>>())
            } else {
                return Ok(Vec::new());
            };
        let mut content = Vec::new();
        for stream in streams {
            let Ok(part) = stream.decoded_data() else {
                continue;
            };
            // Each is at least counted, so that a list of a million empty ones ends too.
            let length = part.len().saturating_add(1);
            self.left
                .set(self.left.get().checked_sub(length).ok_or(Swollen)?);
            content.extend_from_slice(&part);
            content.push(b' ');
        }
        Ok(content)
    }
}

/// What a page shows.
pub(super) struct Shown {
    /// In reading order.
    pub(super) lines: Vec<Line>,
    /// At least one image.
    pub(super) image: bool,
    /// It was read to its end.
    pub(super) whole: bool,
    /// A font it names is not in the file. What was set in it is left out where it has more than plain Latin letters.
    pub(super) fonts_lost: bool,
}

/// Whether a font named in the resources of `page` is not there, or their list of fonts while the contents choose one.
fn fonts_lost(page: &Page<'_>, content: &[u8]) -> bool {
    let fonts = &page.resources().fonts;
    if fonts.is_empty() {
        return memchr::memmem::find(content, b" Tf").is_some();
    }
    fonts
        .keys()
        .any(|name| page.resources().get_font(&name).is_none())
}

/// Glyphs of one run so far, in the frame they stand upright in.
struct Open {
    letters: Letters,
    left: f64,
    /// End of the last glyph that shows something.
    right: f64,
    baseline: f64,
    size: f64,
    turned: i16,
    chrome: bool,
    /// Thickness of strokes, thousandths of an em, summed up over so many glyphs.
    stroke: f64,
    stroked: usize,
    pitch: Pitch,
    place: Place,
}

/// Marked content that is open (ISO 32000-2, 14.6).
#[derive(Clone)]
struct Content {
    chrome: bool,
    /// The text its glyphs stand for, as the file says.
    actual: Option<String>,
}

struct Collector<'f> {
    fonts: &'f Fonts<'f>,
    /// What is seen of the page; glyphs beyond are not shown.
    visible: Rect,
    runs: Vec<Run>,
    /// Mean thickness of strokes of each run, 0 where it is not known.
    strokes: Vec<f64>,
    open: Option<Open>,
    /// Where the last run of glyphs began, and how many it had: outlines are shown again for their stroke.
    last: Option<(f64, f64, usize)>,
    glyphs: usize,
    clips: usize,
    contents: Vec<Content>,
    /// Glyphs of the marked content that says what they stand for.
    held: Vec<Mark>,
    image: bool,
}

impl Collector<'_> {
    fn chrome(&self) -> bool {
        self.contents.iter().any(|content| content.chrome)
    }

    /// Whether the middle of a glyph is on the visible page; everything is where the page has no extent.
    fn sees(&self, mark: &Mark) -> bool {
        let middle = Point::new(
            f64::from(mark.place.left + mark.place.right) / 2.0,
            f64::from(mark.place.bottom + mark.place.top) / 2.0,
        );
        self.visible.area() <= 0.0 || self.visible.contains(middle)
    }

    fn take(&mut self, mark: Mark) {
        if self.contents.iter().any(|content| content.actual.is_some()) {
            self.held.push(mark);
        } else {
            self.add(mark);
        }
    }

    fn add(&mut self, mark: Mark) {
        let chrome = self.chrome();
        if let Some(open) = &mut self.open {
            let em = open.size.min(mark.size).max(f64::MIN_POSITIVE);
            let gap = mark.left - open.right;
            let same_line = open.turned == mark.turned
                && open.chrome == chrome
                && (open.baseline - mark.baseline).abs() <= OFF_LINE * em
                && (open.size - mark.size).abs() <= 0.02 * em;
            // Letters of right-to-left scripts may be shown in either direction; each is put where it stands.
            let backwards = mark.text.chars().any(bidi::is_right_to_left);
            let overlap = if backwards { WORD_GAP } else { OVERLAP };
            if same_line && gap <= RUN_GAP * em && gap >= -overlap * em {
                open.pitch.add(&mark);
                if mark.text.trim().is_empty() {
                    open.letters.space();
                    return;
                }
                open.letters.add(mark.text, gap / em);
                open.right = open.right.max(mark.right);
                open.place = open.place.around(mark.place);
                open.stroke += mark.stroke;
                open.stroked = open.stroked.saturating_add(usize::from(mark.stroke > 0.0));
                return;
            }
            self.close();
        }
        if mark.text.trim().is_empty() {
            return;
        }
        self.open = Some(Open {
            left: mark.left,
            right: mark.right,
            baseline: mark.baseline,
            size: mark.size,
            turned: mark.turned,
            chrome,
            stroke: mark.stroke,
            stroked: usize::from(mark.stroke > 0.0),
            pitch: Pitch::of(&mark),
            place: mark.place,
            letters: Letters::new(mark.text),
        });
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.strokes.push(if open.stroked > 0 {
            open.stroke / open.stroked as f64
        } else {
            0.0
        });
        self.runs.push(Run {
            number: self.runs.len(),
            text: open.letters.into_text(),
            left: open.left as f32,
            baseline: open.baseline as f32,
            right: open.right as f32,
            size: open.size as f32,
            bold: false,
            monospaced: open.pitch.is_monospaced(),
            turned: open.turned,
            chrome: open.chrome,
            place: open.place,
        });
    }

    /// The glyphs of a marked content that has ended. What the file says they stand for counts only where a glyph says
    /// nothing itself: people see the glyphs.
    fn release(&mut self, actual: &str) {
        let held = std::mem::take(&mut self.held);
        let unknown = held.iter().any(|mark| mark.text.contains('\u{FFFD}'));
        let mut marks = held.into_iter();
        if !unknown {
            marks.for_each(|mark| self.add(mark));
            return;
        }
        if let Some(mut first) = marks.next() {
            actual.clone_into(&mut first.text);
            for mark in marks {
                if mark.turned == first.turned
                    && (mark.baseline - first.baseline).abs() < first.size
                {
                    first.right = first.right.max(mark.right);
                    first.place = first.place.around(mark.place);
                }
            }
            self.add(first);
        }
    }

    /// Runs with their weight: bold against most of the page's letters.
    fn into_runs(mut self) -> Vec<Run> {
        while !self.contents.is_empty() {
            self.end_marked_content();
        }
        self.close();
        let mut weights: Vec<(f64, usize)> = self
            .strokes
            .iter()
            .zip(&self.runs)
            .filter(|(stroke, _)| **stroke > 0.0)
            .map(|(stroke, run)| (*stroke, text::ink(&run.text)))
            .collect();
        weights.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: usize = weights.iter().map(|(_, ink)| *ink).sum();
        let mut sum = 0_usize;
        let usual = weights
            .iter()
            .find(|(_, ink)| {
                sum = sum.saturating_add(*ink);
                sum.saturating_mul(2) >= all
            })
            .map_or(0.0, |(stroke, _)| *stroke);
        for (run, stroke) in self.runs.iter_mut().zip(&self.strokes) {
            run.bold = usual > 0.0 && *stroke > BOLD * usual;
        }
        self.runs
    }
}

impl<'a> Device<'a> for Collector<'_> {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {
        // Each form sets one. Forms that show themselves several times over would be shown until the end of time.
        self.clips = self.clips.saturating_add(1);
        if self.clips > MOST_CLIPS {
            resume_unwind(Box::new("too many clips"));
        }
    }
    fn push_clip_rect(&mut self, _: &Rect) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.image = true;
    }
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
    fn draw_rect(&mut self, _: &Rect, _: DrawProps<'a>, _: &DrawMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let Some(first) = run.glyphs().first() else {
            return;
        };
        #[expect(clippy::arithmetic_side_effects, reason = "matrices of floats")]
        let start = (props.transform * first.transform()).translation();
        let this = (start.x, start.y, run.glyphs().len());
        if matches!(mode, DrawMode::Stroke(_)) && self.last == Some(this) {
            return;
        }
        self.last = Some(this);
        self.glyphs = self.glyphs.saturating_add(run.glyphs().len());
        if self.glyphs > MOST_GLYPHS {
            return;
        }
        let vertical = run.writing_mode() == WritingMode::Vertical;
        let stretched = is_stretched(run.glyphs());
        for glyph in run.glyphs() {
            let mark = Mark::of(glyph, props.transform, vertical, stretched, self.fonts);
            if let Some(mark) = mark.filter(|mark| self.sees(mark)) {
                self.take(mark);
            }
        }
    }

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        if self.contents.len() >= MOST_CONTENTS {
            return;
        }
        let name = |key: &[u8]| properties.and_then(|properties| properties.get::<Name<'_>>(key));
        let is = |key: &[u8], values: &[&[u8]]| {
            name(key).is_some_and(|name| values.contains(&name.as_ref()))
        };
        let chrome = tag == b"Artifact"
            && (is(
                b"Subtype",
                &[b"Header", b"Footer", b"PageNum", b"Watermark"],
            ) || (name(b"Subtype").is_none() && is(b"Type", &[b"Pagination"])));
        let actual = properties
            .and_then(|properties| properties.get::<PdfString<'_>>(b"ActualText"))
            .and_then(|actual| strings::decode(actual.as_bytes()));
        // The outermost says it for all within.
        let actual =
            actual.filter(|_| self.contents.iter().all(|content| content.actual.is_none()));
        if actual.is_none() && chrome != self.chrome() {
            self.close();
        }
        self.contents.push(Content { chrome, actual });
    }

    fn end_marked_content(&mut self) {
        if let Some(Content {
            actual: Some(actual),
            ..
        }) = self.contents.pop()
        {
            self.release(&actual);
        }
    }
}
