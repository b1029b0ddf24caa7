//! From the tree to a server's types.
//!
//! serde stops at the first fault. To report all of them, the faulty value is noted, replaced by
//! its default (or removed), and reading starts again; each round removes one fault, so it ends.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_yaml_ng::Value;

use super::layers::{Node, Written, join};
use super::{Fault, Spec};

/// More faults than this are not worth naming one by one.
const MOST_FAULTS: usize = 100;

pub(super) fn read<R: DeserializeOwned>(
    spec: &Spec,
    tree: &mut Node,
    defaults: &Node,
    found: &mut Vec<Fault>,
) -> Option<R> {
    for _ in 0..MOST_FAULTS {
        let error = match serde_path_to_error::deserialize(&*tree) {
            Ok(raw) => return Some(raw),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let mut key = error
            .path()
            .iter()
            .fold(String::new(), |at, segment| match segment {
                serde_path_to_error::Segment::Map { key } => join(&at, key),
                _ => at,
            });
        let missing = missing_field(&message);
        if let Some(name) = missing {
            key = join(&key, name);
        }
        let secret = spec.secrets.contains(&key.as_str())
            || tree
                .text(&key)
                .is_some_and(|text| text.contains("://") && text.contains('@'));
        let said = if message.starts_with("unknown field ") {
            "unknown key".to_owned()
        } else if missing.is_some() {
            "is required".to_owned()
        } else if secret {
            "cannot be read".to_owned() // serde's message would repeat the value
        } else {
            message
        };
        let source = tree.source(&key).map(ToString::to_string);
        let before = tree.clone();
        found.push(Fault::new(key.clone(), source, said));
        tree.restore(&key, defaults);
        if *tree == before {
            // The default itself is at fault, or nothing can be put there.
            return None;
        }
    }
    None
}

/// The field a message of serde's says is missing; the path ends at its parent.
fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field ")?.split('`').nth(1)
}

type Error = serde_yaml_ng::Error;

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Text of a variable, read as whatever is wanted.
struct Text<'de>(&'de str);

impl<'de> IntoDeserializer<'de, Error> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident, $visit:ident, $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.trim().parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                // Reported as "invalid type", or read by visitors that also take text.
                Err(_) => visitor.visit_str(self.0),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    numbers! {
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
        deserialize_f32, visit_f32, f32;
        deserialize_f64, visit_f64, f64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "sim" => visitor.visit_bool(true),
            "false" | "0" | "no" | "off" | "nao" | "não" => visitor.visit_bool(false),
            _ => visitor.visit_str(self.0),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is written with commas: `a, b`.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = self
            .0
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Text);
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.trim().into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct map struct identifier ignored_any
    }
}

/// Calls the same method of the leaf's own deserializer.
macro_rules! to_leaf {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            match self {
                Node::Map(_) => self.deserialize_any(visitor),
                Node::Leaf(Written::Text(text), _) => Text(text).$method($($argument,)* visitor),
                Node::Leaf(Written::Yaml(value), _) => value.$method($($argument,)* visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Node::Map(map) => visitor.visit_map(MapDeserializer::new(
                map.iter().map(|(key, node)| (key.as_str(), node)),
            )),
            Node::Leaf(Written::Text(text), _) => Text(text).deserialize_any(visitor),
            Node::Leaf(Written::Yaml(value), _) => value.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Node::Leaf(Written::Yaml(Value::Null), _) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Node::Map(map) => {
                let mut entries = map.iter();
                match (entries.next(), entries.next()) {
                    (Some((key, node)), None) => {
                        visitor.visit_enum(de::value::MapAccessDeserializer::new(
                            MapDeserializer::new(std::iter::once((key.as_str(), node))),
                        ))
                    }
                    _ => Err(de::Error::custom("expected one key that names the variant")),
                }
            }
            Node::Leaf(Written::Text(text), _) => {
                Text(text).deserialize_enum(name, variants, visitor)
            }
            Node::Leaf(Written::Yaml(value), _) => value.deserialize_enum(name, variants, visitor),
        }
    }

    to_leaf! {
        deserialize_bool();
        deserialize_i8(); deserialize_i16(); deserialize_i32(); deserialize_i64();
        deserialize_u8(); deserialize_u16(); deserialize_u32(); deserialize_u64();
        deserialize_f32(); deserialize_f64();
        deserialize_char(); deserialize_str(); deserialize_string();
        deserialize_bytes(); deserialize_byte_buf();
        deserialize_unit(); deserialize_unit_struct(name: &'static str);
        deserialize_seq(); deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map(); deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_identifier(); deserialize_ignored_any();
    }
}
