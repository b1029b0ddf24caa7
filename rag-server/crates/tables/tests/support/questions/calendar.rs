//! Questions to calendars.

use super::super::planted::{
    Cell, Planted, Seed, Truth, count, extreme, grouped, names, top, total,
};
use super::{Asker, MONTHS, all, cell_of, counts, is, number, sums, value};

pub(crate) fn calendar(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [events] = tables else { return };
    let everything = events.texts("Evento");
    let name = seed.one(&everything).as_str();
    let other = seed.one(&everything).as_str();
    let kind = *seed.one(&["Integração", "Mostra", "Competição", "Cultura", "Saúde"]);
    let place = *seed.one(&["Ginásio", "Biblioteca", "Pátio", "Anfiteatro"]);
    let month = seed.within(2, 10) as u32;
    let people = events.column("Inscritos");
    let n = seed.within(30, 120);
    let bound = n.to_string();
    let k = seed.within(2, 4).to_string();
    let two_digits = format!("{month:02}/2025");
    let slots = [
        ("e", name),
        ("o", other),
        ("t", kind),
        ("l", place),
        ("mes", MONTHS[month as usize]),
        ("depois", MONTHS[month as usize + 1]),
        ("n", bound.as_str()),
        ("k", k.as_str()),
        ("mm", two_digits.as_str()),
    ];
    to.ask(
        "lookup",
        value(&cell_of(events, "Evento", name, "Data")),
        &slots,
        &[
            "when|Que dia é a {e}?",
            "when|Qual a data de {e}?",
            "when|Quando vai ser {e}?",
            "wrap|me diz quando é {e}",
            "wrap|voce sabe que dia vai ser {e}?",
            "subject|{e} é quando?",
            "bare|data {e}",
            "english|When is {e}?",
            "slip|quando sera {e}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(events, "Evento", name, "Local")),
        &slots,
        &[
            "wrap|me fala onde vai ser {e}",
            "subject|{e} vai ser onde?",
            "short|onde é {e}?",
            "formal|Informe o local de {e}.",
            "english|Where is {e}?",
            "slip|em qual local sera {e}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(events, "Evento", name, "Início")),
        &slots,
        &[
            "short|que horas começa {e}?",
            "subject|{e} começa que horas?",
            "wrap|sabe me dizer o horário de {e}?",
            "bare|horario de {e}",
            "english|What time does {e} start?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(events, "Evento", name, "Inscritos")),
        &slots,
        &[
            "quanto|Quantos inscritos tem {e}?",
            "subject|{e} tem quantos inscritos?",
            "short|nº de inscritos em {e}",
            "formal|Informe o número de inscritos em {e}.",
            "plural|quantas pessoas inscritas em {e}?",
        ],
    );
    let of_kind = events.picked(is(events, "Tipo", kind));
    let here = events.picked(is(events, "Local", place));
    to.ask(
        "list",
        Some(names(&of_kind, 0)),
        &slots,
        &[
            "wrap|me passa os eventos de {t}",
            "any|Que eventos de {t} vai ter?",
            "any|Quais eventos do tipo {t} existem?",
            "formal|Relacione os eventos do tipo {t}.",
            "bare|eventos de {t}",
            "plural|qual evento é do tipo {t}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&here, 0)),
        &slots,
        &[
            "verb|O que vai ter no {l}? Liste os eventos",
            "any|Quais eventos vão acontecer no {l}?",
            "plural|que eventos tem no {l}?",
            "bare|eventos {l}",
            "english|Which events take place at {l}?",
        ],
    );
    to.ask(
        "count",
        Some(count(of_kind.len())),
        &slots,
        &[
            "quanto|Quantos eventos de {t} vão ter?",
            "short|qtos eventos do tipo {t}?",
            "subject|De {t}, são quantos eventos?",
            "formal|Conte os eventos do tipo {t}.",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of_kind, people)),
        &slots,
        &[
            "quanto|Quanto dá o total de inscritos nos eventos de {t}?",
            "somando|Somando os eventos de {t}, quantos inscritos são?",
            "somando|Juntando todos os eventos de {t}, são quantos inscritos?",
            "bare|total inscritos {t}",
            "plural|quantos inscritos tem os eventos do tipo {t} ao todo?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(events), 0, people, true),
        &slots,
        &[
            "adjective|Qual evento tem mais inscritos?",
            "adjective|Qual o evento com maior número de inscritos?",
            "adjective|qual evento é o mais concorrido em inscritos?",
            "verb|Qual evento atraiu mais inscritos?",
            "english|Which event has the most inscritos?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&here, 0, people, false),
        &slots,
        &[
            "adjective|Qual evento do {l} tem menos inscritos?",
            "adjective|No {l}, qual evento tem o menor número de inscritos?",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &events.picked(|row| row[people].number().is_some_and(|v| v >= n * 100)),
            0,
        )),
        &slots,
        &[
            "range|Quais eventos têm pelo menos {n} inscritos?",
            "range|eventos com {n} inscritos ou mais",
            "any|Tem algum evento com pelo menos {n} inscritos? Quais?",
            "formal|Relacione os eventos com no mínimo {n} inscritos.",
            "english|Which events have at least {n} inscritos?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(events), 1, counts))),
        &slots,
        &[
            "quanto|Quantos eventos tem de cada tipo?",
            "short|qtd de eventos por tipo",
            "formal|Apresente o número de eventos por tipo.",
            "subject|Por tipo, quantos eventos há?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(events), 4, sums(people)))),
        &slots,
        &[
            "somando|soma dos inscritos por local",
            "quanto|quantos inscritos por local?",
            "bare|total de inscritos por local",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(events), 0, people, k.parse().unwrap(), true)),
        &slots,
        &[
            "adjective|Quais os {k} eventos com mais inscritos?",
            "wrap|me diz os {k} eventos com mais inscritos",
            "bare|{k} eventos com mais inscritos",
            "english|Which {k} events have the most inscritos?",
        ],
    );
    let in_month = events.picked(|row| row[2].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(names(&in_month, 0)).filter(|_| !in_month.is_empty()),
        &slots,
        &[
            "when|Quais eventos são em {mes}?",
            "when|O que tem em {mes}? Liste os eventos",
            "when|Que eventos vão acontecer em {mes}?",
            "when|eventos de {mes}",
            "when|Quais eventos em {mm}?",
            "range|eventos do mês de {mes}",
        ],
    );
    let before = events.picked(|row| row[2].date().is_some_and(|(_, m, _)| m < month));
    to.ask(
        "dates",
        Some(count(before.len())),
        &slots,
        &[
            "when|Quantos eventos acontecem antes de {mes}?",
            "range|quantos eventos são antes de {mes}?",
        ],
    );
    let two = events.picked(|row| {
        row[2]
            .date()
            .is_some_and(|(_, m, _)| m == month || m == month + 1)
    });
    to.ask(
        "dates",
        Some(names(&two, 0)).filter(|_| !two.is_empty()),
        &slots,
        &[
            "range|Quais eventos vão de {mes} a {depois}?",
            "range|Quais eventos entre {mes} e {depois}?",
            "when|Que eventos acontecem em {mes} e {depois}?",
            "when|Quais eventos caem em {mes} ou {depois}?",
        ],
    );
    let late = events.picked(|row| matches!(row[3], Cell::Time(minutes) if minutes >= 14 * 60));
    to.ask(
        "filter",
        Some(names(&late, 0)).filter(|_| !late.is_empty()),
        &slots,
        &[
            "range|Quais eventos começam a partir das 14h?",
            "when|Que eventos começam às 14h ou depois?",
            "not|Quais eventos não começam antes das 14h?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(events, "Evento", name, "Inscritos")),
            number(&cell_of(events, "Evento", other, "Inscritos")),
        );
        if a != b {
            to.ask(
                "compare",
                Some(Truth::Winner(if a > b { name } else { other }.to_owned())),
                &slots,
                &[
                    "adjective|Qual tem mais inscritos, {e} ou {o}?",
                    "subject|{e} ou {o}: qual tem mais inscritos?",
                    "english|Which has more inscritos, {e} or {o}?",
                ],
            );
        }
    }
}
