//! Classes, timetables, workshops, reports, training.

use super::super::super::planted::{
    Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total,
};
use super::super::{Asker, all, averages, cell_of, counts, is, value};

const SPELLED: [&str; 11] = [
    "zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez",
];

pub(super) fn grades(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [notes, _] = tables else { return };
    let everyone = notes.texts("Aluno");
    let name = seed.one(&everyone).as_str();
    let class = *seed.one(&["Turma A", "Turma B", "Turma C"]);
    let n = seed.within(4, 8);
    let (bound, word) = (n.to_string(), SPELLED[n as usize]);
    let k = seed.within(2, 4) as usize;
    let exam = notes.column("2º bimestre / Prova");
    let absent = notes.column("Faltas");
    let slots = [
        ("aluno", name),
        ("turma", class),
        ("n", bound.as_str()),
        ("ene", word),
        ("ka", SPELLED[k]),
    ];
    let in_class = notes.picked(is(notes, "Turma", class));
    to.ask(
        "lookup",
        value(&cell_of(notes, "Aluno", name, "2º bimestre / Prova")),
        &slots,
        &[
            "polite|Por gentileza, qual foi a nota de {aluno} na prova do 2º bimestre?",
            "polite|Você poderia me informar a nota de {aluno} na prova do 2º bimestre?",
            "sheet|Na planilha de notas, quanto {aluno} tirou na prova do 2º bimestre?",
            "passive|Que nota foi tirada por {aluno} na prova do 2º bimestre?",
            "story|Estou fechando o boletim de {aluno}. Qual a nota na prova do 2º bimestre?",
            "cleft|Quanto foi que {aluno} tirou na prova do 2º bimestre?",
            "keywords|{aluno} prova 2º bimestre",
            "chatty|E {aluno}, tirou quanto na prova do 2º bimestre, hein?",
        ],
    );
    to.ask(
        "count",
        Some(count(
            notes
                .picked(|row| row[exam].number().is_some_and(|v| v <= n * 100))
                .len(),
        )),
        &slots,
        &[
            "atmost|Quantos alunos não tiraram mais que {n} na prova do 2º bimestre?",
            "atmost|Quantos alunos tiraram no máximo {n} na prova do 2º bimestre?",
            "spelled|Quantos alunos tiraram até {ene} na prova do 2º bimestre?",
            "relative|Quantos são os alunos cuja prova do 2º bimestre é de no máximo {n}?",
            "among|De todos os alunos, quantos tiraram no máximo {n} na prova do 2º bimestre?",
            "chatty|Tipo, quantos alunos tiraram {n} ou menos na prova do 2º bimestre?",
            "abroad|How many students got at most {n} in prova do 2º bimestre?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &notes.picked(|row| row[absent].number().is_some_and(|v| v > n * 100)),
            0,
        )),
        &slots,
        &[
            "spelled|Quais alunos têm mais de {ene} faltas?",
            "relative|Quais são os alunos que têm mais de {n} faltas?",
            "cleft|Quem é que tem mais de {n} faltas?",
            "story|Preciso falar com os pais. Quais alunos têm mais de {n} faltas?",
            "among|Dentre os alunos, quais têm mais de {n} faltas?",
            "keywords|alunos, mais de {n} faltas",
        ],
    );
    to.ask(
        "mean",
        mean(&in_class, absent),
        &slots,
        &[
            "polite|Seria possível saber a média de faltas da {turma}?",
            "sheet|No diário de classe, qual a média de faltas da {turma}?",
            "cleft|Qual é que é a média de faltas da {turma}?",
            "keywords|{turma}, média, faltas",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(notes), 1, averages(absent)))),
        &slots,
        &[
            "split|Qual a média de faltas, separada por turma?",
            "split|Média de faltas agrupada por turma",
            "split|Quero a média de faltas turma a turma",
            "chatty|e a média de faltas de cada turma, qual é?",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(notes), 0, exam, k, true)),
        &slots,
        &[
            "spelled|Quais as {ka} maiores notas da prova do 2º bimestre?",
            "ranked|Quem são os {ka} primeiros colocados na prova do 2º bimestre?",
            "story|Vou premiar os melhores. Quais os {ka} alunos com maior nota na prova do 2º bimestre?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&in_class, 0, exam, true),
        &slots,
        &[
            "ranked|Quem ficou em primeiro lugar da {turma} na prova do 2º bimestre?",
            "cleft|Quem foi que tirou a maior nota da {turma} na prova do 2º bimestre?",
            "among|Entre os alunos da {turma}, quem tirou a maior nota na prova do 2º bimestre?",
        ],
    );
}

