//! Follow-up questions that stand alone: "e para iniciantes?" finds nothing; "descanso entre séries para iniciantes" does.

use std::collections::BTreeSet;

use crate::prompt::Said;
use crate::verify::{says_only, visible};
use crate::{Language, Message, Role};

/// Characters of a rewritten question at most.
const LONGEST: usize = 400;
/// Characters of one earlier turn that are shown to the model.
const TURN: usize = 1200;
/// Earlier turns that are shown to the model.
const TURNS: usize = 6;
/// Terms up to which a question may lean on what was said before.
const SHORT: usize = 4;
/// Terms of the turn before that are added by the rule.
const ADDED: usize = 8;

/// What to ask a model for a question that stands alone.
pub fn messages(question: &str, history: &[Said<'_>], language: Language) -> Vec<Message> {
    let language = match language {
        Language::Portuguese => "em português do Brasil",
        Language::English => "in English",
    };
    let rules = format!(
        "Reescreva a última pergunta de uma conversa para que ela se entenda sozinha, {language}. Use só palavras da \
         conversa: nenhum nome, número ou assunto novo. Não responda à pergunta. Se ela já se entende sozinha, repita-a. \
         Escreva uma única linha, sem aspas e sem explicação."
    );
    let recent = history
        .get(history.len().saturating_sub(TURNS)..)
        .unwrap_or_default();
    let turns = recent.iter().map(|said| {
        let text: String = visible(said.text).chars().take(TURN).collect();
        format!(
            "{}: {}\n",
            if said.by_assistant {
                "Assistente"
            } else {
                "Estudante"
            },
            one_line(&text)
        )
    });
    let conversation: String = turns.collect();
    vec![
        Message {
            role: Role::System,
            content: rules,
        },
        Message {
            role: Role::User,
            content: format!(
                "Conversa:\n{conversation}\nÚltima pergunta: {}",
                one_line(&visible(question))
            ),
        },
    ]
}

/// What a model wrote, if it is one short question that says nothing which was not said before.
pub fn accept(written: &str, question: &str, history: &[Said<'_>]) -> Option<String> {
    let written = visible(written);
    let lines: Vec<&str> = written
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let [line] = lines.as_slice() else {
        return None;
    };
    let line = line
        .trim_matches(['"', '“', '”', '«', '»', '`', '*'])
        .trim();
    let most = LONGEST.min(question.chars().count() * 3 + 200);
    if line.is_empty() || line.chars().count() > most {
        return None;
    }
    let said: String = history
        .iter()
        .map(|said| said.text)
        .chain([question])
        .collect::<Vec<_>>()
        .join("\n");
    let known: BTreeSet<String> = terms::terms(&said).into_iter().collect();
    let asked: BTreeSet<String> = terms::terms(question).into_iter().collect();
    let now: Vec<String> = terms::terms(line);
    // A word or two of its own it needs for grammar; more is another question.
    let new = now.iter().filter(|term| !known.contains(*term)).count();
    let keeps = asked.is_empty() || now.iter().any(|term| asked.contains(term));
    let is_faithful = !now.is_empty() && new * 4 <= now.len() && keeps && !new_name(line, &said);
    (is_faithful && says_only(line, &said)).then(|| line.to_owned())
}

/// The question with the terms of the last thing asked before, if it leans on it; else as it is.
pub fn by_rule(question: &str, history: &[Said<'_>]) -> String {
    let Some(before) = history.iter().rev().find(|said| !said.by_assistant) else {
        return question.to_owned();
    };
    let asked = terms::terms(question);
    if asked.len() > SHORT && !points_back(question) {
        return question.to_owned();
    }
    let mut known: BTreeSet<String> = asked.into_iter().collect();
    let mut added: Vec<&str> = Vec::new();
    for term in terms::spans(before.text) {
        if added.len() < ADDED
            && known.insert(term.text)
            && let Some(word) = before.text.get(term.span)
            && !added.contains(&word)
        {
            added.push(word);
        }
    }
    if added.is_empty() {
        question.to_owned()
    } else {
        format!("{} ({})", question.trim(), added.join(" "))
    }
}

/// Whether a question names something by a word that only what was said before explains.
fn points_back(question: &str) -> bool {
    const POINTERS: [&str; 32] = [
        "isso", "isto", "ele", "ela", "eles", "elas", "dele", "dela", "deles", "delas", "nele",
        "nela", "disso", "nisso", "esse", "essa", "esses", "essas", "desse", "dessa", "nesse",
        "nessa", "este", "esta", "mesmo", "mesma", "it", "its", "they", "them", "that", "those",
    ];
    let lower = question.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| POINTERS.contains(&word))
}

/// Whether a line names somebody or something that was not named: a capital inside a sentence.
fn new_name(line: &str, said: &str) -> bool {
    let said: BTreeSet<String> = words(said).map(terms::fold).collect();
    words(line)
        .skip(1)
        .any(|word| word.starts_with(char::is_uppercase) && !said.contains(&terms::fold(word)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "tests/standalone.rs"]
mod tests;
