//! The part a server takes among those over the same data: it follows until it may write, then writes until the end.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use shared::shutdown::Shutdown;
use tracing::{error, info, warn};

use super::Services;
use crate::archive;
use crate::replica::Role;

impl Services {
    /// Tidies up what others left unfinished: from now on this server writes.
    pub(super) async fn take_charge(&self) -> anyhow::Result<()> {
        let files = self.materials.files();
        files
            .clear_incoming(Duration::ZERO)
            .await
            .context("cannot tidy up the file store")?;
        self.archive
            .clear_parts()
            .await
            .context("cannot tidy up the folder of archives")?;
        archive::drop_leftovers(&self.index, &self.collection)
            .await
            .context("cannot tidy up the index")
    }

    /// Takes over what the writer changed: the ranking, the collection, and the model that is searched with.
    async fn catch_up(
        &self,
        model: &mut Option<String>,
        ranking: &mut Option<u32>,
    ) -> anyhow::Result<()> {
        self.ranking.follow(ranking).await?;
        let collection = archive::collection_in_use(&self.db, &self.collection).await?;
        let in_use = self.embedding.in_use().await?;
        if collection == self.index.collection() && in_use == *model {
            return Ok(());
        }
        if collection != self.index.collection() {
            let theirs = self.index.beside(&collection).await?;
            self.index.take_over(&theirs).close().await;
        }
        *model = in_use;
        self.embedding.connect().await?;
        Ok(())
    }

    /// Follows until this server has the lease, then writes until the end.
    pub(super) async fn take_part(self, shutdown: Shutdown, concurrency: NonZeroUsize) {
        let replica = Arc::clone(&self.replica);
        if replica.role() == Role::Follower {
            info!("another server writes; this one answers and stands by");
            match self.follow(&shutdown).await {
                Ok(true) => info!("this server writes from now on"),
                Ok(false) => return,
                Err(error) => {
                    error!(
                        error = format!("{error:#}"),
                        "this server cannot write and ends: {error:#}"
                    );
                    return shutdown.begin();
                }
            }
        }
        self.start(&shutdown, concurrency);
        if !replica.hold().await {
            error!("another server has taken the lease; this one ends");
            shutdown.begin();
        }
    }

    /// Follows the writer; `true` once this server is it, `false` when it stops before.
    async fn follow(&self, shutdown: &Shutdown) -> anyhow::Result<bool> {
        let mut model = self.embedding.in_use().await.unwrap_or_default();
        let mut ranking = None;
        loop {
            let looked = tokio::select! {
                () = shutdown.begun() => return Ok(false),
                looked = self.replica.look() => looked,
            };
            let caught_up = self.catch_up(&mut model, &mut ranking).await;
            match (looked, caught_up) {
                (Ok(true), caught_up) => {
                    caught_up?;
                    self.take_charge().await?;
                    return Ok(true);
                }
                (Err(error), _) => warn!(
                    error = %shared::telemetry::chain(&error),
                    "it cannot be told who writes: {error}"
                ),
                (_, Err(error)) => warn!(
                    error = format!("{error:#}"),
                    "what the writer changed cannot be followed: {error:#}"
                ),
                (Ok(false), Ok(())) => {}
            }
        }
    }
}
