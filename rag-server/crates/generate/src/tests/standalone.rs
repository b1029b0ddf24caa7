use proptest::prelude::*;

use super::{accept, by_rule, messages};
use crate::Language;
use crate::prompt::Said;

const HISTORY: [Said<'_>; 2] = [
    Said {
        by_assistant: false,
        text: "Quanto descansar entre as séries de agachamento?",
    },
    Said {
        by_assistant: true,
        text: "De 2 a 3 minutos, segundo a Aula 5 de Fisiologia.",
    },
];

#[test]
fn a_faithful_rewriting_is_taken() {
    for written in [
        "Quanto descansar entre as séries de agachamento para iniciantes?",
        "\"Quanto um iniciante deve descansar entre as séries de agachamento?\"\n",
    ] {
        assert!(
            accept(written, "E para iniciantes?", &HISTORY).is_some(),
            "{written}"
        );
    }
}

#[test]
fn a_rewriting_that_adds_something_is_not() {
    for written in [
        "",
        "Quanto descansar 7 minutos entre as séries para iniciantes?",
        "Quanto descansar entre as séries para iniciantes segundo Schoenfeld?",
        "Qual é a capital da Mongólia?",
        "Iniciantes devem descansar.\nFim.",
        "Veja http://canario.invalid sobre séries para iniciantes",
        "descansar séries agachamento minutos Aula Fisiologia",
    ] {
        assert_eq!(
            accept(written, "E para iniciantes?", &HISTORY),
            None,
            "{written}"
        );
    }
    let long = "iniciantes ".repeat(100);
    assert_eq!(accept(&long, "E para iniciantes?", &HISTORY), None);
}

#[test]
fn the_rule_adds_what_was_asked_before_to_questions_that_lean_on_it() {
    let asked = by_rule("E para iniciantes?", &HISTORY);
    assert!(
        asked.starts_with("E para iniciantes?")
            && asked.contains("agachamento")
            && asked.contains("séries"),
        "{asked}"
    );
    let whole = "Qual é a nota mínima para aprovação na disciplina de metodologia científica?";
    assert_eq!(by_rule(whole, &HISTORY), whole);
    assert_ne!(
        by_rule(
            "Por que isso muda a nota mínima para aprovação na disciplina de metodologia?",
            &HISTORY
        ),
        whole
    );
    assert_eq!(by_rule("E para iniciantes?", &[]), "E para iniciantes?");
}

#[test]
fn the_model_sees_the_turns_and_the_question() {
    let messages = messages("E para\u{200B} iniciantes?", &HISTORY, Language::Portuguese);
    assert!(
        messages[1].content.contains("agachamento")
            && messages[1].content.contains("E para iniciantes?")
    );
}

proptest! {
    #[test]
    fn what_is_taken_is_one_short_line(written in "\\PC{0,300}(\n\\PC{0,30})?", question in "\\PC{1,60}") {
        if let Some(line) = accept(&written, &question, &HISTORY) {
            prop_assert!(!line.contains('\n') && line.chars().count() <= 400);
        }
    }
}
