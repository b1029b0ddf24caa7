//! Questions to the grades.

use super::super::planted::{
    Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total,
};
use super::{Asker, all, averages, cell_of, counts, is, number, value};

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
