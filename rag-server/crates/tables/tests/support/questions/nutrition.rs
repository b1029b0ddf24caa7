//! Questions to the nutrition.

use super::super::planted::{Planted, Seed, Truth, extreme, grouped, mean, names, top};
use super::{Asker, all, averages, cell_of, is, number, value};

pub(crate) fn nutrition(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [foods] = tables else { return };
    let everything = foods.texts("Alimento");
    let name = seed.one(&everything).as_str();
    let other = seed.one(&everything).as_str();
    let group = *seed.one(&["Frutas", "Verduras", "Carnes", "Cereais"]);
    let (energy, protein) = (
        foods.column("Calorias (kcal)"),
        foods.column("Proteínas (g)"),
    );
    let n = seed.within(5, 25);
    let bound = n.to_string();
    let k = seed.within(2, 4).to_string();
    let slots = [
        ("a", name),
        ("outro", other),
        ("g", group),
        ("n", bound.as_str()),
        ("k", k.as_str()),
    ];
    to.ask(
        "lookup",
        value(&cell_of(foods, "Alimento", name, "Calorias (kcal)")),
        &slots,
        &[
            "Quantas calorias tem {a}?",
            "Qual o valor calórico de {a}?",
            "calorias de {a}",
            "!{a} tem quantas calorias?",
            "!How many calories are in {a}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(foods, "Alimento", name, "Proteínas (g)")),
        &slots,
        &[
            "Quanto de proteína tem {a}?",
            "Quantos gramas de proteína há em {a}?",
            "!Qual a quantidade de proteínas em {a}?",
        ],
    );
    let rich = foods.picked(|row| row[protein].number().is_some_and(|v| v > n * 100));
    to.ask(
        "filter",
        Some(names(&rich, 0)),
        &slots,
        &[
            "Quais alimentos têm mais de {n} g de proteína?",
            "Alimentos com proteínas acima de {n}",
            "Which foods have more than {n} g of protein?",
            "!Que alimentos passam de {n} gramas de proteína?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(foods), 0, energy, true),
        &slots,
        &[
            "Qual o alimento mais calórico?",
            "Qual alimento tem mais calorias?",
            "!Qual é o alimento com o maior número de calorias?",
        ],
    );
    to.ask(
        "extreme",
        extreme(
            &foods.picked(is(foods, "Grupo alimentar", group)),
            0,
            protein,
            false,
        ),
        &slots,
        &[
            "Qual alimento do grupo {g} tem menos proteínas?",
            "!Das {g}, qual tem menos proteína?",
        ],
    );
    to.ask(
        "mean",
        mean(&foods.picked(is(foods, "Grupo alimentar", group)), energy),
        &slots,
        &[
            "Qual a média de calorias das {g}?",
            "média de calorias do grupo alimentar {g}",
            "!Em média, quantas calorias têm os alimentos do grupo {g}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(foods), 1, averages(protein)))),
        &slots,
        &[
            "Qual a média de proteínas por grupo alimentar?",
            "!média de proteína em cada grupo",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(foods), 0, energy, k.parse().unwrap(), true)),
        &slots,
        &[
            "Quais os {k} alimentos com mais calorias?",
            "Os {k} alimentos mais calóricos",
            "!Liste os {k} alimentos de maior caloria",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(foods, "Alimento", name, "Calorias (kcal)")),
            number(&cell_of(foods, "Alimento", other, "Calorias (kcal)")),
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "O que tem mais calorias, {a} ou {outro}?",
                    "Qual é mais calórico: {a} ou {outro}?",
                    "!Quem tem mais calorias: {outro} ou {a}?",
                ],
            );
        }
    }
}
