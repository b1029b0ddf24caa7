use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

use crate::settings::Settings;

/// Bytes of a megabyte as the page counts.
pub(super) const MEGABYTE: u64 = 1 << 20;

/// Declares a category of settings, and what may be changed of it.
macro_rules! category {
    ($(#[$meta:meta])* $name:ident, $changes:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        /// What to change of a category; what is absent stays.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(crate) struct $changes {
            $(
                $(#[$doc])*
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }

        impl $name {
            fn with(&self, changes: $changes) -> Self {
                let old = self.clone();
                Self { $($field: changes.$field.unwrap_or(old.$field),)* }
            }

            /// What leads from `self` to `other`; `None` when nothing does.
            fn changes_to(&self, other: &Self) -> Option<$changes> {
                (self != other).then(|| $changes {
                    $($field: (self.$field != other.$field).then(|| other.$field.clone()),)*
                })
            }
        }
    };
}

category! {
    /// What the system is and takes.
    General, GeneralChanges {
        /// Its name in mails and in apps with codes, 1 to 100 characters.
        #[schema(min_length = 1, max_length = 100)]
        site_name: String,
        /// What it is for, at most 1,000 characters.
        #[schema(max_length = 1_000)]
        description: String,
        /// `pt-BR`: answers are in the language of the question; `en-US`: in English.
        language: Language,
        /// Whose days and hours count, such as `America/Sao_Paulo`.
        timezone: String,
        /// Megabytes of a file at most, from 1.
        #[schema(minimum = 1)]
        max_file_size: u32,
        /// Extensions that are taken, with commas: `.pdf,.docx`.
        #[schema(examples(".pdf,.docx,.txt,.pptx"))]
        allowed_file_types: String,
    }
}

category! {
    /// Who comes in, and for how long.
    Security, SecurityChanges {
        /// Minutes until somebody who signed in must do so again, 1 to 1,440; holds for those who sign in from then on.
        #[schema(minimum = 1, maximum = 1_440)]
        session_timeout: u32,
        /// Wrong passwords before delays begin, 1 to 100.
        #[schema(minimum = 1, maximum = 100)]
        max_login_attempts: u32,
        /// Passwords must be changed every 90 days.
        require_password_change: bool,
        /// Instructors and administrators must have a second factor.
        enable_two_factor: bool,
    }
}

category! {
    /// Of what administrators hear.
    #[allow(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "as the page has them")]
    Notifications, NotificationsChanges {
        /// Notices and alerts go by e-mail.
        email_notifications: bool,
        /// Notices go to the webhooks and Slack addresses of the alerts' settings too.
        push_notifications: bool,
        /// Of maintenance that changed something.
        maintenance_alerts: bool,
        /// Of changes of these settings.
        system_updates: bool,
    }
}

/// A language of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) enum Language {
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    Portuguese,
    /// English.
    #[serde(rename = "en-US")]
    English,
}

/// Everything that administrators set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct SiteSettings {
    /// What the system is and takes.
    pub general: General,
    /// Who comes in.
    pub security: Security,
    /// Of what administrators hear.
    pub notifications: Notifications,
}

/// What to change; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteChanges {
    /// See [`General`].
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub general: Option<GeneralChanges>,
    /// See [`Security`].
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub security: Option<SecurityChanges>,
    /// See [`Notifications`].
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub notifications: Option<NotificationsChanges>,
}

impl SiteSettings {
    /// These settings with `changes` made to them.
    pub(super) fn with(&self, changes: SiteChanges) -> Self {
        Self {
            general: self.general.with(changes.general.unwrap_or_default()),
            security: self.security.with(changes.security.unwrap_or_default()),
            notifications: self
                .notifications
                .with(changes.notifications.unwrap_or_default()),
        }
    }

    /// What leads from `self` to `other`.
    pub(super) fn changes_to(&self, other: &Self) -> SiteChanges {
        SiteChanges {
            general: self.general.changes_to(&other.general),
            security: self.security.changes_to(&other.security),
            notifications: self.notifications.changes_to(&other.notifications),
        }
    }
}

