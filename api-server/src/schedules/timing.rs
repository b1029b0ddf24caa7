//! When something is due.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::ScheduleError;

/// Fields of a line of cron.
const FIELDS: usize = 5;
/// Longest line that is read.
const MAX_BYTES: usize = 100;

/// Five fields of cron in a time zone.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    cron: Cron,
    text: String,
    zone: Tz,
}

impl Timing {
    /// Reads five fields of cron; one that never comes after `now` is none.
    pub(crate) fn parse(text: &str, zone: Tz, now: i64) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if text.len() > MAX_BYTES || fields.len() != FIELDS {
            return Err(ScheduleError::Malformed);
        }
        let text = fields.join(" ");
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build()
            .parse(&text)
            .map_err(|_| ScheduleError::Malformed)?;
        let timing = Self { cron, text, zone };
        timing.next(now).ok_or(ScheduleError::Never)?;
        Ok(timing)
    }

    /// The first time after `after`.
    pub(crate) fn next(&self, after: i64) -> Option<i64> {
        let after = DateTime::<Utc>::from_timestamp_millis(after)?.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp_millis())
    }

    /// The five fields.
    pub(crate) fn cron(&self) -> &str {
        &self.text
    }

    /// Fields and zone: another text is another time.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.text, self.zone)
    }
}

/// A time on the wall, in Unix milliseconds: the first of two where the clock shows it twice, the first moment after the
/// leap where the clock leaps over it.
pub(crate) fn moment(zone: Tz, time: NaiveDateTime) -> Option<i64> {
    // No clock has leapt over more than a day.
    (0..=24 * 60)
        .filter_map(|minutes| time.checked_add_signed(TimeDelta::minutes(minutes)))
        .find_map(|time| zone.from_local_datetime(&time).earliest())
        .map(|time| time.timestamp_millis())
}
