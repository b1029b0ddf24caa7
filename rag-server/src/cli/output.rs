//! What commands print: text for people, JSON for scripts.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Where and how a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    colours: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            colours: !json && std::io::stdout().is_terminal(),
        }
    }

    /// One line of text; nothing in JSON mode. A closed pipe is no error of ours.
    pub(crate) fn line(&self, text: &str) {
        if !self.json {
            drop(writeln!(std::io::stdout().lock(), "{text}"));
        }
    }

    /// One JSON value; nothing in text mode.
    pub(crate) fn value(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            drop(writeln!(
                std::io::stdout().lock(),
                "{}",
                serde_json::to_string(value)?
            ));
        }
        Ok(())
    }

    /// Text or JSON alike.
    pub(crate) fn raw(text: &str) {
        drop(writeln!(std::io::stdout().lock(), "{text}"));
    }

    /// A fault, on the other channel.
    pub(crate) fn error(&self, text: &str) {
        if self.json {
            drop(writeln!(
                std::io::stderr().lock(),
                "{}",
                serde_json::json!({ "error": text })
            ));
        } else {
            drop(writeln!(std::io::stderr().lock(), "error: {text}"));
        }
    }

    /// Emphasised on a terminal.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.colours {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Subdued on a terminal.
    pub(crate) fn dim(&self, text: &str) -> String {
        if self.colours {
            format!("\u{1b}[2m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A bar of `total` steps; invisible in JSON mode and where there is no terminal.
    pub(crate) fn bar(&self, total: u64, what: &str) -> ProgressBar {
        let bar = if self.json {
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden())
        } else {
            ProgressBar::new(total)
        };
        let style = ProgressStyle::with_template("{msg:14} {bar:32} {pos}/{len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
