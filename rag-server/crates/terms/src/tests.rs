use proptest::prelude::*;

use crate::{Analyzer, fold, is_stop_word, spans, stem, stop, terms};

fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    crate::visit(text, |word, _| found.push(word.to_owned()));
    found
}

#[test]
fn accents_and_case_do_not_matter() {
    for (plain, accented) in [
        ("acao", "AÇÃO"),
        ("avaliacoes", "avaliações"),
        ("responsavel", "Responsáveis"),
        ("frequencia", "freqüências"),
        ("orgao", "órgãos"),
    ] {
        assert_eq!(terms(plain), terms(accented), "{plain} and {accented}");
    }
}

#[test]
fn decomposed_accents_are_the_same_word() {
    assert_eq!(terms("avaliac\u{327}a\u{303}o"), terms("avaliação"));
}

#[test]
fn plural_and_singular_meet() {
    for (one, many) in [
        ("inscrição", "inscrições"),
        ("alemão", "alemães"),
        ("federal", "federais"),
        ("papel", "papéis"),
        ("ordem", "ordens"),
        ("professor", "professores"),
        ("disciplina", "disciplinas"),
        ("vez", "vezes"),
    ] {
        assert_eq!(terms(one), terms(many), "{one} and {many}");
    }
}

#[test]
fn forms_of_a_verb_meet() {
    assert_eq!(terms("matricular"), terms("matriculado"));
    assert_eq!(terms("matricular-se"), terms("matricular"));
}

#[test]
fn stop_words_are_left_out() {
    assert_eq!(terms("O que é a de para os não"), Vec::<String>::new());
    assert_eq!(terms("À Lei, às vezes"), terms("lei vezes"));
}

#[test]
fn numbers_dates_and_codes_stay_whole() {
    assert_eq!(terms("R$ 1.234,56"), ["r", "1.234,56", "1234,56"]);
    assert_eq!(terms("em 15/03/2025."), ["15/03/2025", "2025"]);
    assert_eq!(terms("seção 3.2.1, M01A01"), ["seca", "3.2.1", "m01a01"]);
    assert_eq!(terms("às 14:30 ou 14h30"), ["14:30", "14h30"]);
    assert_eq!(terms("nota 9,5; 7."), ["not", "9,5", "7"]);
}

#[test]
fn hyphenated_words_are_found_in_parts_and_joined() {
    assert_eq!(words("on-line"), ["on", "line", "online"]);
    assert_eq!(
        words("pós\u{2011}graduação"),
        ["pos", "graduacao", "posgraduacao"]
    );
    assert_eq!(words("entregá-lo"), ["entrega", "lo"]);
    assert_eq!(words("INF-0123"), ["inf", "0123", "inf0123"]);
    assert_eq!(words("fim - começo"), ["fim", "comeco"]);
    assert_eq!(words("a- b -c"), ["a", "b", "c"]);
}

#[test]
fn layout_marks_inside_a_word_vanish() {
    assert_eq!(
        words("disci\u{ad}plina e\u{200b}mail"),
        ["disciplina", "email"]
    );
}

#[test]
fn spans_stand_on_the_words() {
    let text = "A Pós-Graduação custa R$ 1.234,56";
    let found: Vec<(String, &str)> = spans(text)
        .into_iter()
        .map(|term| (term.text, text.get(term.span).unwrap()))
        .collect();
    assert_eq!(found[0], ("pos".into(), "Pós"));
    assert_eq!(found[1].1, "Graduação");
    assert_eq!(found[2].1, "Pós-Graduação");
    assert_eq!(found.last().unwrap().1, "1.234,56");
}

#[test]
fn stop_words_are_sorted_and_folded() {
    let list = stop::all();
    assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
    for word in list {
        assert_eq!(&fold(word), word);
        assert!(is_stop_word(word), "{word} is too long for the quick check");
    }
}

#[test]
fn analyzer_forgets_when_full_and_goes_on_alike() {
    let mut analyzer = Analyzer::new();
    for number in 0..=Analyzer::MOST_WORDS {
        assert!(analyzer.term(&format!("x{number}")).is_some());
    }
    assert_eq!(
        analyzer.terms("avaliações finais"),
        terms("avaliações finais")
    );
}

proptest! {
    #[test]
    fn any_text_gives_terms_without_white_space(text in "\\PC{0,80}") {
        for term in terms(&text) {
            prop_assert!(!term.is_empty());
            prop_assert!(!term.chars().any(char::is_whitespace));
        }
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn spans_are_inside_the_text_and_at_borders(text in "[a-zà-ü0-9 .,/:\\-\u{327}º½ﬁ—A-Z]{0,80}") {
        let plain = terms(&text);
        let placed = spans(&text);
        prop_assert_eq!(plain.len(), placed.len());
        for (term, place) in plain.iter().zip(&placed) {
            prop_assert_eq!(term, &place.text);
            prop_assert!(text.get(place.span.clone()).is_some_and(|part| !part.is_empty()));
        }
        prop_assert!(placed.windows(2).all(|pair| pair[0].span.end <= pair[1].span.end));
    }

    #[test]
    fn terms_survive_a_round_trip_through_the_index(text in "[a-zà-ü0-9 .,/:\\-]{0,80}") {
        // The index splits the joined terms at white space.
        let found = terms(&text);
        let joined = found.join(" ");
        prop_assert_eq!(joined.split_whitespace().collect::<Vec<_>>(), found);
    }

    #[test]
    fn an_analyzer_gives_what_terms_gives(texts in prop::collection::vec("[a-zà-ü ]{0,40}", 0..5)) {
        let mut analyzer = Analyzer::new();
        for text in texts {
            prop_assert_eq!(analyzer.terms(&text), terms(&text));
        }
    }

    #[test]
    fn a_stem_is_never_empty(word in "[a-z0-9]{1,14}") {
        prop_assert!(!stem(&word).is_empty());
    }
}
