//! Which chat models there are, which of them can be asked, and whose key is in use.
//!
//! The registry comes from `config/models.json`, keys and addresses from the environment or, until the next start, from
//! `POST /initialize`. Without any key answers are quoted from the material: that is a way to run, not a fault.

mod numbers;
pub(crate) mod routes;

use generate::{Chain, ChainSettings, Given, ModelStatus, Preferences, ProviderError, Registry};
use serde::{Deserialize, Serialize};
use shared::settings::SecretString;

/// Settings of the chat models.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// All models.
    pub registry: Registry,
    /// Which are tried first.
    pub preferences: Preferences,
    /// Keys and addresses.
    pub given: Given,
    /// Time limits, retries, breakers.
    pub chain: ChainSettings,
}

/// A chat model as clients see it. Its address is nobody's business.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ModelInfo {
    /// Name to ask for it by.
    pub name: String,
    /// Who serves it.
    pub provider: String,
    /// Its name at the provider.
    pub model: String,
    /// Tokens of question, passages and answer together.
    pub context: usize,
    /// US dollars per million tokens read.
    pub price_in: f64,
    /// US dollars per million tokens written.
    pub price_out: f64,
    /// It has its key, or its address.
    pub available: bool,
    /// `closed` (asked), `open` (left alone after failures) or `half_open` (about to be tried again).
    pub breaker: String,
}

/// Chat models in the order in which they are tried.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ModelsResponse {
    /// The one asked first; null while answers are quoted.
    pub active: Option<String>,
    /// All of them.
    pub models: Vec<ModelInfo>,
}

/// The chat models.
#[derive(Debug)]
pub struct Models {
    chain: Chain,
}

impl Models {
    /// Those of the settings.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`] if no HTTP client can be set up.
    pub fn new(settings: &ModelSettings) -> Result<Self, ProviderError> {
        let models = settings.registry.ordered(&settings.preferences);
        Ok(Self {
            chain: Chain::new(models, &settings.given, settings.chain)?,
        })
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// All models and how they stand.
    pub(crate) fn list(&self) -> ModelsResponse {
        ModelsResponse {
            active: self.chain.first(None),
            models: self.chain.status().into_iter().map(info).collect(),
        }
    }

    /// Uses a key until the next start; returns whose it is, `None` when no model takes it.
    pub(crate) fn use_key(&self, provider: Option<&str>, key: &SecretString) -> Option<String> {
        self.chain.use_key(provider, key)
    }
}

fn info(status: ModelStatus) -> ModelInfo {
    let breaker = match status.breaker {
        generate::chain::BreakerState::Closed => "closed",
        generate::chain::BreakerState::Open => "open",
        generate::chain::BreakerState::HalfOpen => "half_open",
    };
    ModelInfo {
        name: status.entry.name,
        provider: status.entry.provider,
        model: status.entry.model,
        context: status.entry.context,
        price_in: status.entry.price_in,
        price_out: status.entry.price_out,
        available: status.is_available,
        breaker: breaker.to_owned(),
    }
}
