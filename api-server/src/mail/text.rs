//! What mails say: Brazilian Portuguese, as HTML and as text.

use super::{Letter, Purpose};

/// A letter with a link; everything that comes from people is escaped.
pub(super) fn write(purpose: Purpose, site: &str, name: &str, to: &str, link: &str) -> Letter {
    let (subject, ask, button, ignore) = match purpose {
        Purpose::Verify => (
            format!("Confirme sua conta no {site}"),
            "Sua conta foi criada. Confirme-a pelo botão abaixo para poder entrar.",
            "Confirmar conta",
            "Se você não esperava esta mensagem, ignore-a.",
        ),
        Purpose::Reset => (
            format!("Defina sua senha no {site}"),
            "Use o botão abaixo para definir uma nova senha.",
            "Definir senha",
            "Se você não pediu uma nova senha, ignore esta mensagem: a atual continua valendo.",
        ),
    };
    let until = "O link vale por 24 horas e só pode ser usado uma vez.";
    let plain = format!("Olá, {name}!\n\n{ask}\n\n{link}\n\n{until}\n{ignore}\n\n{site}\n");
    let html = format!(
        "<!DOCTYPE html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\
         <body style=\"font-family:sans-serif;color:#222;max-width:36em;margin:2em auto\">\
         <p>Olá, {name}!</p><p>{ask}</p>\
         <p><a href=\"{link}\" style=\"background:#1d4ed8;color:#fff;padding:.7em 1.2em;border-radius:.4em;\
         text-decoration:none\">{button}</a></p>\
         <p style=\"font-size:.9em\">Se o botão não funcionar, copie este endereço:<br>{link}</p>\
         <p style=\"font-size:.9em;color:#555\">{until} {ignore}</p><p>{site}</p></body></html>",
        subject = escape(&subject),
        name = escape(name),
        link = escape(link),
        site = escape(site),
    );
    Letter {
        to: to.to_owned(),
        subject,
        plain,
        html,
    }
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_nothing_else() {
        let name = "<img src=x onerror=alert(1)>\"&'";
        let letter = write(
            Purpose::Reset,
            "Acervo",
            name,
            "a@b.org",
            "https://x/?a=1&b=2",
        );
        assert!(!letter.html.contains("<img"));
        assert!(
            letter
                .html
                .contains("&lt;img src=x onerror=alert(1)&gt;&quot;&amp;&#39;")
        );
        assert!(letter.html.contains("href=\"https://x/?a=1&amp;b=2\""));
        assert!(letter.plain.contains("https://x/?a=1&b=2"));
    }
}
