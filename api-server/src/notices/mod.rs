//! What administrators are told by mail: that somebody changed the settings, or had something cleaned up.
//!
//! A notice is written in the transaction of what it tells of, with one mail to each administrator who has an address;
//! `mail` sends them.

pub(crate) mod store;

pub(crate) use store::enqueue;

/// What to tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    /// In a few words.
    pub(crate) subject: &'a str,
    /// Plain text.
    pub(crate) body: &'a str,
}
