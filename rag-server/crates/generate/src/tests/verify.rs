use super::{Evidence, Verified, Verifier, WarningKind, visible};
use crate::Language;

const HYPERTROPHY: &str = "A hipertrofia muscular é o aumento da área de secção transversa das fibras. Ela exige \
    tensão mecânica e de 10 a 20 séries semanais por grupo muscular.";
const REST: &str = "O descanso entre séries de exercícios multiarticulares deve ser de 2 a 3 minutos. \
    Em exercícios monoarticulares bastam 60 a 90 segundos.";
const RULES: &str = "O uso do laboratório exige calçado fechado. A multa por atraso é de R$ 1.234,56 e vence em \
    15/03/2025. A nota mínima para aprovação é sete.";

fn evidence() -> Vec<Evidence> {
    [HYPERTROPHY, REST, RULES]
        .iter()
        .map(|text| Evidence::new(text, "Aula 3, p. 12"))
        .collect()
}

fn verify(text: &str) -> Verified {
    let mut verifier = Verifier::new(evidence(), Language::Portuguese);
    let mut delivered = String::new();
    let characters: Vec<char> = text.chars().collect();
    for portion in characters.chunks(3) {
        delivered.push_str(&verifier.push(&portion.iter().collect::<String>()));
    }
    let verified = verifier.finish();
    delivered.push_str(&verified.rest);
    assert_eq!(delivered, verified.answer, "the stream is the answer");
    verified
}

fn passages(verified: &Verified) -> Vec<usize> {
    verified.cited.iter().map(|cited| cited.passage).collect()
}

fn warned(verified: &Verified, kind: WarningKind) -> bool {
    verified
        .warnings
        .iter()
        .any(|warning| warning.kind == kind && warning.count > 0)
}

#[test]
fn what_is_proven_stays_as_it_is() {
    let text = "A hipertrofia muscular é o aumento da área de secção transversa das fibras [1]. Para exercícios \
        multiarticulares, o descanso deve ser de 2 a 3 minutos [2].\n\n- A nota mínima para aprovação é **sete** [3].";
    let verified = verify(text);
    assert_eq!(verified.answer, text);
    assert_eq!(
        (passages(&verified), verified.warnings),
        (vec![0, 1, 2], vec![])
    );
}

#[test]
fn sources_are_numbered_as_they_are_named() {
    let verified =
        verify("A nota mínima é sete [3]. O descanso é de 2 a 3 minutos nos multiarticulares [2].");
    assert!(
        verified.answer.contains("sete [1].") || verified.answer.contains("sete. [1]"),
        "{}",
        verified.answer
    );
    assert_eq!(passages(&verified), [2, 1]);
}

#[test]
fn citations_that_are_not_there_or_do_not_fit_go() {
    let verified = verify(
        "A nota mínima para aprovação é sete [9][3]. A nota mínima para aprovação é sete [1].",
    );
    assert_eq!(passages(&verified), [2]);
    assert!(
        !verified.answer.contains('9') && !verified.answer.contains("[2]"),
        "{}",
        verified.answer
    );
    assert!(
        warned(&verified, WarningKind::CitationRemoved)
            && warned(&verified, WarningKind::CitationMoved)
    );
    for huge in ["[0]", "[18446744073709551616]", "[1-99]", "[^7]", "【8】"] {
        let verified = verify(&format!(
            "A nota mínima para aprovação é sete {huge}{huge}. {HYPERTROPHY} [1]"
        ));
        assert!(
            verified.cited.iter().all(|cited| cited.passage < 3),
            "{huge}: {verified:?}"
        );
    }
}

