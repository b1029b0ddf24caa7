//! What passages are ranked by.

use rank::Model;

/// A model, and which one it is.
pub(crate) struct Ranker {
    /// 0 for the model that comes with the program; what was learned counts from 1.
    pub(crate) version: u32,
    pub(crate) model: Model,
    name: String,
}

impl Ranker {
    /// This model.
    pub(crate) fn new(version: u32, model: Model) -> Self {
        // Versions of several servers that share a cache may have the same number.
        let hash = blake3::hash(model.to_json_pretty().as_bytes());
        Self {
            version,
            name: hash.to_hex().to_string(),
            model,
        }
    }

    /// The model that comes with the program.
    pub(crate) fn bundled() -> Self {
        Self::new(0, Model::bundled())
    }

    /// Tells it from every other one.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}
