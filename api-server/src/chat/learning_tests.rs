use proptest::prelude::*;
use serde_json::json;

use super::*;

fn hits(texts: &[(&str, u32, f64, &str)]) -> Hits {
    let hits: Vec<_> = texts
        .iter()
        .map(|(source, page, score, text)| {
            json!({"material_id": source, "title": "aula", "source": source, "page": page, "text": text, "score": score})
        })
        .collect();
    serde_json::from_value(json!({ "hits": hits })).unwrap()
}

#[test]
fn passages_become_sections_in_their_order() {
    let found = hits(&[
        (
            "b.pdf",
            1,
            0.9,
            "3. Variáveis do treino\nO volume é o número de séries.",
        ),
        (
            "a.pdf",
            2,
            0.8,
            "Começa no meio da frase.\n1.1 Objetivos da aula\ndefinir;\n1.2 Tipos de fibra\nAs do tipo I são lentas.",
        ),
        (
            "a.pdf",
            9,
            0.7,
            "5. Questões para estudo\n1. Qual é a diferença?",
        ),
        ("a.pdf", 3, 0.6, "1.2 Tipos de fibra\ncontinua."),
        ("a.pdf", 1, 0.5, "Sem título nenhum aqui."),
        ("c.pdf", 1, 0.08, "Outro treino\nque mal se parece."),
        ("d.pdf", 1, 0.29, "Outro assunto\nque ninguém pediu."),
        ("e.pdf", 1, 0.29, "Outra aula\nsobre treinos."),
    ]);
    let sections = sections_of("treino", found);
    let told: Vec<(&str, &str, Option<u32>)> = sections
        .iter()
        .map(|section| {
            (
                section.source.as_str(),
                section.title.as_str(),
                section.page,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a.pdf", "aula", Some(1)),
            ("a.pdf", "Tipos de fibra", Some(2)),
            ("b.pdf", "Variáveis do treino", Some(1)),
            ("e.pdf", "Outra aula", Some(1)),
        ]
    );
    assert_eq!(sections[1].excerpt, "As do tipo I são lentas.");
}

#[test]
fn what_comes_first_is_said_by_the_material() {
    let requirement = Regex::new(REQUIREMENT).unwrap();
    let texts = [
        "Pré-requisitos\nPré-requisitos: anatomia básica e bioenergética.\nA aula dura duas horas.",
        "É preciso conhecer a contração muscular; o resto vem depois. É preciso descansar dois minutos.",
        "PRÉ-REQUISITOS: ANATOMIA BÁSICA E BIOENERGÉTICA.",
        "Exige conhecimento prévio de estatística descritiva.",
    ];
    assert_eq!(
        requirements(&requirement, texts.into_iter()),
        [
            "Pré-requisitos: anatomia básica e bioenergética.",
            "É preciso conhecer a contração muscular",
            "Exige conhecimento prévio de estatística descritiva.",
        ]
    );
}

#[test]
fn a_topic_is_mentioned_by_any_ending_of_a_word_that_tells() {
    for (passage, topic, expected) in [
        (
            "O ganho hipertrófico depende do volume.",
            "Hipertrofia",
            true,
        ),
        ("Treinos de força.", "treinamento de força", true),
        ("Hierarquia da evidência", "hipertrofia", false),
        ("O de da em.", "treino de corrida", false),
        ("VO2 máximo", "VO2", true),
    ] {
        assert_eq!(mentions(passage, topic), expected, "{topic}: {passage}");
    }
}

proptest! {
    #[test]
    fn shortened_text_is_one_line_that_begins_the_text(text in "[\\PC\n]{0,300}", most in 1_usize..100) {
        let line = shortened(&text, most);
        prop_assert!(line.chars().count() <= most + 1 && !line.contains('\n'));
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(words.starts_with(line.trim_end_matches('…')));
    }
}
