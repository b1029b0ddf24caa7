//! How much is asked and what it costs: limits per user, opening hours, the day's budget, and the count of it all.
//!
//! Every question is counted in the transaction that keeps it, so that two at once cannot both be the last one allowed. What
//! was asked in vain (the rag-server was away) does not count against the limits. Days are those of `chat.time_zone`.

pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use service::{
    Admission, OpeningHours, UsageService, UsageSettings, dollars, nanos, time_of_day,
};

#[cfg(test)]
mod tests;
