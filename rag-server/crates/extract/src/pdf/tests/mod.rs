//! Whole documents, made here, read back.

mod bombs;
mod faults;
pub(crate) mod maker;

use lopdf::{Dictionary, Object, dictionary};

use self::maker::{Maker, bytes, chapter, lines, picture, text, utf16};
use super::read;
use crate::{Block, Document, ExtractError, Limits, Locator, OutlineEntry, Role};

pub(super) fn open(bytes: &[u8]) -> Document {
    read(bytes, &Limits::default()).unwrap()
}

/// Role and text of the blocks of a page.
fn on_page(document: &Document, page: u32) -> Vec<(Role, &str)> {
    document
        .blocks
        .iter()
        .filter(|block| number(block) == page)
        .map(|block| (block.role, block.text.as_str()))
        .collect()
}

fn number(block: &Block) -> u32 {
    match block.locator {
        Locator::Page { number, .. } => number,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_chapter_is_read_word_for_word() {
    let document = open(&bytes(chapter()));
    assert_eq!(document.pages.len(), 4);
    for page in 1..=4 {
        let heading = format!("{page}. Seção número {page}");
        let expected = [
            (Role::Heading { level: 1 }, heading.as_str()),
            (
                Role::Paragraph,
                "A derivada de uma função mede a razão instantânea de variação, e a sua interpretação geométrica é a \
                 inclinação da reta tangente ao gráfico. Chama-se derivável a função que tem derivada em todos os pontos.",
            ),
            (
                Role::Paragraph,
                "Um segundo parágrafo vem depois de um espaço maior e também ocupa mais de uma linha: “coração”, \
                 ‘pêssego’, ação, órgão.",
            ),
            (Role::ListItem, "primeira regra: a soma"),
            (Role::ListItem, "segunda regra: o produto"),
        ];
        assert_eq!(on_page(&document, page), expected);
    }
    assert!(document.warnings.is_empty());
    let furniture: Vec<&str> = document
        .furniture
        .iter()
        .map(|block| block.text.as_str())
        .collect();
    assert_eq!(furniture.len(), 8);
    assert!(furniture.contains(&"Universidade Aberta – Cálculo I"));
    assert!(furniture.contains(&"Página 4 de 4"));
}

#[test]
fn what_lies_beyond_the_visible_page_is_not_read() {
    let mut maker = Maker::new();
    let mut content = lines(72.0, 600.0, &["Dentro da página"]);
    content.extend(lines(700.0, 600.0, &["Fora da página"]));
    maker.page(content);
    let document = open(&bytes(maker.finish(Dictionary::new())));
    assert_eq!(
        on_page(&document, 1),
        [(Role::Paragraph, "Dentro da página")]
    );
}

#[test]
fn values_of_form_fields_are_read_and_hidden_notes_are_not() {
    let mut maker = Maker::new();
    let page = maker.page(lines(72.0, 600.0, &["Nome do aluno:"]));
    let mut document = maker.finish(Dictionary::new());
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let mut annotation = |text: &str, flags: i32| {
        let shown = format!("BT /F 11 Tf 2 4 Td ({text}) Tj ET");
        let appearance = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Form",
            "BBox" => vec![0.into(), 0.into(), 200.into(), 16.into()],
            "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
        };
        let appearance = document.add_object(lopdf::Stream::new(appearance, shown.into_bytes()));
        document.add_object(dictionary! {
            "Type" => "Annot",
            "Subtype" => "Widget",
            "FT" => "Tx",
            "F" => flags,
            "Rect" => vec![160.into(), 596.into(), 360.into(), 612.into()],
            "AP" => dictionary! { "N" => appearance },
        })
    };
    let annotations: Vec<Object> = vec![
        annotation("Ana Lima", 4).into(),
        annotation("segredo", 2).into(),
    ];
    document
        .get_dictionary_mut(page)
        .unwrap()
        .set("Annots", annotations);
    let document = open(&bytes(document));
    assert_eq!(
        on_page(&document, 1),
        [(Role::Paragraph, "Nome do aluno: Ana Lima")]
    );
}

#[test]
fn blocks_say_where_they_stand() {
    let document = open(&bytes(chapter()));
    let Locator::Page {
        bbox: Some([left, bottom, right, top]),
        ..
    } = document.blocks[1].locator
    else {
        panic!("{:?}", document.blocks[1]);
    };
    // Three lines of 11 points with baselines from 670 to 642.
    assert!((left - 72.0).abs() < 1.0, "{left}");
    assert!((636.0..642.0).contains(&bottom), "{bottom}");
    assert!((676.0..682.0).contains(&top), "{top}");
    assert!((400.0..540.0).contains(&right), "{right}");
}

#[test]
fn places_are_counted_from_the_corner_of_the_visible_page() {
    let mut maker = Maker::new();
    let page = maker.page(lines(
        172.0,
        600.0,
        &["Texto dentro da área visível da página"],
    ));
    let mut document = maker.finish(Dictionary::new());
    let crop: Vec<Object> = [100, 50, 512, 742].map(Object::from).to_vec();
    document
        .get_dictionary_mut(page)
        .unwrap()
        .set("CropBox", crop);
    let document = open(&bytes(document));
    let Locator::Page {
        bbox: Some([left, bottom, ..]),
        ..
    } = document.blocks[0].locator
    else {
        panic!();
    };
    assert!((left - 72.0).abs() < 1.0, "{left}");
    assert!((545.0..550.0).contains(&bottom), "{bottom}");
}

#[test]
fn outline_labels_and_metadata_are_read() {
    let mut maker = Maker::new();
    let body = [
        "Texto comum da página, sem nada de especial, em uma linha longa.",
        "E outra linha.",
    ];
    for title in [
        "Prefácio",
        "Limites e continuidade",
        "Teorema do valor médio",
    ] {
        let mut page = text("Text", 11.0, 72.0, 620.0, title);
        page.extend(lines(72.0, 606.0, &body));
        maker.page(page);
    }
    let pages = maker.pages.clone();
    let fit = |page: usize| Object::Array(vec![pages[page].into(), "Fit".into()]);
    let [root, one, two, three] = [(); 4].map(|()| maker.document.new_object_id());
    // By destination, by action, and by name.
    let mut add = |id, entry: Dictionary| maker.document.objects.insert(id, entry.into());
    add(root, dictionary! { "First" => one, "Last" => two });
    add(
        one,
        dictionary! { "Title" => utf16("Prefácio"), "Dest" => fit(0), "Next" => two },
    );
    add(
        two,
        dictionary! {
            "Title" => utf16("Capítulo 1: Limites e continuidade"),
            "A" => dictionary! { "S" => "GoTo", "D" => fit(1) },
            "First" => three,
        },
    );
    add(
        three,
        dictionary! {
            "Title" => Object::string_literal("Teorema do valor m\u{E9}dio".chars().map(|c| c as u8).collect::<Vec<_>>()),
            "Dest" => Object::string_literal("tvm"),
            // Back to the beginning: a loop.
            "Next" => one,
        },
    );
    let information = maker.document.add_object(dictionary! {
        "Title" => utf16("Cálculo – notas de aula"),
        "Author" => Object::string_literal(b"Departamento de Matem\xE1tica".to_vec()),
        "CreationDate" => Object::string_literal("D:20240315103000-03'00'"),
    });
    maker.document.trailer.set("Info", information);
    let names = vec![Object::string_literal("tvm"), fit(2)];
    let numbers = vec![
        0.into(),
        dictionary! { "S" => "r" }.into(),
        1.into(),
        dictionary! { "S" => "D", "P" => Object::string_literal("A-"), "St" => 7 }.into(),
    ];
    let document = maker.finish(dictionary! {
        "Outlines" => root,
        "Names" => dictionary! { "Dests" => dictionary! { "Names" => names } },
        "PageLabels" => dictionary! { "Nums" => numbers },
    });
    let document = open(&bytes(document));

    let entry = |title: &str, level, page| OutlineEntry {
        title: title.to_owned(),
        level,
        page: Some(page),
    };
    assert_eq!(
        document.outline,
        [
            entry("Prefácio", 1, 1),
            entry("Capítulo 1: Limites e continuidade", 1, 2),
            entry("Teorema do valor médio", 2, 3),
        ]
    );
    let labels: Vec<_> = document
        .pages
        .iter()
        .map(|page| page.label.as_deref())
        .collect();
    assert_eq!(labels, [Some("i"), Some("A-7"), Some("A-8")]);
    let metadata = &document.metadata;
    assert_eq!(metadata.title.as_deref(), Some("Cálculo – notas de aula"));
    assert_eq!(
        metadata.author.as_deref(),
        Some("Departamento de Matemática")
    );
    assert_eq!(metadata.created.as_deref(), Some("D:20240315103000-03'00'"));

    // The titles are set like the text below them: only the outline tells that they are headings.
    let paragraph = body.join(" ");
    for (page, title, level) in [
        (1, "Prefácio", 1),
        (2, "Limites e continuidade", 1),
        (3, "Teorema do valor médio", 2),
    ] {
        let expected = [
            (Role::Heading { level }, title),
            (Role::Paragraph, paragraph.as_str()),
        ];
        assert_eq!(on_page(&document, page), expected);
    }
}

#[test]
fn two_columns_are_read_one_after_the_other() {
    let left = [
        "A primeira coluna trata dos limites e",
        "das propriedades que eles têm quando",
        "as funções são contínuas em todos os",
        "pontos do intervalo considerado, mas",
        "o argumento só termina na coluna que",
    ];
    let right = [
        "vem ao lado, onde se prova o teorema",
        "com todos os detalhes necessários ao",
        "leitor que o vê pela primeira vez na",
        "vida, sem recorrer a resultados mais",
        "avançados.",
    ];
    let mut maker = Maker::new();
    let mut page = text(
        "Bold",
        18.0,
        150.0,
        730.0,
        "Limites: um título sobre as colunas",
    );
    page.extend(lines(72.0, 680.0, &left));
    page.extend(lines(320.0, 680.0, &right));
    maker.page(page);
    let document = open(&bytes(maker.finish(Dictionary::new())));
    let paragraph = left
        .iter()
        .chain(&right)
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    assert_eq!(
        on_page(&document, 1),
        [
            (
                Role::Heading { level: 1 },
                "Limites: um título sobre as colunas"
            ),
            (Role::Paragraph, paragraph.as_str()),
        ]
    );
}

#[test]
fn accents_drawn_by_tex_join_their_letters() {
    let mut maker = Maker::new();
    let differences = vec![
        18.into(),
        "grave".into(),
        "acute".into(),
        24.into(),
        "cedilla".into(),
        94.into(),
        "circumflex".into(),
        126.into(),
        "tilde".into(),
    ];
    let font = maker.document.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type1",
        "BaseFont" => "Helvetica",
        "Encoding" => dictionary! { "Type" => "Encoding", "Differences" => differences },
    });
    let show = |bytes: &[u8]| Object::String(bytes.to_vec(), lopdf::StringFormat::Literal);
    // An accent (333 wide) centred over a letter of 556: forth, the accent, back, the letter.
    let over = |accent: u8, letter: &str| -> Vec<Object> {
        let letter = letter.as_bytes();
        vec![(-111).into(), show(&[accent]), 444.into(), show(letter)]
    };
    let mut parts = vec![show(b"A fun")];
    // The cedilla below the letter drawn before it.
    parts.extend([show(b"c"), 416.into(), show(&[24]), 83.into()]);
    parts.extend(over(126, "ao "));
    parts.extend(over(19, "e cont"));
    parts.extend([show(b"inua, "), show(b"voc")]);
    parts.extend(over(94, "e vai "));
    parts.extend(over(18, "as aulas."));
    let page = maker.page(vec![
        lopdf::content::Operation::new("BT", vec![]),
        lopdf::content::Operation::new("Tf", vec!["Tex".into(), 11.into()]),
        lopdf::content::Operation::new("Td", vec![72.into(), 700.into()]),
        lopdf::content::Operation::new("TJ", vec![Object::Array(parts)]),
        lopdf::content::Operation::new("ET", vec![]),
    ]);
    let mut document = maker.finish(Dictionary::new());
    let resources = document
        .get_dictionary_mut(page)
        .unwrap()
        .get_mut(b"Resources")
        .unwrap();
    resources
        .as_dict_mut()
        .unwrap()
        .set("Font", dictionary! { "Tex" => font });
    let document = open(&bytes(document));
    assert_eq!(
        on_page(&document, 1),
        [(Role::Paragraph, "A função é continua, você vai às aulas.")]
    );
}

