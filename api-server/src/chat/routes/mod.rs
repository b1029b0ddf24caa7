//! `/chat` and `/models`.

pub(crate) mod ask;
pub(crate) mod conversations;
pub(crate) mod learning;
