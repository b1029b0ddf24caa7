#![allow(
    clippy::float_cmp,
    clippy::string_slice,
    reason = "exact values of known texts"
)]
use std::ops::Range;

use proptest::prelude::*;

use crate::metrics::{auc, hit, ndcg, reciprocal_rank, refusal_curve};
use crate::{
    AnswerLimits, Basis, Candidate, EmbedderMeans, Feature, FitError, FitSettings, Fusion, Model,
    Question, Ranking, Statistics, TrainingQuestion, cross_validate, diversify, extractive,
    features, fit, rank,
};

const COLLECTION: [&str; 6] = [
    "A matrícula é renovada a cada semestre. O prazo para o trancamento da matrícula é de trinta dias.",
    "O estágio obrigatório tem 400 horas. A supervisão cabe a um professor.",
    "A banca examinadora da monografia é composta por três docentes. A defesa é pública.",
    "A memória principal guarda dados e programas. Os registradores evitam acessos a ela.",
    "A universidade oferece bolsas de monitoria. O edital sai em março.",
    "O computador executa instruções em sequência. Cada instrução é lida da memória.",
];

fn statistics(texts: &[&str]) -> Statistics {
    let mut statistics = Statistics::default();
    for text in texts {
        statistics.add(&terms::terms(text));
    }
    statistics
}

/// Spans of sentences that end in a full stop.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut spans = Vec::new();
    for (at, _) in text.match_indices('.') {
        spans.push(start..at + 1);
        start = at + 2;
    }
    spans
}

fn ranked(question: &str, texts: &[&str], fusion: Fusion) -> Ranking {
    let statistics = statistics(&COLLECTION);
    let spans: Vec<Vec<Range<usize>>> = texts.iter().map(|text| sentences(text)).collect();
    let candidates: Vec<Candidate<'_>> = texts
        .iter()
        .zip(&spans)
        .map(|(text, spans)| Candidate {
            sentences: spans,
            ..Candidate::new(text)
        })
        .collect();
    rank(
        &Question::new(question, &statistics),
        None,
        &candidates,
        &statistics,
        fusion,
        &Model::bundled(),
    )
}

#[test]
fn the_passage_that_answers_comes_first_and_its_sentence_is_quoted() {
    let ranking = ranked(
        "Qual o prazo para trancar a matrícula?",
        &COLLECTION,
        Fusion::Learned,
    );
    let best = &ranking.passages[0];
    assert_eq!(best.index, 0);
    assert!(COLLECTION[0][best.quote.clone()].contains("trinta dias"));
    assert!(
        ranking.answerable && best.citable,
        "evidence {}",
        ranking.evidence
    );
}

#[test]
fn typing_errors_and_other_forms_are_forgiven() {
    for question in [
        "Quantos docentes compoem a banca de monografias?",
        "composicao da bamca examinadora",
    ] {
        assert_eq!(
            ranked(question, &COLLECTION, Fusion::Learned).passages[0].index,
            2,
            "{question}"
        );
    }
}

#[test]
fn a_question_about_something_else_is_refused() {
    let ranking = ranked(
        "Quem descobriu a penicilina em Londres?",
        &COLLECTION,
        Fusion::Learned,
    );
    assert!(!ranking.answerable, "evidence {}", ranking.evidence);
    assert_eq!(ranking.sources(0.0), Vec::<usize>::new());
}

#[test]
fn nothing_to_rank_is_nothing_to_answer_on() {
    let ranking = ranked("Qual o prazo?", &[], Fusion::Learned);
    assert_eq!(
        (ranking.passages.len(), ranking.evidence, ranking.answerable),
        (0, 0.0, false)
    );
}

#[test]
fn a_question_of_stop_words_alone_has_no_evidence_in_text() {
    let ranking = ranked("O que é isso?", &COLLECTION, Fusion::Learned);
    assert!(!ranking.answerable);
}

#[test]
fn bad_sentence_spans_fall_back_to_the_whole_text() {
    let statistics = statistics(&COLLECTION);
    let outside = [0..9999];
    let inside_a_letter = [0..4];
    for spans in [&outside[..], &inside_a_letter[..]] {
        let text = "Açã o";
        let candidates = [Candidate {
            sentences: spans,
            ..Candidate::new(text)
        }];
        let question = Question::new("ação", &statistics);
        let ranking = rank(
            &question,
            None,
            &candidates,
            &statistics,
            Fusion::Learned,
            &Model::bundled(),
        );
        assert!(text.get(ranking.passages[0].quote.clone()).is_some());
    }
}

