//! Asks every question and counts.

use rank::metrics::{self, RefusalPoint};
use rank::{FitSettings, TrainingQuestion};
use serde::Serialize;

use super::EvalArgs;
use super::data::{Asked, Set, material_id};
use crate::app::Services;
use crate::cli::Output;
use crate::query::{Mode, QueryConfig, QueryRequest, Retrieved, Search, SearchRequest};

/// Depth of the lists that are judged.
const DEPTH: usize = 10;

/// What came out.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    questions: usize,
    methods: Vec<Method>,
    answers: Answers,
    refusals: Refusals,
    cross_validated: CrossValidated,
}

/// How well a way of searching finds the page.
#[derive(Debug, Serialize)]
struct Method {
    name: &'static str,
    ndcg_10: f64,
    mrr_10: f64,
    hit_1: f64,
    hit_5: f64,
    hit_10: f64,
}

/// What `/query` answers when the document is there.
#[derive(Debug, Default, Serialize)]
struct Answers {
    /// First source is the right page.
    page_right: f64,
    /// First source is the right page and its quote holds a right answer.
    page_and_quote_right: f64,
    /// Some source's quote holds a right answer.
    answer_in_some_quote: f64,
    /// Refused although the document is there.
    refused: f64,
    /// Quotes that do not stand word for word in their passage.
    quotes_unproven: usize,
    /// Milliseconds, median and 99th percentile.
    p50_ms: f64,
    p99_ms: f64,
}

/// What `/query` answers when the right document is left out, with the program's model.
#[derive(Debug, Serialize)]
struct Refusals {
    /// Refused at the model's own threshold.
    refused: f64,
    auc: f64,
    /// Share of unanswerable questions refused at given shares of wrong refusals.
    curve: Vec<(f64, f64)>,
}

/// The learned ranking on documents it was not fitted on.
#[derive(Debug, Serialize)]
struct CrossValidated {
    folds: usize,
    ndcg_10: f64,
    mrr_10: f64,
    hit_1: f64,
    auc: f64,
    curve: Vec<(f64, f64)>,
}

/// Shares of wrong refusals at which the curve is read.
const WRONG: [f64; 5] = [0.01, 0.03, 0.05, 0.10, 0.20];

pub(super) async fn measure(
    output: &Output,
    services: &Services,
    set: &Set,
    args: &EvalArgs,
) -> anyhow::Result<Measured> {
    let methods = methods(output, services, set).await?;
    let answers = answers(output, services, set).await?;
    let Trained {
        questions: training,
        with,
        without,
        refused,
    } = train(output, services, set).await?;
    let refusals = Refusals {
        refused,
        auc: metrics::auc(&with, &without),
        curve: read(&metrics::refusal_curve(
            &with,
            &without,
            &WRONG.map(|share| share as f32),
        )),
    };
    let settings = FitSettings::default();
    let validated = rank::cross_validate(&training, args.folds, &settings)?;
    let cross_validated = CrossValidated {
        folds: args.folds,
        ndcg_10: validated.ndcg_10,
        mrr_10: validated.mrr_10,
        hit_1: validated.hit_1,
        auc: validated.auc,
        curve: read(&metrics::refusal_curve(
            &validated.answerable_evidence,
            &validated.unanswerable_evidence,
            &WRONG.map(|share| share as f32),
        )),
    };
    if let Some(path) = &args.fit {
        let means = services.query.ranker().model.embedder().cloned();
        let settings = FitSettings {
            description: format!(
                "{} questions, model {:?}",
                set.questions.len(),
                services.embedding.status().active_model
            ),
            ..settings
        };
        let model = rank::fit(&training, means, &settings)?;
        std::fs::write(path, model.to_json_pretty())?;
        output.line(&format!("fitted ranking written to {}", path.display()));
    }
    Ok(Measured {
        questions: set.questions.len(),
        methods,
        answers,
        refusals,
        cross_validated,
    })
}

fn read(curve: &[RefusalPoint]) -> Vec<(f64, f64)> {
    curve
        .iter()
        .map(|point| (point.wrongly_refused, point.refused))
        .collect()
}

