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
        let now = Instant::now();
        let own = self.user(credential, now, |lane| lane.take(now));
        let of_all = locked(&self.all).take(now);
        tokio::time::sleep_until(own.max(of_all)).await;
    }

    /// No turn of this credential for a while.
    pub(super) fn rest(&self, credential: &str, wait: Duration) {
        let now = Instant::now();
        self.user(credential, now, |lane| {
            lane.next = lane.next.max(now + wait)
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

    #[tokio::test(start_paused = true)]
    async fn turns_come_evenly_once_what_was_saved_up_is_spent() {
        let pace = Pace::new(1_000, 10);
        let begun = Instant::now();
        for _ in 0..11 {
            pace.turn("a").await;
        }
        assert!(
            begun.elapsed() < Duration::from_millis(5),
            "a second's worth is there at once"
        );
        for _ in 0..10 {
            pace.turn("a").await;
        }
        assert_eq!(begun.elapsed().as_millis() / 100, 10);
        let before = Instant::now();
        pace.turn("b").await;
        assert!(
            before.elapsed() < Duration::from_millis(5),
            "another has its own"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_together_is_paced_too() {
        let pace = Pace::new(2, 1_000);
        let begun = Instant::now();
        for name in ["a", "b", "c", "d", "e"] {
            pace.turn(name).await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(990));
    }

    #[tokio::test(start_paused = true)]
    async fn a_credential_rests_and_others_do_not() {
        let pace = Pace::new(1_000, 1_000);
        pace.rest("a", Duration::from_secs(5));
        let begun = Instant::now();
        pace.turn("b").await;
        assert!(begun.elapsed() < Duration::from_millis(5));
        pace.turn("a").await;
        assert!(begun.elapsed() >= Duration::from_secs(5));
    }
}
