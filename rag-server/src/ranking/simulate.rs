//! `ranking simulate`: what learning makes of students whose habits are known, because they are made up.
//!
//! Half of the documents of the known questions are what a ranking was fitted on; the other half is a course it has never
//! seen. Students ask half of the course's questions, look at what they are shown, the less the further down (the same law
//! that learning assumes, 1/place), and open what they take for an answer; some of it is a slip. What is learned from that is
//! measured on the other half of the questions. Two more classes should teach nothing: one that opens whatever it looks at,
//! and one that opens everything but the answer.
//!
//! Each class meets two rankings: the fitted one, which leaves little to learn, and one that went astray, which believes in
//! words ten times as much as it should. The same seed gives the same students.

use clap::Args;
use rank::{
    EvaluationSet, Feedback, Figures, FitSettings, LearnSettings, Learned, Model, Part, Shown,
    TrainingQuestion,
};
use serde::Serialize;

use super::known;
use crate::cli::Output;

/// Sources that are shown.
const SHOWN: usize = 6;
/// Part of the known questions that has documents enough to be halved.
const HALVED: &str = "faquad";

/// What to simulate.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Other students with each.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Students.
    #[arg(long, default_value_t = 40)]
    students: u64,
    /// How many of them ask the same question.
    #[arg(long, default_value_t = 6)]
    askers: u64,
    /// How much the ranking in use holds back.
    #[arg(long, default_value_t = LearnSettings::default().l2)]
    l2: f64,
}

/// What the students meet.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Start {
    /// Fitted on other documents.
    Fitted,
    /// The same, believing in words.
    Astray,
}

/// What students open.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Habit {
    /// What answers; now and then something else.
    Honest,
    /// Whatever.
    Random,
    /// Anything but what answers.
    Harmful,
}

impl Habit {
    /// Chance that a passage is opened when it is looked at: of one that answers, and of another.
    fn chances(self) -> (f64, f64) {
        match self {
            Self::Honest => (0.8, 0.04),
            Self::Random => (0.3, 0.3),
            Self::Harmful => (0.05, 0.6),
        }
    }
}

/// What came out for one class.
#[derive(Debug, Serialize)]
struct Class {
    start: Start,
    habit: Habit,
    /// Answers that told something.
    answers: usize,
    /// nDCG@10 of what was opened by people it was not learned from: before, after, standard error of the gain.
    held_out: (f64, f64, f64),
    /// Questions of the course that nobody had asked.
    before: Figures,
    after: Figures,
    accepted: bool,
    faults: Vec<rank::Fault>,
}

/// A course, and what is known beside it.
struct Stage {
    fitted: Model,
    known: EvaluationSet,
    /// Questions that are asked, and questions to measure with.
    asked: Vec<TrainingQuestion>,
    unasked: EvaluationSet,
}

/// Simulates every class and prints what came out.
pub(crate) fn run(output: &Output, args: &SimulateArgs) -> anyhow::Result<()> {
    let stage = Stage::set()?;
    let astray = astray(&stage.fitted)?;
    let mut classes = Vec::new();
    for (start, model) in [(Start::Fitted, &stage.fitted), (Start::Astray, &astray)] {
        for habit in [Habit::Honest, Habit::Random, Habit::Harmful] {
            classes.push(stage.class(args, (start, model), habit)?);
        }
    }
    output.value(&classes)?;
    print(output, &classes);
    Ok(())
}

