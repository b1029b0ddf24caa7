//! Questions to the inventory.

use super::super::planted::{
    Cell, Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total, winner,
};
use super::{Asker, MONTHS, all, averages, cell_of, counts, is, number, sums, value};

pub(crate) fn inventory(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [stock, companies] = tables else { return };
    let (amount, price) = (stock.column("Quantidade"), stock.column("Preço unitário"));
    let products = stock.texts("Produto");
    let name = seed.one(&products).as_str();
    let other = seed.one(&products).as_str();
    let categories = stock.texts("Categoria");
    let category = seed.one(&categories).as_str();
    let n = seed.within(10, 60);
    let bound = n.to_string();
    let k = seed.within(2, 5).to_string();
    let slots = [
        ("p", name),
        ("outro", other),
        ("c", category),
        ("n", bound.as_str()),
        ("k", k.as_str()),
    ];
    let of_category = stock.picked(is(stock, "Categoria", category));
    to.ask(
        "lookup",
        value(&cell_of(stock, "Produto", name, "Preço unitário")),
        &slots,
        &[
            "Quanto custa {p}?",
            "Qual o preço de {p}?",
            "preco unitario do produto {p}",
            "Qual é o valor de {p}?",
            "!Quanto está custando {p}?",
            "!What is the price of {p}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(stock, "Produto", name, "Quantidade")),
        &slots,
        &[
            "Qual a quantidade de {p} em estoque?",
            "Quantas unidades de {p} temos?",
            "Qual é o estoque de {p}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(stock, "Produto", name, "Validade")),
        &slots,
        &[
            "Qual a validade de {p}?",
            "Quando vence {p}?",
            "!Até que dia vale o produto {p}?",
        ],
    );
    to.ask(
        "count",
        Some(count(of_category.len())),
        &slots,
        &[
            "Quantos produtos há na categoria {c}?",
            "Quantos produtos são de {c}?",
            "numero de produtos da categoria {c}",
            "!A categoria {c} tem quantos produtos?",
            "!Quantos itens são da categoria {c}?",
        ],
    );
    let expensive = stock.picked(|row| row[price].number().is_some_and(|v| v > n * 100));
    let cheap = stock.picked(|row| row[price].number().is_some_and(|v| v < n * 100));
    to.ask(
        "count",
        Some(count(expensive.len())),
        &slots,
        &[
            "Quantos produtos custam mais de R$ {n}?",
            "Quantos produtos têm preço acima de {n} reais?",
            "!Quantos produtos saem por mais de {n} reais?",
            "!How many products cost more than {n}?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_category, amount)),
        &slots,
        &[
            "Qual a soma das quantidades da categoria {c}?",
            "Quantidade total de {c} em estoque",
            "Quantas unidades há na categoria {c} no total?",
            "!Quantas unidades de {c} existem ao todo?",
        ],
    );
    to.ask(
        "mean",
        mean(&of_category, price),
        &slots,
        &[
            "Qual o preço médio dos produtos da categoria {c}?",
            "média de preço de {c}",
            "!Em média, quanto custam os produtos de {c}?",
            "!Qual é o valor médio dos itens da categoria {c}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(stock), 0, price, true),
        &slots,
        &[
            "Qual é o produto mais caro?",
            "Qual produto tem o maior preço?",
            "Which product is the most expensive?",
            "!Qual item custa mais?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&of_category, 0, price, false),
        &slots,
        &[
            "Qual o produto mais barato da categoria {c}?",
            "Na categoria {c}, qual produto tem o menor preço?",
            "!Dos produtos de {c}, qual é o mais em conta?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(stock), 0, amount, false),
        &slots,
        &[
            "Qual produto tem a menor quantidade?",
            "Qual é o produto com menos unidades em estoque?",
            "!De qual produto temos menos unidades?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&cheap, 0)),
        &slots,
        &[
            "Quais produtos custam menos de R$ {n}?",
            "Produtos com preço abaixo de {n} reais",
            "!Que produtos posso comprar por menos de {n} reais?",
            "!Liste tudo que custa menos que R$ {n},00",
        ],
    );
    let empty = stock.picked(|row| {
        row[amount]
            .number()
            .is_some_and(|v| (50..=150).contains(&(v / 100)))
    });
    to.ask(
        "filter",
        Some(names(&empty, 0)),
        &slots,
        &[
            "Quais produtos têm quantidade entre 50 e 150?",
            "Produtos com quantidade de 50 a 150",
            "!Que produtos têm de 50 até 150 unidades?",
        ],
    );
    to.ask(
        "list",
        Some(names(&of_category, 0)),
        &slots,
        &[
            "Liste os produtos da categoria {c}",
            "Quais são os produtos de {c}?",
            "!Mostre tudo o que temos de {c}",
            "!Me dê a lista de produtos da categoria {c}",
        ],
    );
    to.ask(
        "list",
        Some(Truth::Names(categories.iter().cloned().collect())),
        &slots,
        &[
            "Quais são as categorias?",
            "Liste as categorias de produtos",
            "!Que categorias existem?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(stock), 1, sums(amount)))),
        &slots,
        &[
            "Quantidade total por categoria",
            "Qual a soma das quantidades de cada categoria?",
            "!Some as quantidades por categoria",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(stock), 1, averages(price)))),
        &slots,
        &[
            "Qual o preço médio por categoria?",
            "!Preço médio de cada categoria",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(stock), 1, counts), true),
        &slots,
        &[
            "Qual categoria tem mais produtos?",
            "!Em qual categoria há mais produtos?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(stock, "Produto", name, "Preço unitário")),
            number(&cell_of(stock, "Produto", other, "Preço unitário")),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "Qual a diferença de preço entre {p} e {outro}?",
                "!Compare o preço de {p} e {outro}",
            ],
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "Qual é mais caro, {p} ou {outro}?",
                    "Qual tem o maior preço: {p} ou {outro}?",
                    "!O que é mais caro: {p} ou {outro}?",
                ],
            );
        }
    }
    to.ask(
        "top",
        Some(top(&all(stock), 0, price, k.parse().unwrap(), true)),
        &slots,
        &[
            "Quais são os {k} produtos mais caros?",
            "Os {k} maiores preços",
            "!Liste os {k} itens de maior preço",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(stock), 0, amount, k.parse().unwrap(), false)),
        &slots,
        &[
            "Quais os {k} produtos com menor quantidade?",
            "!Mostre os {k} produtos com menos unidades",
        ],
    );
    let due = stock.column("Validade");
    let month = seed.within(2, 11) as u32;
    let slots_month = [("mes", MONTHS[month as usize])];
    let in_month = stock.picked(|row| row[due].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(names(&in_month, 0)),
        &slots_month,
        &[
            "Quais produtos vencem em {mes}?",
            "Liste os produtos com validade em {mes} de 2026",
            "!Que produtos têm validade no mês de {mes}?",
        ],
    );
    let before = stock.picked(|row| {
        row[due]
            .date()
            .is_some_and(|(_, m, d)| (m, d) < (month, 15))
    });
    let day = format!("15/{month:02}/2026");
    to.ask(
        "dates",
        Some(count(before.len())),
        &[("dia", &day)],
        &[
            "Quantos produtos vencem antes de {dia}?",
            "Quantos produtos têm validade anterior a {dia}?",
            "!Até {dia} exclusive... quantos produtos vencem antes de {dia}?",
        ],
    );
    let state = *seed.one(&["Bahia", "Ceará", "Paraná"]);
    let of_state =
        |row: &[Cell]| cell_of(companies, "Fornecedor", row[2].text(), "Estado").text() == state;
    let joined = stock.picked(of_state);
    let slots_state = [("e", state)];
    to.ask(
        "across",
        Some(names(&joined, 0)).filter(|_| !joined.is_empty()),
        &slots_state,
        &[
            "Quais produtos vêm de fornecedores da {e}?",
            "Liste os produtos cujo fornecedor é do estado {e}",
            "!Que produtos são de fornecedores do estado {e}?",
        ],
    );
    to.ask(
        "across",
        Some(total(&joined, amount)).filter(|_| !joined.is_empty()),
        &slots_state,
        &[
            "Qual a soma das quantidades dos fornecedores do estado {e}?",
            "!Total de unidades dos fornecedores de {e}",
        ],
    );
}
