//! Lets a chat model write an answer from numbered passages, and lets nothing of it through that is not proven.
//!
//! Pure of everything around: no settings, no index, no HTTP server. In order of use:
//!
//! 1. [`Registry`] says which models there are; [`Chain`] tries them in order, with time limits, retries and circuit
//!    breakers, and streams what the first one that works writes.
//! 2. [`standalone`] turns a follow-up into a question that can be searched for.
//! 3. [`prompt`] puts rules, course instructions, fenced passages and question together, within the
//!    model's context.
//! 4. [`Verifier`] takes the stream apart and gives back Markdown: every citation names a passage that supports its
//!    sentence, every quotation stands there word for word, every number occurs there; links, images, HTML and hidden
//!    characters are gone. It never gives out what it would have to take back.
//!
//! What the model writes is untrusted, and so are the passages: neither can make a request, name a source or reach a
//! reader as anything but text.

pub mod chain;
pub mod prompt;
mod provider;
mod registry;
pub mod standalone;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod verify;

pub use chain::{Chain, ChainSettings, ChatRequest, Given, ModelStatus, Tally, Writing};
pub use provider::{Message, ProviderError, Role, Usage};
pub use registry::{ModelEntry, Preferences, Registry, RegistryError};
pub use verify::{Cited, Evidence, Verified, Verifier, Warning, WarningKind, visible};

/// Language of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Brazilian Portuguese.
    #[default]
    Portuguese,
    /// English.
    English,
}

#[cfg(test)]
#[path = "tests/honesty.rs"]
mod honesty;
