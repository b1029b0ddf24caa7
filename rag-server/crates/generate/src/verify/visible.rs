//! Characters that nobody sees, and addresses that something might follow.

/// Text without characters that are invisible or change the direction of others: they hide orders from people, and
/// data from those who look.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' | '\u{2800}')
        || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// Whether a word is an address, or what a reader's program might take for one and make a link of.
pub(super) fn is_address(word: &str) -> bool {
    let word = word.to_lowercase();
    let has_scheme = word.contains("://")
        || ["javascript:", "vbscript:", "mailto:"]
            .iter()
            .any(|scheme| word.contains(scheme));
    // "data:" is also the Portuguese for "date:".
    let is_data = word.split("data:").skip(1).any(|rest| {
        rest.split(';').next().is_some_and(|kind| {
            kind.contains('/') && !kind.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    has_scheme || is_data || word.contains("www.") || word.starts_with("//") || is_host(&word)
}

/// `example.org`, `example.xyz/path`; not `aula.pdf`, `treino.de`.
fn is_host(word: &str) -> bool {
    const ENDINGS: [&str; 17] = [
        "com", "net", "org", "edu", "gov", "io", "dev", "app", "ai", "xyz", "info", "br", "pt",
        "invalid", "test", "example", "local",
    ];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let end = word.find(['/', '?', '#', ':']).unwrap_or(word.len());
    let (host, rest) = word.split_at_checked(end).unwrap_or((word, ""));
    let labels: Vec<&str> = host.split('.').collect();
    let are_labels = labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        });
    let Some(ending) = labels.last() else {
        return false;
    };
    let may_end_so = ending.len() >= 2 && ending.chars().all(char::is_alphabetic);
    let leads_on = rest.len() > 1 && !rest.starts_with(':');
    are_labels && may_end_so && (ENDINGS.contains(ending) || leads_on)
}
