//! `ask` and `search`.

use clap::{Args, ValueEnum};

use super::client::Client;
use super::output::Output;
use crate::models::ModelsResponse;
use crate::query::{
    QueryConfig, QueryRequest, QueryResponse, Search, SearchRequest, SearchResponse,
};
use crate::settings::Settings;

/// Where to look.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Where {
    /// Words and meaning.
    Hybrid,
    /// Words alone.
    Text,
    /// Meaning alone.
    Vector,
}

impl From<Where> for Search {
    fn from(place: Where) -> Self {
        match place {
            Where::Hybrid => Self::Hybrid,
            Where::Text => Self::Text,
            Where::Vector => Self::Vector,
        }
    }
}

/// A question.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The question, in Portuguese or English.
    question: String,
    /// Sources at most.
    #[arg(long)]
    top_k: Option<i64>,
    /// Where to look.
    #[arg(long, value_enum)]
    search: Option<Where>,
    /// Only this material; may be given several times.
    #[arg(long = "material")]
    materials: Vec<String>,
}

/// A search.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// What to look for.
    query: String,
    /// Hits at most.
    #[arg(long, default_value_t = 10)]
    limit: i64,
    /// Where to look.
    #[arg(long, value_enum)]
    search: Option<Where>,
}

/// Asks, and prints the answer with its sources.
pub(crate) async fn ask(output: &Output, settings: Settings, args: AskArgs) -> anyhow::Result<()> {
    let client = Client::attach(settings).await?;
    let request = QueryRequest {
        question: args.question,
        material_ids: (!args.materials.is_empty()).then_some(args.materials),
        config: Some(QueryConfig {
            top_k: args.top_k,
            search: args.search.map(Search::from),
            ..QueryConfig::default()
        }),
        ..QueryRequest::default()
    };
    let answered: QueryResponse = client.post("/query", &request).await?;
    client.detach().await?;
    output.value(&answered)?;
    output.line(&answered.answer);
    if !answered.sources.is_empty() {
        output.line("");
    }
    for source in &answered.sources {
        let place = match (source.page, &source.sheet, &source.range) {
            (Some(page), _, _) => format!("p. {page}"),
            (None, Some(sheet), Some(range)) => format!("{sheet}!{range}"),
            _ => String::new(),
        };
        output.line(&format!(
            "[{}] {} {} {}",
            source.n,
            output.bold(&source.source),
            place,
            output.dim(&format!("({:.2})", source.score))
        ));
        output.line(&format!("    “{}”", source.quote.replace('\n', " ")));
    }
    for warning in &answered.warnings {
        output.line(&output.dim(&format!("{} ({})", warning.detail, warning.count)));
    }
    if let (Some(model), Some(usage)) = (&answered.model, &answered.usage) {
        output.line(&output.dim(&format!(
            "\n{model}: {} + {} tokens, US$ {:.5}",
            usage.prompt_tokens, usage.completion_tokens, answered.cost
        )));
    }
    let timings = answered.timings;
    output.line(&output.dim(&format!(
        "\n{:.0} ms: question {:.0}, index {:.0}, ranking {:.0}; confidence {:.2}",
        timings.total_ms, timings.embed_ms, timings.search_ms, timings.rank_ms, answered.confidence
    )));
    Ok(())
}

/// Searches, and prints the passages.
pub(crate) async fn search(
    output: &Output,
    settings: Settings,
    args: SearchArgs,
) -> anyhow::Result<()> {
    let client = Client::attach(settings).await?;
    let request = SearchRequest {
        query: args.query,
        limit: Some(args.limit),
        config: args.search.map(|place| QueryConfig {
            search: Some(place.into()),
            ..QueryConfig::default()
        }),
        ..SearchRequest::default()
    };
    let found: SearchResponse = client.post("/search", &request).await?;
    client.detach().await?;
    output.value(&found)?;
    for hit in &found.hits {
        let place = match (hit.page, &hit.sheet, &hit.range) {
            (Some(page), _, _) => format!("p. {page}"),
            (None, Some(sheet), Some(range)) => format!("{sheet}!{range}"),
            _ => String::new(),
        };
        output.line(&format!(
            "{:.2} {} {place}",
            hit.score,
            output.bold(&hit.source)
        ));
        output.line(&format!(
            "     {}",
            output.dim(&hit.text.replace('\n', " "))
        ));
    }
    if found.hits.is_empty() {
        output.line("nothing found");
    }
    Ok(())
}

/// Lists the chat models.
pub(crate) async fn models(output: &Output, settings: Settings) -> anyhow::Result<()> {
    let client = Client::attach(settings).await?;
    let found: ModelsResponse = client.get("/models").await?;
    client.detach().await?;
    output.value(&found)?;
    for model in &found.models {
        let state = match (model.available, model.breaker.as_str()) {
            (false, _) => "no key",
            (true, "closed") => "ready",
            (true, _) => "failing",
        };
        output.line(&format!(
            "{state:8} {} ({}, {}): {} tokens, US$ {} in, {} out per million",
            output.bold(&model.name),
            model.provider,
            model.model,
            model.context,
            model.price_in,
            model.price_out
        ));
    }
    match &found.active {
        Some(name) => output.line(&format!("\n{name} is asked first")),
        None => output.line("\nno key is set: answers are quoted from the material"),
    }
    Ok(())
}
