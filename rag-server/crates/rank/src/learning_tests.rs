#![allow(clippy::float_cmp, reason = "exact values of known rows")]
use proptest::prelude::*;

use crate::features::Row;
use crate::{
    Basis, EvaluationSet, Fault, Feature, Features, Feedback, Figures, FitError, HeldOut,
    LearnSettings, Learned, Model, ModelError, Part, Rating, Shown, TrainingQuestion, faults,
    improve,
};

fn row(bm25: f32, bigrams: f32, coverage: f32) -> Row {
    Row {
        bm25,
        bigrams,
        coverage,
        sentence_coverage: coverage,
        similarity: None,
        sentence: None,
    }
}

/// Questions whose passage holds all of their words, each with it and without.
fn known() -> EvaluationSet {
    let question = |at: u8, answerable: bool| {
        let little = f32::from(at % 7) / 50.0;
        let mut rows = vec![row(0.1, 0.0, 0.2 + little), row(0.05, 0.0, 0.1)];
        let mut relevant = vec![false, false];
        if answerable {
            rows.push(row(0.5, 0.3, 0.9 - little));
            relevant.push(true);
        }
        TrainingQuestion {
            group: at.to_string(),
            features: Features { rows },
            relevant,
            answerable,
        }
    };
    let questions = (0..60)
        .flat_map(|at| [question(at, true), question(at, false)])
        .collect();
    let part = Part {
        name: "known".to_owned(),
        questions,
    };
    EvaluationSet::new(vec![part], &Model::bundled())
}

/// Somebody who was shown these and opened those at these places.
fn looked(person: usize, rows: &[Row], opened: &[usize]) -> Feedback {
    Feedback {
        person: person.to_string(),
        shown: rows
            .iter()
            .zip(1..)
            .map(|(row, place)| Shown {
                place,
                row: *row,
                opened: opened.contains(&place),
                cited: place == 1,
            })
            .collect(),
        rating: None,
    }
}

fn learned_from(feedback: &[Feedback]) -> Result<Learned, FitError> {
    improve(
        &Model::bundled(),
        feedback,
        &known(),
        &LearnSettings::default(),
    )
}

fn weight(model: &Model, feature: Feature) -> f64 {
    let weights = &model.weights(Basis::Text).weights;
    weights
        .iter()
        .find(|one| one.feature == feature)
        .unwrap()
        .weight
}

/// What people open where the words stand side by side, though fewer of them.
fn of_neighbours(count: usize) -> Vec<Feedback> {
    let rows = [row(0.3, 0.0, 0.6), row(0.3, 0.4, 0.45)];
    (0..count).map(|at| looked(at % 10, &rows, &[2])).collect()
}

#[test]
fn what_people_open_ranks_higher() {
    let learned = learned_from(&of_neighbours(60)).unwrap();
    assert_eq!((learned.used, learned.people), (60, 10));
    assert!(weight(&learned.model, Feature::Bigrams) > weight(&Model::bundled(), Feature::Bigrams));
    assert!(learned.after.hit_1 > learned.before.hit_1, "{learned:?}");
    let rows = vec![row(0.3, 0.0, 0.6), row(0.3, 0.4, 0.45)];
    let features = Features { rows };
    assert_eq!(Model::bundled().order(&features), [0, 1]);
    assert_eq!(learned.model.order(&features), [1, 0]);
    // Scores and thresholds fit the new sums.
    let figures = &known().figures(&learned.model)[0];
    assert!(
        figures.refused > 0.95 && figures.wrongly_refused < 0.05,
        "{figures:?}"
    );
    assert_eq!(learned_from(&of_neighbours(60)).unwrap(), learned);
}

#[test]
fn more_answers_move_more_and_the_model_in_use_holds_back() {
    let moved = |count: usize| {
        let learned = learned_from(&of_neighbours(count)).unwrap();
        weight(&learned.model, Feature::Bigrams) - weight(&Model::bundled(), Feature::Bigrams)
    };
    assert!(moved(20) > 0.0);
    assert!(moved(200) > 1.5 * moved(20));
}

