//! Questions to lists of loans.

use super::super::planted::{
    Cell, Planted, Seed, Truth, count, distinct, grouped, mean, names, total, winner,
};
use super::{Asker, MONTHS, all, counts, is, sums};

pub(crate) fn library(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [loans] = tables else { return };
    let readers = loans.texts("Leitor");
    let reader = seed.one(&readers).as_str();
    let other = seed.one(&readers).as_str();
    let books = loans.texts("Livro");
    let book = seed.one(&books).as_str();
    let genre = *seed.one(&["Romance", "Poesia", "Teatro"]);
    let month = seed.within(2, 8) as u32;
    let fine = loans.column("Multa (R$)");
    let taken = loans.column("Retirada");
    let n = seed.within(3, 12);
    let bound = n.to_string();
    let slots = [
        ("l", reader),
        ("o", other),
        ("livro", book),
        ("g", genre),
        ("mes", MONTHS[month as usize]),
        ("depois", MONTHS[month as usize + 1]),
        ("n", bound.as_str()),
    ];
    let of_reader = loans.picked(is(loans, "Leitor", reader));
    let of_book = loans.picked(is(loans, "Livro", book));
    let of_genre = loans.picked(is(loans, "Gênero", genre));
    to.ask(
        "count",
        Some(count(of_reader.len())),
        &slots,
        &[
            "wrap|me diz quantos empréstimos {l} fez",
            "subject|{l} fez quantos empréstimos?",
            "short|qtos empréstimos do {l}?",
            "bare|quantos emprestimos tem {l}",
            "formal|Informe a quantidade de empréstimos de {l}.",
            "plural|quantos empréstimo {l} tem?",
        ],
    );
    to.ask(
        "count",
        Some(count(of_book.len())),
        &slots,
        &[
            "quanto|Quantos empréstimos teve o livro {livro}?",
            "subject|O livro {livro} teve quantos empréstimos?",
            "english|How many times was {livro} borrowed?",
            "any|Quantos empréstimos existem do livro {livro}?",
        ],
    );
    to.ask(
        "count",
        Some(count(distinct(&of_genre, loans.column("Leitor")))),
        &slots,
        &[
            "plural|Quantos leitores pegaram livros de {g}?",
            "plural|quantos leitores diferentes do gênero {g}?",
        ],
    );
    let open = loans.picked(|row| row[5] == Cell::Blank);
    to.ask(
        "count",
        Some(count(open.len())),
        &slots,
        &[
            "not|Quantos empréstimos estão sem devolução?",
            "not|Quantos empréstimos não têm devolução?",
            "not|Quantos empréstimos ainda não têm data de devolução?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_reader, fine)),
        &slots,
        &[
            "quanto|Quanto {l} deve de multa?",
            "quanto|Quanto deu de multa pro {l}?",
            "quanto|Quanto dá o total de multas de {l}?",
            "somando|Somando as multas de {l}, quanto dá?",
            "wrap|queria saber o total de multa do {l}",
            "bare|total multa {l}",
            "formal|Informe o valor total das multas de {l}.",
            "subject|{l} tem quanto de multa no total?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_genre, fine)),
        &slots,
        &[
            "quanto|Quanto somam as multas de {g}?",
            "quanto|qual a soma das multas do gênero {g}?",
            "somando|As multas dos livros de {g} somam quanto?",
        ],
    );
    to.ask(
        "mean",
        mean(&all(loans), fine),
        &slots,
        &[
            "media|Qual a multa média?",
            "media|Em média, de quanto é a multa?",
            "media|qual o valor médio das multas?",
            "media|quanto é em média a multa por empréstimo?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &loans.picked(|row| row[fine].number().is_some_and(|v| v > n * 100)),
            0,
        )),
        &slots,
        &[
            "verb|Quem tem multa maior que {n} reais?",
            "verb|Quem levou multa de mais de R$ {n}?",
            "range|Quais leitores têm multa acima de {n} reais?",
            "formal|Aponte os leitores com multa superior a R$ {n},00.",
            "english|Which leitores have multa above {n}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&of_reader, 1)),
        &slots,
        &[
            "verb|Que livros {l} pegou?",
            "wrap|me fala os livros que {l} pegou",
            "formal|Relacione os livros retirados por {l}.",
            "subject|{l} pegou quais livros?",
            "bare|livros do {l}",
            "plural|qual os livros do {l}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&of_genre, 2)),
        &slots,
        &[
            "plural|Quais autores de {g} aparecem?",
            "formal|Liste os autores do gênero {g}.",
            "both|quais são os autores dos livros de {g}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(loans), 3, counts))),
        &slots,
        &[
            "quanto|Quantos empréstimos por gênero?",
            "short|qtd de empréstimos por gênero",
            "plural|quantos empréstimos de cada gênero?",
            "formal|Apresente o número de empréstimos por gênero.",
            "subject|Por gênero, quantos empréstimos foram feitos?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(loans), 0, sums(fine)))),
        &slots,
        &[
            "quanto|Quanto de multa cada leitor tem no total?",
            "somando|soma das multas por leitor",
            "bare|total de multa por leitor",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(loans), 0, counts), true),
        &slots,
        &[
            "verb|Quem pegou mais livros emprestados?",
            "adjective|Qual leitor tem mais empréstimos?",
            "adjective|Quem é o leitor com mais empréstimos?",
            "english|Which Leitor has the most empréstimos?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(loans), 3, sums(fine)), true),
        &slots,
        &[
            "adjective|Qual gênero tem o maior total de multas?",
            "verb|Qual gênero somou mais multa?",
        ],
    );
    let in_month = loans.picked(|row| row[taken].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(count(in_month.len())),
        &slots,
        &[
            "when|Quantas retiradas teve em {mes}?",
            "when|Quantos empréstimos com retirada em {mes}?",
            "range|Quantos empréstimos têm retirada no mês de {mes}?",
        ],
    );
    let two = loans.picked(|row| {
        row[taken]
            .date()
            .is_some_and(|(_, m, _)| m == month || m == month + 1)
    });
    to.ask(
        "dates",
        Some(count(two.len())),
        &slots,
        &[
            "range|Quantos empréstimos com retirada entre {mes} e {depois}?",
            "range|Quantas retiradas de {mes} a {depois}?",
            "range|quantas retiradas entre os meses de {mes} e {depois}?",
        ],
    );
    if reader != other {
        let number_of = |name: &str| loans.picked(is(loans, "Leitor", name)).len();
        let (a, b) = (number_of(reader), number_of(other));
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { reader } else { other }.to_owned())),
                &slots,
                &[
                    "verb|Quem fez mais empréstimos, {l} ou {o}?",
                    "subject|Entre {l} e {o}, quem fez mais empréstimos?",
                ],
            );
        }
    }
}
