//! The first reader: runs of text with their places, by `pdf_oxide`.

use pdf_oxide::document::{PdfDocument, ReadingOrder};
use pdf_oxide::extractors::text::{ArtifactType, PaginationSubtype};
use pdf_oxide::layout::TextSpan;

use super::line::{Line, Place};
use super::reading_order;
use super::run::Run;

/// Part of a font's size below the baseline that its letters reach down to.
const DESCENT: f32 = 0.22;

/// Lines of page `index` (0-based) in reading order.
///
/// # Errors
/// The reader's own reason; for logs.
pub(super) fn lines(document: &PdfDocument, index: usize) -> Result<Vec<Line>, String> {
    // Order is made here, from places: the library's own orders take headings over two columns apart.
    let spans = document
        .extract_spans_with_reading_order(index, ReadingOrder::TopToBottom)
        .map_err(|error| error.to_string())?;
    let runs = spans.into_iter().filter_map(run).collect();
    Ok(reading_order::lines(runs))
}

/// `span` in the frame it stands upright in; `None` when its place is no number.
fn run(span: TextSpan) -> Option<Run> {
    let box_ = span.page_bbox();
    let numbers = [
        span.bbox.x,
        span.bbox.y,
        span.bbox.width,
        span.font_size,
        span.rotation_degrees,
        box_.x,
        box_.y,
        box_.width,
        box_.height,
    ];
    if numbers.iter().any(|number| !number.is_finite()) {
        return None;
    }
    let (sin, cos) = span.rotation_degrees.to_radians().sin_cos();
    let upright = span.rotation_degrees == 0.0;
    let (x, baseline) = if upright {
        (span.bbox.x, span.bbox.y)
    } else {
        (
            span.bbox.x * cos + span.bbox.y * sin,
            span.bbox.y * cos - span.bbox.x * sin,
        )
    };
    let size = span.font_size.abs();
    // The library's boxes stand on the baseline.
    let below = if upright { DESCENT * size } else { 0.0 };
    let chrome = matches!(
        span.artifact_type,
        Some(ArtifactType::Pagination(
            PaginationSubtype::Header
                | PaginationSubtype::Footer
                | PaginationSubtype::PageNumber
                | PaginationSubtype::Watermark
        ))
    );
    Some(Run {
        left: x,
        baseline,
        right: x + span.bbox.width.max(0.0),
        size,
        bold: span.font_weight.is_bold(),
        monospaced: span.is_monospace,
        turned: span.rotation_degrees as i16,
        chrome,
        place: Place {
            left: box_.x,
            bottom: box_.y - below,
            right: box_.x + box_.width,
            top: box_.y + box_.height - below,
        },
        text: span.text,
    })
}
