//! Which model writes: the first in order that is there, has a key, is not broken, and says its first word in time.
//!
//! Up to its first word a model can be replaced without anybody noticing: it is asked again after what it asked to
//! wait, if that is short, and else the next one is tried. After the first word there is no way back: the stream ends
//! with an error, and the caller has something else to say.

mod breaker;
mod tally;
mod writing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rand::RngExt as _;
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::prompt::tokens;
use crate::provider::{self, Call, Retry};
use crate::registry::is_usable;
use crate::{Message, ModelEntry, ProviderError};
use breaker::Breaker;
pub use breaker::BreakerState;
use tally::Counts;
pub use tally::Tally;
pub use writing::Writing;

/// Time to open a connection; a provider that takes longer is as good as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait before the first retry; doubles with each, less a random share of up to a half.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How patient a chain is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainSettings {
    /// How often the same model is asked again before the next one is, 0 to 5.
    pub retries: u32,
    /// Longest wait before asking the same model again; one that asks for more is left alone that long.
    pub max_wait: Duration,
    /// Longest wait for the first word of one model, and between two words.
    pub first_token: Duration,
    /// Longest wait for a first word over all models.
    pub patience: Duration,
    /// Failures in a row after which a model is left alone.
    pub open_after: u32,
    /// How long.
    pub open_for: Duration,
    /// Temperature unless asked otherwise, 0 to 2.
    pub temperature: f32,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            retries: 1,
            max_wait: Duration::from_secs(3),
            first_token: Duration::from_secs(20),
            patience: Duration::from_secs(45),
            open_after: 3,
            open_for: Duration::from_secs(30),
            temperature: 0.2,
        }
    }
}

/// What the operator gave: values of the variables that the registry names.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Keys by the name of their variable.
    pub keys: BTreeMap<String, SecretString>,
    /// Addresses by the name of their variable.
    pub addresses: BTreeMap<String, Url>,
}

/// What is to be written.
pub struct ChatRequest<'a> {
    /// The model to begin with, if there is one of this name; the others follow.
    pub model: Option<&'a str>,
    /// 0 to 2; the chain's own where absent.
    pub temperature: Option<f32>,
    /// Tokens to write at most; the model's own limit where absent.
    pub max_output: Option<usize>,
    /// JSON Schema of the answer; sent to models that keep to one ([`ModelEntry::structured`]), so that `prompt` must say
    /// it in words to the others.
    pub schema: Option<&'a serde_json::Value>,
    /// Makes the messages for a model, within its context.
    pub prompt: &'a (dyn Fn(&ModelEntry) -> Vec<Message> + Send + Sync),
}

/// How a model stands, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    /// The model.
    pub entry: ModelEntry,
    /// It has what it needs: its key, or its address.
    pub is_available: bool,
    /// Whether it is being left alone.
    pub breaker: BreakerState,
    /// What it did since the start.
    pub tally: Tally,
}

struct Slot {
    entry: ModelEntry,
    base_url: Option<Url>,
    key: RwLock<Option<SecretString>>,
    breaker: Mutex<Breaker>,
    counts: Counts,
}

impl Slot {
    fn is_available(&self) -> bool {
        self.base_url.is_some() && (self.entry.key_variable.is_none() || self.key().is_some())
    }

    fn key(&self) -> Option<SecretString> {
        self.key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn breaker<R>(&self, act: impl FnOnce(&mut Breaker) -> R) -> R {
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn failed(&self, error: ProviderError, settings: &ChainSettings) {
        tracing::warn!(model = %self.entry.name, "chat model failed: {error}");
        self.counts.failed();
        if error.is_models_fault() {
            let asked = match error.retry() {
                Retry::After(wait) => wait,
                Retry::Never => Duration::ZERO,
            };
            let is_hopeless =
                asked > settings.max_wait || matches!(error, ProviderError::Auth { .. });
            self.breaker(|breaker| {
                let rest = settings.open_for.max(asked);
                breaker.failed(
                    Instant::now(),
                    rest,
                    if is_hopeless { 1 } else { settings.open_after },
                );
            });
        }
    }
}

/// Models in the order in which they are tried.
pub struct Chain {
    client: Client,
    settings: ChainSettings,
    slots: Vec<Arc<Slot>>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self
            .slots
            .iter()
            .map(|slot| slot.entry.name.as_str())
            .collect();
        formatter
            .debug_struct("Chain")
            .field("models", &names)
            .finish_non_exhaustive()
    }
}

impl Chain {
    /// A chain of models in this order.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`] if no HTTP client can be set up.
    pub fn new(
        models: Vec<ModelEntry>,
        given: &Given,
        settings: ChainSettings,
    ) -> Result<Self, ProviderError> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // Following would carry key and question to an address that nobody chose.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|_| ProviderError::Unreachable)?;
        let slot = |entry: ModelEntry| {
            let chosen = entry
                .base_url_variable
                .as_ref()
                .and_then(|name| given.addresses.get(name));
            let base_url = chosen
                .or(entry.base_url.as_ref())
                .filter(|url| is_usable(url))
                .cloned();
            let key = entry
                .key_variable
                .as_ref()
                .and_then(|name| given.keys.get(name))
                .cloned();
            Arc::new(Slot {
                entry,
                base_url,
                key: RwLock::new(key),
                breaker: Mutex::default(),
                counts: Counts::default(),
            })
        };
        Ok(Self {
            client,
            settings,
            slots: models.into_iter().map(slot).collect(),
        })
    }

