//! `/drive/…` and the older names of the same.

pub(crate) mod folders;
pub(crate) mod look;
pub(crate) mod oauth;
pub(crate) mod runs;
pub(crate) mod stats;
pub(crate) mod sync;

use secrecy::ExposeSecret as _;
use shared::settings::SecretString;

/// A key that was given; a blank one counts as none.
fn given(key: Option<SecretString>) -> Option<SecretString> {
    key.map(|key| SecretString::from(key.expose_secret().trim().to_owned()))
        .filter(|key| !key.expose_secret().is_empty())
}
