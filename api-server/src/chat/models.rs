//! Which chat models the rag-server has, asked once a minute.

use std::sync::{Arc, Mutex, PoisonError};

use shared::clock::Clock;

use super::wire::ChatModels;
use crate::rag::{RagClient, RagError};

/// How long an answer is believed.
const BELIEVED_MS: i64 = 60_000;

/// The chat models of the rag-server.
#[derive(Debug)]
pub(super) struct Models {
    rag: Arc<RagClient>,
    clock: Arc<dyn Clock>,
    /// When it was asked, and what it answered; `None` for a rag-server that knows no chat models.
    known: Mutex<Option<(i64, Option<Arc<ChatModels>>)>>,
}

impl Models {
    pub(super) fn new(rag: Arc<RagClient>, clock: Arc<dyn Clock>) -> Self {
        Self {
            rag,
            clock,
            known: Mutex::new(None),
        }
    }

    /// What it has now; `None` for a rag-server without chat models.
    pub(super) async fn get(&self) -> Result<Option<Arc<ChatModels>>, RagError> {
        let now = self.clock.now_ms();
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((at, models)) = known
            && now.saturating_sub(at) < BELIEVED_MS
        {
            return Ok(models);
        }
        let models = match self.rag.get::<ChatModels>(&["models"]).await {
            Ok(models) => Some(Arc::new(models)),
            Err(error) if error.is_refusal(404) => None,
            Err(error) => return Err(error),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, models.clone()));
        Ok(models)
    }
}

impl ChatModels {
    /// The name of an available model that is called so, here or at its provider.
    pub(super) fn named(&self, wanted: &str) -> Option<String> {
        self.models
            .iter()
            .find(|model| model.available && (model.name == wanted || model.model == wanted))
            .map(|model| model.name.clone())
    }
}