#[test]
fn programs_keep_their_lines() {
    let mut maker = Maker::new();
    let mut page = lines(
        72.0,
        720.0,
        &[
            "O programa abaixo soma os primeiros números naturais e escreve o resultado",
            "na tela; compare com a fórmula fechada.",
        ],
    );
    for (index, line) in ["soma = 0", "for n in range(10):", "soma += n"]
        .iter()
        .enumerate()
    {
        page.extend(text("Code", 10.0, 90.0, 670.0 - 12.0 * index as f32, line));
    }
    maker.page(page);
    let document = open(&bytes(maker.finish(Dictionary::new())));
    assert_eq!(
        on_page(&document, 1)[1],
        (Role::Code, "soma = 0\nfor n in range(10):\nsoma += n")
    );
}

#[test]
fn a_page_of_nothing_but_a_picture_needs_recognition() {
    let mut maker = Maker::new();
    maker.page(lines(
        72.0,
        700.0,
        &["Uma página com texto, que lista a imagem sem a mostrar."],
    ));
    maker.page(picture());
    maker.page(Vec::new());
    let document = open(&bytes(maker.finish(Dictionary::new())));
    let shown: Vec<bool> = document.pages.iter().map(|page| page.has_images).collect();
    assert_eq!(shown, [false, true, false]);
    assert_eq!(document.pages_without_text(), [2]);
}