#[test]
fn fusions_follow_the_scores_given() {
    let statistics = statistics(&COLLECTION);
    let question = Question::new("memória", &statistics);
    let scored = |text_score: Option<f32>, similarity: Option<f32>, text: &'static str| Candidate {
        text_score,
        similarity,
        ..Candidate::new(text)
    };
    let candidates = [
        scored(Some(1.0), Some(0.9), "a"),
        scored(Some(5.0), None, "b"),
        scored(None, Some(0.8), "c"),
    ];
    let order = |fusion| -> Vec<usize> {
        let ranking = rank(
            &question,
            None,
            &candidates,
            &statistics,
            fusion,
            &Model::bundled(),
        );
        ranking
            .passages
            .iter()
            .map(|passage| passage.index)
            .collect()
    };
    assert_eq!(order(Fusion::Text), [1, 0, 2]);
    assert_eq!(order(Fusion::Vector), [0, 2, 1]);
    // a: text 0.2, similarity 1; b: text 1, similarity 0; c: nothing but the least similarity.
    assert_eq!(order(Fusion::MinMax), [0, 1, 2]);
}

#[test]
fn vectors_of_sentences_decide_where_words_do_not() {
    let texts = [
        "Uma frase qualquer. Outra frase dita.",
        "Uma frase qualquer. Outra frase feita.",
    ];
    let statistics = statistics(&texts);
    let spans: Vec<_> = texts.iter().map(|text| sentences(text)).collect();
    let mut model = Model::bundled();
    model.embedder = Some(EmbedderMeans::new("test", &[&[0.0; 8]], &[&[0.0; 8]]));
    let axis = |at: usize| -> Vec<f32> {
        (0..8)
            .map(|index| if index == at { 1.0 } else { 0.0 })
            .collect()
    };
    let vectors = [vec![axis(1), axis(2)], vec![axis(1), axis(0)]];
    let candidates: Vec<Candidate<'_>> = (0..2)
        .map(|at| Candidate {
            sentences: &spans[at],
            sentence_vectors: &vectors[at],
            ..Candidate::new(texts[at])
        })
        .collect();
    let question = Question::new("frase", &statistics);
    let ranking = rank(
        &question,
        Some(&axis(0)),
        &candidates,
        &statistics,
        Fusion::Learned,
        &model,
    );
    assert_eq!(ranking.passages[0].index, 1);
    assert!(ranking.passages[0].sentences[1] > ranking.passages[0].sentences[0]);
    let wrong_length = rank(
        &question,
        Some(&[1.0]),
        &candidates,
        &statistics,
        Fusion::Learned,
        &model,
    );
    assert!(
        wrong_length
            .passages
            .iter()
            .all(|passage| passage.score.is_finite())
    );
}

#[test]
fn statistics_forget_what_is_removed() {
    let mut counted = statistics(&COLLECTION);
    counted.remove(&terms::terms(COLLECTION[3]));
    let others: Vec<&str> = COLLECTION
        .iter()
        .copied()
        .filter(|text| *text != COLLECTION[3])
        .collect();
    assert_eq!(counted, statistics(&others));
}

#[test]
fn an_extractive_answer_repeats_nothing_and_reads_in_order() {
    let twin = "O prazo para o trancamento da matrícula é de trinta dias. Consulte o calendário.";
    let texts = [COLLECTION[0], twin, COLLECTION[4]];
    let ranking = ranked(
        "Qual o prazo para o trancamento da matrícula?",
        &texts,
        Fusion::Learned,
    );
    let candidates: Vec<Candidate<'_>> = texts.iter().map(|text| Candidate::new(text)).collect();
    let answer = extractive(&ranking, &candidates, AnswerLimits::default());
    let quoted: Vec<&str> = answer
        .iter()
        .map(|excerpt| &texts[ranking.passages[excerpt.passage].index][excerpt.span.clone()])
        .collect();
    assert_eq!(
        quoted
            .iter()
            .filter(|text| text.contains("trinta dias"))
            .count(),
        1,
        "{quoted:?}"
    );
    assert!(
        answer
            .windows(2)
            .all(|pair| (pair[0].passage, pair[0].span.start)
                < (pair[1].passage, pair[1].span.start))
    );
    assert_eq!(
        extractive(
            &ranking,
            &candidates,
            AnswerLimits {
                excerpts: 0,
                ..AnswerLimits::default()
            }
        ),
        []
    );
    assert_eq!(
        extractive(
            &ranking,
            &candidates,
            AnswerLimits {
                min_score: 1.1,
                ..AnswerLimits::default()
            }
        ),
        []
    );
}

