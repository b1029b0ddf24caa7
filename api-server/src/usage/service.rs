#![warn(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::Tz;
use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};
use shared::problem::{Code, HasProblem};

use super::store::{self, UsageRow};
use crate::site::SiteService;

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Billionths of a dollar in a dollar.
const NANOS: f64 = 1e9;
/// Rows that administrators are shown at once.
const MOST_ROWS: i64 = 10_000;

/// When questions are answered; overnight where it closes before it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningHours {
    /// From then on.
    pub opens: NaiveTime,
    /// Until just before then.
    pub closes: NaiveTime,
}

impl OpeningHours {
    /// How long until it opens; `None` while it is open.
    pub(super) fn closed_for(self, now: NaiveTime) -> Option<Duration> {
        let is_open = if self.opens < self.closes {
            (self.opens..self.closes).contains(&now)
        } else {
            now >= self.opens || now < self.closes
        };
        let wait = (self.opens - now).num_seconds().rem_euclid(24 * 3600);
        (!is_open).then(|| Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
    }
}

/// Limits of questions; none unless set.
#[derive(Debug, Clone, Copy)]
pub struct UsageSettings {
    /// Whose days and hours count, until administrators set another one.
    pub time_zone: Tz,
    /// Questions of a user in any hour; 0 = no limit.
    pub per_hour: u32,
    /// Questions of a user in any 24 hours; 0 = no limit.
    pub per_day: u32,
    /// When questions are answered; always when absent.
    pub hours: Option<OpeningHours>,
    /// US dollars for chat models per day, of everybody together; no limit when absent.
    pub daily_budget: Option<f64>,
}

/// Why a question is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// As many as are allowed in an hour or day.
    #[error("{limit} questions in {hours} h are enough")]
    TooMany {
        /// How many are allowed.
        limit: u32,
        /// In how many hours.
        hours: u32,
        /// Until the next one is allowed.
        wait: Duration,
    },
    /// Outside opening hours.
    #[error("outside opening hours")]
    Closed {
        /// When they are.
        hours: OpeningHours,
        /// Until they begin.
        wait: Duration,
    },
    /// The store.
    #[error("usage store failed")]
    Store(#[from] DbError),
}

impl HasProblem for UsageError {
    fn code(&self) -> Code {
        match self {
            Self::TooMany { .. } => Code::RateLimited,
            Self::Closed { .. } => Code::Closed,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::TooMany {
                limit, hours: 1, ..
            } => {
                format!(
                    "Você já fez {limit} perguntas na última hora; espere um pouco para continuar."
                )
            }
            Self::TooMany { limit, .. } => {
                format!("Você já fez {limit} perguntas nas últimas 24 horas; continue mais tarde.")
            }
            Self::Closed { hours, .. } => format!(
                "As perguntas são respondidas das {} às {}; volte nesse horário.",
                hours.opens.format("%H:%M"),
                hours.closes.format("%H:%M")
            ),
            Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { wait, .. } | Self::Closed { wait, .. } => Some(*wait),
            Self::Store(error) => error.retry_after(),
        }
    }
}

/// A question that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Admission(String);

/// Counts and limits questions.
#[derive(Debug)]
pub(crate) struct UsageService {
    db: Db,
    settings: UsageSettings,
    site: Arc<SiteService>,
    clock: Arc<dyn Clock>,
}

impl UsageService {
    /// Counts in `db`.
    pub(crate) fn new(
        db: Db,
        settings: UsageSettings,
        site: Arc<SiteService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            settings,
            site,
            clock,
        }
    }

    /// Whose days and hours count now. Asked before a transaction begins: it reads on a connection of its own.
    pub(crate) async fn zone(&self) -> Result<Tz, DbError> {
        Ok(self.site.current().await?.time_zone)
    }

