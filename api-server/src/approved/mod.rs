//! The approved list: people who may have an account, and get it by the link they are sent.

pub(crate) mod routes;
pub(crate) mod store;

pub(crate) use store::ApprovedRow;
