//! One glyph as shown: what it stands for, where, how large, how thick.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use hayro_interpret::font::{Glyph, GlyphIdentifier, OutlineGlyph, PositionedGlyph};
use hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};
use hayro_interpret::kurbo::{Affine, Shape as _};
use skrifa::MetadataProvider as _;

use super::line::Place;

/// Parts of an em that letters reach below and above the baseline.
const DESCENT: f64 = 0.22;
const ASCENT: f64 = 0.78;

/// Width of a letter in ems, where a font does not say how large it is.
const MEAN_ADVANCE: f64 = 0.5;

/// How far off the guess a size may be before the guess is taken.
const SIZE_WITHIN: std::ops::RangeInclusive<f64> = 0.3..=3.0;

/// Fonts whose own tables are kept to look characters up.
const MOST_FONTS: usize = 500;

/// A glyph nobody says the meaning of.
const UNKNOWN: char = '\u{FFFD}';

/// Kinds of composite fonts looked for in one document.
const MOST_COLLECTIONS: usize = 8;

/// What is known of the fonts of a document.
pub(super) struct Fonts<'a> {
    pdf: &'a Pdf,
    /// Maps of composite fonts that do not say themselves what their characters are, found when first asked for.
    collections: OnceCell<Vec<Collection>>,
    strokes: RefCell<HashMap<GlyphIdentifier, f64>>,
    /// Characters by glyph, of fonts that have a table of them, by the font's key.
    characters: RefCell<HashMap<u128, Rc<HashMap<u32, char>>>>,
}

/// From the codes of a composite font to characters, by the predefined maps of its character collection (ISO 32000-2,
/// 9.10.2).
struct Collection {
    encoding: CMap,
    characters: CMap,
}

impl Collection {
    /// Of a font without a map of its own.
    fn of(font: &Dict<'_>) -> Option<((Vec<u8>, CidFamily), Self)> {
        if font.get::<Name<'_>>(b"Subtype".as_slice())?.as_ref() != b"Type0"
            || font.contains_key(b"ToUnicode".as_slice())
        {
            return None;
        }
        let name = font.get::<Name<'_>>(b"Encoding".as_slice())?;
        let below = font.get::<Array<'_>>(b"DescendantFonts".as_slice())?;
        let below = below.iter::<Dict<'_>>().next()?;
        let information = below.get::<Dict<'_>>(b"CIDSystemInfo".as_slice())?;
        let text = |key: &'static [u8]| information.get::<PdfString<'_>>(key);
        let family = CidFamily::from_registry_ordering(
            text(b"Registry")?.as_bytes(),
            text(b"Ordering")?.as_bytes(),
        );
        let parse = |name: CMapName<'_>| CMap::parse(load_embedded(name)?, load_embedded);
        let encoding = match CMapName::from_bytes(name.as_ref()) {
            CMapName::IdentityH => CMap::identity_h(),
            CMapName::IdentityV => CMap::identity_v(),
            other => parse(other)?,
        };
        let characters = parse(family.ucs2_cmap()?)?;
        let key = (name.as_ref().to_vec(), family);
        let collection = Self {
            encoding,
            characters,
        };
        Some((key, collection))
    }

    fn character(&self, code: u32) -> Option<BfString> {
        let cid = (1..=4).find_map(|length| self.encoding.lookup_cid_code(code, length))?;
        self.characters.lookup_bf_string(cid)
    }
}

impl<'a> Fonts<'a> {
    pub(super) fn new(pdf: &'a Pdf) -> Self {
        Self {
            pdf,
            collections: OnceCell::new(),
            strokes: RefCell::default(),
            characters: RefCell::default(),
        }
    }

    /// What the character collections of the document say about a code. A document that uses several has the first that
    /// knows the code asked.
    fn collected(&self, code: u32) -> Option<BfString> {
        let collections = self.collections.get_or_init(|| {
            let mut keys = Vec::new();
            let mut found = Vec::new();
            for object in self.pdf.objects() {
                if let Object::Dict(font) = object
                    && let Some((key, collection)) = Collection::of(&font)
                    && !keys.contains(&key)
                {
                    keys.push(key);
                    found.push(collection);
                }
                if found.len() >= MOST_COLLECTIONS {
                    break;
                }
            }
            found
        });
        collections
            .iter()
            .find_map(|collection| collection.character(code))
    }

    /// Mean thickness of a glyph's strokes in thousandths of an em: twice the area for each unit of outline.
    fn stroke(&self, glyph: &OutlineGlyph) -> f64 {
        *self
            .strokes
            .borrow_mut()
            .entry(glyph.identifier())
            .or_insert_with(|| {
                let outline = glyph.outline();
                let around = outline.perimeter(1.0);
                let stroke = 2.0 * outline.area().abs() / around;
                if stroke.is_finite() { stroke } else { 0.0 }
            })
    }

