//! The planted questions, against the bars: nothing silently wrong, and hardly anything refused of what was tuned for.

mod support;

use support::score::{Grade, grade};
use support::workbook::open;
use tables::{Options, Reply, ask};

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
