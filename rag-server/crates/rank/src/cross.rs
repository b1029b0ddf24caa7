//! How the ranking does on documents it has not seen.

use std::collections::BTreeMap;

use crate::evaluation::first_right;
use crate::features::Basis;
use crate::fit::{FitError, FitSettings, TrainingQuestion, check, fit_set, richest};
use crate::metrics::{RefusalPoint, auc, hit, ndcg, reciprocal_rank, refusal_curve};

/// Wrong refusals at which the curve is given.
const ALLOWED: [f32; 4] = [0.01, 0.03, 0.05, 0.10];

/// Figures of questions ranked by weights fitted on other documents.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// What the weights were fitted on.
    pub basis: Basis,
    /// Mean nDCG@10 over the answerable questions. Candidates are the units, but right ones after the first are left out:
    /// they are chunks of one page.
    pub ndcg_10: f64,
    /// Mean reciprocal rank within 10.
    pub mrr_10: f64,
    /// Share of answerable questions with a right candidate first.
    pub hit_1: f64,
    /// … among the first 5.
    pub hit_5: f64,
    /// … among the first 10.
    pub hit_10: f64,
    /// Area under the ROC curve of the evidence: answerable against unanswerable.
    pub auc: f64,
    /// Right refusals at 1, 3, 5 and 10 % wrong ones.
    pub curve: Vec<RefusalPoint>,
    /// For each question, in the order given, its candidates' indices, best first.
    pub orders: Vec<Vec<usize>>,
    /// Evidence of the answerable questions, in their order.
    pub answerable_evidence: Vec<f32>,
    /// Evidence of the unanswerable questions, in their order.
    pub unanswerable_evidence: Vec<f32>,
}

/// Fits on all folds but one and ranks that one, for each fold. Folds are of whole groups, as equal in questions as can be.
pub fn cross_validate(
    questions: &[TrainingQuestion],
    folds: usize,
    settings: &FitSettings,
) -> Result<CrossValidation, FitError> {
    check(questions)?;
    let basis = settings.basis.unwrap_or_else(|| richest(questions));
    let groups = questions.iter().map(|question| question.group.as_str());
    let fold_of = assign(groups, folds)?;
    let mut ranked: Vec<(usize, Vec<usize>, f32)> = Vec::with_capacity(questions.len());
    for fold in 0..folds {
        let numbered = || questions.iter().zip(&fold_of).enumerate();
        let training: Vec<&TrainingQuestion> = numbered()
            .filter(|(_, (_, of))| **of != fold)
            .map(|(_, (question, _))| question)
            .collect();
        let set = fit_set(&training, basis, settings)?;
        for (number, (question, _)) in numbered().filter(|(_, (_, of))| **of == fold) {
            let sums: Vec<f64> = question
                .features
                .rows
                .iter()
                .map(|row| set.sum(row))
                .collect();
            let mut order: Vec<(usize, f64)> = sums.into_iter().enumerate().collect();
            order.sort_by(|one, other| other.1.total_cmp(&one.1));
            let evidence = order
                .first()
                .map_or(0.0, |best| set.evidence.probability(best.1) as f32);
            ranked.push((
                number,
                order.into_iter().map(|(index, _)| index).collect(),
                evidence,
            ));
        }
    }
    ranked.sort_by_key(|(number, _, _)| *number);
    let mut answerable_evidence = Vec::new();
    let mut unanswerable_evidence = Vec::new();
    let mut orders = Vec::with_capacity(questions.len());
    let mut places: Vec<Vec<bool>> = Vec::new();
    for (question, (_, order, evidence)) in questions.iter().zip(ranked) {
        if question.answerable {
            answerable_evidence.push(evidence);
            let is_right = |&at: &usize| question.relevant.get(at) == Some(&true);
            places.push(first_right(order.iter().map(is_right)));
        } else {
            unanswerable_evidence.push(evidence);
        }
        orders.push(order);
    }
    let mean = |of: &dyn Fn(&[bool]) -> f64| {
        places.iter().map(|place| of(place)).sum::<f64>() / places.len().max(1) as f64
    };
    Ok(CrossValidation {
        basis,
        ndcg_10: mean(&|place| ndcg(place, 1, 10)),
        mrr_10: mean(&|place| reciprocal_rank(place, 10)),
        hit_1: mean(&|place| hit(place, 1)),
        hit_5: mean(&|place| hit(place, 5)),
        hit_10: mean(&|place| hit(place, 10)),
        auc: auc(&answerable_evidence, &unanswerable_evidence),
        curve: refusal_curve(&answerable_evidence, &unanswerable_evidence, &ALLOWED),
        orders,
        answerable_evidence,
        unanswerable_evidence,
    })
}

/// The fold of each, by its group: groups by size, the largest first, each to the fold that has least.
pub(crate) fn assign<'a>(
    all: impl Iterator<Item = &'a str> + Clone,
    folds: usize,
) -> Result<Vec<usize>, FitError> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for group in all.clone() {
        *sizes.entry(group).or_default() += 1;
    }
    if folds < 2 || sizes.len() < folds {
        return Err(FitError::Folds {
            groups: sizes.len(),
            folds,
        });
    }
    let mut groups: Vec<(&str, usize)> = sizes.into_iter().collect();
    groups.sort_by_key(|&(name, size)| (std::cmp::Reverse(size), name));
    let mut loads = vec![0_usize; folds];
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, size) in groups {
        let fold = (0..folds).min_by_key(|&fold| loads.get(fold)).unwrap_or(0);
        if let Some(load) = loads.get_mut(fold) {
            *load += size;
        }
        fold_of.insert(name, fold);
    }
    Ok(all
        .filter_map(|group| fold_of.get(group).copied())
        .collect())
}
