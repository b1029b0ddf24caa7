//! What a reader returns: a [`Document`] of [`Block`]s in reading order, each with the place it stands in.

use serde::{Deserialize, Serialize};

/// A document as read: text in reading order, its tables, and what went wrong on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The real type of the file, found by content.
    pub kind: FileKind,
    /// Text in reading order. Never holds a block whose text is blank.
    pub blocks: Vec<Block>,
    /// Running headers and footers, page numbers: shown on the page, but no part of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub furniture: Vec<Block>,
    /// Tables the rows in `blocks` belong to; a row names its table by position in this list.
    pub tables: Vec<Table>,
    /// Bookmarks of the document, in order.
    pub outline: Vec<OutlineEntry>,
    /// What the file says of itself.
    pub metadata: Metadata,
    /// One entry per page, slide or sheet, in order; empty for formats without such units.
    pub pages: Vec<PageInfo>,
    /// What could not be read, and why; for people.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// An empty document of `kind`.
    pub fn new(kind: FileKind) -> Self {
        Self {
            kind,
            blocks: Vec::new(),
            furniture: Vec::new(),
            tables: Vec::new(),
            outline: Vec::new(),
            metadata: Metadata::default(),
            pages: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Pages (1-based numbers) that hold images and no text: they need optical character recognition.
    pub fn pages_without_text(&self) -> Vec<u32> {
        self.pages
            .iter()
            .filter(|page| page.characters == 0 && page.has_images)
            .map(|page| page.number)
            .collect()
    }
}

/// A piece of text with one place and one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Normalised text (NFC, no control characters but line feeds, single spaces); never blank.
    pub text: String,
    /// Where it stands.
    pub locator: Locator,
    /// Its role.
    #[serde(flatten)]
    pub role: Role,
}

/// The role of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Role {
    /// A heading; 1 is the highest level, 6 the lowest.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One entry of a list.
    ListItem,
    /// A row of values of `Document::tables[table]`; the header row itself is no block.
    TableRow {
        /// Position in [`Document::tables`].
        table: u32,
        /// The sum or subtotal of other rows.
        total: bool,
    },
    /// A note: speaker notes, footnotes, comments.
    Note,
    /// Program text or other preformatted text.
    Code,
    /// One spoken passage of a subtitle or transcript.
    Cue,
}

/// A place in a document, exact enough to open it there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Locator {
    /// A page of a paged document.
    Page {
        /// 1-based position, not the printed label.
        number: u32,
        /// Left, bottom, right, top in PDF points from the page's lower left corner.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bbox: Option<[f32; 4]>,
    },
    /// Cells of a workbook or a delimited file.
    Sheet {
        /// Sheet name; for a delimited file the file's stem.
        name: String,
        /// A1 notation without sheet name, `A2:D2` or `B7`.
        range: String,
    },
    /// A slide.
    Slide {
        /// 1-based.
        number: u32,
    },
    /// A section of a flowing document without pages.
    Section {
        /// Headings from the highest level down; empty before the first heading.
        path: Vec<String>,
        /// 1-based position of the paragraph in the document.
        paragraph: u32,
    },
    /// Lines of a text file.
    Lines {
        /// 1-based, inclusive.
        start: u32,
        /// 1-based, inclusive.
        end: u32,
    },
    /// A passage of a recording.
    Time {
        /// Milliseconds from the beginning.
        start_ms: u64,
        /// Milliseconds from the beginning.
        end_ms: u64,
    },
}

/// A table found in a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Title, sheet name or caption; may be empty.
    pub name: String,
    /// One name per column, as people read it; empty when the table has no header row.
    pub header: Vec<String>,
    /// Place of the whole table, header included.
    pub locator: Locator,
    /// The table, or the sheet it is on, is hidden from people who open the file.
    pub hidden: bool,
    /// Cells of each row block in order, as people see them; `cells[row][column]`.
    pub rows: Vec<Vec<String>>,
    /// What each column holds, as values to compute with. Workbooks and delimited files have one for each column; tables
    /// of running text, whose cells are words, have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Where each row stands and what it is; as many as `rows` where there are `columns`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_marks: Vec<RowMark>,
    /// Formulas and comments of cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<CellRemark>,
}

/// A column of a table, typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Names above it from the highest level down (`1º bimestre`, `Prova`); empty without a header.
    pub path: Vec<String>,
    /// What most of its cells hold, totals not counted.
    pub kind: ValueKind,
    /// What its numbers count: `R$`, `%`, or what the name says in parentheses (`kg`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Hidden from people who open the file.
    pub hidden: bool,
    /// One value per row, [`Value::Missing`] where a cell is blank or of another kind than the column; none at all in a
    /// column of text, which stands in [`Table::rows`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Words, or values of several kinds.
    Text,
    /// Numbers; percentages as people see them (`87.5` for 87,5 %).
    Number,
    /// Dates, with or without a time of day.
    Date,
    /// True or false.
    Flag,
    /// Nothing.
    Empty,
}

/// One value of a typed column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A truth value.
    Flag(bool),
    /// A number, never infinite.
    Number(f64),
    /// A date as `2025-03-15` or `2025-03-15T19:30:00`.
    Date(String),
    /// Blank, or not of the column's kind.
    Missing,
}

/// Where a row of a table stands and what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowMark {
    /// Its cells in A1 notation without sheet name, `A2:D2`.
    pub range: String,
    /// The sum or subtotal of other rows.
    pub total: bool,
    /// Hidden from people who open the file.
    pub hidden: bool,
}

/// What stands behind a cell: at least one of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRemark {
    /// The cell in A1 notation without sheet name, `D2`.
    pub cell: String,
    /// The formula whose result the cell shows, without the equals sign, in the language of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// What somebody noted on the cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A bookmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutlineEntry {
    /// Its text.
    pub title: String,
    /// 1 is the highest.
    pub level: u8,
    /// 1-based page it leads to, when known.
    pub page: Option<u32>,
}

/// What the file says of itself; all optional and untrusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// Date as written in the file.
    pub created: Option<String>,
}

/// One page, slide or sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageInfo {
    /// 1-based.
    pub number: u32,
    /// Printed label (`iv`, `A-3`) or sheet name, when there is one.
    pub label: Option<String>,
    /// Characters of text read from it, white space not counted.
    pub characters: u32,
    /// It shows at least one image.
    pub has_images: bool,
    /// How sure optical character recognition was of its text, 0 to 100; none where the text was in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognised: Option<f32>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable `snake_case` code.
    pub code: String,
    /// A Brazilian Portuguese sentence for people.
    pub message: String,
    /// Where, when known.
    pub locator: Option<Locator>,
}

/// The real type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML workbook, macro-enabled ones too.
    Xlsx,
    /// Binary workbook of Excel 97–2003.
    Xls,
    /// Binary Office workbook.
    Xlsb,
    /// OpenDocument spreadsheet.
    Ods,
    /// Delimited text: comma, semicolon, tab or bar.
    Csv,
    /// Office Open XML text document.
    Docx,
    /// Office Open XML presentation.
    Pptx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// Electronic book.
    Epub,
    /// E-mail.
    Eml,
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// `SubRip` subtitles.
    Srt,
    /// `WebVTT` subtitles.
    Vtt,
}
