//! Pages as pictures, for people who want to see the very place a quote stands in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt as _;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::kurbo::{Affine, Rect};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

use crate::error::ExtractError;
use crate::limits::Limits;

/// Widths of a picture in pixels; what is asked beyond is brought within.
const WIDTHS: std::ops::RangeInclusive<u32> = 64..=2_400;
/// Most pixels of a picture in height: a page as narrow as a ribbon becomes narrower.
const MOST_HEIGHT: f32 = 6_000.0;
/// Bytes of stack: parsers recurse with the nesting of the file.
const STACK: usize = 64 << 20;

/// A page as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct PagePicture {
    /// The picture, PNG.
    pub png: Vec<u8>,
    /// Its size in pixels.
    pub width: u32,
    /// Its size in pixels.
    pub height: u32,
    /// Maps points from the visible page's lower left corner (what a page locator's `bbox` is given in) to pixels from the
    /// upper left corner: `x' = a·x + c·y + e`, `y' = b·x + d·y + f`.
    pub transform: [f64; 6],
}

impl PagePicture {
    /// The rectangle of a locator's `bbox` in pixels: left, top, right, bottom, within the picture.
    pub fn pixels(&self, bbox: [f32; 4]) -> [f32; 4] {
        let [left, bottom, right, top] = bbox.map(f64::from);
        let place = Affine::new(self.transform)
            .transform_rect_bbox(Rect::new(left, bottom, right, top))
            .intersect(Rect::new(
                0.0,
                0.0,
                f64::from(self.width),
                f64::from(self.height),
            ));
        [place.x0, place.y0, place.x1, place.y1].map(|side| side as f32)
    }

    /// The other way: left, top, right, bottom in pixels to left, bottom, right, top as in a locator; `None` for a picture
    /// without extent.
    pub(crate) fn on_page(&self, pixels: [f64; 4]) -> Option<[f32; 4]> {
        let to_picture = Affine::new(self.transform);
        let [left, top, right, bottom] = pixels;
        (to_picture.determinant() != 0.0).then(|| {
            let place = to_picture
                .inverse()
                .transform_rect_bbox(Rect::new(left, top, right, bottom));
            [place.x0, place.y0, place.x1, place.y1].map(|side| side as f32)
        })
    }
}

/// Draws page `number` (1-based) of a PDF, `width` pixels wide; `None` when there is no such page.
///
/// `width` is brought between 64 and 2,400. Takes as much time and memory as the page asks for: like reading, it belongs in a
/// process that may be ended.
///
/// # Errors
/// `TooLarge` by bytes; `Encrypted`; `Damaged` when it is no PDF or drawing it fails.
pub fn page_picture(
    bytes: &[u8],
    number: u32,
    width: u32,
    limits: &Limits,
) -> Result<Option<PagePicture>, ExtractError> {
    if bytes.len() as u64 > limits.bytes {
        return Err(ExtractError::TooLarge {
            what: "bytes",
            limit: limits.bytes,
        });
    }
    let failed = |reason: &str| ExtractError::Damaged {
        reason: reason.to_owned(),
    };
    std::thread::scope(|scope| {
        let drawing = std::thread::Builder::new()
            .name("picture".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || {
                // What the library leaves behind is dropped with the thread.
                catch_unwind(AssertUnwindSafe(|| draw(bytes, number, width)))
            });
        match drawing.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(Ok(drawn))) => drawn,
            Ok(_) => Err(failed("drawing the page panicked")),
            Err(error) => Err(failed(&error.to_string())),
        }
    })
}

fn draw(bytes: &[u8], number: u32, width: u32) -> Result<Option<PagePicture>, ExtractError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => ExtractError::Encrypted,
        LoadPdfError::Invalid => ExtractError::Damaged {
            reason: "not readable as PDF".to_owned(),
        },
    })?;
    let page = number
        .checked_sub(1)
        .and_then(|index| pdf.pages().get(usize::try_from(index).ok()?));
    let Some(page) = page else {
        return Ok(None);
    };
    let (wide, high) = page.render_dimensions();
    if !(wide.is_finite() && high.is_finite() && wide > 0.0 && high > 0.0) {
        return Err(ExtractError::Damaged {
            reason: "a page without size".to_owned(),
        });
    }
    let width = width.clamp(*WIDTHS.start(), *WIDTHS.end()) as f32;
    let scale = (width / wide).min(MOST_HEIGHT / high);
    let settings = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let drawn = render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let seen = page.intersected_crop_box();
    #[expect(clippy::arithmetic_side_effects, reason = "matrices of floats")]
    let transform = Affine::scale(f64::from(scale))
        * page.initial_transform(true).to_kurbo()
        * Affine::translate((seen.x0, seen.y0));
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    let png = drawn.into_png().map_err(|error| ExtractError::Damaged {
        reason: error.to_string(),
    })?;
    Ok(Some(PagePicture {
        png,
        width,
        height,
        transform: transform.as_coeffs(),
    }))
}

#[cfg(test)]
mod tests {
    use lopdf::{Dictionary, Object};

    use super::page_picture;
    use crate::pdf::tests::maker::{Maker, bytes, lines};
    use crate::{ExtractError, Limits, Locator, extract};

    #[test]
    fn a_page_is_drawn_with_the_place_of_its_text() {
        let mut maker = Maker::new();
        let page = maker.page(lines(172.0, 600.0, &["Texto da página"]));
        let mut document = maker.finish(Dictionary::new());
        let crop: Vec<Object> = [100, 50, 512, 742].map(Object::from).to_vec();
        document
            .get_dictionary_mut(page)
            .unwrap()
            .set("CropBox", crop);
        let file = bytes(document);
        let limits = Limits::default();
        let picture = page_picture(&file, 1, 824, &limits).unwrap().unwrap();
        assert_eq!((picture.width, picture.height), (824, 1384));
        assert!(picture.png.starts_with(b"\x89PNG"));

        let document = extract(&file, "a.pdf", &limits).unwrap();
        let Locator::Page {
            bbox: Some(bbox), ..
        } = document.blocks[0].locator
        else {
            panic!("no place");
        };
        // Two pixels a point: the text begins 72 points from the left and stands 142 from the top.
        let [left, top, right, bottom] = picture.pixels(bbox);
        assert!((left - 144.0).abs() < 4.0, "{left}");
        assert!(
            (260.0..284.0).contains(&top) && (284.0..296.0).contains(&bottom),
            "{top} {bottom}"
        );
        assert!(right > left + 100.0 && right < 500.0, "{right}");
    }

    #[test]
    fn other_pages_and_files_are_refused() {
        let mut maker = Maker::new();
        maker.page(lines(72.0, 600.0, &["Texto"]));
        let file = bytes(maker.finish(Dictionary::new()));
        let limits = Limits::default();
        for number in [0, 2, u32::MAX] {
            assert_eq!(page_picture(&file, number, 100, &limits).unwrap(), None);
        }
        let widest = page_picture(&file, 1, u32::MAX, &limits).unwrap().unwrap();
        assert_eq!(widest.width, 2_400);
        let broken = page_picture(b"<html>", 1, 100, &limits);
        assert!(
            matches!(broken, Err(ExtractError::Damaged { .. })),
            "{broken:?}"
        );
    }
}
