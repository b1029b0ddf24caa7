//! Questions to household bills.

use super::super::planted::{Planted, Seed, Truth, count, extreme, grouped, mean, total, winner};
use super::{Asker, MONTHS, all, averages, counts, is, sums};

pub(crate) fn bills(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [bills] = tables else { return };
    let bill = *seed.one(&["Aluguel", "Energia", "Internet", "Academia"]);
    let other = *seed.one(&["Ônibus", "Streaming"]);
    let kind = *seed.one(&["Moradia", "Lazer"]);
    let month = seed.within(1, 5) as u32;
    let money = bills.column("Valor");
    let n = seed.within(2, 9) * 100;
    let bound = n.to_string();
    let slots = [
        ("c", bill),
        ("o", other),
        ("k", kind),
        ("mes", MONTHS[month as usize]),
        ("depois", MONTHS[month as usize + 1]),
        ("n", bound.as_str()),
    ];
    let of_kind = bills.picked(is(bills, "Categoria", kind));
    let of_bill = bills.picked(is(bills, "Conta", bill));
    to.ask(
        "sum",
        Some(total(&of_kind, money)),
        &slots,
        &[
            "quanto|Quanto gastei com {k}?",
            "quanto|Quanto foi gasto em {k}?",
            "quanto|quanto dá o valor total de {k}?",
            "quanto|Deu quanto o total da categoria {k}?",
            "somando|Somando tudo de {k} dá quanto?",
            "somando|soma do valor de {k}",
            "wrap|me diz o valor total da categoria {k}",
            "bare|total {k}",
            "formal|Informe o valor total da categoria {k}.",
            "subject|{k}: quanto deu no total?",
        ],
    );
    let bill_month = bills
        .picked(|row| row[0].text() == bill && row[2].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "lookup",
        Some(total(&bill_month, money)),
        &slots,
        &[
            "quanto|Quanto foi {c} em {mes}?",
            "quanto|Quanto paguei de {c} em {mes}?",
            "quanto|Qual o valor de {c} em {mes}?",
            "when|Qual foi o valor de {c} no mês de {mes}?",
            "subject|Em {mes}, {c} custou quanto?",
            "bare|valor {c} {mes}",
        ],
    );
    to.ask(
        "mean",
        mean(&of_bill, money),
        &slots,
        &[
            "media|Em média, quanto pago de {c}?",
            "media|Qual o valor médio de {c}?",
            "media|média de {c}",
            "media|Quanto é a média do valor de {c}?",
            "wrap|queria saber a média do valor de {c}",
        ],
    );
    let unpaid = bills.picked(is(bills, "Pago", "Não"));
    to.ask(
        "count",
        Some(count(unpaid.len())),
        &slots,
        &[
            "not|Quantas contas não foram pagas?",
            "not|Quantas contas não estão pagas?",
            "not|Quantas contas ainda não paguei?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&unpaid, money)),
        &slots,
        &[
            "not|Qual o valor total das contas não pagas?",
            "not|Quanto dá o valor das contas que não foram pagas?",
        ],
    );
    let paid_month = bills
        .picked(|row| row[4].text() == "Sim" && row[2].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "count",
        Some(count(paid_month.len())),
        &slots,
        &[
            "both|Quantas contas de {mes} foram pagas?",
            "both|Quantas contas pagas tem em {mes}?",
            "both|Das contas que vencem em {mes}, quantas foram pagas?",
        ],
    );
    to.ask(
        "extreme",
        extreme(
            &bills.picked(|row| row[2].date().is_some_and(|(_, m, _)| m == month)),
            0,
            money,
            true,
        ),
        &slots,
        &[
            "adjective|Qual foi a conta mais cara de {mes}?",
            "adjective|Qual a maior conta de {mes}?",
            "adjective|Em {mes}, qual conta teve o maior valor?",
            "verb|Qual conta pesou mais em {mes}?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(bills), 1, sums(money)), true),
        &slots,
        &[
            "adjective|Qual categoria tem o maior valor total?",
            "verb|Em qual categoria gastei mais?",
            "verb|Com qual categoria gasto mais no total?",
        ],
    );
    to.ask(
        "filter",
        Some(count(
            bills
                .picked(|row| row[money].number().is_some_and(|v| v > n * 100))
                .len(),
        )),
        &slots,
        &[
            "range|Quantas contas passaram de {n} reais?",
            "range|Quantas contas acima de R$ {n},00?",
            "short|qtas contas custaram mais de R${n}?",
            "wrap|me fala quantas contas passaram de R$ {n}",
            "bare|quantas contas maiores que {n} reais",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(bills), 1, sums(money)))),
        &slots,
        &[
            "quanto|Quanto gastei por categoria?",
            "quanto|Quanto deu cada categoria no total?",
            "somando|soma dos valores por categoria",
            "bare|valor total por categoria",
            "formal|Apresente o valor total de cada categoria.",
            "subject|Por categoria, quanto gastei?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(bills), 0, averages(money)))),
        &slots,
        &[
            "media|Qual o valor médio de cada conta?",
            "media|média do valor por conta",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&unpaid, 1, counts))),
        &slots,
        &[
            "not|Quantas contas não pagas por categoria?",
            "not|Por categoria, quantas contas não foram pagas?",
        ],
    );
    let in_month = bills.picked(|row| row[2].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(total(&in_month, money)),
        &slots,
        &[
            "when|Quanto gastei em {mes}?",
            "when|Quanto vence em {mes} no total?",
            "when|Qual o total das contas de {mes}?",
            "when|Qual o valor total das contas com vencimento em {mes}?",
            "somando|Somando as contas de {mes}, qual o valor?",
        ],
    );
    let two = bills.picked(|row| {
        row[2]
            .date()
            .is_some_and(|(_, m, _)| m == month || m == month + 1)
    });
    to.ask(
        "dates",
        Some(total(&two, money)),
        &slots,
        &[
            "range|Qual o valor total entre {mes} e {depois}?",
            "range|Quanto gastei de {mes} a {depois}?",
            "range|total do valor de {mes} até {depois}",
        ],
    );
    let half = bills.picked(|row| row[2].date().is_some_and(|(_, m, _)| m <= 3));
    to.ask(
        "dates",
        Some(total(&half, money)),
        &slots,
        &[
            "when|Qual o valor total das contas no primeiro trimestre?",
            "when|Quanto gastei no primeiro trimestre de 2025?",
        ],
    );
    let total_of =
        |name: &str| super::super::planted::sum(&bills.picked(is(bills, "Conta", name)), money);
    let (a, b) = (total_of(bill), total_of(other));
    to.ask(
        "compare",
        Some(Truth::Distance((a - b).abs(), 100)),
        &slots,
        &[
            "quanto|Qual a diferença do valor total entre {c} e {o}?",
            "both|compare o valor total de {c} e de {o}",
        ],
    );
    if a != b {
        to.ask(
            "compare",
            Some(Truth::Winner(if a > b { bill } else { other }.to_owned())),
            &slots,
            &[
                "verb|Gastei mais com {c} ou com {o}?",
                "adjective|Qual tem o maior valor total: {c} ou {o}?",
            ],
        );
    }
}
