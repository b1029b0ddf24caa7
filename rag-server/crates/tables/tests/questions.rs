//! The planted questions, against the bars: nothing silently wrong, and hardly anything refused of what was tuned for.

mod support;

use support::score::{Grade, grade};
use support::workbook::open;
use tables::{Considered, Limits, Options, Reply, ask, consider, run};

#[test]
fn planted_questions_are_answered_exactly_or_not_at_all() {
    let (mut exact, mut tuned) = (0_usize, 0_usize);
    for planned in support::round(0) {
        let set = open(&planned.tables);
        for question in &planned.questions {
            let reply = ask(&set, &question.text, &Options::default());
            let grade = grade(&reply, &question.truth);
            assert_ne!(grade, Grade::Wrong, "{}: {reply:?}", question.text);
            if !question.held_out {
                tuned += 1;
                exact += usize::from(grade == Grade::Exact);
            }
        }
    }
    assert!(tuned > 250, "{tuned} questions are too few to say anything");
    assert!(exact * 100 >= tuned * 98, "{exact} of {tuned}");
}

#[test]
fn what_the_tables_do_not_know_is_never_answered() {
    for planned in support::round(0) {
        let set = open(&planned.tables);
        for question in [
            "Quantas séries no Treino C?",
            "Qual a média da turma D?",
            "Qual treino tem mais séries?",
            "Quantos alunos gostam de xadrez?",
            "Qual a previsão do tempo para amanhã?",
            "O que é hipertrofia?",
            "Quanto custa um submarino?",
            "Quantas notas ímpares existem?",
            "Qual o desvio padrão das notas?",
            "What is the capital of France?",
            "Qual a nota de Fulano de Tal na prova do 1º bimestre?",
            "Qual o produto menos vendido entre os mais caros?",
            "Quantas vagas disponíveis há em Anatomia?",
            "Quantos participantes presentes há em Teatro?",
            "Qual o valor total do estoque?",
            "Quanto custam 3 cadernos?",
            "Quantos notebooks foram vendidos?",
            "Qual o produto mais vendido?",
            "",
            "?!",
        ] {
            let reply = ask(&set, question, &Options::default());
            assert!(
                !matches!(reply, Reply::Answered(_)),
                "{question}: {reply:?}"
            );
        }
    }
}

#[test]
fn questions_about_texts_are_left_to_texts() {
    let sets: Vec<_> = support::round(0)
        .iter()
        .map(|planned| open(&planned.tables))
        .collect();
    for question in include_str!("support/ordinary.txt").lines() {
        for set in &sets {
            let reply = ask(set, question, &Options::default());
            assert!(
                !matches!(reply, Reply::Answered(_)),
                "{question}: {reply:?}"
            );
        }
    }
}

#[test]
fn what_a_single_name_carries_is_told_as_unsure() {
    let mut asked = 0;
    for planned in support::round(0) {
        let set = open(&planned.tables);
        for question in [
            "Quais são os grupos musculares?",
            "Qual é a frequência cardíaca máxima?",
        ] {
            if let Reply::Answered(answered) = ask(&set, question, &Options::default()) {
                assert!(answered.confidence <= 0.6, "{question}: {answered:?}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 2, "{asked}");
}

#[test]
fn a_model_that_lies_is_never_agreed_with() {
    let (mut lies, mut rejected, mut honest) = (0, 0, 0);
    for planned in support::round(0) {
        let set = open(&planned.tables);
        for question in planned.questions.iter().step_by(4) {
            let reply = ask(&set, &question.text, &Options::default());
            let Reply::Answered(answered) = &reply else {
                continue;
            };
            let considered = |plan: &tables::plan::Plan, reply: &Reply| {
                let text = serde_json::to_string(plan).unwrap();
                consider(&set, &question.text, &text, reply, &Options::default())
            };
            let same = considered(&answered.plan, &reply);
            assert!(
                matches!(same, Considered::Agreed),
                "{}: {same:?}",
                question.text
            );
            honest += 1;
            for lie in support::lies::lies(&set, &answered.plan) {
                lies += 1;
                let cells = |outcome: &tables::Outcome| {
                    let mut rows: Vec<String> = outcome
                        .rows
                        .iter()
                        .map(|row| format!("{:?}", row.cells))
                        .collect();
                    rows.sort();
                    rows
                };
                match considered(&lie, &reply) {
                    // Another plan may come to the same; the reading's own answer is given.
                    Considered::Agreed => {
                        let outcome = run(&set, &lie, &Limits::default()).unwrap();
                        assert_eq!(
                            cells(&outcome),
                            cells(&answered.outcome),
                            "{}: {lie:?}",
                            question.text
                        );
                    }
                    Considered::Proposed(..) => {
                        panic!("proposed beside a reading: {}", question.text)
                    }
                    Considered::Disputed => {}
                    Considered::Rejected(_) => rejected += 1,
                }
            }
        }
    }
    assert!(
        honest > 150 && lies > 500 && rejected < lies,
        "{honest} {lies} {rejected}"
    );
}
