//! `ranking`: what passages are ranked by, how it came about, and going back.

use clap::{Args, Subcommand};

use super::client::Client;
use super::output::Output;
use crate::ranking::measure::{self, MeasureArgs};
use crate::ranking::routes::{RankingView, RollbackRequest, RolledBack, TryView};
use crate::ranking::simulate::{self, SimulateArgs};
use crate::settings::Settings;

/// What passages are ranked by.
#[derive(Debug, Args)]
pub(crate) struct RankingArgs {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List what was learned, or tried, with figures before and after.
    List,
    /// Show one of them with all its figures.
    Show {
        /// Its number.
        version: u32,
    },
    /// Rank by an earlier version from now on.
    Rollback {
        /// 0 for the ranking that comes with the program; the one before that in use when absent.
        version: Option<u32>,
    },
    /// Learn from made-up students with known habits, and show what comes of it.
    Simulate(SimulateArgs),
    /// Measure the questions that learning is judged by, for the program to bring along.
    Measure(MeasureArgs),
}

/// Carries it out.
pub(crate) async fn run(
    output: &Output,
    settings: Settings,
    args: RankingArgs,
) -> anyhow::Result<()> {
    match args.act {
        Act::List => list(output, settings).await,
        Act::Show { version } => show(output, settings, version).await,
        Act::Rollback { version } => roll_back(output, settings, version).await,
        Act::Simulate(args) => simulate::run(output, &args),
        Act::Measure(args) => measure::run(output, settings, args).await,
    }
}

async fn fetched(settings: Settings) -> anyhow::Result<RankingView> {
    let client = Client::attach(settings).await?;
    let ranking = client.get("/ranking").await?;
    client.detach().await?;
    Ok(ranking)
}

async fn list(output: &Output, settings: Settings) -> anyhow::Result<()> {
    let ranking = fetched(settings).await?;
    output.value(&ranking)?;
    output.line(&format!("in use: version {}", ranking.in_use));
    for one in &ranking.tries {
        output.line(&format!(
            "{:4} {} {:9} {} answers of {} people, nDCG@10 {:.3} → {:.3} held out",
            one.version,
            one.created_at,
            format!("{:?}", one.outcome).to_lowercase(),
            one.examples,
            one.people,
            one.held_out_before.ndcg_10,
            one.held_out_after.ndcg_10,
        ));
    }
    Ok(())
}

async fn show(output: &Output, settings: Settings, version: u32) -> anyhow::Result<()> {
    let ranking = fetched(settings).await?;
    let found = ranking.tries.into_iter().find(|one| one.version == version);
    let one: TryView = found.ok_or_else(|| anyhow::anyhow!("there is no version {version}"))?;
    output.value(&one)?;
    output.line(&format!(
        "version {} of {}, learned from version {}\n{}\n{} answers of {} people",
        one.version, one.created_at, one.from, one.detail, one.examples, one.people
    ));
    output.line("\n                     nDCG@10           hit@1             refused           wrongly refused");
    let (before, after) = (one.held_out_before, one.held_out_after);
    output.line(&format!(
        "{:20} {:.3} → {:.3}     {:.3} → {:.3}",
        "held out", before.ndcg_10, after.ndcg_10, before.hit_1, after.hit_1
    ));
    for (before, after) in one.before.iter().zip(&one.after) {
        output.line(&format!(
            "{:20} {:.3} → {:.3}     {:.3} → {:.3}     {:.3} → {:.3}     {:.3} → {:.3}",
            format!("{}, {:?}", after.part, after.basis).to_lowercase(),
            before.ndcg_10,
            after.ndcg_10,
            before.hit_1,
            after.hit_1,
            before.refused,
            after.refused,
            before.wrongly_refused,
            after.wrongly_refused,
        ));
    }
    Ok(())
}

async fn roll_back(
    output: &Output,
    settings: Settings,
    version: Option<u32>,
) -> anyhow::Result<()> {
    let client = Client::attach(settings).await?;
    let asked = RollbackRequest { version };
    let done: RolledBack = client.post("/ranking/rollback", &asked).await?;
    client.detach().await?;
    output.value(&done)?;
    output.line(&format!("in use: version {}", done.in_use));
    Ok(())
}