    /// What the font's own table says about a glyph that the document says nothing about.
    fn character(&self, glyph: &OutlineGlyph) -> Option<char> {
        let font = glyph.font_data()?;
        let mut known = self.characters.borrow_mut();
        if known.len() >= MOST_FONTS && !known.contains_key(&font.cache_key) {
            return None;
        }
        let characters = known.entry(font.cache_key).or_insert_with(|| {
            let mut characters = HashMap::new();
            if let Ok(font) = skrifa::FontRef::from_index((*font.data).as_ref(), 0) {
                for (code, glyph) in font.charmap().mappings() {
                    if let Some(character) = char::from_u32(code) {
                        characters.entry(glyph.to_u32()).or_insert(character);
                    }
                }
            }
            Rc::new(characters)
        });
        characters.get(&glyph.glyph_id().to_u32()).copied()
    }
}

/// One glyph, in the frame it stands upright in.
pub(super) struct Mark {
    /// What it stands for.
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) baseline: f64,
    /// Points.
    pub(super) size: f64,
    /// Thousandths of an em, as the font has it.
    pub(super) advance: f64,
    /// Thousandths of an em; 0 where it is not known.
    pub(super) stroke: f64,
    /// Degrees the frame is turned by.
    pub(super) turned: i16,
    /// On the page.
    pub(super) place: Place,
}

/// Whether glyphs of a run are stretched each by its own measure, as stand-ins of fonts that are not in the file are.
pub(super) fn is_stretched(glyphs: &[PositionedGlyph<'_>]) -> bool {
    let ratios = glyphs.iter().map(|glyph| {
        let [a, b, c, d, _, _] = glyph.transform().as_coeffs();
        a.hypot(b) / c.hypot(d)
    });
    let (least, most) = ratios.fold((f64::MAX, f64::MIN), |(least, most), ratio| {
        (least.min(ratio), most.max(ratio))
    });
    most - least > 0.002 || (glyphs.len() == 1 && most > 1.0)
}

impl Mark {
    /// `stretched`: see [`is_stretched`]. `None` when its place is no number.
    pub(super) fn of(
        glyph: &PositionedGlyph<'_>,
        to_page: Affine,
        vertical: bool,
        stretched: bool,
        fonts: &Fonts<'_>,
    ) -> Option<Self> {
        #[expect(clippy::arithmetic_side_effects, reason = "matrices of floats")]
        let places = to_page * glyph.transform();
        if !places.is_finite() {
            return None;
        }
        let [right_x, right_y, up_x, up_y, x, y] = places.as_coeffs();
        let (advance, stroke) = match &**glyph {
            Glyph::Outline(outline) => (outline.advance_width(), fonts.stroke(outline)),
            Glyph::Type3(type3) => (type3.advance_width(), 0.0),
        };
        let advance = f64::from(advance.unwrap_or(0.0)).max(0.0);
        let wide = right_x.hypot(right_y);
        let high = up_x.hypot(up_y);
        let mut size = high * 1000.0;
        let mut width = advance * if stretched { high } else { wide };
        if matches!(&**glyph, Glyph::Type3(_)) {
            // Such a font has units of its own.
            width = advance * wide;
            let guessed = width / MEAN_ADVANCE;
            if guessed > 0.0 && !SIZE_WITHIN.contains(&(size / guessed)) {
                size = guessed;
            }
        }
        let (angle, along) = if vertical {
            (-90.0, size)
        } else {
            (right_y.atan2(right_x).to_degrees().round(), width)
        };
        let (sin, cos) = f64::to_radians(angle).sin_cos();
        let left = x * cos + y * sin;
        let baseline = y * cos - x * sin;
        // A corner of the glyph's box, from the frame to the page.
        let corner = |along: f64, above: f64| {
            let across = baseline + above;
            (along * cos - across * sin, along * sin + across * cos)
        };
        let low = corner(left, -DESCENT * size);
        let top = corner(left + along, ASCENT * size);
        Some(Self {
            text: meaning(glyph, fonts),
            left,
            right: left + along,
            baseline,
            size,
            advance,
            stroke,
            turned: angle as i16,
            place: Place {
                left: low.0.min(top.0) as f32,
                bottom: low.1.min(top.1) as f32,
                right: low.0.max(top.0) as f32,
                top: low.1.max(top.1) as f32,
            },
        })
    }
}

fn meaning(glyph: &Glyph<'_>, fonts: &Fonts<'_>) -> String {
    let said = glyph.as_unicode().or_else(|| match glyph {
        Glyph::Outline(outline) => fonts
            .collected(outline.char_code())
            .or_else(|| fonts.character(outline).map(BfString::Char)),
        Glyph::Type3(_) => None,
    });
    let simple = || match glyph {
        // Only these have no data to look into.
        Glyph::Outline(outline) => outline.font_data().is_none(),
        Glyph::Type3(_) => true,
    };
    match said {
        Some(BfString::Char(character)) => plain(character).to_string(),
        Some(BfString::String(text)) => text,
        // Names that mean nothing to anybody else most often stand at the codes of Latin-1.
        None if simple() => u8::try_from(glyph.char_code())
            .ok()
            .map(char::from)
            .filter(|character| !character.is_control())
            .unwrap_or(UNKNOWN)
            .to_string(),
        None => UNKNOWN.to_string(),
    }
}

/// Symbolic fonts have their codes in a private area of Unicode.
fn plain(character: char) -> char {
    match u32::from(character).checked_sub(0xF000) {
        Some(code @ (0x20..=0x7E | 0xA1..=0xFF)) => char::from_u32(code).unwrap_or(character),
        _ => character,
    }
}
