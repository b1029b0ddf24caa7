use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::problem::{Code, HasProblem};

use super::Counters;
use shared::cache::Cache;

/// An account may be tried so many times oftener from everywhere together than from one address, or anybody could
/// lock anybody out; an address likewise, because a class shares one.
const EVERYWHERE: u64 = 10;
const WHOLE_ADDRESS: u64 = 20;

/// Delays of logins.
#[derive(Debug, Clone, Copy)]
pub struct LoginSettings {
    /// Wrong ones before delays begin, per account and address, until administrators set another number.
    pub attempts: u64,
    /// The first delay; doubles with every further wrong one.
    pub first_delay: Duration,
    /// The longest.
    pub longest_delay: Duration,
    /// How long wrong ones are remembered.
    pub memory: Duration,
}

/// Wrong too often: wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts, wait {} s", .wait.as_secs())]
pub(crate) struct TooManyAttempts {
    /// How long.
    pub wait: Duration,
}

impl HasProblem for TooManyAttempts {
    fn code(&self) -> Code {
        Code::RateLimited
    }

    fn detail(&self) -> String {
        let seconds = self.wait.as_secs().max(1);
        let wait = if seconds < 120 {
            format!("{seconds} segundos")
        } else {
            format!("{} minutos", seconds.div_ceil(60))
        };
        format!("Muitas tentativas sem sucesso. Tente de novo em {wait}.")
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(self.wait)
    }
}

/// Counts wrong passwords by account and address, and makes the next attempt wait.
///
/// An attempt is counted before the password is looked at and forgiven when it was right, so that a hundred at once
/// are no more than a hundred one by one. Names nobody has are counted like others: a delay tells nothing.
#[derive(Debug)]
pub(crate) struct LoginDelays {
    counters: Counters,
    settings: LoginSettings,
    clock: Arc<dyn Clock>,
}

/// An attempt that was let through.
#[derive(Debug)]
pub(crate) struct Attempt {
    own: String,
}

struct Line {
    key: String,
    attempts: u64,
}

impl LoginDelays {
    /// With counters in `cache`.
    pub(crate) fn new(
        cache: Arc<dyn Cache>,
        settings: LoginSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            counters: Counters::new(cache, Arc::clone(&clock)),
            settings,
            clock,
        }
    }

    /// Lets an attempt through, or says how long to wait. `account` is any text that names what is tried; delays begin
    /// after so many wrong `attempts`.
    ///
    /// # Errors
    /// [`TooManyAttempts`].
    pub(crate) async fn admit(
        &self,
        account: &str,
        address: &str,
        attempts: u64,
    ) -> Result<Attempt, TooManyAttempts> {
        let account = crate::opaque::digest(account);
        let lines = [
            Line {
                key: format!("login:{account}:{address}"),
                attempts,
            },
            Line {
                key: format!("login:{account}"),
                attempts: attempts.saturating_mul(EVERYWHERE),
            },
            Line {
                key: format!("login::{address}"),
                attempts: attempts.saturating_mul(WHOLE_ADDRESS),
            },
        ];
        for line in &lines {
            self.refuse_waiting(&line.key).await?;
        }
        for line in &lines {
            let count = self.counters.count(&line.key, self.settings.memory).await;
            let Some(beyond) = count.checked_sub(line.attempts) else {
                continue;
            };
            // The attempt that reaches the limit, and one after each delay, goes through: whoever sets the mark.
            let delay = self.delay(beyond);
            let until = self
                .clock
                .now_ms()
                .saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
            let mark = mark(&line.key);
            let until = u64::try_from(until).unwrap_or(0);
            if !self.counters.write_if_absent(&mark, until, delay).await {
                self.refuse_waiting(&line.key).await?;
            }
        }
        let [own, ..] = lines;
        Ok(Attempt { own: own.key })
    }

    /// The attempt was right: what its account and address did before is forgotten.
    pub(crate) async fn forgive(&self, attempt: Attempt) {
        self.counters.forget(&attempt.own).await;
        self.counters.forget(&mark(&attempt.own)).await;
    }

    async fn refuse_waiting(&self, key: &str) -> Result<(), TooManyAttempts> {
        let mark = mark(key);
        let Some(until) = self.counters.read(&mark).await else {
            return Ok(());
        };
        let now = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        match until.checked_sub(now) {
            None | Some(0) => {
                // Over by our clock, though the cache's has not let it go: it must not stand in the next one's way.
                self.counters.forget(&mark).await;
                Ok(())
            }
            Some(left) => Err(TooManyAttempts {
                wait: Duration::from_millis(left),
            }),
        }
    }

    fn delay(&self, beyond: u64) -> Duration {
        let doubled = u32::try_from(beyond.min(20)).unwrap_or(20);
        self.settings
            .first_delay
            .saturating_mul(2_u32.saturating_pow(doubled))
            .min(self.settings.longest_delay)
    }
}

fn mark(key: &str) -> String {
    format!("wait:{key}")
}