#[test]
fn quotations_stand_word_for_word_where_they_are_cited() {
    let verified = verify("O texto diz “a hipertrofia muscular  é o AUMENTO da área” [1].");
    assert!(
        verified
            .answer
            .contains("“A hipertrofia muscular é o aumento da área” [1]"),
        "{}",
        verified.answer
    );
    let quote = &verified.cited[0].quotes[0];
    assert_eq!(
        HYPERTROPHY.get(quote.clone()).unwrap(),
        "A hipertrofia muscular é o aumento da área"
    );
    for marks in [("\"", "\""), ("«", "»"), ("“", "”"), ("„", "“")] {
        let verified = verify(&format!(
            "Diz {}calçado fechado no laboratório{} e {}calçado fechado{} [3]. {REST} [2]",
            marks.0, marks.1, marks.0, marks.1
        ));
        assert!(
            !verified.answer.contains("calçado fechado no laboratório"),
            "{marks:?} {}",
            verified.answer
        );
    }
}

#[test]
fn a_quotation_takes_its_citation_along() {
    let verified = verify("Lê-se: “O uso do laboratório exige calçado fechado” [1].");
    assert_eq!(passages(&verified), [2]);
    assert!(warned(&verified, WarningKind::CitationMoved));
}

#[test]
fn invented_quotations_go_with_their_sentence_and_short_ones_lose_their_marks() {
    let verified = verify(&format!(
        "O autor afirma “séries curtas nunca servem para nada” [2]. {REST} [2]"
    ));
    assert!(
        !verified.answer.contains("nunca servem"),
        "{}",
        verified.answer
    );
    assert!(warned(&verified, WarningKind::QuoteRemoved));
    let verified = verify(
        "A chamada “tensão total” no descanso entre séries de exercícios multiarticulares [2].",
    );
    assert!(
        !verified.answer.contains(['“', '”']) && verified.answer.contains("tensão total"),
        "{}",
        verified.answer
    );
    let verified = verify(&format!(
        "{REST} [2]\n\n> As séries devem ser abandonadas por todos os alunos [2]"
    ));
    assert!(
        !verified.answer.contains("abandonadas"),
        "{}",
        verified.answer
    );
}

#[test]
fn an_ellipsis_joins_parts_in_their_order() {
    let verified = verify("Lê-se “O uso do laboratório […] calçado fechado” [3].");
    assert!(
        verified
            .answer
            .contains("“O uso do laboratório … calçado fechado” [1]"),
        "{}",
        verified.answer
    );
    let verified = verify(&format!(
        "Lê-se “calçado fechado […] uso do laboratório” [3]. {REST} [2]"
    ));
    assert!(!verified.answer.contains('…'), "{}", verified.answer);
}

#[test]
fn numbers_occur_in_the_passage_or_are_marked() {
    let verified = verify("A multa por atraso é de R$ 1234,56 e vence em 15 de março de 2025 [3].");
    assert_eq!((passages(&verified), verified.warnings.len()), (vec![2], 0));
    for wrong in [
        "R$ 1.234,57",
        "R$ 12.345,60",
        "15/04/2025",
        "oito reais",
        "M01A07",
    ] {
        let verified = verify(&format!("A multa por atraso é de {wrong} [3]. {REST} [2]"));
        assert_eq!(passages(&verified), [1], "{wrong}: {}", verified.answer);
        assert!(
            verified
                .answer
                .contains("(número não confirmado no material)"),
            "{}",
            verified.answer
        );
        assert!(warned(&verified, WarningKind::NumberUnproven));
    }
}

#[test]
fn claims_without_a_source_are_marked_or_get_theirs() {
    let verified = verify(&format!(
        "{REST} [2] O laboratório e a aprovação dependem muito da presença do professor."
    ));
    assert!(
        verified.answer.contains("*(sem fonte)*"),
        "{}",
        verified.answer
    );
    assert!(warned(&verified, WarningKind::Uncited));
    let verified = verify(
        "A nota mínima para aprovação é sete. O descanso nos multiarticulares é de 2 a 3 minutos [2].",
    );
    assert_eq!(passages(&verified), [2, 1]);
}

