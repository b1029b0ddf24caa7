//! Threads that compute, with a lane for questions.
//!
//! Work waits in one of two queues. Every thread takes questions first; one thread takes nothing else. A thread
//! holds one piece of work at a time, so a question waits at most for other questions. Each queue is bounded:
//! [`Pool::submit`] waits for room. Work whose answer nobody awaits any more is dropped unstarted.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Questions that may wait. Each takes a few milliseconds.
const WAITING_QUESTIONS: usize = 256;

/// Passages that may wait, per thread: enough that no thread runs dry while the caller prepares the next.
const WAITING_PASSAGES: usize = 4;

/// Where work waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Question,
    Passage,
}

/// Work on a thread's own buffers `S`.
type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads, ended when the pool is dropped.
pub(super) struct Pool<S> {
    shared: Arc<Shared<S>>,
    questions: Arc<Semaphore>,
    passages: Arc<Semaphore>,
}

struct Shared<S> {
    queues: Mutex<Queues<S>>,
    /// Wakes the thread for questions, and the others.
    question: Condvar,
    passage: Condvar,
}

struct Queues<S> {
    questions: VecDeque<Work<S>>,
    passages: VecDeque<Work<S>>,
    closed: bool,
}

impl<S> Shared<S> {
    fn queues(&self) -> MutexGuard<'_, Queues<S>> {
        // Nothing panics while it holds the lock.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next work for a thread of this lane; none when the pool is closed.
    fn next(&self, lane: Lane) -> Option<Work<S>> {
        let wake = match lane {
            Lane::Question => &self.question,
            Lane::Passage => &self.passage,
        };
        let mut queues = self.queues();
        loop {
            if queues.closed {
                return None;
            }
            let work = queues.questions.pop_front();
            let work = match lane {
                Lane::Question => work,
                Lane::Passage => work.or_else(|| queues.passages.pop_front()),
            };
            if work.is_some() {
                return work;
            }
            queues = wake.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<S: Default + 'static> Pool<S> {
    /// Starts `threads` threads for both lanes and one for questions.
    pub(super) fn start(threads: usize) -> std::io::Result<Self> {
        let pool = Self {
            shared: Arc::new(Shared {
                queues: Mutex::new(Queues {
                    questions: VecDeque::new(),
                    passages: VecDeque::new(),
                    closed: false,
                }),
                question: Condvar::new(),
                passage: Condvar::new(),
            }),
            questions: Arc::new(Semaphore::new(WAITING_QUESTIONS)),
            passages: Arc::new(Semaphore::new(threads * WAITING_PASSAGES)),
        };
        let lanes =
            std::iter::once(Lane::Question).chain(std::iter::repeat_n(Lane::Passage, threads));
        for lane in lanes {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name("embed".to_owned())
                .spawn(move || run(&shared, lane))?;
        }
        Ok(pool)
    }

    /// Queues `work` when there is room; the receiver fails if the work panics or the pool is dropped first.
    ///
    /// # Cancel safety
    /// Dropping the future queues nothing; dropping the receiver lets the work end unused or unstarted.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let room = match lane {
            Lane::Question => &self.questions,
            Lane::Passage => &self.passages,
        };
        let room = Arc::clone(room).acquire_owned().await;
        let (answer, receiver) = oneshot::channel();
        // The semaphores are never closed; were they, the receiver would fail.
        if let Ok(room) = room {
            self.push(
                lane,
                Box::new(move |space| answer_with(work, space, answer, room)),
            );
        }
        receiver
    }

    fn push(&self, lane: Lane, work: Work<S>) {
        let mut queues = self.shared.queues();
        match lane {
            Lane::Question => queues.questions.push_back(work),
            Lane::Passage => queues.passages.push_back(work),
        }
        drop(queues);
        // A question may find its own thread busy and another idle.
        if lane == Lane::Question {
            self.shared.question.notify_one();
        }
        self.shared.passage.notify_one();
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        let mut queues = self.shared.queues();
        queues.closed = true;
        let unfinished = (
            std::mem::take(&mut queues.questions),
            std::mem::take(&mut queues.passages),
        );
        drop(queues);
        drop(unfinished);
        self.shared.question.notify_all();
        self.shared.passage.notify_all();
    }
}

/// Does the work unless nobody waits for it. Its place in the queue is free as soon as it begins.
fn answer_with<S, T>(
    work: impl FnOnce(&mut S) -> T,
    space: &mut S,
    answer: oneshot::Sender<T>,
    room: OwnedSemaphorePermit,
) {
    drop(room);
    if answer.is_closed() {
        return;
    }
    // An answer that came too late is dropped with its channel.
    drop(answer.send(work(space)));
}

fn run<S: Default>(shared: &Shared<S>, lane: Lane) {
    let mut space = S::default();
    while let Some(work) = shared.next(lane) {
        // A panic is a bug in one computation: its caller gets an error, the thread goes on with fresh buffers.
        if catch_unwind(AssertUnwindSafe(|| work(&mut space))).is_err() {
            tracing::error!("embedding a text panicked");
            space = S::default();
        }
    }
}

#[cfg(test)]
mod tests;
