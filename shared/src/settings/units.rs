//! Lengths of time and sizes as people write them, for `#[serde(with = "…")]`.

/// Lengths of time: `250ms`, `30s`, `5m`, `2h`, `1d`. A bare number is refused, because nobody can
/// see its unit; `0` alone is clear.
pub mod duration {
    use std::fmt;
    use std::time::Duration;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    const UNITS_MS: &[(&str, u64)] = &[
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];

    /// Reads one.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn parse(text: &str) -> Result<Duration, String> {
        let text = text.trim();
        if text == "0" {
            return Ok(Duration::ZERO);
        }
        let (number, unit) = super::split(text);
        let milliseconds = UNITS_MS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, ms)| *ms);
        match (number.parse::<u64>(), milliseconds) {
            (Ok(number), Some(ms)) => number
                .checked_mul(ms)
                .map(Duration::from_millis)
                .ok_or_else(|| format!("{text:?} is too long a time")),
            _ => Err(format!(
                "{text:?} is no length of time such as 250ms, 30s, 5m, 2h or 1d"
            )),
        }
    }

    /// Writes one in its largest whole unit; what is finer than a millisecond is cut.
    pub fn format(value: &Duration) -> String {
        let ms = u64::try_from(value.as_millis()).unwrap_or(u64::MAX);
        UNITS_MS
            .iter()
            .rev()
            .find(|(_, unit)| ms >= *unit && ms.is_multiple_of(*unit))
            .map_or_else(
                || "0s".to_owned(),
                |(name, unit)| format!("{}{name}", ms / unit),
            )
    }

    /// For serde.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        deserializer.deserialize_any(Reader)
    }

    /// For serde.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(value))
    }

    struct Reader;

    impl Visitor<'_> for Reader {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a length of time such as \"30s\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).map_err(E::custom)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Duration, E> {
            parse(&number.to_string()).map_err(E::custom)
        }
    }

    /// The same for `Option<Duration>`; use with `#[serde(default)]`.
    pub mod option {
        use std::time::Duration;

        use serde::de::Deserializer;
        use serde::ser::Serializer;

        /// For serde.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            deserializer.deserialize_option(super::super::Optional(super::Reader))
        }

        /// For serde.
        #[allow(clippy::ref_option, reason = "the signature serde's `with` calls")]
        pub fn serialize<S: Serializer>(
            value: &Option<Duration>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match value {
                Some(value) => super::serialize(value, serializer),
                None => serializer.serialize_none(),
            }
        }
    }
}

/// Sizes in bytes: `20MiB`, `512KiB`, `1GB`, or a bare number of bytes. `KiB` counts in 1024,
/// `kB` in 1000 (IEC 80000-13).
pub mod size {
    use std::fmt;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    const UNITS: &[(&str, u64)] = &[
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
        ("TB", 1_000_000_000_000),
        ("TiB", 1 << 40),
    ];

    /// Reads one.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn parse(text: &str) -> Result<u64, String> {
        let text = text.trim();
        let (number, unit) = super::split(text);
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor);
        match (number.parse::<u64>(), factor) {
            (Ok(number), Some(factor)) => number
                .checked_mul(factor)
                .ok_or_else(|| format!("{text:?} is too large a size")),
            _ => Err(format!("{text:?} is no size such as 512KiB, 20MiB or 1GB")),
        }
    }

    /// Writes one in its largest whole binary unit.
    pub fn format(bytes: u64) -> String {
        [
            ("TiB", 1 << 40),
            ("GiB", 1 << 30),
            ("MiB", 1 << 20),
            ("KiB", 1 << 10),
        ]
        .into_iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor))
        .map_or_else(
            || format!("{bytes}B"),
            |(name, factor)| format!("{}{name}", bytes / factor),
        )
    }

    /// For serde.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(Reader)
    }

    /// For serde.
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde's `with` calls"
    )]
    pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(*bytes))
    }

    struct Reader;

    impl Visitor<'_> for Reader {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a size such as \"20MiB\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            parse(text).map_err(E::custom)
        }

        fn visit_u64<E: Error>(self, bytes: u64) -> Result<u64, E> {
            Ok(bytes)
        }
    }

    /// The same for `Option<u64>`; use with `#[serde(default)]`.
    pub mod option {
        use serde::de::Deserializer;
        use serde::ser::Serializer;

        /// For serde.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<u64>, D::Error> {
            deserializer.deserialize_option(super::super::Optional(super::Reader))
        }

        /// For serde.
        #[allow(clippy::ref_option, reason = "the signature serde's `with` calls")]
        pub fn serialize<S: Serializer>(
            value: &Option<u64>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match value {
                Some(value) => super::serialize(value, serializer),
                None => serializer.serialize_none(),
            }
        }
    }
}

/// Number and unit, with or without a space between.
fn split(text: &str) -> (&str, &str) {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or(text);
    (number, unit.trim_start())
}

/// Reads nothing, or what the inner visitor reads.
struct Optional<V>(V);

impl<'de, V: serde::de::Visitor<'de>> serde::de::Visitor<'de> for Optional<V> {
    type Value = Option<V::Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: serde::de::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self.0).map(Some)
    }
}
