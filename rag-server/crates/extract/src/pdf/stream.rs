//! The second reader: text from content streams by lopdf's fonts and a small model of where text is shown.
//!
//! It knows no widths of glyphs, so that it guesses where words end; it is asked only when the first reader
//! finds nothing, or not text.

use std::collections::{BTreeMap, HashSet};

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Encoding, Object, ObjectId};

use super::line::Line;
use super::structure::{child, inherited};
use super::text;

/// Width of a letter in ems where widths are not known: the mean of Latin text faces.
const MEAN_ADVANCE: f32 = 0.5;

/// Part of an em that separates words, in a move or in thousandths within an array of strings.
const WORD_GAP: f32 = 0.2;

/// Forms within forms that are read.
const MAX_FORMS: usize = 8;

/// Operations read on one page, forms included: a page of dense tables has some ten thousand.
const MAX_OPERATIONS: usize = 2_000_000;

/// How letters of a font that is not in the file are read: most Latin text is encoded so.
const ASSUMED: Encoding<'_> = Encoding::SimpleEncoding(b"WinAnsiEncoding");

/// Lines of text a page shows, in the order of its content stream. Places are not known.
pub(super) fn lines(document: &Document, page: ObjectId, stream_limit: usize) -> Vec<Line> {
    let Ok(content) = document.get_page_content_with_limit(page, stream_limit) else {
        return Vec::new();
    };
    let resources = match inherited(document, page, b"Resources") {
        Some(Object::Dictionary(resources)) => Some(resources),
        _ => None,
    };
    let mut reader = Reader {
        document,
        stream_limit,
        operations: 0,
        within: HashSet::new(),
        pen: Pen::default(),
        lines: Vec::new(),
    };
    reader.read(&content, resources);
    reader.pen.finish(&mut reader.lines);
    reader.lines
}

struct Reader<'a> {
    document: &'a Document,
    stream_limit: usize,
    operations: usize,
    /// Forms being read, so that one that shows itself ends.
    within: HashSet<ObjectId>,
    pen: Pen,
    lines: Vec<Line>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, content: &[u8], resources: Option<&'a Dictionary>) {
        let fonts = self.fonts(resources);
        let mut font: Option<&Encoding<'_>> = None;
        for operation in Content::decode_iter(content) {
            let Ok(operation) = operation else {
                break;
            };
            self.operations = self.operations.saturating_add(1);
            if self.operations > MAX_OPERATIONS {
                break;
            }
            let operands = operation.operands.as_slice();
            match operation.operator.as_str() {
                "Tf" => {
                    if let [Object::Name(name), size] = operands {
                        font = match fonts.get(name) {
                            Some(font) => font.as_ref(),
                            None => Some(&ASSUMED),
                        };
                        self.pen.size = size.as_float().unwrap_or(self.pen.size);
                    }
                }
                "Do" => self.show_form(&operation, resources),
                _ => self.pen.operate(&operation, font, &mut self.lines),
            }
        }
    }

    /// The fonts that are in the file; `None` for one whose codes nobody can read.
    fn fonts(&self, resources: Option<&'a Dictionary>) -> BTreeMap<Vec<u8>, Option<Encoding<'a>>> {
        let Some(fonts) = resources.and_then(|resources| child(self.document, resources, b"Font"))
        else {
            return BTreeMap::new();
        };
        fonts
            .iter()
            .filter_map(|(name, font)| {
                let (_, font) = self.document.dereference(font).ok()?;
                let encoding = font
                    .as_dict()
                    .ok()?
                    .get_font_encoding_with_limit(self.document, self.stream_limit);
                Some((name.clone(), encoding.ok()))
            })
            .collect()
    }

    fn show_form(&mut self, operation: &Operation, resources: Option<&'a Dictionary>) {
        let id = operation
            .operands
            .first()
            .and_then(|name| name.as_name().ok())
            .and_then(|name| {
                let objects = child(self.document, resources?, b"XObject")?;
                objects.get(name).ok()?.as_reference().ok()
            });
        let Some(id) = id else {
            return;
        };
        if self.within.len() >= MAX_FORMS || self.within.contains(&id) {
            return;
        }
        let Ok(form) = self.document.get_object(id).and_then(Object::as_stream) else {
            return;
        };
        let is_form = matches!(
            form.dict.get(b"Subtype").and_then(Object::as_name),
            Ok(b"Form")
        );
        if !is_form {
            return;
        }
        let Ok(content) = form.get_plain_content_with_limit(self.stream_limit) else {
            return;
        };
        let own = child(self.document, &form.dict, b"Resources").or(resources);
        self.within.insert(id);
        self.read(&content, own);
        self.within.remove(&id);
    }
}

