//! Signing in and out: tokens for a name and a password, refreshed, ended, checked.
//!
//! A session is one signing in. Its access tokens are JWT, its refresh token is opaque, good once, and kept as a digest;
//! one that comes a second time was stolen from somebody, so its session ends. This feature owns `sessions` and
//! `refresh_tokens`.

mod error;
pub(crate) mod form;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use error::SessionError;
pub(crate) use routes::COOKIE;
pub(crate) use service::{Opened, SessionService, SignIn};
