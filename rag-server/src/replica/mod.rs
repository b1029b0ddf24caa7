//! Several rag-servers over the same data: one of them writes, all of them answer.
//!
//! The writer holds a lease: a row in the database that it renews every second. The others answer questions and show what is
//! kept, pass everything else on to it ([`forward`]), and follow what it changes. Where the lease is free, or stood still for
//! [`LAPSE`], one of them takes it. Clocks of machines are never compared: each measures by its own how long it saw the same beat.
//!
//! A writer that was held up for longer (a machine put to sleep) finds its lease taken and ends. What it still wrote until then is
//! never shown: rows in the database say what of the index counts.

mod forward;
mod lock;
pub(crate) mod store;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use shared::db::{Db, DbError};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use url::Url;

pub(crate) use forward::{Forwarder, forward};
pub(crate) use lock::DataLock;
use store::Lease;

/// How often the writer renews its lease.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often the others look at it.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a lease that is not renewed is respected.
const LAPSE: Duration = Duration::from_secs(8);

/// How long a request may be on its way to a writer that is about to end.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// What a server is among those over the same data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// There are no others.
    Alone,
    /// It reads documents and changes the index.
    Writer,
    /// It answers questions, and passes everything else on.
    Follower,
}

/// This server among those over the same data.
pub(crate) struct Replica {
    /// `None` where there are no others.
    shared: Option<Shared>,
    /// Ends what is passed on, and following.
    pub(crate) stopping: CancellationToken,
}

struct Shared {
    db: Db,
    name: String,
    address: Url,
    seen: Mutex<Seen>,
    left: CancellationToken,
}

/// The lease when it last looked different.
#[derive(Default)]
struct Seen {
    lease: Option<Lease>,
    since: Option<Instant>,
}

impl Replica {
    /// The only one.
    pub(crate) fn alone() -> Self {
        Self {
            shared: None,
            stopping: CancellationToken::new(),
        }
    }

    /// Joins those over the same database, as the writer where there is none; `address` is where the others reach this one.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn join(db: Db, address: Url) -> Result<Self, DbError> {
        let shared = Shared {
            db,
            name: uuid::Uuid::now_v7().to_string(),
            address,
            seen: Mutex::default(),
            left: CancellationToken::new(),
        };
        shared.look().await?;
        Ok(Self {
            shared: Some(shared),
            stopping: CancellationToken::new(),
        })
    }

    /// What this server is now.
    pub(crate) fn role(&self) -> Role {
        match &self.shared {
            None => Role::Alone,
            Some(shared) if shared.has_lease() => Role::Writer,
            Some(_) => Role::Follower,
        }
    }

    /// Where the writer answers now.
    async fn writer(&self) -> Result<Option<Url>, DbError> {
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        let lease = store::see(&shared.db).await?;
        Ok(lease.and_then(|lease| Url::parse(&lease.address).ok()))
    }

    /// Waits a moment and looks at the lease; `true` once this server has it.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn look(&self) -> Result<bool, DbError> {
        let Some(shared) = &self.shared else {
            return Ok(true);
        };
        tokio::time::sleep(LOOK_EVERY).await;
        shared.look().await
    }

    /// Keeps the lease until [`leave`](Self::leave); `false` when somebody else has taken it.
    pub(crate) async fn hold(&self) -> bool {
        let Some(shared) = &self.shared else {
            return true;
        };
        loop {
            tokio::select! {
                () = shared.left.cancelled() => return true,
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
            match store::renew(&shared.db, &shared.name).await {
                Ok(true) => {}
                Ok(false) => return false,
                // Nobody takes it while the database is away; if it is away for this server alone, the next renewal tells.
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "the lease could not be renewed: {error}");
                }
            }
        }
    }

    /// About to end: the others send this server nothing more.
    pub(crate) async fn step_back(&self) {
        self.stopping.cancel();
        let Some(shared) = &self.shared else {
            return;
        };
        if let Err(error) = store::step_back(&shared.db, &shared.name).await {
            warn!(error = %shared::telemetry::chain(&error), "the others could not be told: {error}");
        }
        // What those who asked a moment ago send is still taken.
        if shared.has_lease() {
            tokio::time::sleep(ON_THE_WAY).await;
        }
    }

    /// Gives the lease back, once everything that was begun is finished.
    pub(crate) async fn leave(&self) {
        let Some(shared) = &self.shared else {
            return;
        };
        shared.left.cancel();
        if let Err(error) = store::release(&shared.db, &shared.name).await {
            warn!(error = %shared::telemetry::chain(&error), "the lease could not be given back: {error}");
        }
    }
}