#[test]
fn a_scan_is_no_error() {
    let mut maker = Maker::new();
    maker.page(picture());
    let document = open(&bytes(maker.finish(Dictionary::new())));
    assert!(document.blocks.is_empty());
    assert_eq!(document.pages_without_text(), [1]);
}

#[test]
fn no_text_and_no_pictures_is_an_error() {
    let mut maker = Maker::new();
    maker.page(Vec::new());
    let empty = bytes(maker.finish(Dictionary::new()));
    let read = read(&empty, &Limits::default());
    assert!(matches!(read, Err(ExtractError::NoText)), "{read:?}");
}

#[test]
fn the_second_reader_finds_the_same_words() {
    let document = chapter();
    let page = document.page_iter().next().unwrap();
    let lines = super::stream::lines(&document, page, 1 << 20);
    let words: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert!(
        words.contains(
            &"A derivada de uma função mede a razão instantânea de variação, e a sua in-"
        )
    );
    assert!(words.contains(&"de uma linha: “coração”, ‘pêssego’, ação, órgão."));
}

#[test]
fn a_form_that_shows_itself_is_read_once() {
    let mut maker = Maker::new();
    maker.page(picture());
    let mut document = maker.finish(Dictionary::new());
    let page = document.page_iter().next().unwrap();
    // The picture becomes a form that paints itself and nothing else.
    let id = document
        .get_dictionary(page)
        .and_then(|page| page.get(b"Resources"))
        .and_then(Object::as_dict)
        .and_then(|resources| resources.get(b"XObject"))
        .and_then(Object::as_dict)
        .and_then(|objects| objects.get(b"Picture"))
        .and_then(Object::as_reference)
        .unwrap();
    let form = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Form",
        "BBox" => vec![0.into(), 0.into(), 10.into(), 10.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "Picture" => id } },
    };
    let form = lopdf::Stream::new(form, b"/Picture Do".to_vec());
    document.objects.insert(id, form.into());
    let read = read(&bytes(document), &Limits::default());
    assert!(matches!(read, Err(ExtractError::NoText)), "{read:?}");
}
