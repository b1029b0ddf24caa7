//! E-mail files (RFC 5322, RFC 2045): subject, who wrote to whom and when, the text; attachments are named, not read.

use mail_parser::{Address, Message, MessageParser, MimeHeaders as _};

use crate::builder::Builder;
use crate::document::{Document, FileKind, Role};
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::html;
use crate::limits::Limits;

/// Names of a list of recipients that are shown.
const MOST_NAMES: usize = 50;

/// Fields of which a message has at least two among its first lines.
const FIELDS: [&str; 10] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "content-type",
];

/// Whether a text begins as messages do: lines of fields, at least two of them of messages.
pub(crate) fn is_message(start: &str) -> bool {
    let mut known = 0_usize;
    for line in start.lines().take(100) {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return false;
        };
        let plain = |c: char| c.is_ascii_graphic();
        if name.is_empty() || !name.chars().all(plain) {
            return false;
        }
        known = known.saturating_add(usize::from(
            FIELDS.contains(&name.to_ascii_lowercase().as_str()),
        ));
    }
    known >= 2
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Eml, limits);
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| ExtractError::Damaged {
            reason: "not readable as a message".to_owned(),
        })?;
    let sender = message.from().map(names).unwrap_or_default();
    let date = message.date().map(mail_parser::DateTime::to_rfc3339);
    let metadata = builder.metadata();
    metadata.title = message.subject().map(str::to_owned);
    metadata.author = (!sender.is_empty()).then(|| sender.clone());
    metadata.created.clone_from(&date);

    let mut flow = Flow::new(&mut builder);
    flow.heading(1, message.subject().unwrap_or_default())?;
    let fields = [
        ("De", sender),
        ("Para", message.to().map(names).unwrap_or_default()),
        ("Cópia", message.cc().map(names).unwrap_or_default()),
        ("Data", date.unwrap_or_default()),
    ];
    for (name, value) in fields {
        if !value.is_empty() {
            flow.push(&format!("{name}: {value}"), Role::Paragraph)?;
        }
    }
    body(&message, &mut flow)?;
    for attachment in message.attachments() {
        if let Some(name) = attachment.attachment_name() {
            flow.push(&format!("Anexo: {name}"), Role::Note)?;
        }
    }
    builder.finish()
}

/// The text as it was written; where there is only a page, its text.
fn body(message: &Message<'_>, flow: &mut Flow<'_, '_>) -> Result<(), ExtractError> {
    let parts = |ids: &[u32]| -> Vec<String> {
        ids.iter()
            .filter_map(|id| message.part(*id))
            .filter_map(|part| part.text_contents().map(str::to_owned))
            .collect()
    };
    let is_page = |id: &u32| {
        message
            .part(*id)
            .is_some_and(mail_parser::MessagePart::is_text_html)
    };
    if message.text_body.iter().all(is_page) {
        for page in parts(&message.html_body) {
            html::read_into(&page, flow)?;
        }
        return Ok(());
    }
    for text in parts(&message.text_body) {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for paragraph in lines.split(|line| line.is_empty()) {
            flow.push_lines(&paragraph.join("\n"), Role::Paragraph)?;
        }
    }
    Ok(())
}

/// `Ana Souza <ana@exemplo.br>, …`.
fn names(address: &Address<'_>) -> String {
    let names: Vec<String> = address
        .iter()
        .take(MOST_NAMES)
        .filter_map(|one| match (one.name(), one.address()) {
            (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
            (None, None) => None,
        })
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{is_message, read};
    use crate::document::{Document, Role};
    use crate::limits::Limits;

    fn texts(document: &Document) -> Vec<(&str, Role)> {
        document
            .blocks
            .iter()
            .map(|block| (block.text.as_str(), block.role))
            .collect()
    }

    const MESSAGE: &str = "From: =?UTF-8?Q?Professora_J=C3=BAlia?= <julia@escola.br>\r\nTo: turma@escola.br\r\n\
        Subject: =?ISO-8859-1?Q?Prova_de_F=EDsica?=\r\nDate: Mon, 3 Mar 2025 10:00:00 -0300\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nA prova ser=E1 na quinta.\r\n\r\nEstudem o cap=EDtulo 3.\r\n\
        --b\r\nContent-Type: application/pdf; name=lista.pdf\r\nContent-Disposition: attachment; filename=lista.pdf\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n";

    #[test]
    fn a_message_is_read_with_its_fields_and_the_names_of_attachments() {
        let document = read(MESSAGE.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(document.metadata.title.as_deref(), Some("Prova de Física"));
        assert_eq!(
            texts(&document),
            [
                ("Prova de Física", Role::Heading { level: 1 }),
                ("De: Professora Júlia <julia@escola.br>", Role::Paragraph),
                ("Para: turma@escola.br", Role::Paragraph),
                ("Data: 2025-03-03T10:00:00-03:00", Role::Paragraph),
                ("A prova será na quinta.", Role::Paragraph),
                ("Estudem o capítulo 3.", Role::Paragraph),
                ("Anexo: lista.pdf", Role::Note),
            ]
        );
    }

    #[test]
    fn a_message_that_is_a_page_is_read_as_one() {
        let page = "Subject: Aviso\r\nDate: Mon, 3 Mar 2025 10:00:00 -0300\r\nContent-Type: text/html\r\n\r\n\
            <p>Não haverá <b>aula</b>.</p><img src=\"http://exemplo.br/x.png\">";
        let document = read(page.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(
            document.blocks.last().map(|block| block.text.as_str()),
            Some("Não haverá aula.")
        );
    }

    #[test]
    fn messages_are_told_from_other_texts() {
        assert!(is_message(MESSAGE));
        assert!(!is_message("Date: amanhã\n\nFrom: mim"));
        assert!(!is_message("Para: todos\nAssunto: aula\n\ntexto"));
        assert!(!is_message("Subject: x\numa linha sem campo\nDate: y"));
    }
}
