//! What chat models were asked and what that took, on `/metrics`.

use std::fmt;

use generate::{ModelStatus, Tally};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use shared::metrics::Kind;

use super::Models;

impl Collector for Models {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut asked = self.chain.status();
        asked.retain(|model| model.is_available);
        let out = &mut encoder;
        let (name, help) = (
            "acervo_rag_model_calls",
            "Calls of a chat model, each try counted",
        );
        count(out, name, help, &asked, |of| of.asked)?;
        let (name, help) = (
            "acervo_rag_model_failures",
            "Calls of a chat model that came to nothing or broke off",
        );
        count(out, name, help, &asked, |of| of.failed)?;
        let (name, help) = ("acervo_rag_model_tokens_read", "Tokens a chat model read");
        count(out, name, help, &asked, |of| of.usage.prompt_tokens)?;
        let (name, help) = (
            "acervo_rag_model_tokens_written",
            "Tokens a chat model wrote",
        );
        count(out, name, help, &asked, |of| of.usage.completion_tokens)?;
        let (name, help) = (
            "acervo_rag_model_seconds",
            "Time from question to last word, of calls of a chat model that were answered",
        );
        count(out, name, help, &asked, |of| of.took.as_secs_f64())?;
        let (name, help) = (
            "acervo_rag_model_cost_dollars",
            "US dollars for a chat model",
        );
        count(out, name, help, &asked, |of| of.cost)
    }
}

/// One number of each model.
fn count<N: EncodeCounterValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    models: &[ModelStatus],
    number: impl Fn(&Tally) -> N,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for model in models {
        let label = Kind::of(&model.entry.name);
        let counter = ConstCounter::new(number(&model.tally));
        counter.encode(family.encode_family(&label)?)?;
    }
    Ok(())
}
