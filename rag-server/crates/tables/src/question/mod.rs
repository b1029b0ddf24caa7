//! From a question to a plan, without a model.
//!
//! 1. [`tags`]: each stretch of words is matched with what it can be: something to do, a number, a date, columns, values of
//!    columns, the table's own name. Where it can be several things, all readings are kept (a bounded number).
//! 2. [`assemble`]: a reading becomes a plan only when **every** word of it is accounted for. A word that the table does not
//!    know refuses the reading: rather no answer than one to another question.
//! 3. [`ask`]: all tables of a set, then pairs that share a key. Readings that come to different results are asked back.

mod ask;
mod assemble;
mod compared;
mod conditions;
mod dated;
mod denials;
mod extremes;
mod fields;
mod figures;
mod frame;
mod groups;
mod moments;
mod ranks;
mod readings;
mod refusal;
mod reply;
mod rows;
mod scope;
mod slips;
mod tags;
mod targets;
mod verbs;

pub use ask::ask;
pub(crate) use ask::same_rows;
pub(crate) use frame::question_words;
pub use reply::{Aliases, Answered, Asked, Evidence, Options, Reply};
pub(crate) use scope::Scope;
pub(crate) use tags::Is;
