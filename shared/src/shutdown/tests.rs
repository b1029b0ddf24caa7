#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn tasks_that_watch_the_token_end_cleanly() {
    let shutdown = Shutdown::new();
    let ended = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let (token, ended) = (shutdown.token(), Arc::clone(&ended));
        shutdown.spawn(async move {
            token.cancelled().await;
            ended.fetch_add(1, Ordering::SeqCst);
        });
    }
    assert!(!shutdown.is_begun());
    assert_eq!(shutdown.drain(Duration::from_mins(1)).await, Drained::Clean);
    assert_eq!(ended.load(Ordering::SeqCst), 10);
    assert!(shutdown.is_begun());
}

#[tokio::test]
async fn the_deadline_holds_for_tasks_that_do_not_end() {
    let shutdown = Shutdown::new();
    shutdown.spawn(std::future::pending::<()>());
    shutdown.spawn(std::future::pending::<()>());
    shutdown.spawn(std::future::ready(())).await.unwrap();
    assert_eq!(
        shutdown.drain(Duration::from_millis(1)).await,
        Drained::Abandoned(2)
    );
}

#[tokio::test]
async fn clones_are_the_same_end() {
    let shutdown = Shutdown::new();
    let other = shutdown.clone();
    other.begin();
    other.begin();
    shutdown.begun().await;
    assert_eq!(shutdown.drain(Duration::ZERO).await, Drained::Clean);
}

#[tokio::test]
async fn sigterm_begins_it() {
    let shutdown = Shutdown::on_signal().unwrap();
    let process = std::process::id().to_string();
    let sent = tokio::process::Command::new("kill")
        .args(["-TERM", &process])
        .status()
        .await;
    assert!(sent.unwrap().success());
    shutdown.begun().await;
    assert_eq!(shutdown.drain(Duration::from_mins(1)).await, Drained::Clean);
}