async fn methods(output: &Output, services: &Services, set: &Set) -> anyhow::Result<Vec<Method>> {
    let ways = [
        ("text", Search::Text, false),
        ("vector", Search::Vector, false),
        ("hybrid, fused", Search::Hybrid, false),
        ("text, learned", Search::Text, true),
        ("hybrid, learned", Search::Hybrid, true),
    ];
    let mut methods = Vec::new();
    for (name, search, rerank) in ways {
        let bar = output.bar(set.questions.len() as u64, name);
        let mut sums = [0.0_f64; 5];
        for asked in &set.questions {
            let request = SearchRequest {
                query: asked.text.clone(),
                limit: Some(DEPTH as i64 * 3),
                config: Some(QueryConfig {
                    search: Some(search),
                    rerank: Some(rerank),
                    ..QueryConfig::default()
                }),
                ..SearchRequest::default()
            };
            let found = services.query.search(&request).await?;
            let pages = found
                .hits
                .iter()
                .map(|hit| (hit.material_id.clone(), hit.page));
            let relevant = judged(pages, asked)?;
            for (sum, value) in sums.iter_mut().zip([
                metrics::ndcg(&relevant, 1, DEPTH),
                metrics::reciprocal_rank(&relevant, DEPTH),
                metrics::hit(&relevant, 1),
                metrics::hit(&relevant, 5),
                metrics::hit(&relevant, 10),
            ]) {
                *sum += value;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let [ndcg_10, mrr_10, hit_1, hit_5, hit_10] =
            sums.map(|sum| sum / set.questions.len() as f64);
        methods.push(Method {
            name,
            ndcg_10,
            mrr_10,
            hit_1,
            hit_5,
            hit_10,
        });
    }
    Ok(methods)
}

/// Pages in order, each once, and whether each is the right one.
fn judged(
    pages: impl Iterator<Item = (String, Option<u32>)>,
    asked: &Asked,
) -> anyhow::Result<Vec<bool>> {
    let right = (
        material_id(asked.document)?.as_str().to_owned(),
        Some(asked.page),
    );
    let mut seen = Vec::new();
    for page in pages {
        if !seen.contains(&page) {
            seen.push(page);
        }
    }
    Ok(seen.into_iter().map(|page| page == right).collect())
}

async fn answers(output: &Output, services: &Services, set: &Set) -> anyhow::Result<Answers> {
    let bar = output.bar(set.questions.len() as u64, "answers");
    let mut counted = Answers::default();
    let mut times = Vec::new();
    let one = 1.0 / set.questions.len() as f64;
    for asked in &set.questions {
        let request = QueryRequest {
            question: asked.text.clone(),
            // Retrieval and quotes are measured, not somebody's chat model.
            config: Some(QueryConfig {
                generate: Some(false),
                ..QueryConfig::default()
            }),
            ..QueryRequest::default()
        };
        let answered = services.query.answer(&request).await?;
        times.push(answered.timings.total_ms);
        let right = material_id(asked.document)?;
        if answered.mode == Mode::NotFound {
            counted.refused += one;
        }
        if let Some(first) = answered.sources.first()
            && first.material_id == right.as_str()
            && first.page == Some(asked.page)
        {
            counted.page_right += one;
            if holds(&first.quote, asked) {
                counted.page_and_quote_right += one;
            }
        }
        if answered
            .sources
            .iter()
            .any(|source| holds(&source.quote, asked))
        {
            counted.answer_in_some_quote += one;
        }
        counted.quotes_unproven += answered
            .sources
            .iter()
            .filter(|source| !source.chunk.contains(&source.quote))
            .count();
        bar.inc(1);
    }
    bar.finish_and_clear();
    times.sort_by(f64::total_cmp);
    counted.p50_ms = percentile(&times, 0.50);
    counted.p99_ms = percentile(&times, 0.99);
    Ok(counted)
}

/// The value below which this share of the sorted values lies.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted
        .get(at)
        .or(sorted.last())
        .copied()
        .unwrap_or_default()
}

/// Whether a quote holds one of the right answers, white space apart.
fn holds(quote: &str, asked: &Asked) -> bool {
    let flat = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let quote = flat(quote);
    asked
        .answers
        .iter()
        .any(|answer| quote.contains(&flat(answer)))
}

/// Every question, measured with its document and without it.
struct Trained {
    questions: Vec<TrainingQuestion>,
    /// Evidence with the document, and without.
    with: Vec<f32>,
    without: Vec<f32>,
    /// Share that is refused without.
    refused: f64,
}

/// Every question twice: with its document, and without it.
pub(crate) async fn training(
    output: &Output,
    services: &Services,
    set: &Set,
) -> anyhow::Result<Vec<TrainingQuestion>> {
    Ok(train(output, services, set).await?.questions)
}

async fn train(output: &Output, services: &Services, set: &Set) -> anyhow::Result<Trained> {
    let bar = output.bar(set.questions.len() as u64, "refusals");
    let mut trained = Trained {
        questions: Vec::new(),
        with: Vec::new(),
        without: Vec::new(),
        refused: 0.0,
    };
    for asked in &set.questions {
        let mut request = QueryRequest {
            question: asked.text.clone(),
            ..QueryRequest::default()
        };
        let there = services.query.retrieve_for(&request).await?;
        trained.with.push(there.ranking.evidence);
        trained
            .questions
            .push(example(services, &there, asked, set, true)?);
        let others = (0..set.documents.len()).filter(|number| *number != asked.document);
        request.material_ids = Some(
            others
                .map(|number| Ok(material_id(number)?.as_str().to_owned()))
                .collect::<anyhow::Result<_>>()?,
        );
        let gone = services.query.retrieve_for(&request).await?;
        trained.without.push(gone.ranking.evidence);
        if !gone.ranking.answerable {
            trained.refused += 1.0 / set.questions.len() as f64;
        }
        trained
            .questions
            .push(example(services, &gone, asked, set, false)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(trained)
}

fn example(
    services: &Services,
    retrieved: &Retrieved,
    asked: &Asked,
    set: &Set,
    answerable: bool,
) -> anyhow::Result<TrainingQuestion> {
    let features = retrieved.features(&services.query.ranker().model);
    let right = material_id(asked.document)?;
    let relevant = retrieved
        .passages
        .iter()
        .map(|passage| {
            passage.chunk.material_id == right.as_str() && passage.chunk.page() == Some(asked.page)
        })
        .collect();
    let group = set
        .documents
        .get(asked.document)
        .map(|document| document.title.clone())
        .unwrap_or_default();
    Ok(TrainingQuestion {
        group,
        features,
        relevant,
        answerable,
    })
}

impl Measured {
    pub(super) fn print(&self, output: &Output) {
        output.line(&format!(
            "\n{} questions; pages are the unit",
            self.questions
        ));
        output.line("method             nDCG@10  MRR@10   hit@1   hit@5  hit@10");
        for one in &self.methods {
            output.line(&format!(
                "{:18} {:7.3} {:7.3} {:7.3} {:7.3} {:7.3}",
                one.name, one.ndcg_10, one.mrr_10, one.hit_1, one.hit_5, one.hit_10
            ));
        }
        let validated = &self.cross_validated;
        output.line(&format!(
            "{:18} {:7.3} {:7.3} {:7.3}      (learned, {} folds over documents)",
            "hybrid, held out",
            validated.ndcg_10,
            validated.mrr_10,
            validated.hit_1,
            validated.folds
        ));
        let answers = &self.answers;
        output.line(&format!(
            "\nanswers: first source is the right page {:.3}, and its quote holds the answer {:.3}; some quote holds it {:.3}; \
             wrongly refused {:.3}; unproven quotes {}; {:.1} ms p50, {:.1} ms p99",
            answers.page_right, answers.page_and_quote_right, answers.answer_in_some_quote, answers.refused,
            answers.quotes_unproven, answers.p50_ms, answers.p99_ms
        ));
        output.line(&format!(
            "right document left out: refused {:.3} at the model's threshold",
            self.refusals.refused
        ));
        output.line("\nrefused at wrongly refused   1 %     3 %     5 %    10 %    20 %     AUC");
        for (name, curve, auc) in [
            ("program's model", &self.refusals.curve, self.refusals.auc),
            ("held out", &validated.curve, validated.auc),
        ] {
            let shares: Vec<String> = curve
                .iter()
                .map(|(_, refused)| format!("{refused:7.3}"))
                .collect();
            output.line(&format!("{name:25} {} {auc:7.3}", shares.join(" ")));
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "values of the list itself")]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_of_the_list() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            [
                percentile(&sorted, 0.5),
                percentile(&sorted, 0.99),
                percentile(&sorted, 1.0)
            ],
            [50.0, 99.0, 100.0]
        );
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
