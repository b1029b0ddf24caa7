//! An answer while it is being written.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::breaker::Breaker;
use super::{ChainSettings, Slot};
use crate::provider::{Event, Events};
use crate::{ModelEntry, ProviderError, Usage};

/// An answer being written.
pub struct Writing {
    slot: Arc<Slot>,
    settings: ChainSettings,
    events: Events,
    ahead: Option<String>,
    begun: Instant,
    deadline: Instant,
    idle: Duration,
    written: usize,
    estimated_prompt: u64,
    usage: Option<Usage>,
    is_cut: bool,
    is_over: bool,
}

impl std::fmt::Debug for Writing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Writing")
            .field("model", &self.slot.entry.name)
            .finish_non_exhaustive()
    }
}

impl Writing {
    /// `limits`: when the question was sent, when the whole answer must be there, and how long two words may be apart.
    pub(super) fn new(
        slot: Arc<Slot>,
        settings: ChainSettings,
        events: Events,
        limits: (Instant, Instant, Duration),
        estimated_prompt: u64,
    ) -> Self {
        Self {
            slot,
            settings,
            events,
            ahead: None,
            begun: limits.0,
            deadline: limits.1,
            idle: limits.2,
            written: 0,
            estimated_prompt,
            usage: None,
            is_cut: false,
            is_over: false,
        }
    }

    /// Waits for the first words; whether any came.
    pub(super) async fn look_ahead(&mut self, until: Instant) -> Result<bool, ProviderError> {
        self.ahead = self.read(until).await?;
        Ok(self.ahead.is_some())
    }

    /// Who writes.
    pub fn entry(&self) -> &ModelEntry {
        &self.slot.entry
    }

    /// The next words; `None` when the answer is complete. After an error nothing more comes.
    ///
    /// # Errors
    /// The stream broke off, or took too long.
    pub async fn next(&mut self) -> Result<Option<String>, ProviderError> {
        if let Some(text) = self.ahead.take() {
            return Ok(Some(text));
        }
        if self.is_over {
            return Ok(None);
        }
        let until = (Instant::now() + self.idle).min(self.deadline);
        let read = self.read(until).await;
        if let Err(error) = read {
            self.is_over = true;
            self.slot.failed(error, &self.settings);
        }
        read
    }

    /// The whole answer, for short ones.
    ///
    /// # Errors
    /// As [`Writing::next`].
    pub async fn whole(&mut self) -> Result<String, ProviderError> {
        let mut text = String::new();
        while let Some(words) = self.next().await? {
            text.push_str(&words);
        }
        Ok(text)
    }

    /// Whether the model stopped at its limit of tokens.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Tokens used so far: as the provider counted them, else estimated.
    pub fn usage(&self) -> Usage {
        self.usage.unwrap_or(Usage {
            prompt_tokens: self.estimated_prompt,
            completion_tokens: self.written.div_ceil(3) as u64,
        })
    }

    async fn read(&mut self, until: Instant) -> Result<Option<String>, ProviderError> {
        loop {
            let event = timeout_at(until, self.events.next())
                .await
                .map_err(|_| ProviderError::Timeout)?;
            match event.unwrap_or(Err(ProviderError::Broken))? {
                Event::Text(text) => {
                    self.written = self.written.saturating_add(text.chars().count());
                    return Ok(Some(text));
                }
                Event::Used(usage) => self.usage = Some(usage),
                Event::End { cut } => {
                    self.is_cut = cut;
                    self.is_over = true;
                    self.slot.breaker(Breaker::succeeded);
                    return Ok(None);
                }
            }
        }
    }
}

impl Drop for Writing {
    /// However it ended: what was written was paid for.
    fn drop(&mut self) {
        self.slot.counts.used(&self.usage(), self.begun.elapsed());
    }
}
