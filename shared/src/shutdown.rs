//! Ending well: a signal becomes a token, tasks are counted, and one deadline holds for all.
//!
//! Order in a server: [`Shutdown::begun`] → readiness fails → the listener stops and requests drain
//! (`ServerHandle::stop(true)`) → workers see the token, finish or release their job →
//! [`Shutdown::drain`] → exit.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One process's end. Clones are the same end.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// How [`Shutdown::drain`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task ended.
    Clean,
    /// The deadline came first; so many tasks were still running.
    Abandoned(usize),
}

impl Shutdown {
    /// One that begins only when [`begin`](Self::begin) is called.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that also begins when the process gets SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub fn on_signal() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = shutdown.token.clone();
        // Not tracked: it lives exactly as long as nothing has ended yet.
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = token.cancelled() => return,
            };
            tracing::info!(signal = name, "shutting down on {name}");
            token.cancel();
        });
        Ok(shutdown)
    }

    /// The token to pass to whatever must stop.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Begins it. Doing so twice is the same as once.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether it has begun.
    pub fn is_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until it begins. Cancel safe.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Runs a task that [`drain`](Self::drain) waits for. It should watch the [`token`](Self::token).
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Begins it and waits for the tasks, at most until the deadline.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.begin();
        self.tasks.close();
        match tokio::time::timeout(deadline, self.tasks.wait()).await {
            Ok(()) => Drained::Clean,
            Err(_) => Drained::Abandoned(self.tasks.len()),
        }
    }
}

#[cfg(test)]
mod tests;
