//! Which subtitles belong to which recording, told from their names.

/// Extensions of subtitles.
pub(super) const SUBTITLES: [&str; 2] = ["srt", "vtt"];

/// A path without its extension: `modulo-1/aula.mp4` is `modulo-1/aula`.
pub(super) fn stem(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(stem, _)| stem)
}

/// The names a recording of these subtitles may have: theirs, and theirs without the language (`aula.pt-BR`).
pub(super) fn stems(id: &str) -> Vec<&str> {
    let whole = stem(id);
    let mut all = vec![whole];
    if let Some((rest, last)) = whole.rsplit_once('.')
        && is_language(last)
        && !rest.is_empty()
        && !rest.ends_with('/')
    {
        all.push(rest);
    }
    all
}

/// `pt`, `por` or `pt-BR` (BCP 47, but for what is rarely seen in names).
fn is_language(text: &str) -> bool {
    let (language, region) = text
        .split_once(['-', '_'])
        .map_or((text, None), |(language, region)| (language, Some(region)));
    let is_letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    (2..=3).contains(&language.len())
        && is_letters(language)
        && region.is_none_or(|region| (2..=4).contains(&region.len()) && is_letters(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitles_are_told_by_name_and_language() {
        assert_eq!(stem("m/aula 1.mp4"), "m/aula 1");
        assert_eq!(stems("m/aula.vtt"), ["m/aula"]);
        assert_eq!(stems("m/aula.pt-BR.vtt"), ["m/aula.pt-BR", "m/aula"]);
        assert_eq!(stems("m/aula.por.srt"), ["m/aula.por", "m/aula"]);
        assert_eq!(stems("m/aula.v2.srt"), ["m/aula.v2"]);
        assert_eq!(stems("m/aula.parte.srt"), ["m/aula.parte"]);
        assert_eq!(stems("m/.pt.srt"), ["m/.pt"]);
    }
}
