//! What is asked, checked.

use shared::problem::Invalid;

use super::ChatError;
use super::model::{Level, Style};

/// Most characters of a client's name for a conversation, a topic and a title.
pub(super) const MAX_SESSION_ID: usize = 128;
pub(super) const MAX_TOPIC: usize = 200;
/// Most materials of a question that is about some.
const MAX_MATERIALS: usize = 100;
/// Objectives, and most characters of each.
const MAX_OBJECTIVES: usize = 20;
const MAX_OBJECTIVE: usize = 300;

/// Lengths of messages in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLengths {
    /// What clients are told to keep to.
    pub normal: usize,
    /// What is beyond is cut, and said so.
    pub cut: usize,
    /// What is beyond is refused.
    pub refuse: usize,
}

/// A question as a client asks it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) text: String,
    /// The field the text came in, for faults.
    pub(crate) field: &'static str,
    pub(crate) level: Option<Level>,
    pub(crate) style: Option<Style>,
    pub(crate) conversation_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) topic: Option<String>,
    /// `None` keeps the conversation's.
    pub(crate) objectives: Option<Vec<String>>,
    /// Materials to answer from, by uid or id; all of them when absent.
    pub(crate) materials: Option<Vec<String>>,
    /// Id that the question is kept under; a new one when absent.
    pub(crate) question_id: Option<String>,
}

/// A text that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    /// Whether something was cut off.
    pub(super) cut: bool,
}

impl Asked {
    /// Checks every field; the text comes back trimmed and no longer than it may be.
    pub(super) fn check(&self, lengths: MessageLengths) -> Result<Text, ChatError> {
        let characters = self.text.chars().count();
        if characters > lengths.refuse {
            return Err(ChatError::TooLong {
                limit: lengths.refuse,
            });
        }
        let mut invalid = Invalid::new();
        if let Err(fault) = check_text(self.field, &self.text) {
            invalid = fault;
        }
        for (pointer, value, most) in [
            ("/session_id", &self.session_id, MAX_SESSION_ID),
            ("/current_topic", &self.topic, MAX_TOPIC),
        ] {
            if value.as_ref().is_some_and(|text| !is_line(text, most)) {
                let detail =
                    format!("deve ter de 1 a {most} caracteres, sem caracteres de controle");
                invalid = invalid.field(pointer, "invalid_value", detail);
            }
        }
        if let Some(objectives) = &self.objectives {
            let all_fit = objectives.iter().all(|one| is_line(one, MAX_OBJECTIVE));
            if objectives.len() > MAX_OBJECTIVES || !all_fit {
                let detail = format!(
                    "deve ter no máximo {MAX_OBJECTIVES} objetivos de 1 a {MAX_OBJECTIVE} caracteres"
                );
                invalid = invalid.field("/learning_objectives", "invalid_value", detail);
            }
        }
        if let Some(materials) = &self.materials
            && !(1..=MAX_MATERIALS).contains(&materials.len())
        {
            let detail =
                format!("deve ter de 1 a {MAX_MATERIALS} materiais; sem o campo, valem todos");
            invalid = invalid.field("/material_ids", "invalid_value", detail);
        }
        invalid.or(())?;
        let cut = characters > lengths.cut;
        let text: String = if cut {
            self.text.chars().take(lengths.cut).collect()
        } else {
            self.text.clone()
        };
        Ok(Text {
            text: text.trim().to_owned(),
            cut,
        })
    }
}

fn check_text(field: &str, text: &str) -> Result<(), Invalid> {
    let pointer = format!("/{field}");
    if text.trim().is_empty() {
        return Err(Invalid::new().field(pointer, "blank", "escreva uma pergunta"));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        let detail = "contém caracteres de controle";
        return Err(Invalid::new().field(pointer, "control_characters", detail));
    }
    Ok(())
}

/// A text of 1 to `most` characters in one line that says something.
pub(super) fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// An id of ours as it is stored; `None` for what is none.
pub(super) fn canonical(id: &str) -> Option<String> {
    Some(uuid::Uuid::try_parse(id).ok()?.to_string())
}

/// What a conversation is called that begins with this question: its first line, cut at a word.
pub(super) fn title_of(question: &str) -> String {
    const LENGTH: usize = 80;
    let line = question.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= LENGTH {
        return line.to_owned();
    }
    let head: String = line.chars().take(LENGTH).collect();
    let whole = head
        .rsplit_once(' ')
        .map_or(head.as_str(), |(words, _)| words);
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTHS: MessageLengths = MessageLengths {
        normal: 10,
        cut: 20,
        refuse: 40,
    };

    proptest! {
        #[test]
        fn lengths_are_of_characters_and_kept(text in "\\PC{0,60}") {
            let asked = Asked { text: text.clone(), field: "content", ..Asked::default() };
            let count = text.chars().count();
            match asked.check(LENGTHS) {
                Ok(checked) => {
                    prop_assert!(count <= 40 && !checked.text.is_empty() || checked.cut);
                    prop_assert_eq!(checked.cut, count > 20);
                    prop_assert!(checked.text.chars().count() <= 20);
                }
                Err(ChatError::TooLong { limit }) => prop_assert!(limit == 40 && count > 40),
                Err(_) => prop_assert!(text.trim().is_empty()),
            }
        }

        #[test]
        fn titles_are_one_short_line_of_the_question(question in "\\PC{1,200}") {
            let title = title_of(&question);
            prop_assert!(title.chars().count() <= 81);
            prop_assert!(question.contains(title.trim_end_matches('…')));
        }
    }
}
