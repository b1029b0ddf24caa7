//! What people are told about an answer.

use generate::{Warning, WarningKind};
use serde::{Deserialize, Serialize};

/// What was found wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"code": "quote_removed", "count": 1,
    "detail": "Uma citação entre aspas não está no material e foi retirada."}))]
pub struct AnswerWarning {
    /// `citation_removed`, `citation_moved`, `quote_removed`, `number_unproven`, `uncited`, `foreign_removed`,
    /// `markup_removed`, `cut`; or why the answer is quoted: `model_unavailable`, `stream_broken`, `nothing_proven`.
    /// `model_plan` where a chat model said what to compute.
    pub code: String,
    /// How often.
    pub count: usize,
    /// A sentence for people.
    pub detail: String,
}

impl AnswerWarning {
    pub(super) fn new(code: &str, count: usize) -> Self {
        Self {
            code: code.to_owned(),
            count,
            detail: detail(code).to_owned(),
        }
    }

    pub(super) fn found(warning: &Warning) -> Self {
        let code = match warning.kind {
            WarningKind::CitationRemoved => "citation_removed",
            WarningKind::CitationMoved => "citation_moved",
            WarningKind::QuoteRemoved => "quote_removed",
            WarningKind::NumberUnproven => "number_unproven",
            WarningKind::Uncited => "uncited",
            WarningKind::ForeignRemoved => "foreign_removed",
            WarningKind::MarkupRemoved => "markup_removed",
            WarningKind::Cut => "cut",
        };
        Self::new(code, warning.count)
    }
}

fn detail(code: &str) -> &'static str {
    match code {
        "citation_removed" => "Uma citação que não sustentava a frase foi retirada.",
        "citation_moved" => "Uma citação foi corrigida para o trecho que sustenta a frase.",
        "quote_removed" => "Uma citação entre aspas não está no material e foi retirada.",
        "number_unproven" => "Um número da resposta não foi confirmado no material citado.",
        "uncited" => "Uma afirmação da resposta não tem fonte no material.",
        "foreign_removed" => "Um trecho que não vem do material foi retirado.",
        "markup_removed" => "Um link, uma imagem ou um endereço foi retirado.",
        "cut" => "A resposta passou do tamanho máximo e foi cortada.",
        "model_plan" => {
            "Um modelo de conversa propôs esta conta; confira no plano se é a que você pediu."
        }
        "model_unavailable" => {
            "Nenhum modelo de conversa respondeu; a resposta são trechos do material."
        }
        "stream_broken" => {
            "O modelo de conversa parou no meio; a resposta foi trocada por trechos do material."
        }
        _ => "O que o modelo escreveu não se comprovou; a resposta são trechos do material.",
    }
}
