use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};
use shared::clock::rfc3339;
use shared::problem::Invalid;

use super::PlannedError;
use super::store::PlannedRow;
use crate::chat::{Level, Style};
use crate::schedules::{Timing, moment};

/// Something may come again after so long at the earliest.
const LEAST: Duration = Duration::from_mins(15);
/// How far times are looked through for two that are closer: the rest of one day on which it comes and all of another, of
/// at most 96 quarters of an hour each, also where it comes but once a year.
const LOOKED_THROUGH: usize = 200;
const LOOKED_AHEAD: Duration = Duration::from_hours(800 * 24);
/// Nobody plans further ahead.
const FURTHEST: Duration = Duration::from_hours(2 * 366 * 24);

/// What is done when its time has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// It is asked, and the answer stands in a conversation.
    #[default]
    Question,
    /// It is sent to whoever planned it, by e-mail.
    Message,
}

impl Kind {
    /// As stored.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Message => "message",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "message" => Self::Message,
            _ => Self::Question,
        }
    }
}

/// What to do, and when: `at` or `cron`.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "content": "O que ainda preciso revisar sobre hipertrofia?", "cron": "0 8 * * 1" }))]
pub(crate) struct NewPlanned {
    /// `question` when absent.
    #[serde(default)]
    pub kind: Kind,
    /// The question, or the message.
    pub content: String,
    /// Once then: RFC 3339, or a time on the wall of `time_zone` such as `2026-11-22T08:00`; at most two years ahead.
    pub at: Option<String>,
    /// Again and again: five fields of cron, every 15 minutes at most.
    pub cron: Option<String>,
    /// Zone of these times, such as `America/Sao_Paulo`; the course's when absent.
    pub time_zone: Option<String>,
    /// Id of one of one's own conversations; a new one when absent, in which it then goes on.
    pub conversation_id: Option<String>,
    /// How much is known already; as before in the conversation when absent.
    pub user_level: Option<Level>,
    /// How the user learns best; as before in the conversation when absent.
    pub learning_style: Option<Style>,
    /// Whether the answer also comes by e-mail.
    #[serde(default)]
    pub by_mail: bool,
}

/// What of it is to change; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePlanned {
    /// The question, or the message.
    #[serde(default, deserialize_with = "present")]
    pub content: Option<String>,
    /// Once then, and no longer by `cron`.
    #[serde(default, deserialize_with = "present")]
    pub at: Option<String>,
    /// Again and again from now on.
    #[serde(default, deserialize_with = "present")]
    pub cron: Option<String>,
    /// Zone of the times.
    #[serde(default, deserialize_with = "present")]
    pub time_zone: Option<String>,
    /// Nothing is done while it is paused; what falls into a pause is not made up.
    #[serde(default, deserialize_with = "present")]
    pub paused: Option<bool>,
    /// Whether the answer also comes by e-mail.
    #[serde(default, deserialize_with = "present")]
    pub by_mail: Option<bool>,
}

/// Something planned.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PlannedView {
    /// Id.
    pub id: String,
    /// What is done.
    pub kind: Kind,
    /// The question, or the message.
    pub content: String,
    /// Five fields of cron; null where it is done once.
    pub cron: Option<String>,
    /// Zone of the times.
    pub time_zone: String,
    /// Nothing is done for now.
    pub paused: bool,
    /// Whether the answer also comes by e-mail.
    pub by_mail: bool,
    /// When it is due next, RFC 3339, UTC; null when it never is again.
    pub next_at: Option<String>,
    /// Where it is asked; null before the first time, and once that conversation was removed.
    pub conversation_id: Option<String>,
    /// How much is known already.
    pub user_level: Option<Level>,
    /// How the user learns best.
    pub learning_style: Option<Style>,
    /// How it went the last time; null before that.
    pub last: Option<LastTime>,
    /// What went wrong with a try that is made again.
    pub trouble: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// How something planned went.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LastTime {
    /// When it was due, RFC 3339, UTC.
    pub planned_at: Option<String>,
    /// When it was over, RFC 3339, UTC.
    pub at: String,
    /// `done` or `failed`.
    pub outcome: String,
    /// What went wrong.
    pub detail: Option<String>,
}

impl From<PlannedRow> for PlannedView {
    fn from(row: PlannedRow) -> Self {
        let is_tried_again = row.attempts > 0;
        let trouble = row.last_detail.clone().filter(|_| is_tried_again);
        Self {
            kind: Kind::parse(&row.kind),
            next_at: row.next_at.map(rfc3339),
            user_level: row.level.as_deref().map(Level::parse),
            learning_style: row.style.as_deref().map(Style::parse),
            last: row
                .last_outcome
                .zip(row.last_at)
                .map(|(outcome, at)| LastTime {
                    planned_at: row.last_planned_at.map(rfc3339),
                    at: rfc3339(at),
                    outcome,
                    detail: row.last_detail.filter(|_| !is_tried_again),
                }),
            trouble,
            id: row.id,
            content: row.text,
            cron: row.cron,
            time_zone: row.time_zone,
            paused: row.paused,
            by_mail: row.by_mail,
            conversation_id: row.conversation_id,
            created_at: rfc3339(row.created_at),
        }
    }
}

/// A field that is there has a value.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The zone of that name.
pub(super) fn zone_of(name: &str) -> Result<Tz, Invalid> {
    name.parse().map_err(|_| {
        let detail = "deve ser um fuso horário, como America/Sao_Paulo";
        Invalid::new().field("/time_zone", "invalid_value", detail)
    })
}

/// When something is done once: after `now`, not too far ahead.
pub(super) fn once(text: &str, zone: Tz, now: i64) -> Result<i64, Invalid> {
    let refused = |code, detail: &str| Invalid::new().field("/at", code, detail);
    let on_the_wall = || {
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
            .into_iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .and_then(|time| moment(zone, time))
    };
    let at = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_millis())
        .or_else(on_the_wall)
        .ok_or_else(|| {
            refused(
                "invalid_value",
                "deve ser uma data com horário, como 2026-11-22T08:00",
            )
        })?;
    if at <= now {
        return Err(refused("past", "este horário já passou"));
    }
    if at > now.saturating_add(millis(FURTHEST)) {
        return Err(refused(
            "out_of_range",
            "deve ser daqui a no máximo dois anos",
        ));
    }
    Ok(at)
}

/// Five fields of cron and when they come first; too often is refused.
pub(super) fn often(text: &str, zone: Tz, now: i64) -> Result<(String, i64), PlannedError> {
    let timing = Timing::parse(text, zone, now)?;
    let mut times = std::iter::successors(timing.next(now), |last| timing.next(*last));
    let first = times.next().unwrap_or(now);
    let until = first.saturating_add(millis(LOOKED_AHEAD));
    let mut last = first;
    for time in times.take_while(|time| *time <= until).take(LOOKED_THROUGH) {
        if time.saturating_sub(last) < millis(LEAST) {
            let detail = "deve deixar pelo menos 15 minutos entre duas vezes";
            return Err(Invalid::new().field("/cron", "too_often", detail).into());
        }
        last = time;
    }
    Ok((timing.cron().to_owned(), first))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
