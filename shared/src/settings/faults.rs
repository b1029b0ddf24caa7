use std::collections::BTreeSet;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::layers::Node;
use super::{Stage, check_secret};

/// Exit status of a program that was configured wrongly (`EX_CONFIG` of BSD's sysexits.h).
pub const EXIT_CODE: u8 = 78;

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key inside the section, or the file that could not be read.
    pub key: String,
    /// Where the value came from: a variable, a file, or `defaults`. `None` when there is none.
    pub source: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    pub(super) fn new(key: impl Into<String>, source: Option<String>, message: String) -> Self {
        Self {
            key: key.into(),
            source,
            message,
        }
    }
}

/// Everything wrong with the settings. `Display` is a list for a terminal, one fault a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsErrors {
    /// The faults, sorted by key.
    pub faults: Vec<Fault>,
}

impl SettingsErrors {
    pub(super) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.message.cmp(&b.message)));
        Self { faults }
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => write!(f, "1 fault in the settings:")?,
            number => write!(f, "{number} faults in the settings:")?,
        }
        for fault in &self.faults {
            write!(f, "\n  {}", fault.key)?;
            if let Some(source) = &fault.source {
                write!(f, " (from {source})")?;
            }
            write!(f, ": {}", fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsErrors {}

/// Collects what a server's own checks find.
#[derive(Debug)]
pub struct Faults<'a> {
    stage: Stage,
    tree: &'a Node,
    /// Keys already reported by reading; their values are stand-ins and prove nothing.
    replaced: BTreeSet<String>,
    found: Vec<Fault>,
    warnings: Vec<String>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(
        stage: Stage,
        tree: &'a Node,
        found: Vec<Fault>,
        warnings: Vec<String>,
    ) -> Self {
        let replaced = found.iter().map(|fault| fault.key.clone()).collect();
        Self {
            stage,
            tree,
            replaced,
            found,
            warnings,
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Fault>, Vec<String>) {
        (self.found, self.warnings)
    }

    /// The stage being checked for.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Reports a fault of `key`, unless reading already did.
    pub fn add(&mut self, key: &str, message: impl fmt::Display) {
        if !self.replaced.contains(key) {
            let source = self.tree.source(key).map(ToString::to_string);
            self.found
                .push(Fault::new(key, source, message.to_string()));
        }
    }

    /// Adds a warning about `key`.
    pub fn warn(&mut self, key: &str, message: impl fmt::Display) {
        self.warnings.push(format!("{key}: {message}"));
    }

    /// Hands the value on, or reports that it is missing.
    pub fn require<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(key, "is required");
        }
        value
    }

    /// Reports a secret that is short, a known sample or no random text.
    pub fn secret(&mut self, key: &str, secret: &SecretString) {
        if let Err(weak) = check_secret(secret.expose_secret()) {
            self.add(key, weak);
        }
    }

    /// Whether nothing was found so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}
