//! School reports, libraries, calendars, bills, runs.

use super::super::planted::{Cell, Planted, Seed, Written};
use super::{people, text, whole};

pub(crate) fn report(seed: &mut Seed) -> Vec<Planted> {
    let mut report = Planted::new(
        "Boletim",
        "",
        &[
            "Aluno",
            "Série",
            "Matemática",
            "Português",
            "História",
            "Ciências",
            "Faltas",
        ],
    );
    for column in 2..6 {
        report.written.insert(column, Written::CommaText);
    }
    for (index, name) in people(seed, 24).iter().enumerate() {
        let mut row = vec![text(name), text(["9º A", "9º B", "9º C"][index % 3])];
        for _ in 0..4 {
            row.push(Cell::Number(seed.within(4, 20) * 50));
        }
        row.push(whole(seed.within(0, 15)));
        report.rows.push(row);
    }
    vec![report]
}

pub(crate) fn library(seed: &mut Seed) -> Vec<Planted> {
    let books: [(&str, &str, &str); 10] = [
        ("Dom Casmurro", "Machado de Assis", "Romance"),
        ("Vidas Secas", "Graciliano Ramos", "Romance"),
        ("O Cortiço", "Aluísio Azevedo", "Romance"),
        ("Claro Enigma", "Carlos Drummond de Andrade", "Poesia"),
        ("Antologia Poética", "Vinicius de Moraes", "Poesia"),
        ("Libertinagem", "Manuel Bandeira", "Poesia"),
        ("Auto da Compadecida", "Ariano Suassuna", "Teatro"),
        ("Vestido de Noiva", "Nelson Rodrigues", "Teatro"),
        ("O Pagador de Promessas", "Dias Gomes", "Teatro"),
        ("Grande Sertão", "Guimarães Rosa", "Romance"),
    ];
    let readers = people(seed, 9);
    let mut loans = Planted::new(
        "Empréstimos",
        "",
        &[
            "Leitor",
            "Livro",
            "Autor",
            "Gênero",
            "Retirada",
            "Devolução",
            "Renovações",
            "Multa (R$)",
        ],
    );
    for index in 0..48 {
        let (title, author, genre) = *seed.one(&books);
        let month = 2 + (index / 6) as u32;
        loans.rows.push(vec![
            text(seed.pick(&readers)),
            text(title),
            text(author),
            text(genre),
            Cell::Date(2025, month, seed.within(1, 14) as u32),
            if seed.within(0, 4) == 0 {
                Cell::Blank
            } else {
                Cell::Date(2025, month, seed.within(15, 28) as u32)
            },
            whole(seed.within(0, 3)),
            Cell::Number(seed.within(0, 30) * 50),
        ]);
    }
    vec![loans]
}

pub(crate) fn calendar(seed: &mut Seed) -> Vec<Planted> {
    let mut events = Planted::new(
        "Eventos",
        "Calendário acadêmico",
        &["Evento", "Tipo", "Data", "Início", "Local", "Inscritos"],
    );
    for (index, (name, kind)) in [
        ("Semana de Acolhimento", "Integração"),
        ("Feira de Ciências", "Mostra"),
        ("Olimpíada de Matemática", "Competição"),
        ("Sarau Literário", "Cultura"),
        ("Torneio de Xadrez", "Competição"),
        ("Oficina de Fotografia", "Cultura"),
        ("Palestra sobre Sono", "Saúde"),
        ("Gincana Solidária", "Integração"),
        ("Mostra de Robótica", "Mostra"),
        ("Festival de Dança", "Cultura"),
        ("Corrida do Campus", "Competição"),
        ("Campanha de Vacinação", "Saúde"),
        ("Simulado Geral", "Competição"),
        ("Encontro de Egressos", "Integração"),
        ("Cine Debate", "Cultura"),
    ]
    .into_iter()
    .enumerate()
    {
        events.rows.push(vec![
            text(name),
            text(kind),
            Cell::Date(2025, 2 + (index as u32 * 2) / 3, seed.within(1, 28) as u32),
            Cell::Time(seed.within(16, 40) as u32 * 30),
            text(seed.pick(&["Ginásio", "Biblioteca", "Pátio", "Anfiteatro"])),
            whole(seed.within(12, 180)),
        ]);
    }
    vec![events]
}

pub(crate) fn bills(seed: &mut Seed) -> Vec<Planted> {
    let mut bills = Planted::new(
        "Contas",
        "",
        &["Conta", "Categoria", "Vencimento", "Valor", "Pago"],
    );
    bills.written.insert(3, Written::Reais);
    for month in 1..=6 {
        for (name, kind) in [
            ("Aluguel", "Moradia"),
            ("Energia", "Moradia"),
            ("Internet", "Serviços"),
            ("Academia", "Lazer"),
            ("Streaming", "Lazer"),
            ("Ônibus", "Transporte"),
        ] {
            bills.rows.push(vec![
                text(name),
                text(kind),
                Cell::Date(2025, month, seed.within(1, 28) as u32),
                Cell::Number(seed.within(2_000, 140_000)),
                text(if seed.within(0, 2) == 0 {
                    "Não"
                } else {
                    "Sim"
                }),
            ]);
        }
    }
    vec![bills]
}

pub(crate) fn runs(seed: &mut Seed) -> Vec<Planted> {
    let mut runs = Planted::new(
        "Corridas",
        "",
        &[
            "Data",
            "Atleta",
            "Percurso",
            "Distância (km)",
            "Frequência cardíaca (bpm)",
        ],
    );
    let athletes = ["Bianca", "Davi", "Lorena", "Samuel"];
    for index in 0..40 {
        runs.rows.push(vec![
            Cell::Date(2025, 3 + (index / 10) as u32, seed.within(1, 28) as u32),
            text(athletes[index % 4]),
            text(seed.pick(&["Orla", "Parque", "Pista", "Serra"])),
            Cell::Number(seed.within(20, 210) * 10),
            whole(seed.within(110, 185)),
        ]);
    }
    vec![runs]
}
