use std::time::Duration;

use proptest::prelude::*;

use super::OpeningHours;
use super::service::{dollars, nanos, time_of_day};

fn hours(opens: &str, closes: &str) -> OpeningHours {
    OpeningHours {
        opens: time_of_day(opens).unwrap(),
        closes: time_of_day(closes).unwrap(),
    }
}

#[test]
fn hours_open_close_and_tell_how_long() {
    let day = hours("08:00", "20:00");
    let night = hours("22:00", "06:00");
    for (hours, now, closed_minutes) in [
        (day, "07:59", Some(1)),
        (day, "08:00", None),
        (day, "19:59", None),
        (day, "20:00", Some(12 * 60)),
        (night, "23:30", None),
        (night, "05:59", None),
        (night, "06:00", Some(16 * 60)),
    ] {
        let expected = closed_minutes.map(|minutes| Duration::from_secs(minutes * 60));
        assert_eq!(
            hours.closed_for(time_of_day(now).unwrap()),
            expected,
            "{now}"
        );
    }
}

#[test]
fn times_of_day_are_hours_and_minutes() {
    for text in ["", "8", "24:00", "08:60", "oito"] {
        assert!(time_of_day(text).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn money_survives_being_kept(micros in 0_i64..1_000_000_000) {
        let amount = micros as f64 / 1e6;
        prop_assert!((dollars(nanos(amount)) - amount).abs() < 1e-9);
    }
}