#[test]
fn diversity_passes_over_a_twin() {
    let texts = [COLLECTION[0], COLLECTION[0], COLLECTION[4]];
    let ranking = ranked("matrícula e edital de monitoria", &texts, Fusion::Learned);
    let candidates: Vec<Candidate<'_>> = texts.iter().map(|text| Candidate::new(text)).collect();
    let said = |picked: &[usize]| -> Vec<&str> {
        picked
            .iter()
            .map(|&position| texts[ranking.passages[position].index])
            .collect()
    };
    let picked = diversify(&ranking, &candidates, 0.3, 2);
    assert_eq!(picked[0], 0);
    let said = said(&picked);
    assert_ne!(said[0], said[1]);
    assert_eq!(diversify(&ranking, &candidates, 1.0, 9), [0, 1, 2]);
}

#[test]
fn metrics_agree_with_hand_worked_values() {
    let third = [false, false, true, false];
    assert!((ndcg(&third, 1, 10) - 0.5).abs() < 1e-12);
    assert!(
        (ndcg(&[true, false, true], 2, 10) - (1.0 + 0.5) / (1.0 + 1.0 / 3_f64.log2())).abs()
            < 1e-12
    );
    assert_eq!(ndcg(&third, 1, 2), 0.0);
    assert_eq!(ndcg(&[], 0, 10), 0.0);
    assert!((reciprocal_rank(&third, 10) - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!((hit(&third, 2), hit(&third, 3)), (0.0, 1.0));
    assert_eq!(auc(&[0.9, 0.5], &[0.1, 0.5]), 0.875);
    assert_eq!(auc(&[], &[0.1]), 0.5);
    let answerable: Vec<f32> = (1..=100).map(|number| number as f32 / 100.0).collect();
    let points = refusal_curve(&answerable, &[0.005, 0.015, 0.035, 0.9], &[0.0, 0.01, 0.03]);
    assert_eq!(
        points
            .iter()
            .map(|point| point.wrongly_refused)
            .collect::<Vec<_>>(),
        [0.0, 0.01, 0.03]
    );
    assert_eq!(
        points.iter().map(|point| point.refused).collect::<Vec<_>>(),
        [0.25, 0.5, 0.75]
    );
}

#[test]
fn the_bundled_model_is_sound_and_survives_a_round_trip() {
    let model = Model::bundled();
    assert!(model.knows_embedder("e5-small-enpt-q4_0"));
    assert!(!model.knows_embedder("text-embedding-3-small"));
    assert!(!model.description().is_empty());
    assert_eq!(Model::from_json(&model.to_json_pretty()).unwrap(), model);
    let used = |basis| -> Vec<Feature> {
        model
            .weights(basis)
            .weights
            .iter()
            .map(|weight| weight.feature)
            .collect()
    };
    for basis in [Basis::Text, Basis::Passages, Basis::Sentences] {
        assert_eq!(used(basis), basis.features());
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused() {
    let good = Model::bundled().to_json_pretty();
    assert!(Model::from_json(&good).is_ok());
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"terms_version\": 1", "\"terms_version\": 0"),
        ("\"bm25\"", "\"page_rank\""),
        ("\"bm25\"", "\"bigrams\""),
        ("\"bm25\"", "\"sentence\""),
        ("\"scale\": ", "\"scale\": -"),
        ("\"slope\": 0", "\"slope\": -0"),
        ("\"answer_from\": 0", "\"answer_from\": 7"),
        ("\"weights\"", "\"weihgts\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from} is not in the file");
        assert!(Model::from_json(&bad).is_err(), "{from} as {to}");
    }
}

/// Questions about the collection, each with its passage, and again without it.
fn training() -> Vec<TrainingQuestion> {
    let asked = [
        ("Qual o prazo para o trancamento da matrícula?", 0),
        ("Quando a matrícula é renovada?", 0),
        ("Quantas horas tem o estágio obrigatório?", 1),
        ("A quem cabe a supervisão do estágio?", 1),
        ("Quantos docentes compõem a banca da monografia?", 2),
        ("A defesa da monografia é pública?", 2),
        ("O que a memória principal guarda?", 3),
        ("O que os registradores evitam?", 3),
        ("Quando sai o edital da monitoria?", 4),
        ("Que bolsas a universidade oferece?", 4),
        ("O que o computador executa?", 5),
        ("De onde é lida cada instrução?", 5),
    ];
    let mut questions = Vec::new();
    for (text, right) in asked {
        for answerable in [true, false] {
            let kept: Vec<usize> = (0..COLLECTION.len())
                .filter(|&at| answerable || at != right)
                .collect();
            let texts: Vec<&str> = kept.iter().map(|&at| COLLECTION[at]).collect();
            let statistics = statistics(&texts);
            let spans: Vec<_> = texts.iter().map(|text| sentences(text)).collect();
            let candidates: Vec<Candidate<'_>> = texts
                .iter()
                .zip(&spans)
                .map(|(text, spans)| Candidate {
                    sentences: spans,
                    ..Candidate::new(text)
                })
                .collect();
            questions.push(TrainingQuestion {
                group: right.to_string(),
                features: features(
                    &Question::new(text, &statistics),
                    None,
                    &candidates,
                    &statistics,
                    None,
                ),
                relevant: kept.iter().map(|&at| at == right).collect(),
                answerable,
            });
        }
    }
    questions
}

#[test]
fn fitting_learns_to_rank_and_to_refuse_on_unseen_documents() {
    let result = cross_validate(&training(), 3, &FitSettings::default()).unwrap();
    assert_eq!(result.basis, Basis::Text);
    assert!(result.ndcg_10 > 0.9 && result.auc > 0.9, "{result:?}");
    assert_eq!(
        (
            result.answerable_evidence.len(),
            result.unanswerable_evidence.len()
        ),
        (12, 12)
    );
    assert!(result.orders.iter().all(|order| !order.is_empty()));
}

#[test]
fn fitting_twice_gives_the_same_sound_model() {
    let settings = FitSettings {
        description: "six passages".to_owned(),
        ..FitSettings::default()
    };
    let model = fit(&training(), None, &settings).unwrap();
    assert_eq!(fit(&training(), None, &settings).unwrap(), model);
    let json = model.to_json_pretty();
    assert_eq!(Model::from_json(&json).unwrap(), model);
    assert!(
        !json.contains("\"sentence\""),
        "no vectors, no weights for them: {json}"
    );
}

#[test]
fn chunks_of_one_page_do_not_push_each_other_down() {
    let mut questions = training();
    for question in questions.iter_mut().filter(|question| question.answerable) {
        // The right page comes in two chunks, the second of which holds nothing of the question.
        let mut empty = question.features.rows[0];
        (
            empty.bm25,
            empty.bigrams,
            empty.coverage,
            empty.sentence_coverage,
        ) = (0.0, 0.0, 0.0, 0.0);
        question.features.rows.push(empty);
        question.relevant.push(true);
    }
    let result = cross_validate(&questions, 3, &FitSettings::default()).unwrap();
    assert!(result.ndcg_10 > 0.9, "{result:?}");
}

#[test]
fn fitting_says_what_is_missing() {
    let settings = FitSettings::default();
    let only = |answerable: bool| -> Vec<TrainingQuestion> {
        training()
            .into_iter()
            .filter(|question| question.answerable == answerable)
            .collect()
    };
    assert_eq!(fit(&[], None, &settings), Err(FitError::NothingToRank));
    assert_eq!(
        fit(&only(false), None, &settings),
        Err(FitError::NothingToRank)
    );
    assert_eq!(
        fit(&only(true), None, &settings),
        Err(FitError::NothingToRefuse)
    );
    let mut wrong = training();
    wrong[4].relevant.pop();
    assert_eq!(fit(&wrong, None, &settings), Err(FitError::Labels(4)));
    assert_eq!(
        cross_validate(&training(), 7, &settings),
        Err(FitError::Folds {
            groups: 6,
            folds: 7
        })
    );
    assert_eq!(
        cross_validate(&training(), 1, &settings),
        Err(FitError::Folds {
            groups: 6,
            folds: 1
        })
    );
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(
        COLLECTION
            .iter()
            .flat_map(|text| text.split_whitespace())
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(word(), 0..25).prop_map(|words| words.join(" ")),
        "\\PC{0,60}",
    ]
}

proptest! {
    #[test]
    fn any_input_gives_finite_scores_and_quotes_inside_the_text(
        asked in text(),
        texts in prop::collection::vec(text(), 0..8),
        values in prop::collection::vec(prop::option::of(prop::num::f32::ANY), 16),
        vectors in prop::collection::vec(prop::num::f32::ANY, 8),
    ) {
        let statistics = statistics(&COLLECTION);
        let question = Question::new(&asked, &statistics);
        let one_vector = [vectors.clone()];
        let candidates: Vec<Candidate<'_>> = texts.iter().enumerate().map(|(at, text)| Candidate {
            text_score: values[at],
            similarity: values[at + 8],
            sentence_vectors: if at % 2 == 0 { &one_vector } else { &[] },
            ..Candidate::new(text)
        }).collect();
        let mut model = Model::bundled();
        model.embedder = Some(EmbedderMeans::new("test", &[&[0.1; 8]], &[&[0.2; 8]]));
        for fusion in [Fusion::Learned, Fusion::MinMax, Fusion::Text, Fusion::Vector] {
            let ranking = rank(&question, Some(&vectors), &candidates, &statistics, fusion, &model);
            prop_assert!((0.0..=1.0).contains(&ranking.evidence));
            let mut seen: Vec<usize> = ranking.passages.iter().map(|passage| passage.index).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..texts.len()).collect::<Vec<_>>());
            for passage in &ranking.passages {
                prop_assert!((0.0..=1.0).contains(&passage.score));
                prop_assert!(texts[passage.index].get(passage.quote.clone()).is_some());
            }
            for source in ranking.sources(0.3) {
                prop_assert!(ranking.answerable && ranking.passages[source].citable);
                prop_assert!(ranking.passages[source].score >= 0.3);
            }
            for excerpt in extractive(&ranking, &candidates, AnswerLimits::default()) {
                let passage = &ranking.passages[excerpt.passage];
                prop_assert!(passage.citable && texts[passage.index].get(excerpt.span).is_some());
            }
            prop_assert_eq!(diversify(&ranking, &candidates, 0.5, 99).len(), texts.len());
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        asked in text(),
        texts in prop::collection::vec(text(), 1..8),
        turn in 0_usize..8,
    ) {
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut turned = refs.clone();
        turned.rotate_left(turn % refs.len());
        turned.reverse();
        let order = |texts: &[&str]| -> Vec<(String, f32)> {
            let ranking = ranked(&asked, texts, Fusion::Learned);
            ranking.passages.iter().map(|passage| (texts[passage.index].to_owned(), passage.score)).collect()
        };
        prop_assert_eq!(order(&refs), order(&turned));
    }

    #[test]
    fn scores_fall_along_the_learned_order(asked in text(), texts in prop::collection::vec(text(), 0..8)) {
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let ranking = ranked(&asked, &refs, Fusion::Learned);
        prop_assert!(ranking.passages.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }

    #[test]
    fn holding_more_of_the_question_never_ranks_lower(asked in text(), text in text()) {
        // The same words and then the question itself: every share can only grow.
        let statistics = statistics(&COLLECTION);
        let question = Question::new(&asked, &statistics);
        let more = format!("{text} {asked}");
        let rows = features(&question, None, &[Candidate::new(&text), Candidate::new(&more)], &statistics, None).rows;
        prop_assert!(rows[1].coverage >= rows[0].coverage - 1e-6);
        prop_assert!(rows[1].sentence_coverage >= rows[0].sentence_coverage - 1e-6);
        prop_assert!(rows[1].bigrams >= rows[0].bigrams - 1e-6);
    }
}
