//! Which chat models there are: `config/models.json`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::Usage;

/// Longest name of anything in the registry, in characters.
const LONGEST_NAME: usize = 100;

/// A chat model behind an OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// What people call it; unique.
    pub name: String,
    /// Who serves it: `nvidia`, `openai`, `gemini`, `anthropic`, `ollama`, or any other word.
    pub provider: String,
    /// Its name at the provider.
    pub model: String,
    /// Address that `/chat/completions` is appended to; absent where `base_url_variable` gives it.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Variable whose value is the address; set, it goes before `base_url`.
    #[serde(default)]
    pub base_url_variable: Option<String>,
    /// Variable that holds the key; absent where none is needed.
    #[serde(default)]
    pub key_variable: Option<String>,
    /// Tokens of question, passages and answer together; at least 2,048.
    pub context: usize,
    /// Tokens of the answer at most; less than half of `context`.
    pub max_output: usize,
    /// US dollars per million tokens read.
    pub price_in: f64,
    /// US dollars per million tokens written.
    pub price_out: f64,
    /// Seconds that a whole answer may take, 1 to 3,600.
    pub timeout: u64,
    /// Seconds until its first word, 1 to `timeout`; the chain's own limit where absent.
    #[serde(default)]
    pub first_token_timeout: Option<u64>,
    /// Keeps to a JSON Schema sent as `response_format`; the others are asked in words.
    #[serde(default)]
    pub structured: bool,
}

impl ModelEntry {
    /// What an answer cost, in US dollars.
    pub fn cost(&self, usage: &Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.price_in
            + usage.completion_tokens as f64 * self.price_out)
            / 1_000_000.0
    }

    pub(crate) fn total_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    fn faults(&self, at: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault =
            |field: &str, what: &str| faults.push(format!("models[{at}].{field}: {what}"));
        for (field, text) in [
            ("name", &self.name),
            ("provider", &self.provider),
            ("model", &self.model),
        ] {
            if text.trim().is_empty()
                || text.chars().count() > LONGEST_NAME
                || text.chars().any(char::is_control)
            {
                fault(field, "must be 1 to 100 visible characters");
            }
        }
        if self.base_url.is_none() && self.base_url_variable.is_none() {
            fault("base_url", "is missing, and so is base_url_variable");
        }
        if self.base_url.as_ref().is_some_and(|url| !is_usable(url)) {
            fault(
                "base_url",
                "must be an http or https address without user and password",
            );
        }
        for (field, variable) in [
            ("key_variable", &self.key_variable),
            ("base_url_variable", &self.base_url_variable),
        ] {
            if variable.as_ref().is_some_and(|name| !is_variable(name)) {
                fault(field, "must be the name of a variable: A-Z, 0-9 and _");
            }
        }
        if self.context < 2048 {
            fault("context", "must be at least 2048 tokens");
        }
        if self.max_output == 0 || self.max_output * 2 > self.context {
            fault(
                "max_output",
                "must be at least 1 and at most half of context",
            );
        }
        for (field, price) in [("price_in", self.price_in), ("price_out", self.price_out)] {
            if !(0.0..=10_000.0).contains(&price) {
                fault(field, "must be 0 to 10000 US dollars per million tokens");
            }
        }
        if !(1..=3600).contains(&self.timeout) {
            fault("timeout", "must be 1 to 3600 seconds");
        }
        if self
            .first_token_timeout
            .is_some_and(|first| !(1..=self.timeout).contains(&first))
        {
            fault("first_token_timeout", "must be 1 second to timeout");
        }
        faults
    }
}

/// Whether an address can be called and shown: no credentials in it.
pub(crate) fn is_usable(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with a registry: everything at once, one line each, every one with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", faults.join("; "))]
pub struct RegistryError {
    /// Each fault with its place.
    pub faults: Vec<String>,
}

/// All models, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Registry {
    models: Vec<ModelEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    models: Vec<serde_json::Value>,
}

impl Registry {
    /// The one that comes with the program.
    ///
    /// # Errors
    /// None in practice: a test parses it.
    pub fn bundled() -> Result<Self, RegistryError> {
        Self::parse(include_str!("../../../../config/models.json"))
    }

    /// Reads and checks a registry.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(json: &str) -> Result<Self, RegistryError> {
        let file: File = serde_json::from_str(json).map_err(|error| RegistryError {
            faults: vec![error.to_string()],
        })?;
        let (mut models, mut faults) = (Vec::new(), Vec::new());
        let mut names = BTreeSet::new();
        for (at, value) in file.models.into_iter().enumerate() {
            match serde_json::from_value::<ModelEntry>(value) {
                Ok(entry) => {
                    faults.extend(entry.faults(at));
                    if !names.insert(entry.name.clone()) {
                        faults.push(format!(
                            "models[{at}].name: {:?} is there twice",
                            entry.name
                        ));
                    }
                    models.push(entry);
                }
                Err(error) => faults.push(format!("models[{at}]: {error}")),
            }
        }
        if faults.is_empty() {
            Ok(Self { models })
        } else {
            Err(RegistryError { faults })
        }
    }

    /// All of them.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// Whether a word names a model, by its own name or its provider's name for it.
    pub fn knows(&self, name: &str) -> bool {
        self.models.iter().any(|entry| entry.is_called(name))
    }

    /// In the order in which they are to be tried.
    pub fn ordered(&self, preferences: &Preferences) -> Vec<ModelEntry> {
        let mut models = self.models.clone();
        // Stable: what is equal keeps the file's order.
        models.sort_by_key(|entry| preferences.rank(entry));
        models
    }
}

impl ModelEntry {
    /// Whether a word names it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.model == name
    }
}

/// Which models are tried first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// The provider to begin with.
    pub provider: Option<String>,
    /// The model to begin with; goes before `provider`.
    pub model: Option<String>,
    /// NVIDIA's first; otherwise they are last.
    pub nvidia: bool,
    /// OpenAI's before those further down.
    pub openai: bool,
}

impl Preferences {
    fn rank(&self, entry: &ModelEntry) -> (bool, bool, u8) {
        let is_default = self
            .model
            .as_deref()
            .is_some_and(|name| entry.is_called(name));
        let is_of_default = self
            .provider
            .as_deref()
            .is_some_and(|provider| entry.provider.eq_ignore_ascii_case(provider));
        let taste = match entry.provider.as_str() {
            "nvidia" if self.nvidia => 0,
            "nvidia" => 3,
            "openai" if self.openai => 1,
            _ => 2,
        };
        (!is_default, !is_of_default, taste)
    }
}

#[cfg(test)]
#[path = "tests/registry.rs"]
mod tests;