    /// Whether any model could be asked.
    pub fn is_available(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_available())
    }

    /// How each model stands, in order.
    pub fn status(&self) -> Vec<ModelStatus> {
        let status = |slot: &Arc<Slot>| ModelStatus {
            entry: slot.entry.clone(),
            is_available: slot.is_available(),
            breaker: slot.breaker(|breaker| breaker.state(Instant::now())),
            tally: slot.counts.tally(&slot.entry),
        };
        self.slots.iter().map(status).collect()
    }

    /// Gives a key to every model of a provider; told from the key itself where nobody says. Kept in memory alone.
    /// Returns the provider; `None` when no model is of it.
    pub fn use_key(&self, provider: Option<&str>, key: &SecretString) -> Option<String> {
        let provider = provider.or_else(|| provider_of(key.expose_secret()))?;
        let mut is_known = false;
        for slot in &self.slots {
            if slot.entry.provider.eq_ignore_ascii_case(provider)
                && slot.entry.key_variable.is_some()
            {
                *slot.key.write().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
                slot.breaker(Breaker::succeeded);
                is_known = true;
            }
        }
        is_known.then(|| provider.to_ascii_lowercase())
    }

    /// The model that would be asked first, by name.
    pub fn first(&self, model: Option<&str>) -> Option<String> {
        self.order(model)
            .first()
            .map(|slot| slot.entry.name.clone())
    }

    /// Starts an answer; `None` when no model says a first word.
    ///
    /// # Cancel safety
    /// Dropping the future, or what it returns, closes the connection to the provider.
    pub async fn write(&self, request: &ChatRequest<'_>) -> Option<Writing> {
        let give_up = Instant::now() + self.settings.patience;
        for slot in self.order(request.model) {
            let mut wait = FIRST_WAIT;
            for attempt in 0..=self.settings.retries {
                if Instant::now() >= give_up {
                    return None;
                }
                if !slot.breaker(|breaker| breaker.admit(Instant::now(), self.settings.open_for)) {
                    break;
                }
                let error = match self.start(&slot, request, give_up).await {
                    Ok(writing) => return Some(writing),
                    Err(error) => error,
                };
                slot.failed(error, &self.settings);
                let Retry::After(asked) = error.retry() else {
                    break;
                };
                let pause = wait.mul_f64(rand::rng().random_range(0.5..=1.0)).max(asked);
                if attempt == self.settings.retries || pause > self.settings.max_wait {
                    break;
                }
                wait *= 2;
                sleep(pause).await;
            }
        }
        None
    }

    /// Those that can be asked, the named one first.
    fn order(&self, model: Option<&str>) -> Vec<Arc<Slot>> {
        let mut slots: Vec<Arc<Slot>> = self
            .slots
            .iter()
            .filter(|slot| slot.is_available())
            .map(Arc::clone)
            .collect();
        slots.sort_by_key(|slot| !model.is_some_and(|name| slot.entry.is_called(name)));
        slots
    }

    /// Opens a stream and waits for its first word.
    async fn start(
        &self,
        slot: &Arc<Slot>,
        request: &ChatRequest<'_>,
        give_up: Instant,
    ) -> Result<Writing, ProviderError> {
        let messages = (request.prompt)(&slot.entry);
        let key = slot.key();
        let Some(base_url) = &slot.base_url else {
            return Err(ProviderError::Unreachable);
        };
        let call = Call {
            entry: &slot.entry,
            base_url,
            key: key.as_ref(),
            messages: &messages,
            temperature: request.temperature.unwrap_or(self.settings.temperature),
            max_tokens: request
                .max_output
                .unwrap_or(slot.entry.max_output)
                .min(slot.entry.max_output),
            schema: request.schema,
        };
        slot.counts.asked();
        let now = Instant::now();
        let first = slot
            .entry
            .first_token_timeout
            .map_or(self.settings.first_token, Duration::from_secs);
        // A model that is known to think long gets its time, whatever the chain's patience.
        let give_up = match slot.entry.first_token_timeout {
            Some(_) => now + first,
            None => give_up,
        };
        let until = (now + first)
            .min(give_up)
            .min(now + slot.entry.total_timeout());
        let events = timeout_at(until, provider::open(&self.client, &call))
            .await
            .map_err(|_| ProviderError::Timeout)??;
        let prompt_tokens = messages
            .iter()
            .map(|message| tokens(&message.content) as u64)
            .sum();
        let deadline = now + slot.entry.total_timeout();
        let mut writing = Writing::new(
            Arc::clone(slot),
            self.settings,
            events,
            (now, deadline, first),
            prompt_tokens,
        );
        let has_words = writing.look_ahead(until).await?;
        // Nothing at all is no answer.
        if has_words {
            Ok(writing)
        } else {
            Err(ProviderError::Broken)
        }
    }
}

/// Whose key it is, by how providers begin theirs.
fn provider_of(key: &str) -> Option<&'static str> {
    [
        ("sk-ant-", "anthropic"),
        ("nvapi-", "nvidia"),
        ("AIza", "gemini"),
        ("sk-", "openai"),
    ]
    .into_iter()
    .find(|(prefix, _)| key.starts_with(prefix))
    .map(|(_, provider)| provider)
}
