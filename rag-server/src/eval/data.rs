//! The set of questions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::materials::{MaterialError, MaterialId};

/// Documents and what is asked about them.
pub(crate) struct Set {
    pub(super) documents: Vec<Document>,
    pub(super) questions: Vec<Asked>,
}

/// A document: its pages are the paragraphs of the set.
pub(super) struct Document {
    pub(super) title: String,
    pub(super) pages: Vec<String>,
}

/// A question, the page that answers it, and the answers.
pub(super) struct Asked {
    pub(super) text: String,
    /// Position of the document.
    pub(super) document: usize,
    /// 1-based.
    pub(super) page: u32,
    pub(super) answers: Vec<String>,
}

/// Id of the document at this position.
pub(super) fn material_id(document: usize) -> Result<MaterialId, MaterialError> {
    MaterialId::parse(&format!("doc-{document:03}"))
}

#[derive(Deserialize)]
struct File {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(default)]
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    #[serde(default)]
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl Set {
    /// Reads SQuAD 1.1. Paragraphs that stand twice in a document are one page.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = serde_json::from_str(text)?;
        let mut set = Self {
            documents: Vec::new(),
            questions: Vec::new(),
        };
        for (number, article) in file.data.into_iter().enumerate() {
            let mut pages: Vec<String> = Vec::new();
            let mut known: BTreeMap<String, u32> = BTreeMap::new();
            for paragraph in article.paragraphs {
                let page = *known.entry(paragraph.context.clone()).or_insert_with(|| {
                    pages.push(paragraph.context.clone());
                    pages.len() as u32
                });
                set.questions
                    .extend(paragraph.qas.into_iter().map(|one| Asked {
                        text: one.question,
                        document: number,
                        page,
                        answers: one.answers.into_iter().map(|answer| answer.text).collect(),
                    }));
            }
            let title = if article.title.is_empty() {
                format!("documento {}", number + 1)
            } else {
                article.title
            };
            set.documents.push(Document { title, pages });
        }
        Ok(set)
    }
}
