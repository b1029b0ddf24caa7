//! Agreement with the rag-server, looked at now and then: what it lost, or holds otherwise, it is told again.
//!
//! Whoever empties it (`/reset`), or puts an older store of it back, tells nobody here; a material that was `ready` would
//! stay so for ever and never be found.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use shared::db::DbError;
use tracing::info;

use super::super::store::{Act, FAILED, wish};
use super::{AT_ONCE, MaterialService, store};
use crate::rag::{RagClient, RagError};

/// Materials that are looked at in one page of either list.
const PAGE: i64 = 1000;

/// A page of the rag-server's materials, in order of id.
#[derive(Debug, Deserialize)]
struct Page {
    materials: Vec<Known>,
    next: Option<String>,
}

/// What the rag-server holds of a material.
#[derive(Debug, Deserialize)]
struct Known {
    id: String,
    content_hash: String,
    state: String,
}

/// Why nobody knows whether both agree.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DisagreementError {
    /// The rag-server did not tell.
    #[error("the rag-server did not tell what it holds")]
    Rag(#[from] RagError),
    /// What is here.
    #[error(transparent)]
    Here(#[from] DbError),
}

impl MaterialService {
    /// Has `rag` told again of materials that it lost or holds with other bytes, and asked after those whose state it says
    /// otherwise; how many those are. Materials that wait to be told or followed anyway are left alone.
    ///
    /// # Errors
    /// [`DisagreementError`]; what was asked for until then stays asked for.
    pub(crate) async fn agree(&self, rag: &RagClient) -> Result<usize, DisagreementError> {
        // First what is here: whatever comes to the rag-server meanwhile is not missed.
        let mut here = BTreeMap::new();
        let mut after = String::new();
        loop {
            let page = store::told(&self.db, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.0);
            here.extend(
                page.into_iter()
                    .map(|(uid, hash, state)| (uid, (hash, state))),
            );
        }
        let mut wishes = Vec::new();
        let mut after = String::new();
        while !here.is_empty() {
            let limit = PAGE.to_string();
            let query = [("after", after.as_str()), ("limit", &limit)];
            let page: Page = rag
                .read(rag.request(Method::GET, &["materials"], &query)?)
                .await?;
            for known in page.materials {
                let Some((hash, state)) = here.remove(&known.id) else {
                    continue;
                };
                // What it refused for good is not sent again and again.
                if hash != known.content_hash && state != FAILED {
                    wishes.push((known.id, Act::Put));
                } else if state != known.state {
                    wishes.push((known.id, Act::Follow));
                }
            }
            match page.next {
                // In order of id: a page that leads back would have no end.
                Some(next) if next > after => after = next,
                _ => break,
            }
        }
        // Nor need it hold that.
        let lost = here.into_iter().filter(|(_, (_, state))| state != FAILED);
        wishes.extend(lost.map(|(uid, _)| (uid, Act::Put)));
        let now = self.clock.now_ms();
        for some in wishes.chunks(AT_ONCE) {
            let mut tx = self.db.begin_write().await?;
            for (uid, act) in some {
                // A material that was removed meanwhile has its wish, and a wish for none removes it.
                if store::is_told(&mut tx, uid).await? {
                    wish(&mut tx, uid, *act, now).await?;
                }
            }
            tx.commit().await?;
        }
        if !wishes.is_empty() {
            info!("the rag-server holds {} materials otherwise", wishes.len());
            self.outbox.wake();
        }
        Ok(wishes.len())
    }
}
