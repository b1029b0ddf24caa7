//! Questions to school reports.

use super::super::planted::{
    Planted, Seed, Truth, count, extreme, grouped, mean, names, top, total,
};
use super::{Asker, all, averages, cell_of, is, number, value};

pub(crate) fn report(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [report] = tables else { return };
    let everyone = report.texts("Aluno");
    let name = seed.one(&everyone).as_str();
    let other = seed.one(&everyone).as_str();
    let subject = *seed.one(&["Matemática", "Português", "História", "Ciências"]);
    let second = if subject == "História" {
        "Ciências"
    } else {
        "História"
    };
    let class = *seed.one(&["9º A", "9º B", "9º C"]);
    let plain = subject
        .to_lowercase()
        .replace('á', "a")
        .replace('ê', "e")
        .replace('ó', "o");
    let (column, beside) = (report.column(subject), report.column(second));
    let absent = report.column("Faltas");
    let n = seed.within(5, 8);
    let bound = n.to_string();
    let low = (n - 1).to_string();
    let k = seed.within(2, 4).to_string();
    let slots = [
        ("aluno", name),
        ("outro", other),
        ("mat", subject),
        ("mate", plain.as_str()),
        ("out", second),
        ("s", class),
        ("n", bound.as_str()),
        ("m", low.as_str()),
        ("k", k.as_str()),
    ];
    let in_class = report.picked(is(report, "Série", class));
    to.ask(
        "lookup",
        value(&cell_of(report, "Aluno", name, subject)),
        &slots,
        &[
            "wrap|Me diz quanto {aluno} tirou em {mat}",
            "wrap|Queria saber a nota de {mat} do {aluno}",
            "wrap|oi, pode me dizer a nota de {aluno} em {mat}?",
            "subject|{aluno} tirou quanto em {mat}?",
            "subject|Em {mat}, {aluno} tirou quanto?",
            "bare|nota {aluno} {mate}",
            "bare|quanto o {aluno} tirou em {mate}",
            "english|What grade did {aluno} get in {mat}?",
            "formal|Informe a nota obtida por {aluno} em {mat}.",
            "slip|qual a nota de {aluno} em {mate}",
            "slip|ql a nota do {aluno} em {mat}?",
            "short|qual nota {aluno} tirou em {mat} pfv",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(report, "Aluno", name, "Faltas")),
        &slots,
        &[
            "short|qtas faltas o {aluno} tem?",
            "short|qtd de faltas de {aluno}",
            "subject|{aluno} faltou quantas vezes?",
            "verb|Quanto {aluno} faltou?",
            "wrap|gostaria de saber quantas faltas tem {aluno}",
            "slip|quantas falta tem {aluno}?",
            "english|How many absences does {aluno} have?",
            "formal|Indique o número de faltas de {aluno}.",
        ],
    );
    let above = report.picked(|row| row[column].number().is_some_and(|v| v > n * 100));
    let below = report.picked(|row| row[column].number().is_some_and(|v| v < n * 100));
    to.ask(
        "count",
        Some(count(above.len())),
        &slots,
        &[
            "wrap|me fala quantos alunos tiraram mais que {n} em {mat}",
            "short|qtos alunos tiraram mais de {n} em {mat}?",
            "short|nº de alunos com {mat} acima de {n}",
            "subject|Acima de {n} em {mat} ficaram quantos alunos?",
            "bare|quantos alunos acima de {n} em {mate}",
            "english|How many students got more than {n} in {mat}?",
            "formal|Informe o número de alunos com nota superior a {n} em {mat}.",
            "plural|quantos aluno passou de {n} em {mat}?",
        ],
    );
    to.ask(
        "count",
        Some(count(in_class.len())),
        &slots,
        &[
            "subject|O {s} tem quantos alunos?",
            "wrap|me diz quantos alunos tem o {s}",
            "plural|quantas pessoas tem no {s}?",
            "any|Tem quantos alunos no {s}?",
            "short|qtos alunos no {s}",
        ],
    );
    to.ask(
        "sum",
        Some(total(&in_class, absent)),
        &slots,
        &[
            "quanto|Quanto dá a soma das faltas do {s}?",
            "quanto|As faltas do {s} somam quanto?",
            "somando|Somando as faltas do {s} dá quanto?",
            "somando|Se eu somar as faltas de todos do {s}, quanto dá?",
            "bare|total faltas {s}",
            "verb|Quantas vezes os alunos do {s} faltaram ao todo?",
            "formal|Totalize as faltas do {s}.",
        ],
    );
    to.ask(
        "mean",
        mean(&in_class, column),
        &slots,
        &[
            "media|Em média, quanto o {s} tirou em {mat}?",
            "media|qual a média de {mat} do {s}?",
            "media|Qual foi a média em {mat} no {s}?",
            "media|A média do {s} em {mat} foi quanto?",
            "media|média {mat} {s}",
            "quanto|Quanto ficou a média de {mat} do {s}?",
            "wrap|você sabe a média do {s} em {mat}?",
            "bare|media de {mate} do {s}",
            "english|What was the average in {mat} for {s}?",
            "formal|Calcule a média das notas de {mat} no {s}.",
            "subject|No {s}, a média de {mat} é de quanto?",
        ],
    );
    to.ask(
        "mean",
        mean(&all(report), column),
        &slots,
        &[
            "media|qual a média geral de {mat}?",
            "media|Qual a média da sala toda em {mat}?",
            "media|em média quanto a galera tirou em {mat}?",
            "quanto|Quanto é a média das notas em {mat}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(report), 0, column, true),
        &slots,
        &[
            "verb|Quem tirou mais em {mat}?",
            "verb|Quem se saiu melhor em {mat}?",
            "verb|Quem foi o melhor em {mat}?",
            "adjective|Qual a nota mais alta de {mat}?",
            "adjective|Qual foi a maior nota em {mat} e de quem?",
            "adjective|Quem teve o melhor desempenho em {mat}?",
            "adjective|quem foi o primeiro colocado em {mat}?",
            "english|Who has the best grade in {mat}?",
            "bare|maior nota {mate}",
            "formal|Aponte o aluno com a maior nota em {mat}.",
            "wrap|me diz quem tirou a maior nota em {mat}",
            "subject|Em {mat}, quem tirou a maior nota?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&in_class, 0, absent, true),
        &slots,
        &[
            "verb|Quem faltou mais no {s}?",
            "verb|quem mais faltou no {s}?",
            "adjective|No {s}, quem é o mais faltoso?",
            "adjective|Qual aluno do {s} tem o maior número de faltas?",
            "subject|Do {s}, quem tem mais faltas?",
        ],
    );
    to.ask(
        "filter",
        Some(names(&below, 0)),
        &slots,
        &[
            "verb|Quem tirou menos de {n} em {mat}?",
            "any|Algum aluno ficou abaixo de {n} em {mat}? Quais?",
            "any|Quem são os alunos com menos de {n} em {mat}?",
            "wrap|me passa os alunos que tiraram menos de {n} em {mat}",
            "bare|alunos com menos de {n} em {mate}",
            "english|Which students scored below {n} in {mat}?",
            "formal|Relacione os alunos com nota inferior a {n} em {mat}.",
            "slip|quais alunos ficaram abaxo de {n} em {mat}?",
            "plural|qual aluno tirou menos de {n} em {mat}?",
            "not|Quem não chegou a {n} em {mat}?",
            "not|Quais alunos não atingiram {n} em {mat}?",
        ],
    );
    let between = report.picked(|row| {
        row[column]
            .number()
            .is_some_and(|v| ((n - 1) * 100..=n * 100).contains(&v))
    });
    to.ask(
        "filter",
        Some(names(&between, 0)),
        &slots,
        &[
            "range|Quem tirou entre {m} e {n} em {mat}?",
            "range|alunos com nota de {m} a {n} em {mat}",
            "range|Quais alunos têm {mat} entre {m} e {n}?",
            "range|quem ficou na faixa de {m} a {n} em {mat}?",
            "range|Quem tirou no mínimo {m} e no máximo {n} em {mat}?",
        ],
    );
    let both = report.picked(|row| {
        row[column].number().is_some_and(|v| v >= n * 100)
            && row[beside].number().is_some_and(|v| v >= n * 100)
    });
    to.ask(
        "filter",
        Some(names(&both, 0)),
        &slots,
        &[
            "both|Quem tirou pelo menos {n} em {mat} e pelo menos {n} em {out}?",
            "both|alunos com {mat} a partir de {n} e {out} a partir de {n}",
            "both|Quais alunos tiraram {n} ou mais em {mat} e {n} ou mais em {out}?",
        ],
    );
    let either = report
        .picked(|row| row[column].number().is_some_and(|v| v < n * 100) && row[1].text() == class);
    to.ask(
        "filter",
        Some(names(&either, 0)),
        &slots,
        &[
            "both|Quais alunos do {s} tiraram menos de {n} em {mat}?",
            "both|quem é do {s} e tirou menos de {n} em {mat}?",
            "both|Do {s}, quem ficou abaixo de {n} em {mat}?",
            "verb|No {s}, quem tirou menos de {n} em {mat}?",
        ],
    );
    let average = {
        let sum: i64 = report
            .rows
            .iter()
            .filter_map(|row| row[column].number())
            .sum();
        let count = report.rows.len() as i64;
        move |v: i64, over: bool| {
            if over {
                v * count > sum
            } else {
                v * count < sum
            }
        }
    };
    let over = report.picked(|row| row[column].number().is_some_and(|v| average(v, true)));
    let under = report.picked(|row| row[column].number().is_some_and(|v| average(v, false)));
    to.ask(
        "filter",
        Some(names(&over, 0)),
        &slots,
        &[
            "against|Quem ficou acima da média em {mat}?",
            "against|Quais alunos têm {mat} acima da média?",
            "against|alunos com nota maior que a média em {mat}",
        ],
    );
    to.ask(
        "count",
        Some(count(under.len())),
        &slots,
        &[
            "against|Quantos alunos ficaram abaixo da média em {mat}?",
            "against|Quantos têm {mat} menor que a média?",
        ],
    );
    let not_class = report.picked(|row| row[1].text() != class);
    to.ask(
        "count",
        Some(count(not_class.len())),
        &slots,
        &[
            "not|Quantos alunos não são do {s}?",
            "not|Fora o {s}, são quantos alunos?",
            "not|Sem contar o {s}, quantos alunos existem?",
        ],
    );
    to.ask(
        "list",
        Some(names(&in_class, 0)),
        &slots,
        &[
            "wrap|me passa a lista do pessoal do {s}",
            "wrap|me mostra quem é do {s}",
            "plural|quem são os estudantes do {s}?",
            "formal|Relacione os alunos do {s}.",
            "english|List the students of {s}",
            "bare|alunos do {s}",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(report), 1, averages(column)))),
        &slots,
        &[
            "media|média de {mat} por série",
            "media|Em média, quanto cada série tirou em {mat}?",
            "media|Qual a média de cada série em {mat}?",
            "bare|media {mate} por serie",
            "english|average {mat} by Série",
            "formal|Apresente a média de {mat} por série.",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(report), 0, column, k.parse().unwrap(), true)),
        &slots,
        &[
            "adjective|quais os {k} melhores em {mat}?",
            "adjective|os {k} alunos com nota mais alta em {mat}",
            "adjective|quem são os {k} primeiros em {mat}?",
            "wrap|me diz os {k} melhores alunos de {mat}",
            "verb|Quais {k} alunos tiraram mais em {mat}?",
            "bare|{k} maiores notas {mate}",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(report, "Aluno", name, subject)),
            number(&cell_of(report, "Aluno", other, subject)),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "quanto|Quanto dá a diferença entre {aluno} e {outro} em {mat}?",
                "quanto|De quanto é a diferença de {mat} entre {aluno} e {outro}?",
                "bare|diferenca entre {aluno} e {outro} em {mate}",
                "formal|Compare as notas de {aluno} e {outro} em {mat}.",
            ],
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "verb|Quem tirou mais em {mat}, {aluno} ou {outro}?",
                    "adjective|Quem foi melhor em {mat}, {aluno} ou {outro}?",
                    "subject|{aluno} ou {outro}, quem tirou mais em {mat}?",
                    "wrap|me diz quem tirou a maior nota em {mat}: {aluno} ou {outro}",
                ],
            );
        }
    }
}
