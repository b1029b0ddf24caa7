//! Collects blocks, tables and warnings of one document while enforcing the caps of [`Limits`].

use crate::document::{Block, Document, FileKind, Locator, PageInfo, Role, Table, Warning};
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::normalize;

pub(crate) struct Builder<'l> {
    document: Document,
    limits: &'l Limits,
    characters: u64,
    cells: u64,
}

impl<'l> Builder<'l> {
    pub(crate) fn new(kind: FileKind, limits: &'l Limits) -> Self {
        Self {
            document: Document::new(kind),
            limits,
            characters: 0,
            cells: 0,
        }
    }

    pub(crate) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// What the file says of itself, to be filled in.
    pub(crate) fn metadata(&mut self) -> &mut crate::document::Metadata {
        &mut self.document.metadata
    }

    /// Blocks so far.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.document.blocks
    }

    /// Adds a block of one line; says whether there was any text in it.
    pub(crate) fn push(
        &mut self,
        text: &str,
        locator: Locator,
        role: Role,
    ) -> Result<bool, ExtractError> {
        self.push_normalised(normalize::line(text), locator, role)
    }

    /// Adds a block whose line breaks mean something; says whether there was any text in it.
    pub(crate) fn push_lines(
        &mut self,
        text: &str,
        locator: Locator,
        role: Role,
    ) -> Result<bool, ExtractError> {
        self.push_normalised(normalize::lines(text), locator, role)
    }

    fn push_normalised(
        &mut self,
        text: String,
        locator: Locator,
        role: Role,
    ) -> Result<bool, ExtractError> {
        if text.is_empty() {
            return Ok(false);
        }
        self.characters = self.characters.saturating_add(text.chars().count() as u64);
        if self.characters > self.limits.characters {
            return Err(ExtractError::TooLarge {
                what: "characters",
                limit: self.limits.characters,
            });
        }
        self.document.blocks.push(Block {
            text,
            locator,
            role,
        });
        Ok(true)
    }

    /// Position that the next table added will have.
    pub(crate) fn next_table(&self) -> u32 {
        u32::try_from(self.document.tables.len()).unwrap_or(u32::MAX)
    }

    /// Adds a table; its rows name it by the position that [`Builder::next_table`] gave before.
    pub(crate) fn add_table(&mut self, table: Table) {
        self.document.tables.push(table);
    }

    /// Counts `more` cells against the limit.
    pub(crate) fn count_cells(&mut self, more: u64) -> Result<(), ExtractError> {
        self.cells = self.cells.saturating_add(more);
        if self.cells > self.limits.cells {
            return Err(ExtractError::TooLarge {
                what: "cells",
                limit: self.limits.cells,
            });
        }
        Ok(())
    }

    /// Adds a page, slide or sheet whose blocks begin at `first_block`.
    pub(crate) fn end_page(
        &mut self,
        label: Option<String>,
        first_block: usize,
        has_images: bool,
    ) -> Result<(), ExtractError> {
        let number = self.document.pages.len().saturating_add(1);
        if number as u64 > self.limits.pages {
            return Err(ExtractError::TooLarge {
                what: "pages",
                limit: self.limits.pages,
            });
        }
        let characters = self
            .document
            .blocks
            .iter()
            .skip(first_block)
            .fold(0_u32, |sum, block| {
                sum.saturating_add(normalize::visible_characters(&block.text))
            });
        self.document.pages.push(PageInfo {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            label,
            characters,
            has_images,
            recognised: None,
        });
        Ok(())
    }

    pub(crate) fn warn(&mut self, code: &str, message: String, locator: Option<Locator>) {
        self.document.warnings.push(Warning {
            code: code.to_owned(),
            message,
            locator,
        });
    }

    /// Turns damage in one part into a warning when something has been read already.
    pub(crate) fn tolerate(&mut self, read: Result<(), ExtractError>) -> Result<(), ExtractError> {
        match read {
            Err(ExtractError::Damaged { reason }) if !self.document.blocks.is_empty() => {
                tracing::debug!(reason, "part of a file is damaged");
                self.warn(
                    "damaged_part",
                    "Parte do arquivo está danificada e não pôde ser lida.".to_owned(),
                    None,
                );
                Ok(())
            }
            other => other,
        }
    }

    /// The document, or [`ExtractError::NoText`] when nothing was found that people could read.
    pub(crate) fn finish(self) -> Result<Document, ExtractError> {
        if self.document.blocks.is_empty() && self.document.pages_without_text().is_empty() {
            return Err(ExtractError::NoText);
        }
        Ok(self.document)
    }
}
