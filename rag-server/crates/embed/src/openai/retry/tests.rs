use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{Backoff, MAX_WAIT, asked_wait_at};

/// Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 writes in all three of its forms.
const RFC_DATE: Duration = Duration::from_secs(784_111_777);

#[test]
fn retry_after_is_seconds_or_a_date() {
    let minute_before = SystemTime::UNIX_EPOCH + RFC_DATE - Duration::from_secs(60);
    let cases = [
        ("0", Some(0)),
        (" 17 ", Some(17)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(60)),
        ("Sun Nov  6 08:49:37 1994", Some(60)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ];
    for (value, seconds) in cases {
        let expected = seconds.map(Duration::from_secs);
        assert_eq!(asked_wait_at(value, minute_before), expected, "{value:?}");
    }
}

#[test]
fn gives_up_when_asked_to_wait_too_long() {
    let mut backoff = Backoff::new(Duration::from_millis(1), 3);
    assert_eq!(
        backoff.next(Some(Duration::from_secs(19))),
        Some(Duration::from_secs(19))
    );
    assert_eq!(backoff.next(Some(Duration::from_secs(21))), None);
}

proptest! {
    #[test]
    fn waits_double_within_bounds(first in 1_u64..30_000, retries in 0_u32..12) {
        let first = Duration::from_millis(first);
        let mut backoff = Backoff::new(first, retries);
        for attempt in 0..retries {
            let most = (first * 2_u32.pow(attempt)).min(MAX_WAIT);
            let wait = backoff.next(None).unwrap();
            prop_assert!(wait <= most && wait >= most.mul_f64(0.499), "{attempt}: {wait:?} of {most:?}");
        }
        prop_assert_eq!(backoff.next(None), None);
    }
}