#[test]
fn what_stands_further_down_counts_for_what_was_not_looked_at() {
    // Both answer as well; the second is looked at half as often, and so opened half as often.
    let rows = [row(0.5, 0.0, 0.3), row(0.1, 0.0, 0.45)];
    let set = Model::bundled();
    let sums: Vec<f64> = rows
        .iter()
        .map(|row| set.weights(Basis::Text).sum(row))
        .collect();
    assert!((sums[0] - sums[1]).abs() < 1.5, "{sums:?}");
    let mut level = Vec::new();
    for at in 0..30 {
        level.push(looked(
            at % 10,
            &rows,
            if at % 3 == 2 { &[2] } else { &[1] },
        ));
    }
    let difference = |feedback: &[Feedback]| {
        let learned = learned_from(feedback).unwrap().model;
        let set = learned.weights(Basis::Text);
        set.sum(&rows[0]) - set.sum(&rows[1])
    };
    let mut first: Vec<Feedback> = level.clone();
    for (at, one) in first.iter_mut().enumerate() {
        *one = looked(at % 10, &rows, &[1]);
    }
    // Towards level, although the first was opened twice as often.
    assert!(difference(&level).abs() < (sums[0] - sums[1]).abs().max(0.05));
    assert!(difference(&first) > difference(&level) + 0.1);
}

#[test]
fn a_disliked_answer_a_silent_one_and_one_opened_whole_tell_nothing() {
    let rows = [row(0.3, 0.0, 0.6), row(0.3, 0.4, 0.45)];
    let rated = |opened: &[usize], rating: Option<Rating>| Feedback {
        rating,
        ..looked(0, &rows, opened)
    };
    assert!(rated(&[2], None).tells());
    assert!(rated(&[2], Some(Rating::Up)).tells());
    assert!(!rated(&[2], Some(Rating::Down)).tells());
    assert!(!rated(&[], None).tells());
    assert!(!rated(&[1, 2], None).tells());
    // What a liked answer cites helped, where nothing was opened.
    assert!(rated(&[], Some(Rating::Up)).tells());
}

#[test]
fn nobody_moves_the_ranking_alone() {
    let rows = [row(0.3, 0.0, 0.6), row(0.3, 0.4, 0.45)];
    let others: Vec<Feedback> = (0..50).map(|at| looked(at % 10, &rows, &[1])).collect();
    let moved =
        |feedback: &[Feedback]| weight(&learned_from(feedback).unwrap().model, Feature::Bigrams);
    let without = moved(&others);
    let shouted = |count: usize, people: usize| {
        let mut all = others.clone();
        all.extend((0..count).map(|at| looked(100 + at % people, &rows, &[2])));
        moved(&all) - without
    };
    assert!(shouted(400, 1) < 0.3 * shouted(400, 40));
}

#[test]
fn too_little_is_nothing_to_learn_from() {
    assert_eq!(learned_from(&[]).unwrap_err(), FitError::NothingToRank);
    let rows = [row(0.3, 0.0, 0.6), row(0.3, 0.4, 0.45)];
    let few: Vec<Feedback> = (0..40).map(|at| looked(at % 4, &rows, &[2])).collect();
    assert_eq!(
        learned_from(&few).unwrap_err(),
        FitError::Folds {
            groups: 4,
            folds: 5
        }
    );
}

#[test]
fn a_set_survives_a_round_trip_and_another_version_is_refused() {
    let set = known();
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(EvaluationSet::from_json(json.as_bytes()).unwrap(), set);
    for (from, to) in [
        ("{\"version\":1", "{\"version\":2"),
        ("\"terms_version\":", "\"terms_version\":9"),
    ] {
        let other = json.replacen(from, to, 1);
        assert_ne!(other, json);
        assert!(matches!(
            EvaluationSet::from_json(other.as_bytes()),
            Err(ModelError::Version { .. })
        ));
    }
    let mut short = set;
    short.parts[0].questions[0].relevant.pop();
    let json = serde_json::to_string(&short).unwrap();
    assert!(matches!(
        EvaluationSet::from_json(json.as_bytes()),
        Err(ModelError::Unsound(_))
    ));
}

