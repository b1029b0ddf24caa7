//! Questions to the timetable.

use super::super::planted::{Cell, Planted, Seed, Truth, count, grouped, names, total};
use super::{Asker, all, cell_of, counts, is, value};

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