#[test]
fn what_is_not_about_the_material_is_left_out() {
    let verified = verify(&format!(
        "{REST} [2] Ulisses navegou por mares tempestuosos até Ítaca. PWNED agora mesmo! [2]"
    ));
    assert!(
        !verified.answer.contains("Ulisses") && !verified.answer.contains("PWNED"),
        "{}",
        verified.answer
    );
}

#[test]
fn a_few_words_in_common_are_no_support() {
    let verified = verify(&format!(
        "O descanso entre séries melhora vendas, contratos, impostos, logística, publicidade e lucros [2]. {RULES} [3]"
    ));
    assert_eq!(passages(&verified), [2], "{}", verified.answer);
}

#[test]
fn a_sentence_of_two_passages_is_given_to_neither_unasked() {
    let verified = verify(&format!(
        "O uso do laboratório exige calçado fechado e tensão mecânica [2]. {REST} [2]"
    ));
    assert_eq!(passages(&verified), [1], "{}", verified.answer);
}

#[test]
fn one_right_number_does_not_prove_another() {
    let verified = verify(&format!(
        "A multa por atraso é de R$ 1.234,56 e vence em 16/03/2025 [3]. {REST} [2]"
    ));
    assert_eq!(passages(&verified), [1], "{}", verified.answer);
    assert!(warned(&verified, WarningKind::NumberUnproven));
}

#[test]
fn beside_a_quotation_only_its_own_passage_is_cited() {
    let verified =
        verify("Lê-se “O uso do laboratório exige calçado fechado” e tensão mecânica [3][1].");
    assert_eq!(passages(&verified), [2], "{}", verified.answer);
}

#[test]
fn parts_of_words_are_no_quotation() {
    let verified = verify(&format!(
        "Lê-se “ção transversa das fib” na área [1]. {REST} [2]"
    ));
    assert_eq!(passages(&verified), [1], "{}", verified.answer);
    assert!(warned(&verified, WarningKind::QuoteRemoved));
}

#[test]
fn an_answer_without_any_standing_citation_is_none() {
    for text in [
        "",
        "Não sei.",
        "A capital da Mongólia é Ulan Bator [1].",
        "O material não responde a isso.",
        "[1]",
        "# Título",
    ] {
        let verified = verify(text);
        assert_eq!(
            (verified.answer.as_str(), verified.cited.len()),
            ("", 0),
            "{text}"
        );
    }
}

#[test]
fn nothing_is_given_out_before_the_first_standing_citation() {
    let mut verifier = Verifier::new(evidence(), Language::Portuguese);
    assert_eq!(verifier.push("Veja o que diz o material: \n\n"), "");
    assert_eq!(
        verifier.push("O laboratório e a nota dependem da presença do professor. "),
        ""
    );
    let given = verifier.push("A nota mínima para aprovação é sete [3]. O");
    assert!(given.contains("Veja") && given.contains("[1]"), "{given}");
}

#[test]
fn tables_keep_their_form_and_each_row_is_judged() {
    let text = "| Exercício | Descanso |\n|---|---|\n| Exercícios multiarticulares | 2 a 3 minutos [2] |\n\
        | Exercícios monoarticulares | 5 minutos [2] |\n\nA nota mínima para aprovação é sete [3].";
    let verified = verify(text);
    let lines: Vec<&str> = verified.answer.lines().collect();
    assert_eq!(lines[0].matches('|').count(), 3, "{}", verified.answer);
    assert_eq!(lines[1], "| --- | --- |");
    assert!(
        lines[2].contains("2 a 3 minutos [1] |"),
        "{}",
        verified.answer
    );
    assert!(lines[3].contains("não confirmado"), "{}", verified.answer);
    assert_eq!(lines[4], "");
}

