//! Identifiers of our own rows: `UUIDv7` (RFC 9562, section 5.7), text on the wire and in tables, a
//! type of its own per thing, so that one kind cannot be passed for another.

/// Defines an identifier type: `id_type!(/// What it identifies. pub struct JobId;);`
///
/// The type is `Copy`, ordered by creation time (to the millisecond; within one process strictly),
/// and reads and writes the hyphenated lower-case form. Reading accepts any UUID version, because
/// rows may have been made elsewhere.
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $vis:vis struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($crate::macro_support::uuid::Uuid);

        #[allow(
            dead_code,
            clippy::new_without_default,
            reason = "not every identifier is made, parsed or compared in its own crate, and a default id would be a new one each time"
        )]
        impl $name {
            /// A new identifier, later than every one this process made before.
            $vis fn new() -> Self {
                Self($crate::macro_support::uuid::Uuid::now_v7())
            }

            /// The identifier as the UUID it is.
            $vis fn as_uuid(&self) -> &$crate::macro_support::uuid::Uuid {
                &self.0
            }
        }

        impl ::std::convert::From<$crate::macro_support::uuid::Uuid> for $name {
            fn from(uuid: $crate::macro_support::uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::macro_support::uuid::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::macro_support::uuid::Uuid::try_parse(text).map(Self)
            }
        }

        impl $crate::macro_support::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::macro_support::serde::Serializer,
            {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::macro_support::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::macro_support::serde::Deserializer<'de>,
            {
                let text: ::std::string::String =
                    $crate::macro_support::serde::Deserialize::deserialize(deserializer)?;
                text.parse().map_err($crate::macro_support::serde::de::Error::custom)
            }
        }

        impl $crate::macro_support::utoipa::PartialSchema for $name {
            fn schema() -> $crate::macro_support::utoipa::openapi::RefOr<
                $crate::macro_support::utoipa::openapi::schema::Schema,
            > {
                $crate::id::text_schema()
            }
        }

        impl $crate::macro_support::utoipa::ToSchema for $name {}
    };
}

/// The schema of every identifier: text of format `uuid`.
#[doc(hidden)]
pub fn text_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    crate::id_type!(
        /// A row of these tests.
        pub(crate) struct RowId;
    );

    #[test]
    fn an_identifier_survives_text_and_json() {
        let id = RowId::new();
        assert_eq!(id.to_string().parse::<RowId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<RowId>(&json).unwrap(), id);
        assert_eq!(id.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn identifiers_sort_by_the_time_they_were_made() {
        let ids: Vec<RowId> = (0..1000).map(|_| RowId::new()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn text_that_is_no_uuid_is_refused() {
        for text in [
            "",
            "1",
            "../etc",
            "0190",
            "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        ] {
            assert!(text.parse::<RowId>().is_err(), "{text}");
        }
    }
}
