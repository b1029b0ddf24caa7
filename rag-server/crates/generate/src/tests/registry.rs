use serde_json::{Value, json};

use super::{Preferences, Registry};

fn entry(changes: &Value) -> Value {
    let mut entry = json!({
        "name": "um", "provider": "openai", "model": "gpt", "base_url": "https://api.example.org/v1",
        "key_variable": "OPENAI_API_KEY", "context": 8192, "max_output": 1024,
        "price_in": 1.0, "price_out": 2.0, "timeout": 60
    });
    for (key, value) in changes.as_object().unwrap() {
        entry[key] = value.clone();
    }
    entry
}

fn faults(entries: &[Value]) -> Vec<String> {
    Registry::parse(&json!({ "models": entries }).to_string())
        .unwrap_err()
        .faults
}

fn preferences(
    provider: Option<&str>,
    model: Option<&str>,
    nvidia: bool,
    openai: bool,
) -> Preferences {
    Preferences {
        provider: provider.map(str::to_owned),
        model: model.map(str::to_owned),
        nvidia,
        openai,
    }
}

fn providers(registry: &Registry, preferences: &Preferences) -> Vec<String> {
    let mut providers: Vec<String> = registry
        .ordered(preferences)
        .into_iter()
        .map(|entry| entry.provider)
        .collect();
    providers.dedup();
    providers
}

#[test]
fn the_bundled_registry_is_valid_and_serves_every_provider() {
    let registry = Registry::bundled().unwrap();
    for provider in ["nvidia", "openai", "gemini", "anthropic", "ollama"] {
        assert!(
            registry
                .models()
                .iter()
                .any(|entry| entry.provider == provider),
            "{provider}"
        );
    }
    assert!(
        registry.knows("gpt-4o-mini")
            && registry.knows("openai/gpt-oss-120b")
            && !registry.knows("gpt-3")
    );
}

#[test]
fn each_fault_is_named_with_its_place_and_all_at_once() {
    let cases = [
        (json!({ "name": "" }), "models[1].name"),
        (json!({ "provider": " " }), "models[1].provider"),
        (json!({ "model": "a\nb" }), "models[1].model"),
        (json!({ "base_url": null }), "models[1].base_url"),
        (
            json!({ "base_url": "https://user:senha@example.org" }),
            "models[1].base_url",
        ),
        (
            json!({ "base_url": "ftp://example.org" }),
            "models[1].base_url",
        ),
        (json!({ "key_variable": "a b" }), "models[1].key_variable"),
        (
            json!({ "base_url_variable": "" }),
            "models[1].base_url_variable",
        ),
        (json!({ "context": 100 }), "models[1].context"),
        (json!({ "max_output": 0 }), "models[1].max_output"),
        (json!({ "max_output": 5000 }), "models[1].max_output"),
        (json!({ "price_in": -1.0 }), "models[1].price_in"),
        (json!({ "price_out": 1e9 }), "models[1].price_out"),
        (json!({ "timeout": 0 }), "models[1].timeout"),
        (
            json!({ "first_token_timeout": 61 }),
            "models[1].first_token_timeout",
        ),
        (json!({ "name": "zero" }), "models[1].name"),
        (json!({ "pirce_in": 1.0 }), "models[1]"),
    ];
    for (changes, place) in &cases {
        let found = faults(&[entry(&json!({ "name": "zero" })), entry(changes)]);
        assert!(
            found.iter().any(|fault| fault.starts_with(place)),
            "{changes}: {found:?}"
        );
        assert!(
            found.iter().all(|fault| !fault.contains("senha")),
            "{found:?}"
        );
    }
    let all: Vec<Value> = cases.iter().map(|(changes, _)| entry(changes)).collect();
    assert!(faults(&all).len() >= cases.len());
    assert!(Registry::parse("{").is_err());
}

#[test]
fn preferences_decide_the_order() {
    let registry = Registry::bundled().unwrap();
    let order = |p: &Preferences| providers(&registry, p);
    assert_eq!(
        order(&preferences(None, None, true, false)),
        ["nvidia", "openai", "gemini", "anthropic", "ollama"]
    );
    assert_eq!(
        order(&preferences(None, None, false, false)),
        ["openai", "gemini", "anthropic", "ollama", "nvidia"]
    );
    assert_eq!(
        order(&preferences(Some("Gemini"), None, true, true))[..3],
        ["gemini", "nvidia", "openai"]
    );
    let named = registry.ordered(&preferences(
        Some("openai"),
        Some("claude-sonnet-4"),
        true,
        true,
    ));
    assert_eq!(
        (named[0].name.as_str(), named[1].provider.as_str()),
        ("claude-sonnet-4", "openai")
    );
    assert_eq!(named.len(), registry.models().len());
}

#[test]
fn cost_is_counted_per_million() {
    let registry = Registry::parse(&json!({ "models": [entry(&json!({}))] }).to_string()).unwrap();
    let usage = crate::Usage {
        prompt_tokens: 500_000,
        completion_tokens: 250_000,
    };
    assert!((registry.models()[0].cost(&usage) - 1.0).abs() < 1e-9);
}