pub(super) fn timetable(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [plan] = tables else { return };
    let subjects = plan.texts("Disciplina");
    let name = seed.one(&subjects).as_str();
    let teachers = plan.texts("Professor");
    let teacher = seed.one(&teachers).as_str();
    let seats = plan.column("Vagas");
    let n = seed.within(20, 50);
    let bound = n.to_string();
    let slots = [("d", name), ("prof", teacher), ("n", bound.as_str())];
    to.ask(
        "lookup",
        value(&cell_of(plan, "Disciplina", name, "Professor")),
        &slots,
        &[
            "passive|Por quem é dada a disciplina {d}?",
            "polite|Poderia me dizer quem é o professor de {d}, por favor?",
            "cleft|Quem é que dá aula de {d}?",
            "keywords|{d} professor",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Disciplina", name, "Sala")),
        &slots,
        &[
            "sheet|Na grade de horários, em que sala fica {d}?",
            "story|Estou perdido no campus. Em que sala é {d}?",
            "chatty|gente, qual a sala de {d} mesmo?",
            "cleft|Onde é que é a aula de {d}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&plan.picked(is(plan, "Professor", teacher)), 0)),
        &slots,
        &[
            "passive|Quais disciplinas são dadas por {prof}?",
            "relative|Quais são as disciplinas que {prof} leciona?",
            "relative|Liste as disciplinas cujo professor é {prof}",
            "among|De todas as disciplinas, quais são de {prof}?",
            "abroad|Which disciplinas are taught by {prof}?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &plan.picked(|row| row[seats].number().is_some_and(|v| v >= n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais disciplinas não têm menos de {n} vagas?",
            "relative|Quais disciplinas oferecem ao menos {n} vagas?",
            "keywords|disciplinas com pelo menos {n} vagas",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(plan), 1, counts))),
        &slots,
        &[
            "split|Número de disciplinas, professor por professor",
            "split|Quantas disciplinas são, divididas por professor?",
            "cleft|Quantas disciplinas é que cada professor dá?",
        ],
    );
}

