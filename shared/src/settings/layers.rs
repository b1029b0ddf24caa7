//! Settings before they have types: a tree whose leaves know where they came from.

use std::collections::BTreeMap;
use std::fmt;

use serde_yaml_ng::Value;

use super::{Fault, SECTIONS, Spec};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Defaults,
    File(String),
    Variable(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("defaults"),
            Self::File(path) => f.write_str(path),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// A value as it was written: typed by YAML, or the text of a variable, which takes the type of
/// whatever reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Yaml(Value),
    Text(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Map(BTreeMap<String, Self>),
    Leaf(Written, Source),
}

impl Node {
    pub(super) fn empty() -> Self {
        Self::Map(BTreeMap::new())
    }

    fn from_yaml(value: Value, source: &Source, at: &str, found: &mut Vec<Fault>) -> Self {
        let Value::Mapping(mapping) = value else {
            return Self::Leaf(Written::Yaml(value), source.clone());
        };
        let mut map = BTreeMap::new();
        for (key, value) in mapping {
            let Value::String(key) = key else {
                let message = "keys must be text".to_owned();
                found.push(Fault::new(at.to_owned(), Some(source.to_string()), message));
                continue;
            };
            let below = join(at, &key);
            map.insert(key, Self::from_yaml(value, source, &below, found));
        }
        Self::Map(map)
    }

    /// Lays `over` on this one: maps merge, everything else is replaced.
    fn merge(&mut self, over: Self) {
        match (self, over) {
            (Self::Map(below), Self::Map(above)) => {
                for (key, node) in above {
                    match below.get_mut(&key) {
                        Some(existing) => existing.merge(node),
                        None => {
                            below.insert(key, node);
                        }
                    }
                }
            }
            // `section:` with nothing below it is YAML for null and changes nothing.
            (Self::Map(_), Self::Leaf(Written::Yaml(Value::Null), _)) => {}
            (this, over) => *this = over,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let mut node = self;
        for part in key.split('.') {
            let Self::Map(map) = node else { return None };
            node = map.get(part)?;
        }
        Some(node)
    }

    /// The value of `key` if it was written as text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Leaf(Written::Text(text) | Written::Yaml(Value::String(text)), _) => Some(text),
            Self::Leaf(..) | Self::Map(_) => None,
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Where the value of `key`, or the nearest value above it, came from.
    pub(super) fn source(&self, key: &str) -> Option<&Source> {
        let mut node = self;
        for part in key.split('.') {
            match node {
                Self::Map(map) => node = map.get(part)?,
                Self::Leaf(_, source) => return Some(source),
            }
        }
        match node {
            Self::Map(_) => None,
            Self::Leaf(_, source) => Some(source),
        }
    }

    /// Sets the text of a variable. `Err` says what is in the way.
    pub(super) fn set_text(
        &mut self,
        key: &str,
        text: String,
        source: &Source,
    ) -> Result<(), String> {
        let mut node = self;
        let mut walked = String::new();
        for part in key.split('.') {
            if let Self::Leaf(written, _) = node {
                // A null leaf is a map nobody has filled yet.
                if *written != Written::Yaml(Value::Null) {
                    return Err(format!(
                        "{walked} is a single value and has no keys below it"
                    ));
                }
                *node = Self::empty();
            }
            let Self::Map(map) = node else {
                return Err(walked);
            };
            node = map.entry(part.to_owned()).or_insert_with(Self::empty);
            walked = join(&walked, part);
        }
        if let Self::Map(map) = node
            && !map.is_empty()
        {
            return Err("is a section: only the keys below it can be set".to_owned());
        }
        *node = Self::Leaf(Written::Text(text), source.clone());
        Ok(())
    }

    /// Puts the node of `from` at `key` in place of this one's, or removes it when there is none.
    pub(super) fn restore(&mut self, key: &str, from: &Self) {
        let mut node = self;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            let Self::Map(map) = node else { return };
            if parts.peek().is_none() {
                match from.get(key) {
                    Some(default) => map.insert(part.to_owned(), default.clone()),
                    None => map.remove(part),
                };
                return;
            }
            let Some(next) = map.get_mut(part) else {
                return;
            };
            node = next;
        }
    }

    /// Every leaf as (key, one-line YAML, source), in the order of the keys.
    pub(super) fn list(&self, at: &mut String, each: &mut impl FnMut(&str, String, &Source)) {
        match self {
            Self::Leaf(written, source) => each(at, written.one_line(), source),
            Self::Map(map) => {
                for (key, node) in map {
                    let length = at.len();
                    if length > 0 {
                        at.push('.');
                    }
                    at.push_str(key);
                    node.list(at, each);
                    at.truncate(length);
                }
            }
        }
    }
}

impl Written {
    fn one_line(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Yaml(Value::String(text)) => text.clone(),
            // JSON is YAML on one line.
            Self::Yaml(value) => serde_json::to_string(value).unwrap_or_else(|_| "?".to_owned()),
        }
    }
}

/// Parses one file and lays its `common` and its own section over `tree`.
pub(super) fn add_yaml(
    spec: &Spec,
    text: &str,
    source: &Source,
    tree: &mut Node,
    found: &mut Vec<Fault>,
) {
    let value: Value = match serde_yaml_ng::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            found.push(Fault::new(source.to_string(), None, error.to_string()));
            return;
        }
    };
    let mut sections = match Node::from_yaml(value, source, "", found) {
        Node::Map(sections) => sections,
        // An empty file, or one of comments only.
        Node::Leaf(Written::Yaml(Value::Null), _) => return,
        Node::Leaf(..) => {
            let message = "must hold sections (common, rag, api)".to_owned();
            found.push(Fault::new(source.to_string(), None, message));
            return;
        }
    };
    for name in sections
        .keys()
        .filter(|name| !SECTIONS.contains(&name.as_str()))
    {
        let message = format!("unknown section; there are {}", SECTIONS.join(", "));
        found.push(Fault::new(name.clone(), Some(source.to_string()), message));
    }
    for section in ["common", spec.section] {
        let Some(node) = sections.remove(section) else {
            continue;
        };
        for secret in spec.secrets {
            if let Some(Node::Leaf(written, _)) = node.get(secret)
                && *written != Written::Yaml(Value::Null)
            {
                let message =
                    "is a secret: set it by an environment variable or a file named by one";
                found.push(Fault::new(
                    (*secret).to_owned(),
                    Some(source.to_string()),
                    message.to_owned(),
                ));
            }
        }
        if let Node::Leaf(written, _) = &node
            && *written != Written::Yaml(Value::Null)
        {
            let message = "must be a section with keys".to_owned();
            found.push(Fault::new(
                section.to_owned(),
                Some(source.to_string()),
                message,
            ));
            continue;
        }
        tree.merge(node);
    }
}

pub(super) fn join(at: &str, key: &str) -> String {
    if at.is_empty() {
        key.to_owned()
    } else {
        format!("{at}.{key}")
    }
}