impl Shared {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_lease(&self) -> bool {
        let seen = self.seen();
        seen.lease
            .as_ref()
            .is_some_and(|lease| lease.holder == self.name)
    }

    /// Looks at the lease and takes it where it is free or lapsed.
    async fn look(&self) -> Result<bool, DbError> {
        let lease = store::see(&self.db).await?;
        let is_free = self.seen().is_free(lease.clone(), Instant::now());
        if !is_free {
            return Ok(false);
        }
        let took = store::take(&self.db, &self.name, self.address.as_str(), lease.as_ref()).await?;
        if took {
            let now = store::see(&self.db).await?;
            self.seen().is_free(now, Instant::now());
        }
        Ok(took)
    }
}

impl Seen {
    /// Remembers how the lease looks `now`; whether it may be taken.
    fn is_free(&mut self, lease: Option<Lease>, now: Instant) -> bool {
        if self.lease != lease || self.since.is_none() {
            self.lease = lease;
            self.since = Some(now);
        }
        self.lease.is_none()
            || self
                .since
                .is_some_and(|since| now.duration_since(since) >= LAPSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str, beat: i64) -> Option<Lease> {
        Some(Lease {
            holder: holder.to_owned(),
            address: "http://127.0.0.1:8001".to_owned(),
            beat,
        })
    }

    #[test]
    fn a_lease_is_free_when_nobody_has_it_or_it_stands_still() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut seen = Seen::default();
        assert!(seen.is_free(None, start));
        assert!(!seen.is_free(lease("a", 1), start));
        assert!(!seen.is_free(lease("a", 1), after(7)));
        assert!(!seen.is_free(lease("a", 2), after(9)), "it was renewed");
        assert!(
            !seen.is_free(lease("b", 2), after(17)),
            "somebody else has it"
        );
        assert!(!seen.is_free(lease("b", 2), after(24)));
        assert!(seen.is_free(lease("b", 2), after(25)));
    }

    async fn database() -> Db {
        let db = shared::db::connect("sqlite::memory:").await.unwrap();
        shared::db::migrate(
            &db,
            &sqlx::migrate!("migrations/sqlite"),
            &sqlx::migrate!("migrations/postgres"),
        )
        .await
        .unwrap();
        db
    }

    #[tokio::test]
    async fn one_of_them_writes_until_it_leaves() {
        let db = database().await;
        let url = |port: u16| Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let first = Replica::join(db.clone(), url(1)).await.unwrap();
        let second = Replica::join(db.clone(), url(2)).await.unwrap();
        assert_eq!(
            (first.role(), second.role()),
            (Role::Writer, Role::Follower)
        );
        assert_eq!(second.writer().await.unwrap(), Some(url(1)));
        assert!(!second.look().await.unwrap());
        first.step_back().await;
        assert_eq!(second.writer().await.unwrap(), None);
        assert!(!second.look().await.unwrap(), "it is not finished yet");
        first.leave().await;
        assert!(first.hold().await, "it left by itself");
        assert!(second.look().await.unwrap());
        assert_eq!(
            (second.role(), second.writer().await.unwrap()),
            (Role::Writer, Some(url(2)))
        );
        let seen = store::see(&db).await.unwrap().unwrap();
        assert!(
            store::take(&db, "third", "http://127.0.0.1:3", Some(&seen))
                .await
                .unwrap()
        );
        assert!(
            !store::take(&db, "fourth", "http://127.0.0.1:4", Some(&seen))
                .await
                .unwrap()
        );
        assert!(!second.hold().await, "another one has taken it");
        assert_eq!(Replica::alone().role(), Role::Alone);
    }
}
