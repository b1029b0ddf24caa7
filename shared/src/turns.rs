//! Few at a time, some more that wait, and whoever comes on top of that is told so at once.
//!
//! What keeps a server answering when far more is asked of it than it can do: the work in hand stays as fast as ever,
//! the wait is bounded by the length of the queue, and a refusal costs next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns at something. Clones hand out the same turns.
#[derive(Debug, Clone)]
pub struct Turns {
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
}

/// A turn; the next one's begins when it is dropped.
#[derive(Debug)]
#[must_use = "the turn is over when this is dropped"]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// As many wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are waiting for their turn")]
pub struct TooMany;

impl Turns {
    /// `running` at a time, and `most_waiting` more that wait.
    pub fn new(running: usize, most_waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(running)),
            waiting: Arc::default(),
            most_waiting,
        }
    }

    /// Waits for a turn, in the order of coming.
    ///
    /// # Errors
    /// [`TooMany`], at once.
    ///
    /// # Cancel safety
    /// Whoever is dropped while waiting gives up its place.
    pub async fn take(&self) -> Result<Turn, TooMany> {
        let permit = if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            permit
        } else {
            let _place = Place::enter(&self.waiting, self.most_waiting).ok_or(TooMany)?;
            let turn = Arc::clone(&self.running).acquire_owned();
            turn.await.map_err(|_| TooMany)?
        };
        Ok(Turn { _permit: permit })
    }

    /// Refuses when [`take`](Self::take) would do so now: before work that comes ahead of the turn.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn look(&self) -> Result<(), TooMany> {
        let is_full = self.running.available_permits() == 0 && self.waiting() >= self.most_waiting;
        if is_full { Err(TooMany) } else { Ok(()) }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

/// A place in the queue; given up when dropped, also by a client that leaves.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn enter(waiting: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let place = Self(Arc::clone(waiting));
        (waiting.fetch_add(1, Ordering::SeqCst) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn so_many_run_so_many_wait_and_the_rest_is_refused() {
        let turns = Turns::new(2, 1);
        let first = turns.take().await.unwrap();
        let _second = turns.take().await.unwrap();
        assert_eq!(turns.look(), Ok(()));
        let mut third = pin!(turns.take());
        assert!(poll!(&mut third).is_pending());
        assert_eq!(turns.waiting(), 1);
        assert_eq!(turns.look(), Err(TooMany));
        assert_eq!(turns.take().await.unwrap_err(), TooMany);
        drop(first);
        assert!(poll!(&mut third).is_ready());
        assert_eq!(turns.waiting(), 0);
        assert_eq!(turns.look(), Ok(()));
    }

    #[tokio::test]
    async fn whoever_leaves_the_queue_makes_room() {
        let turns = Turns::new(1, 1);
        let running = turns.take().await.unwrap();
        {
            let mut left = pin!(turns.take());
            assert!(poll!(&mut left).is_pending());
        }
        let mut next = pin!(turns.take());
        assert!(poll!(&mut next).is_pending());
        drop(running);
        assert!(next.await.is_ok());
    }

    #[tokio::test]
    async fn nobody_overtakes_who_waits() {
        let turns = Turns::new(1, 2);
        let running = turns.take().await.unwrap();
        let mut first = pin!(turns.take());
        assert!(poll!(&mut first).is_pending());
        drop(running);
        let mut second = pin!(turns.take());
        assert!(poll!(&mut second).is_pending());
        let turn = first.await.unwrap();
        assert!(poll!(&mut second).is_pending());
        drop(turn);
        assert!(second.await.is_ok());
    }
}
