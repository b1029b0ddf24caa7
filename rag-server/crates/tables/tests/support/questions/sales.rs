//! Questions to the sales.

use std::collections::BTreeMap;

use super::super::planted::{
    Planted, Seed, Truth, count, distinct, grouped, mean, sum, total, winner,
};
use super::{Asker, MONTHS, all, averages, cell_of, counts, is, sums};

pub(crate) fn sales(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [sales, teams] = tables else { return };
    let (when, amount, money) = (
        sales.column("Data"),
        sales.column("Quantidade"),
        sales.column("Valor"),
    );
    let sellers = sales.texts("Vendedor");
    let name = seed.one(&sellers).as_str();
    let other = seed.one(&sellers).as_str();
    let product = *seed.one(&[
        "Notebook",
        "Monitor",
        "Teclado",
        "Mouse",
        "Impressora",
        "Webcam",
    ]);
    let region = *seed.one(&["Norte", "Sul", "Nordeste", "Sudeste"]);
    let month = seed.within(1, 11) as u32;
    let k = seed.within(2, 3).to_string();
    let slots = [
        ("v", name),
        ("outro", other),
        ("p", product),
        ("r", region),
        ("mes", MONTHS[month as usize]),
        ("depois", MONTHS[month as usize + 1]),
        ("k", &k),
    ];
    let of_seller = sales.picked(is(sales, "Vendedor", name));
    let of_product = sales.picked(is(sales, "Produto", product));
    let of_region = sales.picked(is(sales, "Região", region));
    to.ask(
        "count",
        Some(count(of_seller.len())),
        &slots,
        &[
            "Quantas vendas {v} fez?",
            "Número de vendas de {v}",
            "quantas vendas foram feitas por {v}?",
            "!{v} fez quantas vendas?",
        ],
    );
    to.ask(
        "count",
        Some(count(distinct(&of_region, sales.column("Vendedor")))),
        &slots,
        &[
            "Quantos vendedores atuaram na região {r}?",
            "Quantos vendedores diferentes venderam na região {r}?",
            "!Na região {r}, são quantos vendedores?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_product, amount)),
        &slots,
        &[
            "Qual a quantidade total de {p} vendida?",
            "Soma da quantidade do produto {p}",
            "!No total, qual foi a quantidade vendida de {p}?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_region, money)),
        &slots,
        &[
            "Qual o valor total das vendas na região {r}?",
            "Some o valor das vendas da região {r}",
            "!Somando as vendas da região {r}, qual o valor?",
            "!What is the total value of sales in {r}?",
        ],
    );
    to.ask(
        "mean",
        mean(&of_seller, money),
        &slots,
        &[
            "Qual o valor médio das vendas de {v}?",
            "média do valor de {v}",
            "!Em média, qual o valor de cada venda de {v}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(sales), 1, sums(money)))),
        &slots,
        &[
            "Qual o valor total por vendedor?",
            "Some o valor de cada vendedor",
            "total value per seller",
            "!Quanto em valor cada vendedor somou no total?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(sales), 3, counts))),
        &slots,
        &[
            "Quantas vendas por região?",
            "número de vendas em cada região",
            "!Para cada região, quantas vendas houve?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(sales), 1, sums(money)), true),
        &slots,
        &[
            "Qual vendedor teve o maior valor total?",
            "Quem tem a maior soma de valor entre os vendedores?",
            "!Qual vendedor acumulou o maior total em valor?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(sales), 3, averages(money)), false),
        &slots,
        &[
            "Qual região tem a menor média de valor?",
            "!Em qual região o valor médio é menor?",
        ],
    );
    to.ask(
        "top",
        {
            let groups = grouped(&all(sales), 1, sums(money));
            let mut list: Vec<(String, i128)> = groups
                .into_iter()
                .map(|(name, (value, _))| (name, value))
                .collect();
            list.sort_by_key(|(_, value)| -value);
            let limit: usize = k.parse().unwrap();
            (list.len() > limit && list[limit - 1].1 != list[limit].1)
                .then(|| Truth::Top(list.into_iter().take(limit).collect()))
        },
        &slots,
        &[
            "Quais os {k} vendedores com maior valor total?",
            "Top {k} vendedores por valor total",
            "!Os {k} vendedores que têm a maior soma de valor",
        ],
    );
    if name != other {
        let value_of = |name: &str| sum(&sales.picked(is(sales, "Vendedor", name)), money);
        let (a, b) = (value_of(name), value_of(other));
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "Qual a diferença entre o valor total de {v} e de {outro}?",
                "Compare o valor total de {v} e {outro}",
                "!Comparando {v} e {outro}, qual a diferença no valor total?",
            ],
        );
        let number_of = |name: &str| sales.picked(is(sales, "Vendedor", name)).len();
        if number_of(name) != number_of(other) {
            let ahead = if number_of(name) > number_of(other) {
                name
            } else {
                other
            };
            to.ask(
                "compare",
                Some(Truth::Winner(ahead.to_owned())),
                &slots,
                &[
                    "Quem fez mais vendas, {v} ou {outro}?",
                    "!Quem tem mais vendas: {outro} ou {v}?",
                ],
            );
        }
    }
    let in_month = sales.picked(|row| row[when].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(count(in_month.len())),
        &slots,
        &[
            "Quantas vendas houve em {mes}?",
            "quantas vendas em {mes} de 2025?",
            "How many sales were there in {mes}?",
            "!Em {mes}, tivemos quantas vendas?",
        ],
    );
    to.ask(
        "dates",
        Some(total(&in_month, money)),
        &slots,
        &[
            "Qual o valor total vendido em {mes} de 2025?",
            "Soma do valor das vendas de {mes}",
            "!Em {mes}, qual foi o valor total das vendas?",
        ],
    );
    let two = sales.picked(|row| {
        row[when]
            .date()
            .is_some_and(|(_, m, _)| m == month || m == month + 1)
    });
    to.ask(
        "dates",
        Some(count(two.len())),
        &slots,
        &[
            "Quantas vendas foram feitas entre {mes} e {depois}?",
            "Quantas vendas houve de {mes} a {depois}?",
            "!Quantas vendas aconteceram de {mes} até {depois}?",
        ],
    );
    let day = format!("10/{month:02}/2025");
    let since = sales.picked(|row| {
        row[when]
            .date()
            .is_some_and(|(_, m, d)| (m, d) >= (month, 10) && row[3].text() == region)
    });
    to.ask(
        "dates",
        Some(count(since.len())),
        &[("dia", &day), ("r", region)],
        &[
            "Quantas vendas na região {r} desde {dia}?",
            "Quantas vendas houve na região {r} a partir de {dia}?",
            "!De {dia} em diante, quantas vendas teve a região {r}?",
        ],
    );
    let team = *seed.one(&["Varejo", "Corporativo"]);
    let of_team = |name: &str| cell_of(teams, "Vendedor", name, "Equipe").text() == team;
    let joined = sales.picked(|row| of_team(row[1].text()));
    let slots_team = [("e", team), ("r", region)];
    to.ask(
        "across",
        Some(total(&joined, money)),
        &slots_team,
        &[
            "Qual o valor total das vendas da equipe {e}?",
            "Soma do valor dos vendedores da equipe {e}",
            "!Qual foi o total em valor da equipe {e}?",
        ],
    );
    to.ask(
        "across",
        Some(Truth::Groups({
            let mut groups: BTreeMap<String, (i128, i128)> = BTreeMap::new();
            for row in &sales.rows {
                let team = cell_of(teams, "Vendedor", row[1].text(), "Equipe")
                    .text()
                    .to_owned();
                let entry = groups.entry(team).or_insert((0, 100));
                entry.0 += i128::from(row[money].number().unwrap_or(0));
            }
            groups
        })),
        &slots_team,
        &[
            "Qual o valor total por equipe?",
            "Some o valor das vendas de cada equipe",
            "!Valor total vendido por equipe",
        ],
    );
    let joined = sales.picked(|row| of_team(row[1].text()) && row[3].text() == region);
    to.ask(
        "across",
        Some(count(joined.len())),
        &slots_team,
        &[
            "Quantas vendas a equipe {e} fez na região {r}?",
            "!Na região {r}, quantas vendas são da equipe {e}?",
        ],
    );
}
