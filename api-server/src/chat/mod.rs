//! Questions and answers: who asks, what was said before, what is kept, and what to go on with.
//!
//! The rag-server retrieves, writes and proves; this feature adds the person: conversations in SQL keyed by user, memory of
//! the last turns, level and style, the assistant's configuration, limits and usage, and what to ask and read next, which
//! comes from headings of the material and nowhere else. A question is kept before it is asked, so that one without an
//! answer (the rag-server was away, the reader left) is seen as such. Nothing of another user is ever found: every
//! statement names the user.

mod answer;
mod conversations;
mod error;
mod guidance;
mod kept;
mod learning;
mod model;
mod models;
mod privacy;
mod question;
mod reading;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod stream;
mod wire;

pub(crate) use conversations::Conversations;
pub(crate) use error::ChatError;
pub(crate) use guidance::folded;
pub(crate) use learning::LearningService;
pub(crate) use model::{Level, Style};
pub(crate) use question::{Asked, MessageLengths};
pub(crate) use service::{Answered, ChatService, ChatSettings};
