use chrono_tz::Tz;
use proptest::prelude::*;

use super::model::{often, once};
use crate::schedules::Timing;

const MINUTE: i64 = 60_000;

fn utc(text: &str) -> i64 {
    text.parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap()
        .timestamp_millis()
}

fn list(numbers: &std::collections::BTreeSet<u32>) -> String {
    let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    texts.join(",")
}

proptest! {
    /// Told by every minute of two weeks, without looking at gaps alone.
    #[test]
    fn what_is_taken_never_comes_twice_within_a_quarter_of_an_hour(
        minutes in prop::collection::btree_set(0_u32..60, 1..4),
        hours in prop::collection::btree_set(0_u32..24, 1..24),
        day in prop::sample::select(vec!["*", "1-5", "0,3"]),
    ) {
        let cron = format!("{} {} * * {day}", list(&minutes), list(&hours));
        let now = utc("2026-03-20T11:13:00Z");
        for zone in [Tz::UTC, Tz::America__Sao_Paulo] {
            let timing = Timing::parse(&cron, zone, now).unwrap();
            let times: Vec<i64> = std::iter::successors(timing.next(now), |at| timing.next(*at))
                .take_while(|at| *at < now + 14 * 24 * 60 * MINUTE)
                .collect();
            let is_seldom = times.windows(2).all(|two| two[1] - two[0] >= 15 * MINUTE);
            let taken = often(&cron, zone, now);
            prop_assert_eq!(taken.is_ok(), is_seldom, "{} {}", cron, zone);
            if let Ok((_, first)) = taken {
                prop_assert_eq!(Some(&first), times.first());
            }
        }
    }
}

#[test]
fn a_time_on_the_wall_is_that_of_its_zone() {
    let now = utc("2026-01-01T00:00:00Z");
    for (text, zone, at) in [
        (
            "2026-11-22T08:00",
            Tz::America__Sao_Paulo,
            "2026-11-22T11:00:00Z",
        ),
        (
            "2026-11-22T08:00:30",
            Tz::Europe__Lisbon,
            "2026-11-22T08:00:30Z",
        ),
        (
            "2026-11-22T08:00:00-05:00",
            Tz::Europe__Lisbon,
            "2026-11-22T13:00:00Z",
        ),
        // The clock leaps from 01:00 to 02:00, and shows 01:30 twice.
        (
            "2026-03-29T01:30",
            Tz::Europe__Lisbon,
            "2026-03-29T01:00:00Z",
        ),
        (
            "2026-10-25T01:30",
            Tz::Europe__Lisbon,
            "2026-10-25T00:30:00Z",
        ),
    ] {
        assert_eq!(once(text, zone, now).unwrap(), utc(at), "{text} {zone}");
    }
    for text in [
        "",
        "amanhã",
        "2026-11-22",
        "2025-12-31T23:59",
        "2028-06-01T00:00",
        "2026-02-30T08:00",
    ] {
        assert!(once(text, Tz::UTC, now).is_err(), "{text}");
    }
}
