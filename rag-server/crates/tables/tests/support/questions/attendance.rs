//! Questions to the attendance.

use super::super::planted::{Planted, Seed, Truth, count, grouped, mean, names, total, winner};
use super::{Asker, all, averages, cell_of, counts, is, value};

pub(crate) fn attendance(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [lists] = tables else { return };
    let everyone = lists.texts("Participante");
    let name = seed.one(&everyone).as_str();
    let workshop = *seed.one(&["Dança", "Teatro", "Violão", "Pintura"]);
    let n = seed.within(8, 18) * 5;
    let bound = n.to_string();
    let rate = lists.column("Assiduidade");
    let slots = [("a", name), ("o", workshop), ("n", bound.as_str())];
    to.ask(
        "lookup",
        value(&cell_of(lists, "Participante", name, "Assiduidade")),
        &slots,
        &[
            "Qual a assiduidade de {a}?",
            "Qual é a frequência de {a}?",
            "!Qual o percentual de assiduidade de {a}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(lists, "Participante", name, "Situação")),
        &slots,
        &[
            "Qual a situação de {a}?",
            "Qual o status de {a}?",
            "!Em que situação está {a}?",
        ],
    );
    let passed = lists.picked(is(lists, "Situação", "Aprovado"));
    to.ask(
        "count",
        Some(count(passed.len())),
        &slots,
        &[
            "Quantos participantes foram aprovados?",
            "Quantos aprovados temos?",
            "!Quantas pessoas foram aprovadas?",
            "!Quantos passaram com situação Aprovado?",
        ],
    );
    let failed = lists.picked(|row| row[5].text() == "Reprovado" && row[1].text() == workshop);
    to.ask(
        "list",
        Some(names(&failed, 0)),
        &slots,
        &[
            "Liste os reprovados da oficina de {o}",
            "Quais participantes de {o} foram reprovados?",
            "!Quem reprovou em {o}?",
        ],
    );
    let low = lists.picked(|row| row[rate].number().is_some_and(|v| v < n * 100));
    to.ask(
        "filter",
        Some(names(&low, 0)),
        &slots,
        &[
            "Quais participantes têm assiduidade abaixo de {n}%?",
            "Quem tem menos de {n}% de frequência?",
            "!Participantes cuja assiduidade é inferior a {n} por cento",
        ],
    );
    to.ask(
        "mean",
        mean(&lists.picked(is(lists, "Oficina", workshop)), rate),
        &slots,
        &[
            "Qual a assiduidade média da oficina de {o}?",
            "média de frequência em {o}",
            "!Em média, qual é a assiduidade em {o}?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(lists), 1, averages(rate)), true),
        &slots,
        &[
            "Qual oficina tem a maior média de assiduidade?",
            "!Em qual oficina a assiduidade média é maior?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&lists.picked(is(lists, "Oficina", workshop)), 3)),
        &slots,
        &[
            "Qual o total de presenças na oficina de {o}?",
            "!Somando todos, quantas presenças teve a oficina {o}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&passed, 1, counts))),
        &slots,
        &[
            "Quantos aprovados por oficina?",
            "Quantos participantes foram aprovados em cada oficina?",
            "!Número de aprovados de cada oficina",
        ],
    );
}
