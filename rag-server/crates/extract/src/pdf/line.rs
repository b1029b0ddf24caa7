//! A line of text on a page: what both text readers give and everything else works on.

/// A rectangle in user space, points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

impl Place {
    /// The smallest rectangle around both.
    pub(super) fn around(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            bottom: self.bottom.min(other.bottom),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
        }
    }
}

/// A line of text, in the order of reading among its page's other lines.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent marks of type and place; any of them may hold with any other"
)]
pub(super) struct Line {
    /// Plain text, see [`super::text::clean`]; never blank.
    pub(super) text: String,
    /// Left end, baseline and right end in the frame the text stands upright in, points.
    pub(super) left: f32,
    pub(super) baseline: f32,
    pub(super) right: f32,
    /// Size of most of its letters, points.
    pub(super) size: f32,
    /// Most of its letters are bold.
    pub(super) bold: bool,
    /// All of its letters have the same width.
    pub(super) monospaced: bool,
    /// It is cut by gaps as wide as those between the columns of a table.
    pub(super) tabular: bool,
    /// Degrees the text is turned by, 0 for ordinary text.
    pub(super) turned: i16,
    /// The file itself marks it as a header, a footer or a page number.
    pub(super) chrome: bool,
    /// Where it stands on the page, when the reader knows.
    pub(super) place: Option<Place>,
}
