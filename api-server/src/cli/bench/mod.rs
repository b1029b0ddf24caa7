//! `bench`: speed, memory and evenness of this very program on this machine.
//!
//! Measures through HTTP against a server in a process of its own, on a fresh folder and with nothing of the operator's
//! settings. The client shares the machine with it; it speaks just enough HTTP to be cheap.

mod chat;
mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::output::Output;
use crate::opaque;
use server::Server;

const NAME: &str = "bench";
/// Pause between two requests of whoever reads while others sign in.
const PACE: Duration = Duration::from_millis(5);

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Connections that read at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Logins in vain, half of them with a name nobody has.
    #[arg(long, default_value_t = 1000)]
    attempts: usize,
    /// Measure chat instead: what the way through this server adds to the rag-server's answers.
    #[arg(long)]
    chat: bool,
    /// People who ask, each every ten seconds.
    #[arg(long, default_value_t = 200)]
    people: u32,
    /// The rag-server's program; the one beside this one when absent.
    #[arg(long)]
    rag_server: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Figures {
    /// From the start of the process to the first healthy answer.
    ready_ms: f64,
    /// Resident memory before anything was asked.
    idle_mb: f64,
    reads: Latencies,
    /// Resident memory after the reads.
    after_mb: f64,
    logins_per_second: f64,
    /// Checks of a password per second by argon2id alone, on as many threads as the server uses.
    argon2id_per_second: f64,
    logins_ratio: f64,
    /// A few paced readers, alone and while others sign in.
    paced_alone: Latencies,
    paced_during_logins: Latencies,
    /// Area under the ROC curve of "took longer" as a sign of "exists"; 0.5 tells nothing.
    enumeration_auc: f64,
}

#[derive(Debug, Serialize)]
struct Latencies {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Latencies {
    fn of(mut micros: Vec<u64>, took: Duration) -> Self {
        micros.sort_unstable();
        let at = |part: f64| {
            let index = (micros.len() as f64 * part) as usize;
            let index = index.min(micros.len().saturating_sub(1));
            micros
                .get(index)
                .map_or(0.0, |micros| *micros as f64 / 1000.0)
        };
        Self {
            per_second: micros.len() as f64 / took.as_secs_f64(),
            p50_ms: at(0.50),
            p99_ms: at(0.99),
        }
    }
}

/// Measures and prints.
pub(crate) async fn run(output: Output, args: BenchArgs) -> anyhow::Result<()> {
    if args.chat {
        return chat::run(output, &args).await;
    }
    let folder = tempfile::tempdir()?;
    let password = opaque::one_time_password();
    let server = Server::start(folder.path(), (NAME, &password), &[]).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle_mb = server.resident_mb();
    let length = Duration::from_secs(args.seconds);

    let log_in = server.login(NAME, &password);
    let token = server.line().await?.token(&log_in).await?;
    let me = server.get("/auth/me", &token);
    let reads = server
        .many(args.connections, &me, Duration::ZERO, length)
        .await?;
    let after_mb = server.resident_mb();
    output.line(&format!(
        "ready in {:.0} ms; {idle_mb:.0} MB idle, {after_mb:.0} MB after reading",
        server.ready_ms
    ));
    output.line(&format!(
        "GET /auth/me at {} connections: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
        args.connections, reads.per_second, reads.p50_ms, reads.p99_ms
    ));

    let threads = password_threads();
    let argon2id_per_second = argon2id_rate(threads, length).await?;
    let paced_alone = server.many(4, &me, PACE, length).await?;
    // Enough that one always waits for its turn, also while others write their sessions down.
    let (logins, paced_during_logins) = tokio::join!(
        server.many(threads.saturating_add(7), &log_in, Duration::ZERO, length),
        server.many(4, &me, PACE, length)
    );
    let (logins, paced_during_logins) = (logins?, paced_during_logins?);
    let logins_ratio = logins.per_second / argon2id_per_second;
    output.line(&format!(
        "logins: {:.1}/s; argon2id alone on {threads} thread(s): {argon2id_per_second:.1}/s; ratio {logins_ratio:.2}",
        logins.per_second
    ));
    output.line(&format!(
        "paced GET /auth/me: p99 {:.1} ms alone, {:.1} ms during logins",
        paced_alone.p99_ms, paced_during_logins.p99_ms
    ));

    let enumeration_auc = enumeration(&server, args.attempts).await?;
    output.line(&format!(
        "known against unknown names over {} logins: AUC {enumeration_auc:.3}",
        args.attempts
    ));
    output.value(&Figures {
        ready_ms: server.ready_ms,
        idle_mb,
        reads,
        after_mb,
        logins_per_second: logins.per_second,
        argon2id_per_second,
        logins_ratio,
        paced_alone,
        paced_during_logins,
        enumeration_auc,
    })
}

/// As the default of `passwords.concurrency`.
fn password_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Checks of the server's default cost, per second, with nothing else to do.
async fn argon2id_rate(threads: usize, length: Duration) -> anyhow::Result<f64> {
    use argon2::password_hash::{PasswordHash, PasswordHasher as _, SaltString};
    use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, Version};
    let work = move || -> Result<usize, argon2::password_hash::Error> {
        let params = Params::new(19 * 1024, 2, 1, None)?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = SaltString::encode_b64(&[7; 16])?;
        let kept = hasher
            .hash_password(b"um texto qualquer", &salt)?
            .to_string();
        let started = Instant::now();
        let mut count: usize = 0;
        while started.elapsed() < length {
            hasher.verify_password(b"um texto qualquer", &PasswordHash::new(&kept)?)?;
            count = count.saturating_add(1);
        }
        Ok(count)
    };
    let mut running = Vec::new();
    for _ in 0..threads {
        running.push(tokio::task::spawn_blocking(work));
    }
    let mut count: usize = 0;
    for one in running {
        let done = one
            .await?
            .map_err(|error| anyhow::anyhow!("argon2id: {error}"))?;
        count = count.saturating_add(done);
    }
    Ok(count as f64 / length.as_secs_f64())
}

/// Wrong passwords for a name that exists and for names that do not, in turns, so that what else the machine does
/// falls on both alike.
async fn enumeration(server: &Server, attempts: usize) -> anyhow::Result<f64> {
    let mut line = server.line().await?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..attempts / 2 {
        let name = format!("nobody{number}");
        // The first of two has no better place than the second.
        let mut pair = [(NAME, &mut known), (name.as_str(), &mut unknown)];
        if number % 2 == 1 {
            pair.reverse();
        }
        for (name, times) in pair {
            let asked = Instant::now();
            let (status, _) = line.exchange(&server.login(name, "errada")).await?;
            times.push(asked.elapsed());
            if status != 401 {
                bail!("a wrong password was answered {status}");
            }
        }
    }
    Ok(auc(&known, &unknown))
}

/// Mann–Whitney U over the product of the sample sizes.
fn auc(known: &[Duration], unknown: &[Duration]) -> f64 {
    let wins: f64 = known
        .iter()
        .flat_map(|a| {
            unknown.iter().map(move |b| match a.cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
        })
        .sum();
    wins / (known.len() * unknown.len()) as f64
}
