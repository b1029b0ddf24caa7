//! Questions to the planted tables, as teachers and students would put them, with what they must come to.
//!
//! Phrasings that begin with `!` are held out: the parser was never changed after looking at how it reads them.

use std::collections::BTreeMap;

use super::planted::{
    Cell, Planted, Seed, Truth, count, distinct, extreme, grouped, hundredths, mean, names, sum,
    top, total, winner,
};

pub(crate) const KINDS: [&str; 12] = [
    "lookup", "count", "sum", "mean", "extreme", "filter", "list", "group", "compare", "top",
    "dates", "across",
];

#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) kind: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) text: String,
    pub(crate) truth: Truth,
    pub(crate) held_out: bool,
}

/// Collects the questions of one domain.
pub(crate) struct Asker {
    pub(crate) domain: &'static str,
    pub(crate) questions: Vec<Question>,
}

impl Asker {
    /// All phrasings with the slots filled; nothing when the truth is none (an extreme that two share).
    fn ask(
        &mut self,
        kind: &'static str,
        truth: Option<Truth>,
        slots: &[(&str, &str)],
        phrasings: &[&str],
    ) {
        let Some(truth) = truth else { return };
        for phrasing in phrasings {
            let mut text = phrasing.trim_start_matches('!').to_owned();
            for (slot, value) in slots {
                text = text.replace(&format!("{{{slot}}}"), value);
            }
            self.questions.push(Question {
                kind,
                domain: self.domain,
                text,
                truth: truth.clone(),
                held_out: phrasing.starts_with('!'),
            });
        }
    }
}

fn all(table: &Planted) -> Vec<&Vec<Cell>> {
    table.picked(|_| true)
}

fn is(table: &Planted, column: &str, value: &str) -> impl Fn(&[Cell]) -> bool + use<> {
    let index = table.column(column);
    let value = value.to_owned();
    move |row: &[Cell]| row[index].text() == value
}

fn counts(rows: &[&Vec<Cell>]) -> (i128, i128) {
    (rows.len() as i128, 1)
}

fn averages(column: usize) -> impl Fn(&[&Vec<Cell>]) -> (i128, i128) {
    move |rows| match mean(rows, column) {
        Some(Truth::Number(a, b)) => (a, b),
        _ => (0, 1),
    }
}

fn sums(column: usize) -> impl Fn(&[&Vec<Cell>]) -> (i128, i128) {
    move |rows| (sum(rows, column), 100)
}

fn cell_of(table: &Planted, who: &str, name: &str, column: &str) -> Cell {
    let (who, column) = (table.column(who), table.column(column));
    table
        .rows
        .iter()
        .find(|row| row[who].text() == name)
        .map_or(Cell::Blank, |row| row[column].clone())
}

fn value(cell: &Cell) -> Option<Truth> {
    Some(match cell {
        Cell::Number(number) => hundredths(*number),
        Cell::Text(text) => Truth::Text(text.clone()),
        Cell::Date(y, m, d) => Truth::Text(format!("{d:02}/{m:02}/{y}")),
        Cell::Time(minutes) => Truth::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60)),
        Cell::Blank => return None,
    })
}

fn number(cell: &Cell) -> i128 {
    cell.number().map_or(0, i128::from)
}

