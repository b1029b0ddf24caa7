//! Questions to the training.

use super::super::planted::{
    Cell, Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total,
};
use super::{Asker, all, cell_of, counts, is, number, value};

pub(crate) fn training(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
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
    let other = seed.one(&exercises).as_str();
    let n = seed.within(20, 80);
    let bound = n.to_string();
    let k = seed.within(2, 4).to_string();
    let load = plan.column("Carga (kg)");
    let slots = [
        ("ex", name),
        ("outro", other),
        ("t", plan.sheet),
        ("n", bound.as_str()),
        ("k", k.as_str()),
    ];
    let heavy = plan.picked(|row| row[load].number().is_some_and(|v| v > n * 100));
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Séries")),
        &slots,
        &[
            "Quantas séries de {ex} no {t}?",
            "No {t}, quantas séries de {ex} eu faço?",
            "series de {ex}, {t}",
            "!Quantas são as séries de {ex} no {t}?",
            "!How many sets of {ex} in {t}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Carga (kg)")),
        &slots,
        &[
            "Qual a carga do {ex}?",
            "Com quantos kg faço {ex}?",
            "Qual é o peso usado no {ex}?",
            "!Quantos quilos no {ex}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Descanso (s)")),
        &slots,
        &[
            "Qual o descanso do {ex} no {t}?",
            "Quantos segundos de descanso no {ex}?",
            "!Qual o tempo de intervalo de {ex}?",
        ],
    );
    to.ask(
        "count",
        Some(count(plan.rows.len())),
        &slots,
        &[
            "Quantos exercícios tem o {t}?",
            "Quantos exercícios há no {t}?",
            "how many exercises are in {t}?",
            "!O {t} tem quantos exercícios?",
        ],
    );
    to.ask(
        "count",
        Some(count(heavy.len())),
        &slots,
        &[
            "Quantos exercícios do {t} têm carga acima de {n} kg?",
            "No {t}, quantos exercícios passam de {n}kg?",
            "!Quantos exercícios do {t} usam mais de {n} quilos?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&all(plan), plan.column("Séries"))),
        &slots,
        &[
            "Qual o total de séries do {t}?",
            "Quantas séries tem o {t} ao todo?",
            "soma das séries do {t}",
            "!Somando tudo, são quantas séries no {t}?",
        ],
    );
    to.ask(
        "mean",
        mean(&all(plan), load),
        &slots,
        &[
            "Qual a carga média do {t}?",
            "média de carga no {t}",
            "!Em média, qual a carga no {t}?",
            "!What is the average weight in {t}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(plan), 0, load, true),
        &slots,
        &[
            "Qual exercício do {t} tem a maior carga?",
            "Qual o exercício mais pesado do {t}?",
            "maior carga do {t}",
            "!No {t}, qual exercício leva mais carga?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&heavy, 0)),
        &slots,
        &[
            "Quais exercícios do {t} têm mais de {n} kg?",
            "exercicios do {t} com carga maior que {n}",
            "!Que exercícios do {t} ultrapassam {n} kg?",
        ],
    );
    to.ask(
        "list",
        Some(names(&all(plan), 0)),
        &slots,
        &[
            "Liste os exercícios do {t}",
            "Quais são os exercícios do {t}?",
            "!Me passe todos os exercícios do {t}",
        ],
    );
    let groups = catalogue.texts("Grupo muscular");
    let group = seed.one(&groups).as_str();
    let slots_group = [("g", group), ("t", plan.sheet)];
    let of_group = catalogue.picked(is(catalogue, "Grupo muscular", group));
    to.ask(
        "list",
        Some(names(&of_group, 0)),
        &slots_group,
        &[
            "Quais exercícios são do grupo muscular {g}?",
            "Liste os exercícios de {g}",
            "!Que exercícios trabalham o grupo {g}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(catalogue), 1, counts))),
        &slots_group,
        &[
            "Quantos exercícios por grupo muscular?",
            "número de exercícios de cada grupo muscular",
            "!Para cada grupo muscular, quantos exercícios existem?",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(plan), 0, load, k.parse().unwrap(), true)),
        &slots,
        &[
            "Quais os {k} exercícios mais pesados do {t}?",
            "Os {k} exercícios com maior carga no {t}",
            "!Quais as {k} maiores cargas do {t}?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(plan, "Exercício", name, "Carga (kg)")),
            number(&cell_of(plan, "Exercício", other, "Carga (kg)")),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "Qual a diferença de carga entre {ex} e {outro}?",
                "!Compare a carga de {ex} com a de {outro}",
            ],
        );
    }
    let of = |row: &[Cell], what: &str| {
        cell_of(catalogue, "Exercício", row[0].text(), "Grupo muscular").text() == what
    };
    let joined = plan.picked(|row| of(row, group));
    to.ask(
        "across",
        Some(total(&joined, plan.column("Séries"))).filter(|_| !joined.is_empty()),
        &slots_group,
        &[
            "Quantas séries de {g} há no {t}?",
            "Qual o total de séries do grupo {g} no {t}?",
            "!No {t}, somando tudo, quantas séries são de {g}?",
        ],
    );
}
