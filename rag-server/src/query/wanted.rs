//! What is asked of the chat model: level, style, history and the course's own instructions, checked.

use generate::prompt::{Level, Said, Style};
use shared::problem::Invalid;

use super::QueryRequest;
use super::wire::Turn;

/// Turns of a conversation at most.
const MAX_TURNS: usize = 100;
/// Characters of one turn.
const MAX_TURN: usize = 50_000;
/// Characters of the course's instructions.
const MAX_PROMPT: usize = 20_000;
/// Characters of a model's name.
const MAX_MODEL: usize = 200;
/// Characters of a topic or an objective.
const MAX_TOPIC: usize = 500;
/// Objectives at most.
const MAX_OBJECTIVES: usize = 20;

/// How the answer is to be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The question as it was asked, before it was made to stand alone.
    pub(crate) question: String,
    pub(crate) generate: bool,
    pub(crate) model: Option<String>,
    pub(crate) temperature: Option<f32>,
    pub(crate) level: Level,
    pub(crate) style: Style,
    pub(crate) topic: Option<String>,
    pub(crate) objectives: Vec<String>,
    pub(crate) prompt: Option<String>,
    pub(crate) history: Vec<Turn>,
}

impl Wanted {
    /// Checks the fields of a request; adds every fault to `invalid`.
    pub(super) fn check(request: &QueryRequest, mut invalid: Invalid) -> (Self, Invalid) {
        let config = request.config.clone().unwrap_or_default();
        let mut fault = |pointer: &str, code: &'static str, detail: &str| {
            invalid =
                std::mem::take(&mut invalid).field(pointer.to_owned(), code, detail.to_owned());
        };
        let longer = |text: Option<&String>, most: usize| {
            text.is_some_and(|text| text.chars().count() > most)
        };
        let level = level(request.level.as_deref());
        if level.is_none() {
            fault(
                "/level",
                "unknown_value",
                "O nível deve ser beginner, intermediate ou advanced.",
            );
        }
        let style = style(request.style.as_deref());
        if style.is_none() {
            fault(
                "/style",
                "unknown_value",
                "O estilo deve ser visual, auditory, kinesthetic, reading ou mixed.",
            );
        }
        if config
            .temperature
            .is_some_and(|value| !(0.0..=2.0).contains(&value))
        {
            fault(
                "/config/temperature",
                "out_of_range",
                "A temperatura deve ficar entre 0 e 2.",
            );
        }
        if longer(config.model.as_ref(), MAX_MODEL) {
            fault(
                "/config/model",
                "too_long",
                "O nome do modelo passa de 200 caracteres.",
            );
        }
        if longer(request.prompt.as_ref(), MAX_PROMPT) {
            fault(
                "/prompt",
                "too_long",
                "As instruções passam de 20.000 caracteres.",
            );
        }
        if longer(request.topic.as_ref(), MAX_TOPIC) {
            fault("/topic", "too_long", "O tema passa de 500 caracteres.");
        }
        if request.objectives.len() > MAX_OBJECTIVES
            || request
                .objectives
                .iter()
                .any(|one| longer(Some(one), MAX_TOPIC))
        {
            fault(
                "/objectives",
                "too_long",
                "Indique no máximo 20 objetivos de até 500 caracteres.",
            );
        }
        if request.history.len() > MAX_TURNS {
            fault(
                "/history",
                "too_many",
                "O histórico passa de 100 mensagens.",
            );
        }
        for (at, turn) in request.history.iter().enumerate() {
            if !matches!(turn.role.as_str(), "user" | "assistant") {
                let pointer = format!("/history/{at}/role");
                fault(
                    &pointer,
                    "unknown_value",
                    "O papel deve ser user ou assistant.",
                );
                break;
            }
            if turn.content.chars().count() > MAX_TURN {
                let pointer = format!("/history/{at}/content");
                fault(
                    &pointer,
                    "too_long",
                    "A mensagem passa de 50.000 caracteres.",
                );
                break;
            }
        }
        let wanted = Self {
            question: request.question.trim().to_owned(),
            generate: config.generate.unwrap_or(true),
            model: config.model,
            temperature: config.temperature.map(|value| value as f32),
            level: level.unwrap_or_default(),
            style: style.unwrap_or_default(),
            topic: request.topic.clone(),
            objectives: request.objectives.clone(),
            prompt: request
                .prompt
                .clone()
                .filter(|prompt| !prompt.trim().is_empty()),
            history: request.history.clone(),
        };
        (wanted, invalid)
    }

    /// What was said before, as the prompt takes it.
    pub(crate) fn said(&self) -> Vec<Said<'_>> {
        self.history
            .iter()
            .filter(|turn| !turn.content.trim().is_empty())
            .map(|turn| Said {
                by_assistant: turn.role == "assistant",
                text: &turn.content,
            })
            .collect()
    }
}

/// `None` for a word that is no level.
fn level(text: Option<&str>) -> Option<Level> {
    Some(match terms::fold(text.unwrap_or_default()).as_str() {
        "" => Level::default(),
        "beginner" | "iniciante" | "basico" => Level::Beginner,
        "intermediate" | "intermediario" => Level::Intermediate,
        "advanced" | "avancado" => Level::Advanced,
        _ => return None,
    })
}

/// `None` for a word that is no style.
fn style(text: Option<&str>) -> Option<Style> {
    Some(match terms::fold(text.unwrap_or_default()).as_str() {
        "" => Style::default(),
        "visual" => Style::Visual,
        "auditory" | "auditivo" => Style::Auditory,
        "kinesthetic" | "cinestesico" => Style::Kinesthetic,
        "reading" | "leitura" => Style::Reading,
        "mixed" | "misto" => Style::Mixed,
        _ => return None,
    })
}
