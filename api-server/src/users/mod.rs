//! Accounts: who exists, with which role, and whether they may come in.
//!
//! This feature owns the table `users` and everything that voids a user's credentials. Others read an account through
//! [`UserService::account`], which answers from the cache for seconds at most and is written through at every change,
//! so that a disabled user is out with the next request. There is always one administrator who can sign in.

mod checks;
mod error;
mod import;
mod model;
mod passwords;
pub(crate) mod routes;
mod row;
mod service;
pub(crate) mod store;
mod view;

pub(crate) use checks::is_email;
pub(crate) use error::UserError;
pub(crate) use import::import;
pub(crate) use model::{Account, Role, is_username};
pub(crate) use row::UserRow;
pub(crate) use service::{Changes, FirstPassword, NewUser, UserService};
pub(crate) use view::UserView;