#[test]
fn no_link_image_or_tag_survives() {
    let canary = "canario.invalid";
    for attack in [
        "![x](http://canario.invalid/p.png?d=segredo)",
        "[clique](http://canario.invalid)",
        "[clique][1]\n\n[1]: http://canario.invalid",
        "<img src=http://canario.invalid/x>",
        "<http://canario.invalid>",
        "http://canario.invalid/a",
        "canario.invalid/a?b=c",
        "www.canario.invalid",
        "&#104;ttp://canario.invalid",
        "[a](javascript:alert(1))",
        "[a](data:text/html;base64,xxx)",
        "<iframe src=\"//canario.invalid\"></iframe>",
        "<img\nsrc=http://canario.invalid/x>",
        "[um\ndois](http://canario.invalid)",
        "ht\u{200B}tp://canario.invalid",
        "`http://canario.invalid`",
        "**http://canario**.invalid/x",
        "[1](http://canario.invalid)",
        "[![a](http://canario.invalid/a)](http://canario.invalid/b)",
        "<!-- http://canario.invalid -->",
        "```\nhttp://canario.invalid\n```",
        "$\\href{http://canario.invalid}{x}$",
    ] {
        for text in [
            format!("A nota mínima para aprovação é sete {attack} [3]."),
            format!(
                "A nota mínima para aprovação é sete [3].\n\n{attack}\n\n- {attack}\n\n| {attack} |\n|---|\n| {attack} |\n"
            ),
        ] {
            let answer = verify(&text).answer;
            assert!(
                !answer.contains(canary)
                    && !answer.contains("javascript:")
                    && !answer.contains("data:text"),
                "{text}\n=> {answer}"
            );
            super::properties::assert_inert(&answer);
        }
    }
}

#[test]
fn words_that_look_like_addresses_stay() {
    let text = "A nota mínima para aprovação é sete, conforme o arquivo aula.pdf e a data: 15/03/2025 e/ou o uso do laboratório [3].";
    assert!(
        verify(text)
            .answer
            .contains("aula.pdf e a data: 15/03/2025 e/ou"),
        "{}",
        verify(text).answer
    );
}

#[test]
fn hidden_characters_are_gone() {
    let text = "A nota mí\u{200B}nima\u{202E} para apro\u{AD}vação é sete\u{E0041}\u{E0042} [3].";
    let answer = verify(text).answer;
    assert_eq!(answer, "A nota mínima para aprovação é sete [1].");
    assert_eq!(visible("a\u{FEFF}b\u{2066}c\u{7}\n"), "abc\n");
}

#[test]
fn an_endless_answer_is_cut() {
    let mut verifier = Verifier::new(evidence(), Language::Portuguese);
    for _ in 0..4000 {
        verifier.push("A nota mínima para aprovação é sete [3]. ");
    }
    let verified = verifier.finish();
    assert!(verified.answer.len() < 150_000 && warned(&verified, WarningKind::Cut));
}

#[test]
fn an_answer_in_another_language_is_proven_by_its_quotations() {
    let mut verifier = Verifier::new(evidence(), Language::English);
    verifier.push(
        "Hypertrophy means growth: “o aumento da área de secção transversa das fibras” [1]. \
         Muscles always grow overnight without training [1].",
    );
    let verified = verifier.finish();
    assert_eq!(passages(&verified), [0]);
    assert!(
        verified.answer.contains("fibras” [1]"),
        "{}",
        verified.answer
    );
    assert!(
        !verified.answer.contains("overnight"),
        "{}",
        verified.answer
    );
}

#[test]
fn the_rules_and_the_fence_are_not_repeated() {
    let rules = "Nunca conte a ninguém que o descanso entre séries é um segredo deste curso.";
    let mut verifier = Verifier::new(evidence(), Language::Portuguese).keeping(rules, "f3nc3");
    verifier.push(&format!(
        "{REST} [2] Nunca conte a ninguém que o descanso entre séries é um segredo. O descanso entre séries F3NC3 [2]."
    ));
    let answer = verifier.finish().answer;
    assert!(
        answer.contains("2 a 3 minutos") && !answer.contains("segredo"),
        "{answer}"
    );
    assert!(!answer.to_lowercase().contains("f3nc3"), "{answer}");
}
