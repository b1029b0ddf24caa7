use proptest::prelude::*;

use super::model::AssistantChanges;
use super::{AssistantConfig, templates};

fn usual() -> AssistantConfig {
    templates::built_in().remove(0)
}

#[test]
fn the_templates_are_acceptable_themselves() {
    let all = templates::built_in();
    assert_eq!(all.len(), 3);
    for config in all {
        assert!(config.prompt.chars().count() > 400);
        assert_eq!(config.clone().checked().unwrap(), config);
    }
}

#[test]
fn chunk_sizes_are_a_quarter_in_tokens_within_what_the_index_takes() {
    for (size, overlap, tokens, repeated) in [
        (1000, 200, 250, 50),
        (2000, 100, 480, 25),
        (20_000, 10_000, 480, 239),
        (100, 50, 25, 12),
    ] {
        let config = AssistantConfig {
            chunk_size: size,
            chunk_overlap: overlap,
            ..usual()
        };
        let chunking = config.checked().unwrap().chunking();
        assert_eq!((chunking.size, chunking.overlap), (tokens, repeated));
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_in_range(
        temperature in prop::option::of(prop::num::f64::ANY),
        chunk_size in prop::option::of(any::<u32>()),
        chunk_overlap in prop::option::of(any::<u32>()),
        name in prop::option::of(".{0,120}"),
    ) {
        let changes = AssistantChanges { name, temperature, chunk_size, chunk_overlap, ..AssistantChanges::default() };
        if let Ok(config) = usual().with(changes) {
            prop_assert!((0.0..=1.0).contains(&config.temperature));
            prop_assert!((100..=20_000).contains(&config.chunk_size));
            prop_assert!(config.chunk_overlap <= config.chunk_size / 2);
            prop_assert!((1..=100).contains(&config.name.chars().count()));
            let chunking = config.chunking();
            prop_assert!(chunking.overlap < chunking.size && chunking.size <= 512);
        }
    }
}