/// A field that is there has a value: a number input that was cleared arrives as `null`, which is none.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What the operator wrote: what holds until somebody sets something else.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    site_name: String,
    time_zone: Tz,
    /// Bytes.
    max_upload: u64,
    /// Bytes; no file may be larger, whatever is set.
    pub(super) max_archive: u64,
    extensions: Vec<String>,
    session: Duration,
    /// No token may live longer, whatever is set.
    pub(super) longest_session: Duration,
    attempts: u64,
}

impl From<&Settings> for Operator {
    fn from(settings: &Settings) -> Self {
        Self {
            site_name: settings.mail.site_name.clone(),
            time_zone: settings.usage.time_zone,
            max_upload: settings.materials.max_upload,
            max_archive: settings.materials.max_archive,
            extensions: settings.materials.extensions.clone(),
            session: settings.jwt.lifetime,
            longest_session: settings.jwt.refresh_lifetime,
            attempts: settings.login.attempts,
        }
    }
}

impl Operator {
    /// The same as the page shows it; what is no whole megabyte or minute is rounded up.
    pub(super) fn shown(&self) -> SiteSettings {
        let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        SiteSettings {
            general: General {
                site_name: self.site_name.clone(),
                description: String::new(),
                language: Language::Portuguese,
                timezone: self.time_zone.name().to_owned(),
                max_file_size: whole(self.max_upload.div_ceil(MEGABYTE)),
                allowed_file_types: joined(&self.extensions),
            },
            security: Security {
                session_timeout: whole(self.session.as_secs().div_ceil(60)),
                max_login_attempts: whole(self.attempts),
                require_password_change: false,
                enable_two_factor: false,
            },
            notifications: Notifications {
                email_notifications: true,
                push_notifications: false,
                maintenance_alerts: true,
                system_updates: true,
            },
        }
    }

    /// What is in force where `overrides` were set.
    pub(super) fn with(&self, overrides: SiteChanges) -> InForce {
        let set = overrides.clone();
        let (general, security) = (
            set.general.unwrap_or_default(),
            set.security.unwrap_or_default(),
        );
        InForce {
            shown: self.shown().with(overrides),
            max_upload: general
                .max_file_size
                .map_or(self.max_upload, |size| u64::from(size) * MEGABYTE),
            extensions: general
                .allowed_file_types
                .map_or_else(|| self.extensions.clone(), |types| extensions(&types)),
            session: security.session_timeout.map_or(self.session, |minutes| {
                Duration::from_secs(u64::from(minutes) * 60)
            }),
            attempts: security.max_login_attempts.map_or(self.attempts, u64::from),
            time_zone: general
                .timezone
                .and_then(|name| name.parse().ok())
                .unwrap_or(self.time_zone),
        }
    }
}

/// What is in force, as those use it who enforce it.
#[derive(Debug, Clone)]
pub(crate) struct InForce {
    /// As the page shows it.
    pub(crate) shown: SiteSettings,
    /// Most bytes of a file.
    pub(crate) max_upload: u64,
    /// Extensions that are taken, in lower case, without the dot.
    pub(crate) extensions: Vec<String>,
    /// Life of an access token and of the cookie.
    pub(crate) session: Duration,
    /// Wrong passwords before delays begin.
    pub(crate) attempts: u64,
    /// Whose days and hours count.
    pub(crate) time_zone: Tz,
}

impl InForce {
    /// The language answers must be in; `None` leaves it to the question.
    pub(crate) fn language(&self) -> Option<&'static str> {
        match self.shown.general.language {
            Language::Portuguese => None,
            Language::English => Some("en"),
        }
    }
}

/// `.pdf, DOCX` as extensions: lower case, no dot, each once.
pub(super) fn extensions(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in text.split([',', ';', ' ']) {
        let extension = part.trim().trim_start_matches('.').to_lowercase();
        if !extension.is_empty() && !all.contains(&extension) {
            all.push(extension);
        }
    }
    all
}

/// Extensions as the page shows them.
pub(super) fn joined(extensions: &[String]) -> String {
    let dotted: Vec<String> = extensions.iter().map(|one| format!(".{one}")).collect();
    dotted.join(",")
}
