//! Pages that are pictures of text.

use extract::{Document, Locator, Warning};
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{IngestError, IngestService};
use crate::jobs::JobRow;
use crate::materials::{MaterialRow, MaterialState, store};
use crate::reader::{ReadError, Recogniser};

/// A document after its pages were looked at.
pub(super) struct Looked {
    pub(super) document: Document,
    /// Pages that wait for a program that reads them; 1-based.
    pub(super) waiting: Vec<u32>,
}

impl IngestService {
    /// Reads the pages that are pictures, where this machine has what it takes.
    ///
    /// A page that cannot be read is told of in a warning; it does not wait for another try.
    pub(super) async fn recognise(
        &self,
        material: &MaterialRow,
        mut document: Document,
        job: &JobRow,
        cancel: &CancellationToken,
    ) -> Result<Looked, IngestError> {
        let pages = document.pages_without_text();
        if pages.is_empty() {
            let waiting = pages;
            return Ok(Looked { document, waiting });
        }
        let Some(recogniser) = self.reader.recogniser().await else {
            let waiting = pages;
            return Ok(Looked { document, waiting });
        };
        let count = pages.len();
        info!(
            material.id = material.id,
            pages = count,
            "recognising {count} pages"
        );
        self.jobs.progress(&job.id, "recognising", 0, count).await?;
        let path = self.materials.files().path_of(&material.content_hash);
        let stop = cancel.child_token();
        let recognised = futures::stream::iter(pages)
            .map(|page| {
                let (reader, path, stop) = (&self.reader, &path, &stop);
                let recogniser: &Recogniser = &recogniser;
                async move { (page, reader.recognise(path, page, recogniser, stop).await) }
            })
            .buffered(self.reader.workers());
        tokio::pin!(recognised);
        let mut done = 0;
        loop {
            let next = tokio::select! {
                next = recognised.next() => next,
                () = self.stopping.cancelled() => return Err(IngestError::Stopping),
            };
            let Some((page, result)) = next else { break };
            let is_read = match result {
                Ok(Some(recognised)) => {
                    document
                        .add_recognised(recognised, self.reader.limits())
                        .map_err(|error| IngestError::unread(ReadError::from(&error), cancel))?
                }
                Ok(None) => false,
                // Without a child or the file no other page fares better.
                Err(error @ (ReadError::Cancelled | ReadError::Spawn(_) | ReadError::Io(_))) => {
                    return Err(IngestError::unread(error, cancel));
                }
                Err(error) => {
                    warn!(material.id = material.id, page, error = %shared::telemetry::chain(&error), "page {page} was not recognised");
                    false
                }
            };
            if !is_read {
                document.warnings.push(Warning {
                    code: "unrecognised_page".to_owned(),
                    message: format!(
                        "A página {page} é uma imagem em que nenhum texto foi reconhecido."
                    ),
                    locator: Some(Locator::Page {
                        number: page,
                        bbox: None,
                    }),
                });
            }
            done += 1;
            self.jobs
                .progress(&job.id, "recognising", done, count)
                .await?;
        }
        let waiting = Vec::new();
        Ok(Looked { document, waiting })
    }

    /// Starts materials again whose pages wait for a program that is there by now.
    pub(super) async fn wake_unrecognised(&self) -> Result<(), IngestError> {
        let waiting = store::waiting_for_ocr(&self.db).await?;
        if waiting.is_empty() || self.reader.recogniser().await.is_none() {
            return Ok(());
        }
        for row in waiting {
            let settled = matches!(
                row.state(),
                MaterialState::NeedsOcr | MaterialState::Searchable | MaterialState::Ready
            );
            if settled {
                self.materials.requeue(&row, None).await?;
            }
        }
        Ok(())
    }
}
