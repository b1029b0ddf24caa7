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
mod extremes;
mod figures;
mod groups;
mod moments;
mod rows;
mod slips;
mod tags;
mod targets;

pub(crate) use ask::same_rows;
pub use ask::{Aliases, Answered, Asked, Evidence, Options, Reply, ask};
pub(crate) use tags::{Is, Scope, question_words};
