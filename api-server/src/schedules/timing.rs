//! When something is due.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::ScheduleError;

/// Fields of a line of cron.
const FIELDS: usize = 5;
/// Longest line that is read.
const MAX_BYTES: usize = 100;

/// Reads five fields of cron; `None` where it is something else.
pub(crate) fn cron(text: &str) -> Option<Cron> {
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(text)
        .ok()
}

/// The first time after `after`, both Unix ms, by the clocks of a zone; `None` where it never comes.
pub(crate) fn next(cron: &Cron, zone: Tz, after: i64) -> Option<i64> {
    let after = DateTime::<Utc>::from_timestamp_millis(after)?.with_timezone(&zone);
    let next = cron.find_next_occurrence(&after, false).ok()?;
    Some(next.timestamp_millis())
}

/// Five fields of cron in a time zone.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    cron: Cron,
    text: String,
    zone: Tz,
}

impl Timing {
    /// Reads five fields of cron; one that never comes after `now` is none.
    pub(super) fn parse(text: &str, zone: Tz, now: i64) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if text.len() > MAX_BYTES || fields.len() != FIELDS {
            return Err(ScheduleError::Malformed);
        }
        let text = fields.join(" ");
        let cron = cron(&text).ok_or(ScheduleError::Malformed)?;
        let timing = Self { cron, text, zone };
        timing.next(now).ok_or(ScheduleError::Never)?;
        Ok(timing)
    }

    /// The first time after `after`.
    pub(super) fn next(&self, after: i64) -> Option<i64> {
        next(&self.cron, self.zone, after)
    }

    /// The five fields.
    pub(super) fn cron(&self) -> &str {
        &self.text
    }

    /// Fields and zone: another text is another time.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.text, self.zone)
    }
}