#[test]
fn a_set_keeps_what_any_weights_might_put_first() {
    let mut rows: Vec<Row> = (0..200_u8)
        .map(|at| row(0.2, 0.0, 0.3 + f32::from(at) / 1000.0))
        .collect();
    rows[0].bigrams = 0.01;
    let mut relevant = vec![false; 200];
    relevant[1] = true;
    let question = TrainingQuestion {
        group: String::new(),
        features: Features { rows },
        relevant,
        answerable: true,
    };
    let part = Part {
        name: String::new(),
        questions: vec![question],
    };
    let set = EvaluationSet::new(vec![part], &Model::bundled());
    let kept = &set.parts[0].questions[0];
    assert!(kept.features.rows.len() < 40);
    assert_eq!(kept.relevant.iter().filter(|right| **right).count(), 1);
    let coverage = kept.features.rows.iter().map(|row| row.coverage);
    assert_eq!(coverage.fold(0.0, f32::max), 0.499);
    assert!(kept.features.rows.iter().any(|row| row.bigrams > 0.0));
}

#[test]
fn figures_agree_with_hand_worked_values() {
    let question = |rows: Vec<Row>, relevant: Vec<bool>, answerable| TrainingQuestion {
        group: String::new(),
        features: Features { rows },
        relevant,
        answerable,
    };
    let (strong, weak) = (row(0.9, 0.9, 1.0), row(0.0, 0.0, 0.05));
    let questions = vec![
        question(vec![strong, weak], vec![true, false], true),
        question(vec![strong, weak], vec![false, true], true),
        question(vec![weak], vec![true], true),
        question(vec![], vec![], true),
        question(vec![weak], vec![false], false),
        question(vec![strong], vec![false], false),
        // Two chunks of the right page: the second is no fault and no merit.
        question(vec![strong, strong, weak], vec![true, true, false], true),
    ];
    let part = Part {
        name: "hand".to_owned(),
        questions,
    };
    let set = EvaluationSet::new(vec![part], &Model::bundled());
    let text = &set.figures(&Model::bundled())[0];
    assert_eq!((text.answerable, text.unanswerable), (5, 2));
    assert_eq!(text.hit_1, 3.0 / 5.0);
    let ndcg = (3.0 + 1.0 / 3.0_f64.log2()) / 5.0;
    assert!((text.ndcg_10 - ndcg).abs() < 1e-9, "{text:?}");
    assert_eq!((text.refused, text.wrongly_refused), (0.5, 2.0 / 5.0));
}

fn figures() -> Figures {
    Figures {
        part: "known".to_owned(),
        basis: Basis::Text,
        answerable: 500,
        unanswerable: 500,
        ndcg_10: 0.95,
        hit_1: 0.90,
        refused: 0.80,
        wrongly_refused: 0.03,
    }
}

/// A model that gained so much, give or take.
fn gained(gain: f64, error: f64) -> Learned {
    let held = |ndcg_10: f64| HeldOut {
        ndcg_10,
        hit_1: 0.5,
    };
    Learned {
        model: Model::bundled(),
        used: 60,
        people: 6,
        before: held(0.8),
        after: held(0.8 + gain),
        error,
    }
}

fn judged(change: impl Fn(&mut Figures)) -> Vec<Fault> {
    let mut after = figures();
    change(&mut after);
    faults(&[figures()], &[figures()], &[after], &gained(0.02, 0.005))
}

#[test]
fn the_gate_lets_through_what_gains_and_costs_nothing_to_speak_of() {
    assert_eq!(judged(|_| {}), []);
    assert_eq!(judged(|one| one.ndcg_10 -= 0.004), []);
    assert_eq!(judged(|one| one.ndcg_10 -= 0.006), [Fault::RanksWorse]);
    assert_eq!(judged(|one| one.hit_1 -= 0.009), []);
    assert_eq!(judged(|one| one.hit_1 -= 0.011), [Fault::RanksWorse]);
    assert_eq!(judged(|one| one.refused -= 0.02), []);
    assert_eq!(judged(|one| one.refused -= 0.04), [Fault::RefusesLess]);
    assert_eq!(judged(|one| one.wrongly_refused += 0.009), []);
    assert_eq!(
        judged(|one| one.wrongly_refused += 0.011),
        [Fault::RefusesMore]
    );
}

