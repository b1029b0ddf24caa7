//! How long to wait before something is tried again.

use std::time::Duration;

use rand::RngExt as _;

/// Doublings at most: 2^20 of the shortest wait is longer than anybody waits.
const DOUBLINGS: u32 = 20;

/// The wait after `tries` tries that failed, the first of them 0: doubles from the first wait to the longest, and is
/// shortened by up to a half, so that those who failed together do not come back together.
pub(crate) fn backoff((first, longest): (Duration, Duration), tries: u32) -> Duration {
    doubled((first, longest), tries).mul_f64(rand::rng().random_range(0.5..1.0))
}

/// The same in full.
pub(crate) fn doubled((first, longest): (Duration, Duration), tries: u32) -> Duration {
    first
        .saturating_mul(2_u32.saturating_pow(tries.min(DOUBLINGS)))
        .min(longest)
}

/// A time in Unix milliseconds, so long after `now`.
pub(crate) fn later(now: i64, wait: Duration) -> i64 {
    now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_grow_to_the_longest_and_never_beyond(first in 1_u64..10_000, longest in 1_u64..100_000, tries in any::<u32>()) {
            let waits = (Duration::from_millis(first), Duration::from_millis(longest));
            let whole = doubled(waits, tries);
            prop_assert!(whole <= waits.1 && doubled(waits, tries.saturating_add(1)) >= whole);
            prop_assert_eq!(doubled(waits, 0), waits.0.min(waits.1));
            prop_assert_eq!(doubled(waits, 1), (2 * waits.0).min(waits.1));
            let shortened = backoff(waits, tries);
            prop_assert!(shortened <= whole && shortened >= whole.mul_f64(0.499));
        }
    }

    #[test]
    fn no_time_is_after_the_last_one() {
        assert_eq!(later(5, Duration::from_millis(7)), 12);
        assert_eq!(later(i64::MAX, Duration::MAX), i64::MAX);
    }
}
