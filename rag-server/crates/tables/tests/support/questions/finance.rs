//! Questions to the finance.

use super::super::planted::{Planted, Seed, Truth, count, extreme, grouped, mean, total};
use super::{Asker, MONTHS, all, cell_of, counts, is, sums, value};

pub(crate) fn finance(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [spent, funds] = tables else { return };
    let money = spent.column("Valor (R$)");
    let category = *seed.one(&["Viagem", "Material", "Serviços"]);
    let way = *seed.one(&["Cartão", "Boleto", "Pix"]);
    let month = seed.within(1, 12) as u32;
    let n = seed.within(10, 40) * 100;
    let bound = n.to_string();
    let mil = format!("{}.{:03}", n / 1000, n % 1000);
    let shown = if n >= 1000 {
        mil.as_str()
    } else {
        bound.as_str()
    };
    let slots = [
        ("c", category),
        ("f", way),
        ("mes", MONTHS[month as usize]),
        ("n", shown),
    ];
    let of_category = spent.picked(is(spent, "Rubrica", category));
    to.ask(
        "sum",
        Some(total(&of_category, money)),
        &slots,
        &[
            "Quanto foi gasto com {c}?",
            "Qual o total de despesas da rubrica {c}?",
            "Total gasto em {c}",
            "!Quanto gastamos na rubrica {c}?",
        ],
    );
    to.ask(
        "count",
        Some(count(of_category.len())),
        &slots,
        &[
            "Quantas despesas são da rubrica {c}?",
            "Quantas despesas foram de {c}?",
            "!Quantas despesas entraram na rubrica {c}?",
        ],
    );
    let large = spent.picked(|row| row[money].number().is_some_and(|v| v > n * 100));
    to.ask(
        "count",
        Some(count(large.len())),
        &slots,
        &[
            "Quantas despesas passaram de R$ {n}?",
            "Quantas despesas têm valor maior que {n} reais?",
            "!Quantas despesas foram superiores a R$ {n},00?",
        ],
    );
    to.ask(
        "mean",
        mean(&of_category, money),
        &slots,
        &[
            "Qual o valor médio das despesas de {c}?",
            "média das despesas da rubrica {c}",
            "!Em média, de quanto são as despesas com {c}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(spent), 2, sums(money)))),
        &slots,
        &[
            "Total das despesas por rubrica",
            "Quanto foi gasto em cada rubrica?",
            "!Qual o gasto total por rubrica?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(spent), 4, counts))),
        &slots,
        &[
            "Quantas despesas por forma de pagamento?",
            "!Quantas despesas em cada tipo de pagamento?",
            "Número de despesas por pagamento",
        ],
    );
    let in_month = spent.picked(|row| row[0].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(total(&in_month, money)),
        &slots,
        &[
            "Quanto foi gasto em {mes}?",
            "Qual o total de despesas de {mes} de 2025?",
            "!Em {mes}, quanto gastamos no total?",
        ],
    );
    let filtered = spent
        .picked(|row| row[0].date().is_some_and(|(_, m, _)| m == month) && row[4].text() == way);
    to.ask(
        "dates",
        Some(count(filtered.len())),
        &slots,
        &[
            "Quantas despesas de {mes} foram pagas com {f}?",
            "!Quantas despesas no {f} tivemos em {mes}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(funds, "Origem", "CAPES", "Montante")),
        &slots,
        &[
            "Qual o montante da CAPES?",
            "Quanto recebemos da CAPES?",
            "Qual foi a entrada da CAPES?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(funds), 0, 2, true),
        &slots,
        &[
            "Qual origem teve o maior montante?",
            "!De qual origem veio o maior montante?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&all(funds), 2)),
        &slots,
        &[
            "Qual o total do montante das entradas do projeto?",
            "Soma dos montantes",
            "!Somando todas as origens, qual o montante?",
        ],
    );
}