pub(super) fn attendance(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [lists] = tables else { return };
    let workshop = *seed.one(&["Dança", "Teatro", "Violão", "Pintura"]);
    let n = seed.within(10, 17);
    let bound = n.to_string();
    let slots = [("o", workshop), ("n", bound.as_str())];
    let there = lists.picked(is(lists, "Oficina", workshop));
    let passed = lists.picked(|row| row[1].text() == workshop && row[5].text() == "Aprovado");
    to.ask(
        "count",
        Some(count(passed.len())),
        &slots,
        &[
            "passive|Quantos participantes da oficina de {o} foram aprovados?",
            "polite|Por favor, quantos aprovados teve a oficina de {o}?",
            "among|Dos participantes da oficina de {o}, quantos foram aprovados?",
            "chatty|e aí, quantos foram aprovados na oficina de {o}?",
            "cleft|Quantos é que foram aprovados na oficina de {o}?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &lists.picked(|row| row[3].number().is_some_and(|v| v < n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais participantes não têm nem {n} presenças?",
            "relative|Quais são os participantes com presenças abaixo de {n}?",
            "story|Vamos ligar para os ausentes. Quais participantes têm menos de {n} presenças?",
            "sheet|Na aba Frequência, quais participantes têm menos de {n} presenças?",
        ],
    );
    to.ask(
        "mean",
        mean(&there, 3),
        &slots,
        &[
            "polite|Gostaria de saber a média de presenças da oficina de {o}.",
            "unit|Quantas presenças, em média, tem cada participante da oficina de {o}?",
            "abroad|What is the average of presenças in {o}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&there, 0, 3, false),
        &slots,
        &[
            "ranked|Quem ficou em último lugar em presenças na oficina de {o}?",
            "among|Entre os participantes da oficina de {o}, quem tem menos presenças?",
        ],
    );
}

pub(super) fn report(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [report] = tables else { return };
    let everyone = report.texts("Aluno");
    let name = seed.one(&everyone).as_str();
    let subject = *seed.one(&["Matemática", "Português", "História", "Ciências"]);
    let class = *seed.one(&["9º A", "9º B", "9º C"]);
    let n = seed.within(5, 8);
    let bound = n.to_string();
    let column = report.column(subject);
    let slots = [
        ("aluno", name),
        ("mat", subject),
        ("s", class),
        ("n", bound.as_str()),
        ("ene", SPELLED[n as usize]),
    ];
    let in_class = report.picked(is(report, "Série", class));
    to.ask(
        "lookup",
        value(&cell_of(report, "Aluno", name, subject)),
        &slots,
        &[
            "polite|Oi, boa tarde! Qual a nota de {aluno} em {mat}?",
            "sheet|No boletim, qual a nota de {aluno} em {mat}?",
            "passive|Qual nota foi obtida por {aluno} em {mat}?",
            "story|A mãe de {aluno} ligou. Quanto {aluno} tirou em {mat}?",
            "chatty|opa, {aluno} tirou quanto em {mat}?",
            "keywords|{mat}: {aluno}",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &report.picked(|row| row[column].number().is_some_and(|v| v >= n * 100)),
            0,
        )),
        &slots,
        &[
            "spelled|Quem tirou pelo menos {ene} em {mat}?",
            "relative|Quais são os alunos cuja nota de {mat} é maior ou igual a {n}?",
            "atmost|Quem não tirou menos de {n} em {mat}?",
            "cleft|Quem foi que tirou {n} ou mais em {mat}?",
            "abroad|Who got {n} or more in {mat}?",
        ],
    );
    to.ask(
        "mean",
        mean(&in_class, column),
        &slots,
        &[
            "polite|Saberia me dizer a média do {s} em {mat}?",
            "story|O conselho de classe é amanhã. Qual a média do {s} em {mat}?",
            "keywords|média {s} {mat}",
            "cleft|De quanto é a média do {s} em {mat}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(report), 0, column, true),
        &slots,
        &[
            "ranked|Quem é o campeão de {mat}?",
            "ranked|Quem lidera em {mat}?",
            "among|De todos, quem tem a maior nota em {mat}?",
            "chatty|quem foi o melhor em {mat} mesmo?",
        ],
    );
    to.ask(
        "count",
        Some(count(in_class.len())),
        &slots,
        &[
            "passive|Por quantos alunos é formado o {s}?",
            "among|Do total de alunos, quantos são do {s}?",
            "abroad|How many students are in {s}?",
        ],
    );
}

pub(super) fn training(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [first, second, catalogue] = tables else {
        return;
    };
    let plan = if seed.within(0, 1) == 0 {
        first
    } else {
        second
    };
    let exercises = plan.texts("Exercício");
    let name = seed.one(&exercises).as_str();
    let n = seed.within(20, 80);
    let bound = n.to_string();
    let load = plan.column("Carga (kg)");
    let tool = *seed.one(&["Barra", "Halteres", "Polia", "Máquina"]);
    let slots = [
        ("ex", name),
        ("t", plan.sheet),
        ("n", bound.as_str()),
        ("q", tool),
    ];
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Repetições")),
        &slots,
        &[
            "polite|Por favor, quantas repetições de {ex} eu faço no {t}?",
            "sheet|Na aba {t}, quantas repetições tem o {ex}?",
            "passive|Quantas repetições são feitas no {ex} do {t}?",
            "story|Cheguei na academia agora. Quantas repetições de {ex} no {t}?",
            "cleft|Quantas repetições é que eu faço de {ex} no {t}?",
            "keywords|{t} {ex} repetições",
            "chatty|cara, quantas repetições de {ex} no {t}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Carga (kg)")),
        &slots,
        &[
            "unit|Qual a carga do {ex} em kg?",
            "unit|Quantos kg eu coloco no {ex}?",
            "relative|Qual a carga que uso no {ex}?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &plan.picked(|row| row[load].number().is_some_and(|v| v <= n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais exercícios do {t} não passam de {n} kg?",
            "atmost|Quais exercícios do {t} levam no máximo {n} kg?",
            "unit|No {t}, que exercícios têm carga de até {n} quilos?",
            "among|Dos exercícios do {t}, quais têm até {n} kg de carga?",
        ],
    );
    to.ask(
        "list",
        Some(names(
            &catalogue.picked(is(catalogue, "Equipamento", tool)),
            0,
        )),
        &slots,
        &[
            "passive|Quais exercícios são feitos com {q}?",
            "relative|Quais exercícios usam {q}?",
            "sheet|No catálogo, quais exercícios são de {q}?",
            "story|A academia está cheia. Quais exercícios usam {q}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(catalogue), 2, counts))),
        &slots,
        &[
            "split|Quantos exercícios há para cada equipamento?",
            "split|Conte os exercícios agrupando por equipamento",
            "keywords|exercícios por equipamento, quantidade",
        ],
    );
    to.ask(
        "sum",
        Some(total(&all(plan), plan.column("Séries"))),
        &slots,
        &[
            "cleft|Quantas séries é que dá o {t} inteiro?",
            "unit|O {t} completo soma quantas séries?",
            "abroad|How many séries are there in {t} in total?",
        ],
    );
}