/// Where text is shown: the text matrix without the page's own, which changes nothing about what follows what.
#[derive(Default)]
struct Pen {
    size: f32,
    leading: f32,
    /// Scale of the text matrix, and the start of the line.
    scale: f32,
    line_x: f32,
    line_y: f32,
    /// Where the next string begins, and whether that is known.
    x: f32,
    y: f32,
    /// The line so far, its left end and its guessed right end.
    text: String,
    left: f32,
    end: f32,
    text_size: f32,
    text_y: f32,
}

impl Pen {
    fn operate(
        &mut self,
        operation: &Operation,
        font: Option<&Encoding<'_>>,
        lines: &mut Vec<Line>,
    ) {
        let number = |index: usize| -> Option<f32> {
            operation
                .operands
                .get(index)?
                .as_float()
                .ok()
                .filter(|number| number.is_finite())
        };
        match operation.operator.as_str() {
            "BT" => {
                self.scale = 1.0;
                self.start(0.0, 0.0);
            }
            "TL" => self.leading = number(0).unwrap_or(self.leading),
            "Td" | "TD" => {
                if let (Some(x), Some(y)) = (number(0), number(1)) {
                    if operation.operator == "TD" {
                        self.leading = -y;
                    }
                    self.start(self.line_x + x * self.scale, self.line_y + y * self.scale);
                }
            }
            "Tm" => {
                if let (Some(c), Some(d), Some(x), Some(y)) =
                    (number(2), number(3), number(4), number(5))
                {
                    self.scale = c.hypot(d);
                    self.start(x, y);
                }
            }
            "T*" => self.next_line(),
            "Tj" => self.show_operand(operation, 0, font, lines),
            "'" => {
                self.next_line();
                self.show_operand(operation, 0, font, lines);
            }
            "\"" => {
                self.next_line();
                self.show_operand(operation, 2, font, lines);
            }
            "TJ" => {
                if let Some(Ok(parts)) = operation.operands.first().map(Object::as_array) {
                    for part in parts {
                        match part {
                            Object::String(bytes, _) => self.show(bytes, font, lines),
                            gap => {
                                let gap = gap.as_float().unwrap_or_default() / 1000.0;
                                if -gap > WORD_GAP {
                                    self.text.push(' ');
                                }
                                self.x -= gap * self.em();
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn em(&self) -> f32 {
        (self.size * self.scale).abs()
    }

    fn start(&mut self, x: f32, y: f32) {
        self.line_x = x;
        self.line_y = y;
        self.x = x;
        self.y = y;
    }

    fn next_line(&mut self) {
        self.start(self.line_x, self.line_y - self.leading * self.scale);
    }

    fn show_operand(
        &mut self,
        operation: &Operation,
        index: usize,
        font: Option<&Encoding<'_>>,
        lines: &mut Vec<Line>,
    ) {
        if let Some(Object::String(bytes, _)) = operation.operands.get(index) {
            self.show(bytes, font, lines);
        }
    }

    fn show(&mut self, bytes: &[u8], font: Option<&Encoding<'_>>, lines: &mut Vec<Line>) {
        let Some(Ok(shown)) = font.map(|font| Document::decode_text(font, bytes)) else {
            return;
        };
        let em = self.em();
        let apart = (self.y - self.text_y).abs() > self.text_size.max(em) * 0.5;
        if !self.text.is_empty() && apart {
            self.finish(lines);
        }
        if self.text.is_empty() {
            self.left = self.x;
            self.text_y = self.y;
            self.text_size = em;
        } else {
            // Widths are a guess, so that only a clear gap after the guessed end separates words.
            if self.x - self.end > WORD_GAP * em {
                self.text.push(' ');
            }
        }
        self.x += advance(&shown) * em;
        self.end = self.x;
        self.text.push_str(&shown);
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        let text = text::clean(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        lines.push(Line {
            left: self.left,
            baseline: self.text_y,
            right: self.end.max(self.left),
            size: self.text_size,
            bold: false,
            monospaced: false,
            tabular: false,
            turned: 0,
            chrome: false,
            place: None,
            text,
        });
    }
}

/// Guessed width of `text` in ems.
fn advance(text: &str) -> f32 {
    text.chars().count() as f32 * MEAN_ADVANCE
}
