use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use super::{Lane, Pool, WAITING_PASSAGES};

/// A pool whose only thread for passages is held until the sender is used or dropped, and whose thread for
/// questions is held likewise.
async fn held() -> (Pool<()>, mpsc::Sender<()>, mpsc::Sender<()>) {
    let pool = Pool::start(1).unwrap();
    // In this order: a thread for passages takes questions too while it is free.
    let passage = hold(&pool, Lane::Passage).await;
    let question = hold(&pool, Lane::Question).await;
    (pool, question, passage)
}

/// Holds the next thread that takes work from this lane.
async fn hold(pool: &Pool<()>, lane: Lane) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let work = move |(): &mut ()| {
        started.send(()).unwrap();
        // Fails when the sender is dropped, which is as good.
        let _released = held.recv();
    };
    // Nobody awaits the answer, but the receiver must live until the work has begun.
    let answer = pool.submit(lane, work).await;
    running.await.unwrap();
    drop(answer);
    release
}

#[tokio::test]
async fn questions_overtake_passages() {
    let (pool, question, passage) = held().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut answers = Vec::new();
    for (lane, name) in [(Lane::Passage, "passage"), (Lane::Question, "question")] {
        let order = Arc::clone(&order);
        answers.push(
            pool.submit(lane, move |()| order.lock().unwrap().push(name))
                .await,
        );
    }
    // Only the thread for passages goes on; it takes the question first.
    drop(passage);
    for answer in answers {
        answer.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["question", "passage"]);
    drop(question);
}

#[tokio::test]
async fn a_question_runs_while_every_thread_has_a_passage() {
    let pool = Pool::start(1).unwrap();
    let passage = hold(&pool, Lane::Passage).await;
    let waiting = pool.submit(Lane::Passage, |()| ()).await;
    assert_eq!(pool.submit(Lane::Question, |()| 7).await.await, Ok(7));
    drop(passage);
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_full_queue_makes_the_caller_wait() {
    let (pool, _question, passage) = held().await;
    let mut answers = Vec::new();
    for number in 0..WAITING_PASSAGES {
        answers.push(pool.submit(Lane::Passage, move |()| number).await);
    }
    let mut one_more = Box::pin(pool.submit(Lane::Passage, |()| usize::MAX));
    assert!(poll_once(one_more.as_mut()).is_pending());
    drop(passage);
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.await, Ok(number));
    }
    assert_eq!(one_more.await.await, Ok(usize::MAX));
}

#[tokio::test]
async fn work_that_nobody_awaits_is_not_started() {
    let (pool, _question, passage) = held().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    drop(
        pool.submit(Lane::Passage, move |()| {
            counter.fetch_add(1, Ordering::SeqCst)
        })
        .await,
    );
    let after = pool.submit(Lane::Passage, |()| ()).await;
    drop(passage);
    after.await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_panic_fails_its_caller_only() {
    let pool = Pool::<Vec<u8>>::start(1).unwrap();
    for _ in 0..4 {
        let lost = pool.submit(Lane::Passage, |space: &mut Vec<u8>| {
            space.push(1);
            panic!("on purpose");
        });
        let lost: Result<(), _> = lost.await.await;
        assert!(lost.is_err());
    }
    let length = pool.submit(Lane::Passage, |space| space.len()).await.await;
    assert_eq!(length, Ok(0), "the buffers are fresh after a panic");
}

#[tokio::test]
async fn dropping_the_pool_fails_what_waits() {
    let (pool, question, passage) = held().await;
    let waiting = pool.submit(Lane::Passage, |()| ()).await;
    drop(pool);
    assert!(waiting.await.is_err());
    drop((question, passage));
}

/// Polls a future once.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}
