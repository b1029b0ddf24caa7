//! Partial answers: `fields=nextPageToken,files(id,name,owners/emailAddress)`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is wanted of an object; nothing inside means all of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields(BTreeMap<String, Fields>);

impl Fields {
    /// Reads a mask; `Err` is the part that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let fields = list(&mut rest)?;
        if rest.is_empty() {
            Ok(fields)
        } else {
            Err(rest.to_owned())
        }
    }

    /// Names asked for inside `name`, and of this object when there is none.
    pub(crate) fn inside(&self, name: &str) -> Option<&Self> {
        self.0.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What of a value is answered.
    pub(crate) fn apply(&self, value: &Value) -> Value {
        if self.0.is_empty() || self.0.contains_key("*") {
            return value.clone();
        }
        match value {
            Value::Array(all) => all.iter().map(|one| self.apply(one)).collect(),
            Value::Object(object) => {
                let kept: Map<String, Value> = object
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.clone(), self.0.get(name)?.apply(value)))
                    })
                    .collect();
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

fn list(rest: &mut &str) -> Result<Fields, String> {
    let mut fields = Fields::default();
    loop {
        let end = rest
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '*'))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return Err((*rest).to_owned());
        }
        *rest = after;
        let inside = if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            one(rest)?
        } else {
            group(rest)?
        };
        fields
            .0
            .entry(name.to_owned())
            .or_default()
            .0
            .extend(inside.0);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

/// `(a,b)` or nothing.
fn group(rest: &mut &str) -> Result<Fields, String> {
    let Some(after) = rest.strip_prefix('(') else {
        return Ok(Fields::default());
    };
    *rest = after;
    let fields = list(rest)?;
    *rest = rest.strip_prefix(')').ok_or_else(|| (*rest).to_owned())?;
    Ok(fields)
}

/// The one path behind a slash.
fn one(rest: &mut &str) -> Result<Fields, String> {
    let end = rest
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '*'))
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        return Err((*rest).to_owned());
    }
    *rest = after;
    let inside = if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        one(rest)?
    } else {
        group(rest)?
    };
    Ok(Fields(BTreeMap::from([(name.to_owned(), inside)])))
}
