//! What Google's own documents export to: the smallest files of each kind that are well formed.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use actix_web::web::Bytes;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::world::Content;

pub(crate) const PDF: &str = "application/pdf";
pub(crate) const TEXT: &str = "text/plain";
pub(crate) const DOCX: &str =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(crate) const PPTX: &str =
    "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// A Docs document of one paragraph.
pub(crate) fn document(text: &str) -> Content {
    native([
        (PDF, pdf(text)),
        (TEXT, text.as_bytes().to_vec()),
        ("text/markdown", text.as_bytes().to_vec()),
        (DOCX, docx(text)),
    ])
}

/// A Sheets workbook of one cell.
pub(crate) fn spreadsheet(text: &str) -> Content {
    native([
        (PDF, pdf(text)),
        ("text/csv", text.as_bytes().to_vec()),
        (XLSX, xlsx(text)),
    ])
}

/// A Slides presentation of one slide.
pub(crate) fn presentation(text: &str) -> Content {
    native([
        (PDF, pdf(text)),
        (TEXT, text.as_bytes().to_vec()),
        (PPTX, pptx(text)),
    ])
}

/// A Drawing.
pub(crate) fn drawing(text: &str) -> Content {
    native([
        (PDF, pdf(text)),
        ("image/png", b"\x89PNG\r\n\x1a\n".to_vec()),
    ])
}

fn native<const N: usize>(exports: [(&'static str, Vec<u8>); N]) -> Content {
    let exports: BTreeMap<&'static str, Bytes> = exports
        .into_iter()
        .map(|(mime, bytes)| (mime, Bytes::from(bytes)))
        .collect();
    Content::Native(exports)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn package(parts: &[(&str, String)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .expect("the name is short");
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{text}");
        archive.write_all(text.as_bytes()).expect("memory takes it");
    }
    archive.finish().expect("memory takes it").into_inner()
}

fn types(parts: &[(&str, &str)]) -> (&'static str, String) {
    let overrides: String = parts
        .iter()
        .map(|(name, kind)| {
            format!("<Override PartName=\"/{name}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}+xml\"/>")
        })
        .collect();
    let text = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{overrides}</Types>"
    );
    ("[Content_Types].xml", text)
}

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn relations(kind_and_target: &[(&str, &str)]) -> String {
    let all: String = kind_and_target
        .iter()
        .enumerate()
        .map(|(number, (kind, target))| {
            format!(
                "<Relationship Id=\"rId{}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>",
                number + 1
            )
        })
        .collect();
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{all}</Relationships>"
    )
}

fn docx(text: &str) -> Vec<u8> {
    package(&[
        types(&[("word/document.xml", "wordprocessingml.document.main")]),
        (
            "_rels/.rels",
            relations(&[("officeDocument", "word/document.xml")]),
        ),
        (
            "word/document.xml",
            format!(
                "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r>\
                 <w:t>{}</w:t></w:r></w:p></w:body></w:document>",
                escaped(text)
            ),
        ),
    ])
}

fn xlsx(text: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    package(&[
        types(&[
            ("xl/workbook.xml", "spreadsheetml.sheet.main"),
            ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
        ]),
        (
            "_rels/.rels",
            relations(&[("officeDocument", "xl/workbook.xml")]),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Notas\" sheetId=\"1\" r:id=\"rId1\"/>\
                 </sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&[("worksheet", "worksheets/sheet1.xml")]),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Assunto</t></is></c></row>\
                 <row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>{}</t></is></c></row></sheetData></worksheet>",
                escaped(text)
            ),
        ),
    ])
}

fn pptx(text: &str) -> Vec<u8> {
    let names = format!(
        "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:r=\"{OFFICE}\" \
         xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\""
    );
    package(&[
        types(&[
            ("ppt/presentation.xml", "presentationml.presentation.main"),
            ("ppt/slides/slide1.xml", "presentationml.slide"),
        ]),
        (
            "_rels/.rels",
            relations(&[("officeDocument", "ppt/presentation.xml")]),
        ),
        (
            "ppt/presentation.xml",
            format!(
                "<p:presentation {names}><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>"
            ),
        ),
        (
            "ppt/_rels/presentation.xml.rels",
            relations(&[("slide", "slides/slide1.xml")]),
        ),
        (
            "ppt/slides/slide1.xml",
            format!(
                "<p:sld {names}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>\
                 <p:grpSpPr/><p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Texto\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody>\
                 <a:bodyPr/><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>",
                escaped(text)
            ),
        ),
    ])
}

/// One page, one line; letters of ASCII.
fn pdf(text: &str) -> Vec<u8> {
    let shown: String = text
        .chars()
        .filter(|letter| letter.is_ascii() && !matches!(letter, '(' | ')' | '\\' | '\n'))
        .collect();
    let content = format!("BT /F1 12 Tf 40 760 Td ({shown}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let start = file.len();
    file += &format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        file += &format!("{place:010} 00000 n \n");
    }
    file += &format!(
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n",
        places.len() + 1
    );
    file.into_bytes()
}