#[test]
fn what_gains_little_or_by_chance_is_not_let_through() {
    let judged = |gain: f64, error: f64| {
        faults(
            &[figures()],
            &[figures()],
            &[figures()],
            &gained(gain, error),
        )
    };
    assert_eq!(judged(0.0025, 0.001), []);
    assert_eq!(judged(0.0015, 0.0001), [Fault::NothingGained]);
    assert_eq!(judged(0.019, 0.01), [Fault::NothingGained]);
    assert_eq!(judged(0.021, 0.01), []);
}

#[test]
fn a_ranking_that_went_astray_can_come_back() {
    let with = |ndcg_10: f64| Figures {
        ndcg_10,
        ..figures()
    };
    let judged = |in_use: f64, after: f64| {
        faults(
            &[with(0.95)],
            &[with(in_use)],
            &[with(after)],
            &gained(0.02, 0.005),
        )
    };
    assert_eq!(judged(0.90, 0.93), []);
    assert_eq!(judged(0.90, 0.89), [Fault::RanksWorse]);
    // What was lost within the bounds may not be lost again.
    assert_eq!(judged(0.946, 0.944), [Fault::RanksWorse]);
}

#[test]
fn a_part_with_few_questions_may_lose_one_of_them() {
    let few = |hit_1: f64| Figures {
        answerable: 20,
        hit_1,
        ..figures()
    };
    let judged = |after: f64| {
        faults(
            &[few(0.9)],
            &[few(0.9)],
            &[few(after)],
            &gained(0.02, 0.005),
        )
    };
    assert_eq!(judged(0.85), []);
    assert_eq!(judged(0.80), [Fault::RanksWorse]);
}

#[test]
fn slips_that_are_even_teach_nothing() {
    // Everything that is looked at is opened, whatever it is.
    let rows = [row(0.5, 0.3, 0.9), row(0.2, 0.0, 0.4), row(0.1, 0.0, 0.2)];
    let mut feedback = Vec::new();
    for at in 0..110 {
        let place = match at % 11 {
            0..6 => 1,
            6..9 => 2,
            _ => 3,
        };
        feedback.push(looked(at % 10, &rows, &[place]));
    }
    let learned = learned_from(&feedback).unwrap();
    let features = Features {
        rows: rows.to_vec(),
    };
    assert_eq!(learned.model.order(&features), [0, 1, 2]);
    assert!(learned.after.ndcg_10 < learned.before.ndcg_10 + 2.0 * learned.error + 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever people do, the model stays sound: weights not negative, numbers finite, readable again.
    #[test]
    fn whatever_people_do_the_model_stays_sound(
        all in prop::collection::vec(
            (0_usize..9, prop::collection::vec((0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, any::<bool>()), 2..6)),
            30..80,
        ),
    ) {
        let feedback: Vec<Feedback> = all
            .iter()
            .map(|(person, shown)| {
                let rows: Vec<Row> = shown.iter().map(|one| row(one.0, one.1, one.2)).collect();
                let opened: Vec<usize> =
                    shown.iter().zip(1..).filter(|(one, _)| one.3).map(|(_, place)| place).collect();
                looked(*person, &rows, &opened)
            })
            .collect();
        if let Ok(learned) = learned_from(&feedback) {
            prop_assert!(learned.error.is_finite() && learned.error >= 0.0);
            let read = Model::from_json(&learned.model.to_json_pretty()).unwrap();
            prop_assert_eq!(read, learned.model);
            for held in [learned.before, learned.after] {
                prop_assert!((0.0..=1.0).contains(&held.ndcg_10) && (0.0..=1.0).contains(&held.hit_1));
            }
        }
    }
}
