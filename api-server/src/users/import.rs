//! Takes over the files of the earlier system: `users_db.json` and `approved_users.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::clock::Clock;
use shared::db::Db;

use super::checks::is_email;
use super::error::UserError;
use super::model::{Role, is_username};
use super::row::UserRow;
use super::service::as_number;
use super::store;
use crate::approved;
use crate::audit::{self, Action, Actor, Deed};
use crate::passwords::{UNUSABLE, is_bcrypt};

/// One user of `users_db.json`; what is missing or strange is made good.
#[derive(Debug, Deserialize)]
struct OldUser {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    hashed_password: Option<String>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    external_id: Option<serde_json::Value>,
    #[serde(default)]
    approved: Option<bool>,
    #[serde(default)]
    last_login: Option<String>,
    #[serde(default)]
    is_temporary_password: Option<bool>,
}

/// One entry of `approved_users.json`.
#[derive(Debug, Deserialize)]
struct OldApproved {
    #[serde(default)]
    external_id: Option<serde_json::Value>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    role: Option<String>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ImportReport {
    /// Accounts taken over.
    pub users: usize,
    /// Entries of the approved list taken over.
    pub approved: usize,
    /// Names that were there already and stay as they are.
    pub present: Vec<String>,
    /// Names that could not be kept: old and new one.
    pub renamed: BTreeMap<String, String>,
    /// Accounts whose password could not be taken over: they set one by the reset link.
    pub without_password: Vec<String>,
}

/// Takes the users, and the approved list, over. What is there already stays; running it twice changes nothing.
///
/// # Errors
/// Files that are not what they should be, or the database; then nothing is changed.
pub(crate) async fn import(
    db: &Db,
    clock: &dyn Clock,
    users: Option<&str>,
    approved_users: Option<&str>,
) -> anyhow::Result<ImportReport> {
    let users: BTreeMap<String, OldUser> = match users {
        Some(text) => serde_json::from_str(text)?,
        None => BTreeMap::new(),
    };
    let approved_users: Vec<OldApproved> = match approved_users {
        Some(text) => serde_json::from_str(text)?,
        None => Vec::new(),
    };
    let now = clock.now_ms();
    let actor = Actor::system("import");
    let mut report = ImportReport::default();
    let mut tx = db.begin_write().await?;
    store::take_turn(&mut tx).await?;
    for (key, old) in users {
        let given = old.username.clone().unwrap_or(key);
        let username = if is_username(&given) {
            given.clone()
        } else {
            generated_name(&given)
        };
        if store::by_name_in(&mut tx, &username).await?.is_some() {
            report.present.push(given);
            continue;
        }
        if username != given {
            report.renamed.insert(given, username.clone());
        }
        let mut row = taken_over(old, username, now, &mut report);
        if row.external_id.is_none() || is_external_id_taken(&mut tx, &row).await? {
            let number = store::next_number(&mut tx).await?;
            row.external_id = Some(number.to_string());
            row.external_number = Some(number);
        }
        store::insert(&mut tx, &row)
            .await
            .map_err(UserError::from)?;
        let deed = Deed {
            action: Action::UserCreated,
            actor: &actor,
            target: Some((&row.uid, &row.username)),
            now,
        };
        audit::record(&mut tx, deed).await?;
        report.users = report.users.saturating_add(1);
    }
    for old in approved_users {
        let Some(email) = old.email.filter(|email| is_email(email)) else {
            continue;
        };
        let given = old
            .username
            .unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
        let username = if is_username(&given) {
            given
        } else {
            generated_name(&given)
        };
        let entry = approved::ApprovedRow::new(
            username,
            email,
            old.full_name,
            Role::parse(old.role.as_deref().unwrap_or_default()),
            old.external_id.and_then(as_text),
            now,
        );
        if approved::store::insert(&mut tx, &entry).await? {
            report.approved = report.approved.saturating_add(1);
        }
    }
    tx.commit().await?;
    Ok(report)
}

fn taken_over(old: OldUser, username: String, now: i64, report: &mut ImportReport) -> UserRow {
    let hash = old
        .hashed_password
        .filter(|hash| is_bcrypt(hash) || hash.starts_with("$argon2id$"));
    if hash.is_none() {
        report.without_password.push(username.clone());
    }
    let external_id = old.external_id.and_then(as_text);
    UserRow {
        uid: uuid::Uuid::now_v7().to_string(),
        username_key: store::key(&username),
        username,
        email: old.email.filter(|email| is_email(email)),
        full_name: old
            .full_name
            .map(|name| {
                name.chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect::<String>()
            })
            .filter(|name| !name.is_empty()),
        role: Role::parse(old.role.as_deref().unwrap_or_default())
            .as_str()
            .to_owned(),
        password_hash: hash.unwrap_or_else(|| UNUSABLE.to_owned()),
        disabled: old.disabled.unwrap_or(false),
        approved: old.approved.unwrap_or(false),
        temporary_password: old.is_temporary_password.unwrap_or(false),
        temporary_expires_at: old
            .is_temporary_password
            .unwrap_or(false)
            .then(|| now.saturating_add(24 * 3600 * 1000)),
        external_number: external_id.as_deref().and_then(as_number),
        external_id,
        token_version: 1,
        spared_jti: None,
        totp_secret: None,
        totp_confirmed: false,
        totp_last_step: 0,
        created_at: old.created_at.as_deref().and_then(time).unwrap_or(now),
        updated_at: now,
        last_login: old.last_login.as_deref().and_then(time),
        password_changed_at: Some(now),
    }
}

/// A name made from one that cannot be kept: what can be kept of it, and a digest, so that the same name gives the same.
fn generated_name(given: &str) -> String {
    let plain: String = given
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
        .take(40)
        .collect();
    let digest = crate::opaque::digest(given);
    format!("{plain}-{}", digest.get(..8).unwrap_or_default())
        .trim_start_matches(['.', '-', '_'])
        .to_owned()
}

fn as_text(value: serde_json::Value) -> Option<String> {
    let text = match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 64 && !text.chars().any(char::is_control)).then_some(text)
}

/// The earlier system wrote UTC without saying so.
fn time(text: &str) -> Option<i64> {
    let with_zone = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    with_zone
        .or_else(|_| {
            chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .map(|time| time.and_utc().timestamp_millis())
        })
        .ok()
}

async fn is_external_id_taken(tx: &mut shared::db::Tx, row: &UserRow) -> Result<bool, UserError> {
    match &row.external_id {
        Some(id) => Ok(store::by_external_id_in(tx, id).await?.is_some()),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_kept_become_others() {
        for given in [
            "José da Silva",
            "a",
            "../../etc",
            "maria@example.org",
            "",
            "…",
        ] {
            let name = generated_name(given);
            assert!(is_username(&name), "{given:?} became {name:?}");
            assert_eq!(name, generated_name(given));
        }
        assert_ne!(generated_name("José"), generated_name("Josè"));
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        assert_eq!(time("2025-03-01T12:00:00"), Some(1_740_830_400_000));
        assert_eq!(time("2025-03-01T12:00:00.500000"), Some(1_740_830_400_500));
        assert_eq!(time("2025-03-01T09:00:00-03:00"), Some(1_740_830_400_000));
        assert_eq!(time("gestern"), None);
    }
}
