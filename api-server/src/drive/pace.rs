//! How fast Drive is asked: evenly, of everybody together and of each credential, and not at all for a while after Drive
//! has complained.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Turns that may be saved up: a second's worth.
const BURST: Duration = Duration::from_secs(1);
/// More credentials than this are forgotten: they begin anew.
const MOST_LANES: usize = 10_000;

/// One queue of turns.
#[derive(Debug)]
struct Lane {
    every: Duration,
    /// When the next turn is; may lie in the past by what was saved up.
    next: Instant,
}

impl Lane {
    fn new(per_second: u32, now: Instant) -> Self {
        Self {
            every: Duration::from_secs(1) / per_second.max(1),
            next: now.checked_sub(BURST).unwrap_or(now),
        }
    }

    /// Takes the next turn: when it is.
    fn take(&mut self, now: Instant) -> Instant {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = self.next.max(earliest);
        self.next = turn + self.every;
        turn
    }
}

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Pace {
    per_user: u32,
    all: Mutex<Lane>,
    users: Mutex<HashMap<String, Lane>>,
}

impl Pace {
    /// So many turns a second of everybody together, and of one credential.
    pub(super) fn new(per_second: u32, per_user: u32) -> Self {
        Self {
            per_user,
            all: Mutex::new(Lane::new(per_second, Instant::now())),
            users: Mutex::default(),
        }
    }

    /// Waits for a turn. Cancel safe: a turn that is not waited for is lost, nothing else.
    pub(super) async fn turn(&self, credential: &str) {
        tokio::time::sleep_until(self.take(credential, Instant::now())).await;
    }

    /// No turn of this credential for a while.
    pub(super) fn rest(&self, credential: &str, wait: Duration) {
        self.rest_until(credential, Instant::now(), wait);
    }

    /// Takes a turn: when it is.
    fn take(&self, credential: &str, now: Instant) -> Instant {
        let own = self.user(credential, now, |lane| lane.take(now));
        let of_all = locked(&self.all).take(now);
        own.max(of_all)
    }

    fn rest_until(&self, credential: &str, now: Instant, wait: Duration) {
        self.user(credential, now, |lane| {
            lane.next = lane.next.max(now + wait);
        });
    }

    fn user<T>(&self, credential: &str, now: Instant, act: impl FnOnce(&mut Lane) -> T) -> T {
        let mut users = locked(&self.users);
        if users.len() > MOST_LANES {
            users.clear();
        }
        let per_user = self.per_user;
        act(users
            .entry(credential.to_owned())
            .or_insert_with(|| Lane::new(per_user, now)))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long after `now` the next turn is; ms.
    fn wait(pace: &Pace, credential: &str, now: Instant) -> u128 {
        pace.take(credential, now)
            .saturating_duration_since(now)
            .as_millis()
    }

    #[test]
    fn turns_come_evenly_once_what_was_saved_up_is_spent() {
        let pace = Pace::new(1_000, 10);
        let now = Instant::now();
        let waits: Vec<u128> = (0..13).map(|_| wait(&pace, "a", now)).collect();
        let (saved, due) = waits.split_at(11);
        assert!(saved.iter().all(|wait| *wait == 0), "{saved:?}");
        assert_eq!(due, [100, 200]);
        assert_eq!(wait(&pace, "b", now), 0, "another has its own");
        let later = now + Duration::from_secs(60);
        let saved = (0..20).filter(|_| wait(&pace, "a", later) == 0).count();
        assert_eq!(saved, 11, "no more than a second's worth is saved up");
    }

    #[test]
    fn everybody_together_is_paced_too() {
        let pace = Pace::new(2, 1_000);
        // The saving up begins with the pace.
        let now = Instant::now() + Duration::from_secs(1);
        let waits: Vec<u128> = ["a", "b", "c", "d", "e"]
            .iter()
            .map(|name| wait(&pace, name, now))
            .collect();
        assert_eq!(waits, [0, 0, 0, 500, 1_000]);
    }

    #[test]
    fn a_credential_rests_and_others_do_not() {
        let pace = Pace::new(1_000, 1_000);
        let now = Instant::now();
        pace.rest_until("a", now, Duration::from_secs(5));
        assert_eq!(wait(&pace, "b", now), 0);
        assert_eq!(wait(&pace, "a", now), 5_000);
    }
}
