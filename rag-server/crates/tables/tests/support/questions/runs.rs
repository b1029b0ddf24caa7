//! Questions to training logs.

use super::super::planted::{
    Planted, Seed, Truth, count, extreme, grouped, mean, names, sum, total, winner,
};
use super::{Asker, MONTHS, all, averages, counts, is, sums};

pub(crate) fn runs(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [runs] = tables else { return };
    let athletes = ["Bianca", "Davi", "Lorena", "Samuel"];
    let name = *seed.one(&athletes);
    let other = *seed.one(&athletes);
    let course = *seed.one(&["Orla", "Parque", "Pista", "Serra"]);
    let month = seed.within(3, 5) as u32;
    let (far, beat) = (3, 4);
    let n = seed.within(6, 14);
    let bound = n.to_string();
    let slots = [
        ("a", name),
        ("o", other),
        ("p", course),
        ("mes", MONTHS[month as usize]),
        ("depois", MONTHS[month as usize + 1]),
        ("n", bound.as_str()),
    ];
    let of = runs.picked(is(runs, "Atleta", name));
    let there = runs.picked(is(runs, "Percurso", course));
    to.ask(
        "sum",
        Some(total(&of, far)),
        &slots,
        &[
            "quanto|Quantos km {a} correu no total?",
            "quanto|Quantos quilômetros {a} correu?",
            "quanto|Quanto {a} correu ao todo em km?",
            "somando|Somando tudo, quantos km {a} correu?",
            "subject|{a} correu quantos km no total?",
            "bare|total km {a}",
            "wrap|me diz a distância total da {a}",
            "formal|Informe a distância total percorrida por {a}.",
            "english|What is the total distance of {a}?",
        ],
    );
    to.ask(
        "count",
        Some(count(of.len())),
        &slots,
        &[
            "quanto|Quantas corridas {a} fez?",
            "subject|{a} fez quantas corridas?",
            "short|qtas corridas da {a}?",
            "verb|Quantas vezes {a} correu?",
            "wrap|quero saber quantas corridas a {a} fez",
            "english|How many runs did {a} do?",
        ],
    );
    to.ask(
        "mean",
        mean(&of, far),
        &slots,
        &[
            "media|Em média, quantos km {a} corre?",
            "media|Qual a distância média da {a}?",
            "media|quanto {a} corre em média?",
            "bare|distancia media {a}",
            "short|dist média da {a}",
        ],
    );
    to.ask(
        "mean",
        mean(&there, beat),
        &slots,
        &[
            "media|Qual a frequência cardíaca média no percurso {p}?",
            "media|média de frequência cardíaca na {p}",
            "media|Em média, quantos bpm na {p}?",
            "formal|Calcule a frequência cardíaca média no percurso {p}.",
        ],
    );
    to.ask(
        "filter",
        Some(count(
            runs.picked(|row| {
                row[far].number().is_some_and(|v| v > n * 100) && row[1].text() == name
            })
            .len(),
        )),
        &slots,
        &[
            "both|Quantas corridas de {a} têm mais de {n} km?",
            "both|Em quantas corridas {a} passou de {n} km?",
            "range|quantas corridas da {a} com distância maior que {n} km?",
            "short|qtas corridas da {a} com + de {n} km?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &runs.picked(|row| row[beat].number().is_some_and(|v| v > 16_000)),
            1,
        )),
        &slots,
        &[
            "verb|Quem passou de 160 bpm?",
            "range|Quais atletas tiveram frequência cardíaca acima de 160?",
            "any|Alguém teve frequência cardíaca acima de 160 bpm? Quem?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(runs), 1, sums(far)), true),
        &slots,
        &[
            "adjective|Qual atleta tem a maior distância total?",
            "verb|Quem correu mais km no total?",
            "verb|Quem correu a maior distância total?",
            "english|Who ran the greatest total distance?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&of, 0, far, true).and_then(|truth| match truth {
            Truth::Who(_, value) => Some(Truth::Number(value, 100)),
            _ => None,
        }),
        &slots,
        &[
            "adjective|Qual a maior distância da {a}?",
            "adjective|Qual foi a corrida mais longa da {a} em km?",
            "subject|{a} correu no máximo quantos km?",
            "formal|Indique a maior distância de {a}.",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(runs), 1, sums(far)))),
        &slots,
        &[
            "quanto|Quantos km cada atleta correu?",
            "somando|soma da distância por atleta",
            "bare|km por atleta total",
            "formal|Apresente a distância total por atleta.",
            "english|total distance per atleta",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(runs), 2, averages(beat)))),
        &slots,
        &[
            "media|Qual a frequência cardíaca média por percurso?",
            "media|Em média, qual a frequência cardíaca em cada percurso?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(runs), 2, counts))),
        &slots,
        &[
            "quanto|Quantas corridas em cada percurso?",
            "short|qtd de corridas por percurso",
        ],
    );
    let in_month = runs
        .picked(|row| row[0].date().is_some_and(|(_, m, _)| m == month) && row[1].text() == name);
    to.ask(
        "dates",
        Some(total(&in_month, far)),
        &slots,
        &[
            "when|Quantos km {a} correu em {mes}?",
            "when|Qual a distância total da {a} em {mes}?",
            "both|Em {mes}, qual foi a distância total de {a}?",
        ],
    );
    let two = runs.picked(|row| {
        row[0]
            .date()
            .is_some_and(|(_, m, _)| m == month || m == month + 1)
    });
    to.ask(
        "dates",
        Some(count(two.len())),
        &slots,
        &[
            "range|Quantas corridas houve entre {mes} e {depois}?",
            "range|quantas corridas de {mes} até {depois}?",
            "range|Quantas corridas foram feitas de {mes} pra {depois}?",
        ],
    );
    if name != other {
        let km = |name: &str| sum(&runs.picked(is(runs, "Atleta", name)), far);
        let (a, b) = (km(name), km(other));
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "quanto|Qual a diferença de distância total entre {a} e {o}?",
                "quanto|Quantos km {a} correu a mais que {o}?",
            ],
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "verb|Quem correu mais km, {a} ou {o}?",
                    "subject|Entre {a} e {o}, quem correu mais km?",
                ],
            );
        }
    }
}