pub(crate) fn grades(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [notes, students] = tables else { return };
    let exams = [
        (
            "1º bimestre / Prova",
            "prova do 1º bimestre",
            "prova do primeiro bimestre",
        ),
        (
            "1º bimestre / Trabalho",
            "trabalho do 1º bimestre",
            "trabalho do primeiro bimestre",
        ),
        (
            "2º bimestre / Prova",
            "prova do 2º bimestre",
            "prova do segundo bimestre",
        ),
        (
            "2º bimestre / Trabalho",
            "trabalho do 2º bimestre",
            "trabalho do segundo bimestre",
        ),
    ];
    let who = notes.column("Aluno");
    let (exam, short, long) = *seed.one(&exams);
    let column = notes.column(exam);
    let absent = notes.column("Faltas");
    let everyone = notes.texts("Aluno");
    let name = seed.one(&everyone).as_str();
    let other = seed.one(&everyone).as_str();
    let class = *seed.one(&["Turma A", "Turma B", "Turma C"]);
    let letter = &class[6..];
    let n = seed.within(4, 8);
    let k = seed.within(2, 5).to_string();
    let limit: usize = k.parse().unwrap();
    let bound = n.to_string();
    let slots = [
        ("aluno", name),
        ("outro", other),
        ("prova", short),
        ("exame", long),
        ("turma", class),
        ("letra", letter),
        ("n", &bound),
        ("k", &k),
    ];
    let in_class = notes.picked(is(notes, "Turma", class));
    to.ask(
        "lookup",
        value(&cell_of(notes, "Aluno", name, exam)),
        &slots,
        &[
            "Qual a nota de {aluno} na {prova}?",
            "Quanto {aluno} tirou na {prova}?",
            "nota da {exame} de {aluno}",
            "Me diga a {prova} do aluno {aluno}",
            "!Que nota {aluno} obteve na {exame}?",
            "!What did {aluno} get in {prova}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(notes, "Aluno", name, "Faltas")),
        &slots,
        &[
            "Quantas faltas tem {aluno}?",
            "Quantas vezes {aluno} faltou?",
            "número de faltas de {aluno}",
            "!{aluno} tem quantas faltas?",
            "!Quantas ausências teve {aluno}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(notes, "Aluno", name, "Turma")),
        &slots,
        &[
            "Em que turma está {aluno}?",
            "Qual é a turma de {aluno}?",
            "!De qual turma é {aluno}?",
        ],
    );
    let above = notes.picked(|row| row[column].number().is_some_and(|v| v > n * 100));
    let below = notes.picked(|row| row[column].number().is_some_and(|v| v < n * 100));
    let at_least = notes.picked(|row| row[column].number().is_some_and(|v| v >= n * 100));
    to.ask(
        "count",
        Some(count(above.len())),
        &slots,
        &[
            "Quantos alunos tiraram mais de {n} na {prova}?",
            "Quantos alunos ficaram acima de {n} na {exame}?",
            "quantos estudantes tem nota maior que {n} na {prova}",
            "How many students scored above {n} in {prova}?",
            "!Na {prova}, quantos alunos passaram de {n}?",
            "!Conte os alunos com {prova} superior a {n}",
        ],
    );
    to.ask(
        "count",
        Some(count(in_class.len())),
        &slots,
        &[
            "Quantos alunos há na {turma}?",
            "Quantos estudantes tem a {turma}?",
            "qual o numero de alunos da turma {letra}?",
            "!A {turma} tem quantos alunos?",
            "!Quantos discentes estão matriculados na {turma}?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&in_class, absent)),
        &slots,
        &[
            "Qual o total de faltas da {turma}?",
            "Some as faltas da turma {letra}",
            "Quantas faltas a {turma} tem ao todo?",
            "!Somando todo mundo, quantas faltas tem a {turma}?",
            "!Total de ausências na {turma}",
        ],
    );
    to.ask(
        "mean",
        mean(&in_class, column),
        &slots,
        &[
            "Qual a média da {turma} na {prova}?",
            "média da {exame} na turma {letra}",
            "What is the average of {prova} in {turma}?",
            "Qual foi a nota média da {prova} na {turma}?",
            "!Em média, quanto a {turma} tirou na {prova}?",
            "!Calcule a média aritmética da {prova} para a {turma}",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(notes), who, column, true),
        &slots,
        &[
            "Quem tirou a maior nota na {prova}?",
            "Qual aluno teve a nota mais alta na {exame}?",
            "maior nota da {prova}",
            "Who got the highest grade in {prova}?",
            "!Quem foi melhor na {prova}?",
            "!De quem é a maior nota da {exame}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&in_class, who, column, false),
        &slots,
        &[
            "Qual a menor nota da {turma} na {prova}?",
            "Quem tirou a pior nota da {exame} na {turma}?",
            "!Na {turma}, quem ficou com a menor nota na {prova}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(notes), who, absent, true),
        &slots,
        &[
            "Quem tem mais faltas?",
            "Qual aluno mais faltou?",
            "Qual estudante tem o maior número de faltas?",
            "!Quem é o aluno com mais ausências?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&below, who)),
        &slots,
        &[
            "Quais alunos ficaram abaixo de {n} na {prova}?",
            "Quem tirou menos de {n} na {exame}?",
            "Which students got less than {n} in {prova}?",
            "alunos com {prova} menor que {n}",
            "!Que alunos não chegaram a {n} na {prova}?",
            "!Quem ficou com nota inferior a {n} na {prova}?",
        ],
    );
    let both = notes
        .picked(|row| row[column].number().is_some_and(|v| v >= n * 100) && row[1].text() == class);
    to.ask(
        "filter",
        Some(names(&both, who)),
        &slots,
        &[
            "Quais alunos da {turma} tiraram pelo menos {n} na {prova}?",
            "Na turma {letra}, quem tem {prova} a partir de {n}?",
            "!Quem da {turma} tirou {n} ou mais na {prova}?",
            "!Estudantes da {turma} com no mínimo {n} na {exame}",
        ],
    );
    let not_class = notes
        .picked(|row| row[1].text() != class && row[column].number().is_some_and(|v| v >= n * 100));
    to.ask(
        "filter",
        Some(names(&not_class, who)),
        &slots,
        &[
            "Quais alunos que não são da {turma} tiraram pelo menos {n} na {prova}?",
            "!Tirando a {turma}, quais alunos têm {prova} de pelo menos {n}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&in_class, who)),
        &slots,
        &[
            "Liste os alunos da {turma}",
            "Quais são os alunos da turma {letra}?",
            "me mostre todos os estudantes da {turma}",
            "List all students in {turma}",
            "!Quem está na {turma}?",
            "!Nomes dos alunos da {turma}, por favor",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(notes), 1, averages(column)))),
        &slots,
        &[
            "Qual a média da {prova} por turma?",
            "média da {exame} de cada turma",
            "average {prova} per class",
            "!Para cada turma, qual foi a média da {prova}?",
            "!Mostre a nota média na {prova} separada por turma",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(notes), 1, counts))),
        &slots,
        &[
            "Quantos alunos há em cada turma?",
            "número de alunos por turma",
            "!Cada turma tem quantos alunos?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(notes, "Aluno", name, exam)),
            number(&cell_of(notes, "Aluno", other, exam)),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "Qual a diferença entre as notas de {aluno} e {outro} na {prova}?",
                "Compare {aluno} e {outro} na {prova}",
                "!Quantos pontos a mais {aluno} tirou que {outro} na {prova}?",
                "!diferença na {prova} entre {outro} e {aluno}",
            ],
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "Quem tirou a maior nota na {prova}, {aluno} ou {outro}?",
                    "Na {prova}, quem foi melhor: {aluno} ou {outro}?",
                    "!Entre {aluno} e {outro}, quem tirou a maior nota na {prova}?",
                    "!{aluno} ou {outro}: quem tem a nota mais alta na {prova}?",
                ],
            );
        }
    }
    to.ask(
        "top",
        Some(top(&all(notes), who, column, limit, true)),
        &slots,
        &[
            "Quais as {k} maiores notas da {prova}?",
            "Os {k} alunos com as maiores notas na {exame}",
            "top {k} da {prova}",
            "Quais foram os {k} melhores alunos na {prova}?",
            "!Liste os {k} estudantes mais bem colocados na {prova}",
            "!Mostre as {k} notas mais altas da {prova}",
        ],
    );
    let born = students.column("Nascimento");
    let year = seed.within(2003, 2006) as i32;
    let years = year.to_string();
    let slots_year = [("ano", years.as_str()), ("turma", class)];
    let of_year = students.picked(|row| row[born].date().is_some_and(|(y, _, _)| y == year));
    to.ask(
        "dates",
        Some(count(of_year.len())),
        &slots_year,
        &[
            "Quantos alunos nasceram em {ano}?",
            "Quantos alunos têm data de nascimento em {ano}?",
            "!Nascidos em {ano}: quantos alunos são?",
        ],
    );
    let city = *seed.one(&["Recife", "Olinda", "Caruaru", "Jaboatão"]);
    let slots_city = [
        ("cidade", city),
        ("turma", class),
        ("prova", short),
        ("n", bound.as_str()),
    ];
    let of_city = |name: &str| cell_of(students, "Aluno", name, "Cidade").text() == city;
    let joined = notes.picked(|row| of_city(row[0].text()));
    to.ask(
        "across",
        mean(&joined, column),
        &slots_city,
        &[
            "Qual a média da {prova} dos alunos de {cidade}?",
            "média na {prova} de quem mora na cidade {cidade}",
            "!Em média, quanto os alunos de {cidade} tiraram na {prova}?",
        ],
    );
    let joined = notes.picked(|row| of_city(row[0].text()) && row[1].text() == class);
    to.ask(
        "across",
        Some(names(&joined, who)),
        &slots_city,
        &[
            "Quais alunos da {turma} são de {cidade}?",
            "Liste os alunos de {cidade} da {turma}",
            "!Na {turma}, quem é de {cidade}?",
        ],
    );
    let grants = notes.picked(|row| {
        cell_of(students, "Aluno", row[0].text(), "Bolsista").text() == "Sim"
            && row[column].number().is_some_and(|v| v >= n * 100)
    });
    to.ask(
        "across",
        Some(count(grants.len())),
        &slots_city,
        &[
            "Quantos bolsistas tiraram pelo menos {n} na {prova}?",
            "!Quantos alunos bolsistas ficaram com {n} ou mais na {prova}?",
        ],
    );
    let _ = at_least;
}

