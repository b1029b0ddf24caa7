//! The id of a material, as callers choose it.

use std::fmt;
use std::path::Path;

use super::MaterialError;

/// Most bytes of an id.
const MAX_BYTES: usize = 200;

/// The id of a material: UTF-8 of 1 to 200 bytes without `/` and control characters, neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MaterialId(String);

impl MaterialId {
    /// The only door.
    pub fn parse(text: &str) -> Result<Self, MaterialError> {
        let fits = (1..=MAX_BYTES).contains(&text.len())
            && text != "."
            && text != ".."
            && !text.chars().any(|c| c == '/' || c.is_control());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(MaterialError::InvalidId)
        }
    }

    /// Decodes one percent-encoded path segment.
    pub(crate) fn from_segment(segment: &str) -> Result<Self, MaterialError> {
        let text = percent_encoding::percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| MaterialError::InvalidId)?;
        Self::parse(&text)
    }

    /// The id of a file of the mirrored folder: derived from its relative path, so that it never changes.
    pub(crate) fn of_mirrored(relative_path: &str) -> Self {
        Self::derived("pasta", relative_path.as_bytes())
    }

    /// The id of a file that was named on the command line: derived from its absolute path.
    pub(crate) fn of_file(path: &Path) -> Self {
        Self::derived("arquivo", path.as_os_str().as_encoded_bytes())
    }

    fn derived(prefix: &str, from: &[u8]) -> Self {
        let hash = blake3::hash(from).to_hex();
        let hash: String = hash.chars().take(24).collect();
        Self(format!("{prefix}-{hash}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MaterialId;

    #[test]
    fn ids_follow_the_rules() {
        for good in [
            "a",
            "aula 03.pdf",
            "módulo-1",
            "...",
            "%",
            "a?b#c",
            &"x".repeat(200),
        ] {
            assert!(MaterialId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "a\nb",
            "a\0",
            "\u{85}",
            &"x".repeat(201),
        ] {
            assert!(MaterialId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn segments_are_decoded_once() {
        assert_eq!(
            MaterialId::from_segment("aula%20%C3%A7%C3%A3o.pdf")
                .unwrap()
                .as_str(),
            "aula ção.pdf"
        );
        assert_eq!(
            MaterialId::from_segment("50%2525").unwrap().as_str(),
            "50%25"
        );
        assert!(MaterialId::from_segment("a%2Fb").is_err());
        assert!(MaterialId::from_segment("%FF").is_err());
        assert!(MaterialId::from_segment("%2e%2e").is_err());
    }

    proptest! {
        #[test]
        fn every_valid_id_survives_the_url(text in "[^/\\p{Cc}]{1,40}") {
            prop_assume!(text.len() <= 200 && text != "." && text != "..");
            let segment = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let id = MaterialId::from_segment(&segment).unwrap();
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
