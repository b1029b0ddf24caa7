//! Makes small PDFs.

use encoding_rs::WINDOWS_1252;
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};

/// Height of every page, points.
pub(super) const HEIGHT: f32 = 792.0;

/// A document being made; pages are 612 by 792 points.
pub(crate) struct Maker {
    pub(super) document: Document,
    pub(super) pages: Vec<ObjectId>,
    tree: ObjectId,
    fonts: ObjectId,
    image: ObjectId,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let mut document = Document::with_version("1.7");
        let font = |name: &str| {
            dictionary! {
                "Type" => "Font",
                "Subtype" => "Type1",
                "BaseFont" => name,
                "Encoding" => "WinAnsiEncoding",
            }
        };
        let fonts = dictionary! {
            "Text" => document.add_object(font("Helvetica")),
            "Bold" => document.add_object(font("Helvetica-Bold")),
            "Code" => document.add_object(font("Courier")),
        };
        let fonts = document.add_object(fonts);
        let pixel = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Image",
            "Width" => 1,
            "Height" => 1,
            "ColorSpace" => "DeviceGray",
            "BitsPerComponent" => 8,
        };
        let image = document.add_object(Stream::new(pixel, vec![0x80]));
        let tree = document.new_object_id();
        Self {
            document,
            pages: Vec::new(),
            tree,
            fonts,
            image,
        }
    }

    /// Adds a page that paints `content`.
    pub(crate) fn page(&mut self, content: Vec<Operation>) -> ObjectId {
        let content = Content {
            operations: content,
        }
        .encode()
        .unwrap();
        let content = self
            .document
            .add_object(Stream::new(Dictionary::new(), content));
        let page = self.document.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => self.tree,
            "Contents" => content,
            "Resources" => dictionary! {
                "Font" => self.fonts,
                // Listed on every page, as many producers do.
                "XObject" => dictionary! { "Picture" => self.image },
            },
            "MediaBox" => vec![0.into(), 0.into(), 612.into(), 792.into()],
        });
        self.pages.push(page);
        page
    }

    /// Closes page tree and catalog; `more` are further entries of the catalog.
    pub(crate) fn finish(mut self, more: Dictionary) -> Document {
        let kids: Vec<Object> = self.pages.iter().map(|page| Object::from(*page)).collect();
        let count = i64::try_from(kids.len()).unwrap();
        let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
        self.document.objects.insert(self.tree, tree.into());
        let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => self.tree };
        catalog.extend(&more);
        let catalog = self.document.add_object(catalog);
        self.document.trailer.set("Root", catalog);
        self.document
    }
}

/// The bytes of `document`.
pub(crate) fn bytes(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

/// Text in a font at a place. Characters are encoded in Windows-1252.
pub(super) fn text(font: &str, size: f32, x: f32, y: f32, text: &str) -> Vec<Operation> {
    let (encoded, _, unmappable) = WINDOWS_1252.encode(text);
    assert!(!unmappable, "{text}");
    let string = Object::String(encoded.into_owned(), StringFormat::Literal);
    vec![
        Operation::new("BT", vec![]),
        Operation::new("Tf", vec![font.into(), size.into()]),
        Operation::new("Td", vec![x.into(), y.into()]),
        Operation::new("Tj", vec![string]),
        Operation::new("ET", vec![]),
    ]
}

/// Lines of body text from `top` downwards, 14 points apart.
pub(crate) fn lines(x: f32, top: f32, lines: &[&str]) -> Vec<Operation> {
    let mut y = top;
    let mut operations = Vec::new();
    for line in lines {
        operations.extend(text("Text", 11.0, x, y, line));
        y -= 14.0;
    }
    operations
}

/// Paints the picture over the whole page.
pub(super) fn picture() -> Vec<Operation> {
    let scale = [612, 0, 0, 792, 0, 0].map(Object::from).to_vec();
    vec![
        Operation::new("q", vec![]),
        Operation::new("cm", scale),
        Operation::new("Do", vec!["Picture".into()]),
        Operation::new("Q", vec![]),
    ]
}

/// A text string in UTF-16.
pub(super) fn utf16(text: &str) -> Object {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

/// A chapter of four pages with header, page numbers, division of words, a heading and a list.
pub(super) fn chapter() -> Document {
    let mut maker = Maker::new();
    for number in 1..=4_u8 {
        let mut page = text(
            "Text",
            9.0,
            72.0,
            HEIGHT - 40.0,
            "Universidade Aberta – Cálculo I",
        );
        page.extend(text(
            "Text",
            9.0,
            280.0,
            30.0,
            &format!("Página {number} de 4"),
        ));
        page.extend(text(
            "Bold",
            16.0,
            72.0,
            700.0,
            &format!("{number}. Seção número {number}"),
        ));
        page.extend(lines(
            72.0,
            670.0,
            &[
                "A derivada de uma função mede a razão instantânea de variação, e a sua in-",
                "terpretação geométrica é a inclinação da reta tangente ao gráfico. Chama-",
                "se derivável a função que tem derivada em todos os pontos.",
            ],
        ));
        page.extend(lines(
            72.0,
            600.0,
            &[
                "Um segundo parágrafo vem depois de um espaço maior e também ocupa mais",
                "de uma linha: “coração”, ‘pêssego’, ação, órgão.",
            ],
        ));
        page.extend(lines(
            80.0,
            550.0,
            &["• primeira regra: a soma", "• segunda regra: o produto"],
        ));
        maker.page(page);
    }
    maker.finish(Dictionary::new())
}
