//! Exact answers from tables, with the cells as proof.
//!
//! [`TableSet`] types the tables of a document; [`ask`] reads a question into a [`plan::Plan`] and computes it; [`run`]
//! computes a plan from elsewhere.
//!
//! Pure: no files, no clock, no network, no model. Numbers are exact decimals. Nothing in a cell is ever executed, and no
//! formula is evaluated: what the document shows is what is computed with.
//!
//! Invariants: a question is only computed when every word of it is accounted for; a result names the cells it was made
//! of; whatever was left out is told.

mod answer;
mod brief;
mod cells;
mod check;
mod column;
mod engine;
mod grounds;
mod lexicon;
mod links;
mod moment;
mod number;
mod outcome;
pub mod plan;
mod proof;
mod propose;
mod question;
mod range;
mod source;
mod table;
mod totals;
mod value;
mod view;
mod vocabulary;
mod words;

pub use answer::{Answer, answer};
pub use brief::{Brief, chosen};
pub use check::Fault;
pub use column::{Column, Oddity};
pub use engine::run;
pub use links::Link;
pub use outcome::{
    Limits, Note, NoteCode, Outcome, ResultCell, ResultColumn, ResultRow, ResultValue,
};
pub use proof::Source;
pub use propose::{Agreement, Considered, agreement, consider, proposed_plan};
pub use question::{Aliases, Answered, Asked, Evidence, Options, Reply, ask};
pub use source::{Behind, SourceRow, SourceTable, VERSION};
pub use table::{Table, TableSet};
pub use value::{Kind, Value};
