//! Questions and answers: with the real rag-server and the samples, and with a stand-in where faults, models and money are
//! needed.

mod limits;
mod planned;
mod scope;
pub(crate) mod stand_in;
pub(crate) mod story;
mod streams;
