//! Which settings can be.

use std::time::Duration;

use chrono_tz::Tz;
use shared::problem::Invalid;

use super::model::{MEGABYTE, Operator, SiteSettings, extensions, joined};
use crate::materials::known;

const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 1_000;
/// Most minutes of a session: what the operator may set at most, too.
const MAX_SESSION: u64 = 24 * 60;
const MAX_ATTEMPTS: u32 = 100;

impl SiteSettings {
    /// Itself in its usual spelling, if every value is in its range.
    pub(super) fn checked(mut self, operator: &Operator) -> Result<Self, Invalid> {
        let mut invalid = Invalid::new();
        let general = &mut self.general;
        general.site_name = general.site_name.trim().to_owned();
        general.description = general.description.trim().to_owned();
        let is_line = |text: &str| !text.chars().any(char::is_control);
        if !(1..=MAX_NAME).contains(&general.site_name.chars().count())
            || !is_line(&general.site_name)
        {
            let detail = "deve ter de 1 a 100 caracteres, sem caracteres de controle";
            invalid = invalid.field("/general/siteName", "invalid_value", detail);
        }
        let is_text = |text: &str| {
            !text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        };
        if general.description.chars().count() > MAX_DESCRIPTION || !is_text(&general.description) {
            let detail = "deve ter no máximo 1000 caracteres, sem caracteres de controle";
            invalid = invalid.field("/general/description", "invalid_value", detail);
        }
        if let Ok(zone) = general.timezone.trim().parse::<Tz>() {
            zone.name().clone_into(&mut general.timezone);
        } else {
            let detail = "não é um fuso horário como America/Sao_Paulo";
            invalid = invalid.field("/general/timezone", "invalid_value", detail);
        }
        let largest = operator.max_archive / MEGABYTE;
        if !(1..=largest.max(1)).contains(&u64::from(general.max_file_size)) {
            let detail = format!("deve estar entre 1 e {largest} (MB)");
            invalid = invalid.field("/general/maxFileSize", "out_of_range", detail);
        }
        let types = extensions(&general.allowed_file_types);
        let unknown = types
            .iter()
            .find(|one| !known().any(|other| other == one.as_str()));
        if types.is_empty() {
            let detail = "deve trazer ao menos uma extensão, como .pdf";
            invalid = invalid.field("/general/allowedFileTypes", "invalid_value", detail);
        } else if unknown.is_some() {
            let known: Vec<&str> = known().collect();
            let detail = format!(
                "traz uma extensão que não é aceita; use destas: {}",
                known.join(", ")
            );
            invalid = invalid.field("/general/allowedFileTypes", "unknown_value", detail);
        } else {
            general.allowed_file_types = joined(&types);
        }
        let longest = (operator
            .longest_session
            .min(Duration::from_secs(MAX_SESSION * 60)))
        .as_secs()
        .div_euclid(60);
        if !(1..=longest).contains(&u64::from(self.security.session_timeout)) {
            let detail = format!("deve estar entre 1 e {longest} (minutos)");
            invalid = invalid.field("/security/sessionTimeout", "out_of_range", detail);
        }
        if !(1..=MAX_ATTEMPTS).contains(&self.security.max_login_attempts) {
            let detail = format!("deve estar entre 1 e {MAX_ATTEMPTS}");
            invalid = invalid.field("/security/maxLoginAttempts", "out_of_range", detail);
        }
        invalid.or(self)
    }
}
