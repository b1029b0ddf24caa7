//! Settings of the chat models, and of the answers that are kept.

use std::path::PathBuf;
use std::time::Duration;

use generate::{ChainSettings, Given, Preferences, Registry};
use serde::Deserialize;
use shared::cache::RedisCache;
use shared::settings::{self, Environment, Faults, SecretString};
use url::Url;

use super::AnswerSettings;
use crate::models::ModelSettings;

/// Largest registry, in bytes.
const LARGEST_REGISTRY: u64 = 1 << 20;
/// Shortest text that is taken for a key; sample files leave words such as `sua-chave` in its place.
const SHORTEST_KEY: usize = 12;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChat {
    #[serde(default)]
    registry: Option<PathBuf>,
    #[serde(default)]
    default_provider: Option<String>,
    #[serde(default)]
    default_model: Option<String>,
    prefer_nvidia: bool,
    prefer_openai: bool,
    temperature: f32,
    retries: u32,
    #[serde(with = "settings::duration")]
    longest_wait: Duration,
    #[serde(with = "settings::duration")]
    first_word: Duration,
    #[serde(with = "settings::duration")]
    patience: Duration,
    failures: u32,
    #[serde(with = "settings::duration")]
    rest: Duration,
    #[serde(default)]
    ollama_url: Option<Url>,
    #[serde(default)]
    keys: RawKeys,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKeys {
    #[serde(default)]
    nvidia: Option<SecretString>,
    #[serde(default)]
    openai: Option<SecretString>,
    #[serde(default)]
    gemini: Option<SecretString>,
    #[serde(default)]
    anthropic: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCache {
    #[serde(with = "settings::duration")]
    ttl: Duration,
    #[serde(default)]
    redis_url: Option<String>,
    prefix: String,
}

/// Without any key there is nothing to check but the registry: answers are quoted then.
pub(super) fn check(
    raw: RawChat,
    environment: &Environment,
    faults: &mut Faults<'_>,
) -> Option<ModelSettings> {
    if !(0.0..=2.0).contains(&raw.temperature) {
        faults.add("chat.temperature", "must be 0 to 2");
    }
    if raw.retries > 5 {
        faults.add("chat.retries", "must be 0 to 5");
    }
    if raw.failures == 0 {
        faults.add("chat.failures", "must be at least 1");
    }
    for (key, wait) in [
        ("chat.first_word", raw.first_word),
        ("chat.patience", raw.patience),
    ] {
        if wait < Duration::from_secs(1) {
            faults.add(key, "must be at least 1s");
        }
    }
    let registry = registry(raw.registry.as_ref(), environment, faults)?;
    for (key, name) in [("chat.default_model", &raw.default_model)] {
        if name.as_ref().is_some_and(|name| !registry.knows(name)) {
            faults.warn(
                key,
                "names no model of the registry: the order of the others stands",
            );
        }
    }
    let given = given(&registry, &raw, environment);
    Some(ModelSettings {
        preferences: Preferences {
            provider: raw.default_provider,
            model: raw.default_model,
            nvidia: raw.prefer_nvidia,
            openai: raw.prefer_openai,
        },
        given,
        chain: ChainSettings {
            retries: raw.retries,
            max_wait: raw.longest_wait,
            first_token: raw.first_word,
            patience: raw.patience,
            open_after: raw.failures,
            open_for: raw.rest,
            temperature: raw.temperature,
        },
        registry,
    })
}

pub(super) fn check_cache(raw: RawCache, faults: &mut Faults<'_>) -> AnswerSettings {
    if raw
        .redis_url
        .as_ref()
        .is_some_and(|url| RedisCache::check_url(url).is_err())
    {
        faults.add(
            "cache.redis_url",
            "must be redis://host:port, rediss://… or, for a cluster, several of them with commas",
        );
    }
    AnswerSettings {
        ttl: raw.ttl,
        redis_url: raw.redis_url,
        prefix: raw.prefix,
    }
}

/// The file that was named, else `models.json` beside the other settings, else the one that comes with the program.
fn registry(
    named: Option<&PathBuf>,
    environment: &Environment,
    faults: &mut Faults<'_>,
) -> Option<Registry> {
    let folder = PathBuf::from(environment.get("CONFIG_DIR").unwrap_or("config"));
    let beside = Some(folder.join("models.json")).filter(|path| path.is_file());
    let parsed = match named.cloned().or(beside) {
        None => Registry::bundled(),
        Some(path) => {
            let is_small = path
                .metadata()
                .is_ok_and(|file| file.len() <= LARGEST_REGISTRY);
            let Some(json) = is_small
                .then(|| std::fs::read_to_string(&path).ok())
                .flatten()
            else {
                faults.add("chat.registry", "cannot be read, or is larger than 1MiB");
                return None;
            };
            Registry::parse(&json)
        }
    };
    match parsed {
        Ok(registry) => Some(registry),
        Err(error) => {
            for fault in error.faults {
                faults.add("chat.registry", fault);
            }
            None
        }
    }
}

/// Values of the variables that the registry names: the known ones, and those of models that somebody added.
fn given(registry: &Registry, raw: &RawChat, environment: &Environment) -> Given {
    let known = [
        ("NVIDIA_API_KEY", &raw.keys.nvidia),
        ("OPENAI_API_KEY", &raw.keys.openai),
        ("GEMINI_API_KEY", &raw.keys.gemini),
        ("ANTHROPIC_API_KEY", &raw.keys.anthropic),
    ];
    let is_key =
        |key: &SecretString| settings::ExposeSecret::expose_secret(key).len() >= SHORTEST_KEY;
    let mut given = Given::default();
    for (name, key) in known {
        if let Some(key) = key.clone().filter(is_key) {
            given.keys.insert(name.to_owned(), key);
        }
    }
    if let Some(url) = raw.ollama_url.clone() {
        given
            .addresses
            .insert("OLLAMA_BASE_URL".to_owned(), with_path(url));
    }
    for entry in registry.models() {
        let of = |name: &Option<String>| {
            let name = name.clone()?;
            let value = environment.get(&name)?.to_owned();
            Some((name, value))
        };
        if let Some((name, value)) = of(&entry.key_variable) {
            given
                .keys
                .entry(name)
                .or_insert_with(|| SecretString::from(value));
        }
        if let Some((name, value)) = of(&entry.base_url_variable)
            && let Ok(url) = value.parse()
        {
            given.addresses.entry(name).or_insert(url);
        }
    }
    given.keys.retain(|_, key| is_key(key));
    given
}

/// Ollama's own address is the one without a path; OpenAI's protocol is spoken below `/v1`.
fn with_path(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/v1");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_ollama_may_come_without_its_path() {
        for (given, used) in [
            ("http://localhost:11434", "http://localhost:11434/v1"),
            ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ] {
            assert_eq!(with_path(given.parse().unwrap()).as_str(), used);
        }
    }
}
