//! What names, addresses and numbers may be.

use lettre::Address;
use shared::problem::{FieldError, Invalid};

use super::model::is_username;
use super::service::{Changes, NewUser};

/// Most bytes of a full name and of an external id.
const MAX_NAME: usize = 200;
const MAX_EXTERNAL_ID: usize = 64;

pub(super) fn check_new(new: &NewUser) -> Result<(), Invalid> {
    let mut invalid = Invalid::new();
    if !is_username(&new.username) {
        invalid = invalid.field(
            "/username",
            "invalid_value",
            "use de 3 a 64 letras sem acento, algarismos, pontos, hifens ou sublinhados",
        );
    }
    check_texts(&mut invalid, new.email.as_deref(), new.full_name.as_deref());
    if let Some(id) = &new.external_id
        && (id.is_empty() || id.len() > MAX_EXTERNAL_ID || id.chars().any(char::is_control))
    {
        invalid = invalid.field("/external_id", "invalid_value", "não é um identificador");
    }
    invalid.or(())
}

pub(super) fn check_changes(changes: &Changes) -> Result<(), Invalid> {
    let mut invalid = Invalid::new();
    check_texts(
        &mut invalid,
        changes.email.as_deref(),
        changes.full_name.as_deref(),
    );
    invalid.or(())
}

fn check_texts(invalid: &mut Invalid, email: Option<&str>, full_name: Option<&str>) {
    if let Some(email) = email.map(str::trim).filter(|email| !email.is_empty())
        && !is_email(email)
    {
        invalid.push(FieldError::new(
            "/email",
            "invalid_value",
            "não é um endereço de e-mail",
        ));
    }
    if let Some(name) = full_name
        && (name.len() > MAX_NAME || name.chars().any(char::is_control))
    {
        invalid.push(FieldError::new(
            "/full_name",
            "invalid_value",
            "é longo demais ou não é texto",
        ));
    }
}

/// Whether mail can be sent there (RFC 5321, section 4.5.3.1: at most 254 bytes).
pub(crate) fn is_email(text: &str) -> bool {
    text.len() <= 254 && !text.chars().any(char::is_control) && text.parse::<Address>().is_ok()
}