impl Stage {
    /// Halves the known questions: documents of the fitted ranking and of the course in turn, and so its questions.
    fn set() -> anyhow::Result<Self> {
        let mut parts = known()?.parts;
        let at = parts.iter().position(|part| part.name == HALVED);
        let all = at.map(|at| parts.remove(at).questions).unwrap_or_default();
        let mut groups: Vec<&str> = all.iter().map(|one| one.group.as_str()).collect();
        groups.dedup();
        let is_seen = |one: &TrainingQuestion| {
            let at = groups.iter().position(|group| *group == one.group);
            at.is_some_and(|at| at % 2 == 0)
        };
        let (seen, course): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_seen);
        let means = Model::bundled().embedder().cloned();
        let fitted = rank::fit(&seen, means, &FitSettings::default())?;
        let part = |name: &str, questions| Part {
            name: name.to_owned(),
            questions,
        };
        parts.push(part("seen", seen));
        let known = EvaluationSet::new(parts, &fitted);
        let (mut asked, mut unasked) = (Vec::new(), Vec::new());
        // Each question stands twice: with its document, and without.
        for (pair, question) in course
            .into_iter()
            .enumerate()
            .map(|(at, one)| (at / 2, one))
        {
            if pair % 2 == 1 {
                unasked.push(question);
            } else if question.answerable {
                asked.push(question);
            }
        }
        Ok(Self {
            unasked: EvaluationSet::new(vec![part("course", unasked)], &fitted),
            asked,
            known,
            fitted,
        })
    }

    /// One class asks, the ranking learns, and is asked what it was not taught.
    fn class(
        &self,
        args: &SimulateArgs,
        (start, model): (Start, &Model),
        habit: Habit,
    ) -> anyhow::Result<Class> {
        let mut chance = Chance(args.seed);
        let mut feedback = Vec::new();
        for question in &self.asked {
            for _ in 0..args.askers {
                let student = chance.below(args.students);
                feedback.push(looked(model, question, habit, student, &mut chance));
            }
        }
        let settings = LearnSettings {
            l2: args.l2,
            ..LearnSettings::default()
        };
        let learned: Learned = rank::improve(model, &feedback, &self.known, &settings)?;
        let faults = rank::faults(
            &self.known.figures(&self.fitted),
            &self.known.figures(model),
            &self.known.figures(&learned.model),
            &learned,
        );
        let richest = |model: &Model| {
            let figures = self.unasked.figures(model).into_iter();
            figures.max_by_key(|one| one.basis)
        };
        let (Some(before), Some(after)) = (richest(model), richest(&learned.model)) else {
            anyhow::bail!("there are no questions to measure with");
        };
        Ok(Class {
            start,
            habit,
            answers: learned.used,
            held_out: (learned.before.ndcg_10, learned.after.ndcg_10, learned.error),
            before,
            after,
            accepted: faults.is_empty(),
            faults,
        })
    }
}

/// The ranking, believing in words ten times as much as it should.
fn astray(model: &Model) -> anyhow::Result<Model> {
    let mut json: serde_json::Value = serde_json::from_str(&model.to_json_pretty())?;
    for set in ["text", "passages", "sentences"] {
        let weights = json[set]["weights"].as_array_mut();
        for weight in weights.into_iter().flatten() {
            if ["bm25", "bigrams"]
                .iter()
                .any(|words| weight["feature"] == *words)
            {
                let believed = weight["weight"].as_f64().unwrap_or(0.0).max(0.1);
                weight["weight"] = (10.0 * believed).into();
            }
        }
    }
    Ok(Model::from_json(&json.to_string())?)
}

/// What a student makes of what the ranking shows.
fn looked(
    model: &Model,
    question: &TrainingQuestion,
    habit: Habit,
    student: u64,
    chance: &mut Chance,
) -> Feedback {
    let (right, wrong) = habit.chances();
    let shown = model
        .order(&question.features)
        .into_iter()
        .take(SHOWN)
        .zip(1_u32..)
        .filter_map(|(at, place)| {
            let row = *question.features.rows.get(at)?;
            let answers = question.relevant.get(at).copied().unwrap_or(false);
            let is_seen = chance.happens(1.0 / f64::from(place));
            let opened = is_seen && chance.happens(if answers { right } else { wrong });
            Some(Shown {
                place: place as usize,
                row,
                opened,
                cited: false,
            })
        })
        .collect();
    Feedback {
        person: student.to_string(),
        shown,
        rating: None,
    }
}

/// Chance that can be had again: `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True with this probability.
    fn happens(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / ((1_u64 << 53) as f64) < probability
    }
}

fn print(output: &Output, classes: &[Class]) {
    output.line(
        "ranking  opened   answers  held out               nDCG@10        hit@1          refused        wrongly        gate",
    );
    for one in classes {
        let pair =
            |of: fn(&Figures) -> f64| format!("{:.3} → {:.3}", of(&one.before), of(&one.after));
        let gate = if one.accepted {
            "accepted".to_owned()
        } else {
            format!("refused: {:?}", one.faults)
        };
        let (before, after, error) = one.held_out;
        output.line(&format!(
            "{:8} {:8} {:7}  {before:.3} → {after:.3} ± {error:.3}  {:14} {:14} {:14} {:14} {gate}",
            format!("{:?}", one.start).to_lowercase(),
            format!("{:?}", one.habit).to_lowercase(),
            one.answers,
            pair(|one| one.ndcg_10),
            pair(|one| one.hit_1),
            pair(|one| one.refused),
            pair(|one| one.wrongly_refused),
        ));
    }
}