pub(crate) fn training(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [first, second, catalogue] = tables else {
        return;
    };
    let plan = if seed.within(0, 1) == 0 {
        first
    } else {
        second
    };
    let exercises = plan.texts("Exercício");
    let name = seed.one(&exercises).as_str();
    let other = seed.one(&exercises).as_str();
    let n = seed.within(20, 80);
    let bound = n.to_string();
    let k = seed.within(2, 4).to_string();
    let load = plan.column("Carga (kg)");
    let slots = [
        ("ex", name),
        ("outro", other),
        ("t", plan.sheet),
        ("n", bound.as_str()),
        ("k", k.as_str()),
    ];
    let heavy = plan.picked(|row| row[load].number().is_some_and(|v| v > n * 100));
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Séries")),
        &slots,
        &[
            "Quantas séries de {ex} no {t}?",
            "No {t}, quantas séries de {ex} eu faço?",
            "series de {ex}, {t}",
            "!Quantas são as séries de {ex} no {t}?",
            "!How many sets of {ex} in {t}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Carga (kg)")),
        &slots,
        &[
            "Qual a carga do {ex}?",
            "Com quantos kg faço {ex}?",
            "Qual é o peso usado no {ex}?",
            "!Quantos quilos no {ex}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(plan, "Exercício", name, "Descanso (s)")),
        &slots,
        &[
            "Qual o descanso do {ex} no {t}?",
            "Quantos segundos de descanso no {ex}?",
            "!Qual o tempo de intervalo de {ex}?",
        ],
    );
    to.ask(
        "count",
        Some(count(plan.rows.len())),
        &slots,
        &[
            "Quantos exercícios tem o {t}?",
            "Quantos exercícios há no {t}?",
            "how many exercises are in {t}?",
            "!O {t} tem quantos exercícios?",
        ],
    );
    to.ask(
        "count",
        Some(count(heavy.len())),
        &slots,
        &[
            "Quantos exercícios do {t} têm carga acima de {n} kg?",
            "No {t}, quantos exercícios passam de {n}kg?",
            "!Quantos exercícios do {t} usam mais de {n} quilos?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&all(plan), plan.column("Séries"))),
        &slots,
        &[
            "Qual o total de séries do {t}?",
            "Quantas séries tem o {t} ao todo?",
            "soma das séries do {t}",
            "!Somando tudo, são quantas séries no {t}?",
        ],
    );
    to.ask(
        "mean",
        mean(&all(plan), load),
        &slots,
        &[
            "Qual a carga média do {t}?",
            "média de carga no {t}",
            "!Em média, qual a carga no {t}?",
            "!What is the average weight in {t}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(plan), 0, load, true),
        &slots,
        &[
            "Qual exercício do {t} tem a maior carga?",
            "Qual o exercício mais pesado do {t}?",
            "maior carga do {t}",
            "!No {t}, qual exercício leva mais carga?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&heavy, 0)),
        &slots,
        &[
            "Quais exercícios do {t} têm mais de {n} kg?",
            "exercicios do {t} com carga maior que {n}",
            "!Que exercícios do {t} ultrapassam {n} kg?",
        ],
    );
    to.ask(
        "list",
        Some(names(&all(plan), 0)),
        &slots,
        &[
            "Liste os exercícios do {t}",
            "Quais são os exercícios do {t}?",
            "!Me passe todos os exercícios do {t}",
        ],
    );
    let groups = catalogue.texts("Grupo muscular");
    let group = seed.one(&groups).as_str();
    let slots_group = [("g", group), ("t", plan.sheet)];
    let of_group = catalogue.picked(is(catalogue, "Grupo muscular", group));
    to.ask(
        "list",
        Some(names(&of_group, 0)),
        &slots_group,
        &[
            "Quais exercícios são do grupo muscular {g}?",
            "Liste os exercícios de {g}",
            "!Que exercícios trabalham o grupo {g}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(catalogue), 1, counts))),
        &slots_group,
        &[
            "Quantos exercícios por grupo muscular?",
            "número de exercícios de cada grupo muscular",
            "!Para cada grupo muscular, quantos exercícios existem?",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(plan), 0, load, k.parse().unwrap(), true)),
        &slots,
        &[
            "Quais os {k} exercícios mais pesados do {t}?",
            "Os {k} exercícios com maior carga no {t}",
            "!Quais as {k} maiores cargas do {t}?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(plan, "Exercício", name, "Carga (kg)")),
            number(&cell_of(plan, "Exercício", other, "Carga (kg)")),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "Qual a diferença de carga entre {ex} e {outro}?",
                "!Compare a carga de {ex} com a de {outro}",
            ],
        );
    }
    let of = |row: &[Cell], what: &str| {
        cell_of(catalogue, "Exercício", row[0].text(), "Grupo muscular").text() == what
    };
    let joined = plan.picked(|row| of(row, group));
    to.ask(
        "across",
        Some(total(&joined, plan.column("Séries"))).filter(|_| !joined.is_empty()),
        &slots_group,
        &[
            "Quantas séries de {g} há no {t}?",
            "Qual o total de séries do grupo {g} no {t}?",
            "!No {t}, somando tudo, quantas séries são de {g}?",
        ],
    );
}

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
    let named = [
        "",
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
    ][month as usize];
    let slots_month = [("mes", named)];
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
    let months = [
        "",
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ];
    let k = seed.within(2, 3).to_string();
    let slots = [
        ("v", name),
        ("outro", other),
        ("p", product),
        ("r", region),
        ("mes", months[month as usize]),
        ("depois", months[month as usize + 1]),
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

pub(crate) fn finance(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [spent, funds] = tables else { return };
    let money = spent.column("Valor (R$)");
    let category = *seed.one(&["Viagem", "Material", "Serviços"]);
    let way = *seed.one(&["Cartão", "Boleto", "Pix"]);
    let month = seed.within(1, 12) as u32;
    let months = [
        "",
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ];
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
        ("mes", months[month as usize]),
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

pub(crate) fn timetable(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [plan] = tables else { return };
    let subjects = plan.texts("Disciplina");
    let name = seed.one(&subjects).as_str();
    let teachers = plan.texts("Professor");
    let teacher = seed.one(&teachers).as_str();
    let rooms = plan.texts("Sala");
    let room = seed.one(&rooms).as_str();
    let month = seed.within(3, 6) as u32;
    let named = ["", "", "", "março", "abril", "maio", "junho"][month as usize];
    let seats = plan.column("Vagas");
    let slots = [
        ("d", name),
        ("prof", teacher),
        ("sala", room),
        ("mes", named),
    ];
    for (column, phrasings) in [
        (
            "Professor",
            &[
                "Quem é o professor de {d}?",
                "Quem dá aula de {d}?",
                "Qual o professor da disciplina {d}?",
                "!Qual docente ministra {d}?",
                "!Quem leciona {d}?",
            ][..],
        ),
        (
            "Sala",
            &[
                "Onde é a aula de {d}?",
                "Em que sala é {d}?",
                "Qual a sala de {d}?",
                "!A disciplina {d} fica em qual sala?",
            ][..],
        ),
        (
            "Início",
            &[
                "A que horas começa {d}?",
                "Qual o horário de {d}?",
                "!Que horas inicia a aula de {d}?",
            ][..],
        ),
        (
            "Data da prova",
            &[
                "Quando é a prova de {d}?",
                "Qual a data da prova de {d}?",
                "!Em que dia será a prova de {d}?",
            ][..],
        ),
        (
            "Dia da semana",
            &[
                "Em que dia da semana é {d}?",
                "!{d} é em qual dia da semana?",
            ][..],
        ),
        (
            "Vagas",
            &[
                "Quantas vagas tem {d}?",
                "Quantas vagas há em {d}?",
                "!{d} oferece quantas vagas?",
            ][..],
        ),
    ] {
        to.ask(
            "lookup",
            value(&cell_of(plan, "Disciplina", name, column)),
            &slots,
            phrasings,
        );
    }
    let of_teacher = plan.picked(is(plan, "Professor", teacher));
    to.ask(
        "list",
        Some(names(&of_teacher, 0)),
        &slots,
        &[
            "Quais disciplinas {prof} dá?",
            "Liste as disciplinas de {prof}",
            "Quais são as matérias do professor {prof}?",
            "!Que disciplinas são ministradas por {prof}?",
        ],
    );
    to.ask(
        "count",
        Some(count(of_teacher.len())),
        &slots,
        &[
            "Quantas disciplinas {prof} leciona?",
            "Quantas disciplinas tem {prof}?",
            "!{prof} dá quantas disciplinas?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&all(plan), seats)),
        &slots,
        &[
            "Qual o total de vagas?",
            "Quantas vagas existem ao todo?",
            "!São quantas vagas no total?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&plan.picked(is(plan, "Sala", room)), 0)),
        &slots,
        &[
            "Quais disciplinas são no(a) {sala}?",
            "Que disciplinas acontecem na sala {sala}?",
            "!O que tem na sala {sala}? Liste as disciplinas",
        ],
    );
    let evening = plan.picked(|row| matches!(row[3], Cell::Time(minutes) if minutes >= 18 * 60));
    to.ask(
        "filter",
        Some(names(&evening, 0)),
        &slots,
        &[
            "Quais disciplinas começam a partir das 18h?",
            "!Que disciplinas têm início às 18:00 ou mais tarde?",
            "Disciplinas com início a partir de 18:00",
        ],
    );
    let in_month = plan.picked(|row| row[6].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(names(&in_month, 0)),
        &slots,
        &[
            "Quais disciplinas têm prova em {mes}?",
            "Liste as disciplinas com prova em {mes} de 2025",
            "!De quais disciplinas é a prova em {mes}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(plan), 1, counts))),
        &slots,
        &[
            "Quantas disciplinas por professor?",
            "!Quantas disciplinas cada professor tem?",
        ],
    );
}

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

pub(crate) fn staff(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [staff] = tables else { return };
    let everyone = staff.texts("Employee");
    let name = seed.one(&everyone).as_str();
    let other = seed.one(&everyone).as_str();
    let departments = staff.texts("Department");
    let department = seed.one(&departments).as_str();
    let (pay, age) = (staff.column("Salary"), staff.column("Age"));
    let n = seed.within(30, 50);
    let bound = n.to_string();
    let year = seed.within(2013, 2023) as i32;
    let years = year.to_string();
    let k = seed.within(2, 4).to_string();
    let slots = [
        ("e", name),
        ("o", other),
        ("d", department),
        ("n", bound.as_str()),
        ("y", years.as_str()),
        ("k", k.as_str()),
    ];
    let of = staff.picked(is(staff, "Department", department));
    to.ask(
        "lookup",
        value(&cell_of(staff, "Employee", name, "Salary")),
        &slots,
        &[
            "What is the salary of {e}?",
            "What is {e}'s salary?",
            "Qual o salário de {e}?",
            "!How much does {e} earn as salary?",
        ],
    );
    to.ask(
        "count",
        Some(count(of.len())),
        &slots,
        &[
            "How many employees are in {d}?",
            "How many employees work in the {d} department?",
            "!Count the employees in {d}",
            "Quantos funcionários há no departamento {d}?",
        ],
    );
    to.ask(
        "mean",
        mean(&of, pay),
        &slots,
        &[
            "What is the average salary in {d}?",
            "average salary of the {d} department",
            "!On average, what is the salary in {d}?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of, pay)),
        &slots,
        &[
            "What is the total salary of {d}?",
            "!Sum of salaries in {d}",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(staff), 0, pay, true),
        &slots,
        &[
            "Who has the highest salary?",
            "Which employee has the highest salary?",
            "!Whose salary is the highest?",
        ],
    );
    let old = staff.picked(|row| row[age].number().is_some_and(|v| v > n * 100));
    to.ask(
        "filter",
        Some(names(&old, 0)),
        &slots,
        &[
            "Which employees are over {n} years of age?",
            "List employees with age above {n}",
            "!Who is older than {n}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(staff), 1, averages(pay)))),
        &slots,
        &[
            "What is the average salary by department?",
            "average salary for each department",
            "!Show the mean salary per department",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(staff), 0, pay, k.parse().unwrap(), true)),
        &slots,
        &[
            "Who are the {k} employees with the highest salary?",
            "top {k} salaries",
            "!List the {k} highest salaries",
        ],
    );
    let since = staff.picked(|row| row[5].date().is_some_and(|(y, _, _)| y > year));
    to.ask(
        "dates",
        Some(count(since.len())),
        &slots,
        &[
            "How many employees were hired after {y}?",
            "!How many employees have a hire date after {y}?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(staff, "Employee", name, "Salary")),
            number(&cell_of(staff, "Employee", other, "Salary")),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "What is the difference between the salaries of {e} and {o}?",
                "!Compare the salary of {e} and {o}",
            ],
        );
    }
    let _ = distinct(&of, 0);
}
