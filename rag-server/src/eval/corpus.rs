//! Real texts and questions to measure speed with.

use std::path::Path;

use anyhow::Context as _;
use chunk::{Chunk, ChunkSettings};
use extract::{Block, Document, FileKind, Locator, Role};

use super::data::Set;
use super::pdf;

/// Real texts and questions to measure speed with.
pub(crate) struct Corpus {
    texts: Vec<String>,
    questions: Vec<String>,
}

impl Corpus {
    /// Reads a set in SQuAD 1.1 form.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let set = Set::parse(&text)?;
        Ok(Self {
            texts: set
                .documents
                .into_iter()
                .flat_map(|document| document.pages)
                .collect(),
            questions: set.questions.into_iter().map(|asked| asked.text).collect(),
        })
    }

    /// The questions, in order.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &String> + Clone {
        self.questions.iter()
    }

    /// A document of `pages` pages of about 400 words; each number gives another one.
    pub(crate) fn pdf(&self, number: usize, pages: usize) -> Vec<u8> {
        let page = |at: usize| {
            let mut text = format!("Documento {number}, folha {at}.");
            let mut next = number * 31 + at * 7;
            while text.split_whitespace().count() < 400 {
                if let Some(paragraph) = self.texts.get(next % self.texts.len()) {
                    text.push('\n');
                    text.push_str(paragraph);
                }
                next += 1;
            }
            text
        };
        let pages: Vec<String> = (0..pages).map(page).collect();
        pdf::pages_to_pdf(&format!("Documento {number}"), &pages)
    }

    /// The texts as passages, one each where they fit.
    pub(crate) fn chunks(&self) -> Vec<Chunk> {
        let mut document = Document::new(FileKind::Pdf);
        document.blocks = self
            .texts
            .iter()
            .zip(1..)
            .map(|(text, number)| Block {
                text: text.split_whitespace().collect::<Vec<_>>().join(" "),
                locator: Locator::Page { number, bbox: None },
                role: Role::Paragraph,
            })
            .collect();
        let settings = ChunkSettings {
            size: 384,
            overlap: 0,
        };
        chunk::chunk(&document, settings, &|text| {
            text.chars().count().div_ceil(4)
        })
    }
}
