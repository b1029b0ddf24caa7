//! Food, libraries, calendars, bills, runs.

use super::super::super::planted::{
    Cell, Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total, winner,
};
use super::super::{Asker, MONTHS, all, averages, cell_of, counts, is, sums, value};

pub(super) fn nutrition(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [foods] = tables else { return };
    let everything = foods.texts("Alimento");
    let name = seed.one(&everything).as_str();
    let group = *seed.one(&["Frutas", "Verduras", "Carnes", "Cereais"]);
    let (energy, fat) = (
        foods.column("Calorias (kcal)"),
        foods.column("Gorduras (g)"),
    );
    let n = seed.within(5, 25);
    let bound = n.to_string();
    let slots = [("a", name), ("g", group), ("n", bound.as_str())];
    to.ask(
        "lookup",
        value(&cell_of(foods, "Alimento", name, "Carboidratos (g)")),
        &slots,
        &[
            "polite|Por favor, quanto de carboidrato tem {a}?",
            "unit|Quantos gramas de carboidratos tem {a}?",
            "story|Estou de dieta. Quanto de carboidrato tem {a}?",
            "cleft|Quanto é que {a} tem de carboidratos?",
            "keywords|{a} carboidratos",
            "chatty|então, {a} tem quanto de carboidrato?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &foods.picked(|row| row[fat].number().is_some_and(|v| v <= n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais alimentos não têm mais de {n} g de gordura?",
            "atmost|Alimentos com no máximo {n} g de gorduras",
            "unit|Que alimentos têm até {n} gramas de gordura?",
            "relative|Quais são os alimentos cuja gordura é menor ou igual a {n} g?",
        ],
    );
    to.ask(
        "extreme",
        extreme(
            &foods.picked(is(foods, "Grupo alimentar", group)),
            0,
            energy,
            true,
        ),
        &slots,
        &[
            "among|Entre os alimentos do grupo {g}, qual tem mais calorias?",
            "ranked|Qual alimento do grupo {g} é o campeão de calorias?",
            "cleft|Qual é o alimento do grupo {g} que tem mais calorias?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(foods), 1, averages(energy)))),
        &slots,
        &[
            "split|Média de calorias dividida por grupo alimentar",
            "split|Calorias em média, grupo alimentar por grupo alimentar",
        ],
    );
    to.ask(
        "count",
        Some(count(
            foods.picked(is(foods, "Grupo alimentar", group)).len(),
        )),
        &slots,
        &[
            "sheet|Na tabela de alimentos, quantos são do grupo {g}?",
            "among|De todos os alimentos, quantos são {g}?",
        ],
    );
}

pub(super) fn library(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [loans] = tables else { return };
    let readers = loans.texts("Leitor");
    let reader = seed.one(&readers).as_str();
    let genre = *seed.one(&["Romance", "Poesia", "Teatro"]);
    let month = seed.within(3, 8) as u32;
    let fine = loans.column("Multa (R$)");
    let slots = [("l", reader), ("g", genre), ("mes", MONTHS[month as usize])];
    let of_reader = loans.picked(is(loans, "Leitor", reader));
    to.ask(
        "count",
        Some(count(of_reader.len())),
        &slots,
        &[
            "passive|Quantos empréstimos foram feitos por {l}?",
            "polite|Poderia me dizer quantos empréstimos {l} fez, por favor?",
            "cleft|Quantos empréstimos é que {l} fez?",
            "keywords|{l} empréstimos quantos",
            "chatty|e {l}, fez quantos empréstimos?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_reader, fine)),
        &slots,
        &[
            "unit|Quantos reais de multa {l} tem no total?",
            "story|{l} veio acertar as contas. Qual o total de multa de {l}?",
            "cleft|Quanto é que {l} tem de multa ao todo?",
        ],
    );
    to.ask(
        "count",
        Some(count(loans.picked(|row| row[5] == Cell::Blank).len())),
        &slots,
        &[
            "passive|Quantos empréstimos ainda estão sem devolução?",
            "relative|Quantos empréstimos não têm devolução?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(loans), 3, counts))),
        &slots,
        &[
            "split|Quantos empréstimos, gênero por gênero?",
            "split|Número de empréstimos separados por gênero",
            "sheet|Na aba Empréstimos, quantos empréstimos há por gênero?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(loans), 0, counts), true),
        &slots,
        &[
            "ranked|Qual leitor é o campeão de empréstimos?",
            "among|Entre os leitores, quem tem mais empréstimos?",
            "cleft|Quem é o leitor que tem mais empréstimos?",
        ],
    );
    let out = loans.picked(|row| row[4].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(count(out.len())),
        &slots,
        &[
            "period|Quantos empréstimos têm retirada no mês de {mes}?",
            "period|Quantos empréstimos foram retirados ao longo de {mes}?",
        ],
    );
    to.ask(
        "mean",
        mean(&loans.picked(is(loans, "Gênero", genre)), fine),
        &slots,
        &[
            "keywords|multa média {g}",
            "polite|Queria, se possível, a multa média dos livros de {g}",
        ],
    );
}

pub(super) fn calendar(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [events] = tables else { return };
    let everything = events.texts("Evento");
    let name = seed.one(&everything).as_str();
    let place = *seed.one(&["Ginásio", "Biblioteca", "Pátio", "Anfiteatro"]);
    let kind = *seed.one(&["Integração", "Mostra", "Competição", "Cultura"]);
    let month = seed.within(3, 9) as u32;
    let n = seed.within(40, 120);
    let bound = n.to_string();
    let people = events.column("Inscritos");
    let slots = [
        ("e", name),
        ("l", place),
        ("t", kind),
        ("mes", MONTHS[month as usize]),
        ("n", bound.as_str()),
    ];
    to.ask(
        "lookup",
        value(&cell_of(events, "Evento", name, "Data")),
        &slots,
        &[
            "polite|Por favor, em que data será {e}?",
            "cleft|Quando é que vai ser {e}?",
            "story|Quero me programar. Quando é {e}?",
            "chatty|ei, que dia é {e} mesmo?",
            "sheet|No calendário acadêmico, qual a data de {e}?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &events.picked(|row| row[people].number().is_some_and(|v| v < n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais eventos não chegam a {n} inscritos?",
            "relative|Quais são os eventos que têm menos de {n} inscritos?",
            "cleft|Quais eventos é que têm menos de {n} inscritos?",
        ],
    );
    to.ask(
        "list",
        Some(names(&events.picked(is(events, "Local", place)), 0)),
        &slots,
        &[
            "passive|Quais eventos serão realizados no {l}?",
            "relative|Quais são os eventos cujo local é {l}?",
            "among|De todos os eventos, quais são no {l}?",
        ],
    );
    let late = events.picked(|row| row[2].date().is_some_and(|(_, m, _)| m > month));
    to.ask(
        "dates",
        Some(names(&late, 0)).filter(|_| !late.is_empty()),
        &slots,
        &[
            "period|Quais eventos acontecem depois de {mes}?",
            "period|Que eventos temos a partir do mês seguinte a {mes}?",
        ],
    );
    let half = events.picked(|row| row[2].date().is_some_and(|(_, m, _)| m <= 6));
    to.ask(
        "dates",
        Some(count(half.len())),
        &slots,
        &[
            "period|Quantos eventos há no primeiro semestre de 2025?",
            "period|Quantos eventos acontecem até junho?",
        ],
    );
    to.ask(
        "mean",
        mean(&events.picked(is(events, "Tipo", kind)), people),
        &slots,
        &[
            "unit|Quantos inscritos, em média, têm os eventos de {t}?",
            "keywords|média de inscritos {t}",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(events), 0, people, 3, true)),
        &slots,
        &[
            "spelled|Quais os três eventos com mais inscritos?",
            "ranked|Quais eventos ocupam os três primeiros lugares em inscritos?",
        ],
    );
}

pub(super) fn bills(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [bills] = tables else { return };
    let bill = *seed.one(&["Aluguel", "Energia", "Internet", "Academia"]);
    let kind = *seed.one(&["Moradia", "Lazer"]);
    let month = seed.within(2, 5) as u32;
    let money = bills.column("Valor");
    let slots = [("c", bill), ("k", kind), ("mes", MONTHS[month as usize])];
    let of_kind = bills.picked(is(bills, "Categoria", kind));
    to.ask(
        "sum",
        Some(total(&of_kind, money)),
        &slots,
        &[
            "polite|Por favor, some para mim o valor das contas de {k}",
            "unit|Quantos reais dão as contas de {k} somadas?",
            "story|Quero economizar. Qual o valor total da categoria {k}?",
            "chatty|nossa, quanto deu o total de {k}?",
            "keywords|{k}, valor, soma",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(bills), 1, sums(money)))),
        &slots,
        &[
            "split|Valor total agrupado por categoria",
            "split|Quanto deu o valor total, categoria por categoria?",
            "cleft|Quanto é que foi o valor total de cada categoria?",
        ],
    );
    let until = bills.picked(|row| row[2].date().is_some_and(|(_, m, _)| m <= month));
    to.ask(
        "dates",
        Some(count(until.len())),
        &slots,
        &[
            "period|Quantas contas vencem até {mes}?",
            "period|Quantas contas venceram até o fim de {mes}?",
        ],
    );
    let of = bills
        .picked(|row| row[0].text() == bill && row[2].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "lookup",
        Some(total(&of, money)),
        &slots,
        &[
            "passive|Quanto foi pago de {c} em {mes}?",
            "cleft|Quanto foi que deu {c} em {mes}?",
            "story|Recebi a fatura. Quanto foi {c} em {mes}?",
            "period|Quanto custou {c} no mês de {mes} de 2025?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&of_kind, 0, money, true),
        &slots,
        &[
            "among|Entre as contas de {k}, qual teve o maior valor?",
            "ranked|Qual conta de {k} ficou em primeiro lugar em valor?",
        ],
    );
}

pub(super) fn runs(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [runs] = tables else { return };
    let name = *seed.one(&["Bianca", "Davi", "Lorena", "Samuel"]);
    let course = *seed.one(&["Orla", "Parque", "Pista", "Serra"]);
    let month = seed.within(3, 5) as u32;
    let n = seed.within(6, 14);
    let bound = n.to_string();
    let (far, beat) = (3, 4);
    let slots = [
        ("a", name),
        ("p", course),
        ("mes", MONTHS[month as usize]),
        ("n", bound.as_str()),
    ];
    let of = runs.picked(is(runs, "Atleta", name));
    to.ask(
        "sum",
        Some(total(&of, far)),
        &slots,
        &[
            "passive|Quantos km foram percorridos por {a}?",
            "polite|Por favor, qual a distância total de {a}?",
            "unit|Qual a distância total de {a} em quilômetros?",
            "cleft|Quantos km é que {a} correu ao todo?",
            "story|Vou montar o ranking do clube. Quantos km {a} correu no total?",
            "keywords|{a} distância total",
            "chatty|aí, {a} correu quantos km no total?",
        ],
    );
    to.ask(
        "count",
        Some(count(
            runs.picked(|row| row[2].text() == course && row[1].text() == name)
                .len(),
        )),
        &slots,
        &[
            "passive|Quantas corridas foram feitas por {a} no percurso {p}?",
            "among|Das corridas de {a}, quantas foram no percurso {p}?",
            "sheet|Na aba Corridas, quantas corridas de {a} são no percurso {p}?",
        ],
    );
    to.ask(
        "count",
        Some(count(
            runs.picked(|row| row[far].number().is_some_and(|v| v <= n * 100))
                .len(),
        )),
        &slots,
        &[
            "atmost|Quantas corridas não passaram de {n} km?",
            "atmost|Quantas corridas tiveram no máximo {n} km?",
            "unit|Quantas corridas foram de até {n} quilômetros?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(runs), 1, averages(beat)))),
        &slots,
        &[
            "split|Frequência cardíaca média, atleta por atleta",
            "split|Qual a frequência cardíaca média separada por atleta?",
        ],
    );
    let in_month = runs
        .picked(|row| row[1].text() == name && row[0].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(total(&in_month, far)).filter(|_| !in_month.is_empty()),
        &slots,
        &[
            "period|Quantos km {a} correu durante o mês de {mes}?",
            "period|Qual a distância total de {a} ao longo de {mes}?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(runs), 1, sums(far)), true),
        &slots,
        &[
            "ranked|Quem está em primeiro lugar em distância total?",
            "among|Entre os atletas, quem tem a maior distância total?",
            "cleft|Quem é o atleta que tem a maior distância total?",
        ],
    );
}
