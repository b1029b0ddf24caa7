//! What commands print: text for people, JSON for scripts.

use std::io::Write as _;

use serde::Serialize;

/// How a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// One line of text; nothing in JSON mode. A closed pipe is no error of ours.
    pub(crate) fn line(self, text: &str) {
        if !self.json {
            Self::raw(text);
        }
    }

    /// One JSON value; nothing in text mode.
    pub(crate) fn value(self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            Self::raw(&serde_json::to_string(value)?);
        }
        Ok(())
    }

    /// Text or JSON alike.
    pub(crate) fn raw(text: &str) {
        drop(writeln!(std::io::stdout().lock(), "{text}"));
    }

    /// A fault, on the other channel.
    pub(crate) fn error(self, text: &str) {
        let text = if self.json {
            serde_json::json!({ "error": text }).to_string()
        } else {
            format!("error: {text}")
        };
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }
}
