//! What to watch after an answer: where a recording says what was cited.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most characters of a description.
const MOST_CHARACTERS: usize = 240;

/// A place in a recording where something is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct VideoSuggestion {
    /// What it is about: the title of what was cited.
    pub topic: String,
    /// Id of the recording, or of the subtitles where there is no recording beside them; a path below `/api/materials/`.
    #[schema(examples("modulo-1/aula-03.mp4"))]
    pub video_path: String,
    /// Title of the recording.
    pub video_title: String,
    /// Seconds from the beginning.
    pub start_timestamp: u64,
    /// Seconds of the passage that was cited; absent where the whole recording is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration: Option<u64>,
    /// Level of the answer it goes with: `beginner`, `intermediate` or `advanced`.
    pub difficulty_level: String,
    /// What is said there, in the words of the subtitles.
    pub description: String,
}

/// Seconds at which a passage begins and ends, if its place is a time.
pub(super) fn times(locator: &Value) -> Option<(u64, u64)> {
    if locator["kind"] != "time" {
        return None;
    }
    let start = locator["start_ms"].as_u64()?;
    let end = locator["end_ms"].as_u64().unwrap_or(start).max(start);
    Some((start / 1000, end.div_ceil(1000)))
}

/// A quote as one line of bounded length.
pub(super) fn described(quote: &str) -> String {
    let line = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_CHARACTERS {
        return line;
    }
    let head: String = line.chars().take(MOST_CHARACTERS).collect();
    let words = head
        .rsplit_once(' ')
        .map_or(head.as_str(), |(words, _)| words);
    format!("{words}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_times_are_times() {
        let time = json!({"kind": "time", "start_ms": 61_500, "end_ms": 75_001});
        assert_eq!(times(&time), Some((61, 76)));
        assert_eq!(
            times(&json!({"kind": "time", "start_ms": 5_000})),
            Some((5, 5))
        );
        for other in [
            json!({"kind": "page", "number": 4}),
            json!({"kind": "time"}),
            Value::Null,
        ] {
            assert_eq!(times(&other), None);
        }
    }

    #[test]
    fn descriptions_are_short_lines() {
        assert_eq!(described(" a\n b "), "a b");
        let long = described(&"palavra ".repeat(60));
        assert!(long.chars().count() <= 241 && long.ends_with("palavra…"));
    }
}