    /// Takes one question more of a user, if it is allowed; other questions of the user wait until `tx` ends.
    pub(crate) async fn admit(
        &self,
        tx: &mut Tx,
        uid: &str,
        zone: Tz,
    ) -> Result<Admission, UsageError> {
        let now = self.clock.now_ms();
        if let Some(hours) = self.settings.hours
            && let Some(wait) = hours.closed_for(local(now, zone).time())
        {
            return Err(UsageError::Closed { hours, wait });
        }
        store::ask(tx, uid, &day(now, zone)).await?;
        let id = uuid::Uuid::now_v7().to_string();
        if self.settings.per_hour == 0 && self.settings.per_day == 0 {
            return Ok(Admission(id));
        }
        store::forget_before(tx, uid, now.saturating_sub(DAY_MS)).await?;
        for (limit, hours) in [(self.settings.per_hour, 1), (self.settings.per_day, 24)] {
            let Some(before) = limit.checked_sub(1) else {
                continue;
            };
            let span = i64::from(hours) * HOUR_MS;
            let since = now.saturating_sub(span);
            if let Some(at) = store::nth_newest(tx, uid, since, i64::from(before)).await? {
                let wait = at.saturating_add(span).saturating_sub(now);
                return Err(UsageError::TooMany {
                    limit,
                    hours,
                    wait: Duration::from_millis(u64::try_from(wait).unwrap_or(0)),
                });
            }
        }
        store::asked(tx, &id, uid, now).await?;
        Ok(Admission(id))
    }

    /// A question that got no answer does not count against the limits.
    pub(crate) async fn take_back(&self, admission: &Admission) {
        if let Err(error) = store::take_back(&self.db, &admission.0).await {
            tracing::warn!(error = %shared::telemetry::chain(&error), "question still counts: {error}");
        }
    }

    /// Counts an answer: tokens read and written, US dollars.
    pub(crate) async fn answered(
        &self,
        tx: &mut Tx,
        uid: &str,
        zone: Tz,
        tokens: (i64, i64),
        cost: f64,
    ) -> Result<(), DbError> {
        let day = day(self.clock.now_ms(), zone);
        store::answer(tx, uid, &day, tokens, nanos(cost)).await
    }

    /// Whether today's money for chat models is gone.
    pub(crate) async fn is_budget_spent(&self) -> Result<bool, DbError> {
        let Some(budget) = self.settings.daily_budget else {
            return Ok(false);
        };
        let spent = store::spent(&self.db, &day(self.clock.now_ms(), self.zone().await?)).await?;
        Ok(spent >= nanos(budget))
    }

    /// US dollars for chat models today.
    pub(crate) async fn spent_today(&self) -> Result<f64, DbError> {
        let spent = store::spent(&self.db, &day(self.clock.now_ms(), self.zone().await?)).await?;
        Ok(dollars(spent))
    }

    /// US dollars a day; no limit when absent.
    pub(crate) fn budget(&self) -> Option<f64> {
        self.settings.daily_budget
    }

    /// A user's last `days` days.
    pub(super) async fn of_user(&self, uid: &str, days: u32) -> Result<Vec<UsageRow>, DbError> {
        store::of_user(&self.db, uid, &self.first_day(days).await?).await
    }

    /// Everybody's last `days` days.
    pub(super) async fn of_all(&self, days: u32) -> Result<Vec<UsageRow>, DbError> {
        store::of_all(&self.db, &self.first_day(days).await?, MOST_ROWS).await
    }

    /// The limits, for showing.
    pub(super) fn settings(&self) -> UsageSettings {
        self.settings
    }

    async fn first_day(&self, days: u32) -> Result<String, DbError> {
        let today = local(self.clock.now_ms(), self.zone().await?).date_naive();
        let back = Days::new(u64::from(days.saturating_sub(1)));
        Ok(today.checked_sub_days(back).unwrap_or(today).to_string())
    }
}

fn local(now: i64, zone: Tz) -> DateTime<Tz> {
    let utc = DateTime::<Utc>::from_timestamp_millis(now).unwrap_or(DateTime::UNIX_EPOCH);
    utc.with_timezone(&zone)
}

/// The day of a time, `2026-01-31`.
fn day(now: i64, zone: Tz) -> String {
    local(now, zone).date_naive().to_string()
}

/// US dollars in billionths; what is no amount is 0.
pub(crate) fn nanos(dollars: f64) -> i64 {
    (dollars.max(0.0) * NANOS).round() as i64
}

/// Billionths in US dollars.
pub(crate) fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS
}

/// `08:00` as a time of day.
pub(crate) fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}
