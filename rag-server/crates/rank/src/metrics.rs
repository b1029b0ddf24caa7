//! How good an order or a refusal is.

use serde::Serialize;

/// Normalised discounted cumulative gain at `k` (Järvelin and Kekäläinen 2002) with relevance 0 or 1, 0..=1.
///
/// `relevant` tells for each place, best first, whether what stands there is relevant; `total` is how many relevant things there
/// are, found or not. 0 when there are none.
pub fn ndcg(relevant: &[bool], total: usize, k: usize) -> f64 {
    let gain = |place: usize| 1.0 / ((place + 2) as f64).log2();
    let ideal: f64 = (0..total.min(k)).map(gain).sum();
    if ideal <= 0.0 {
        return 0.0;
    }
    let found = relevant
        .iter()
        .take(k)
        .enumerate()
        .filter(|&(_, &relevant)| relevant);
    found.map(|(place, _)| gain(place)).sum::<f64>() / ideal
}

/// One over the place (from 1) of the first relevant thing within `k`, else 0.
pub fn reciprocal_rank(relevant: &[bool], k: usize) -> f64 {
    let place = relevant.iter().take(k).position(|&relevant| relevant);
    place.map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// 1 when anything relevant stands within `k`, else 0.
pub fn hit(relevant: &[bool], k: usize) -> f64 {
    f64::from(u8::from(relevant.iter().take(k).any(|&relevant| relevant)))
}

/// Probability that a positive scores above a negative, ties counting half (area under the ROC curve); 0.5 when one side is empty.
pub fn auc(positives: &[f32], negatives: &[f32]) -> f64 {
    if positives.is_empty() || negatives.is_empty() {
        return 0.5;
    }
    let mut sorted = negatives.to_vec();
    sorted.sort_by(f32::total_cmp);
    let wins: f64 = positives
        .iter()
        .map(|positive| {
            let below = sorted.partition_point(|negative| negative.total_cmp(positive).is_lt());
            let upto = sorted.partition_point(|negative| negative.total_cmp(positive).is_le());
            (below + upto) as f64 / 2.0
        })
        .sum();
    wins / (positives.len() * negatives.len()) as f64
}

/// A point of the refusal curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RefusalPoint {
    /// Share of answerable questions that are refused at this threshold, at most what was asked for.
    pub wrongly_refused: f64,
    /// Share of unanswerable questions that are refused.
    pub refused: f64,
    /// Evidence below this is refused.
    pub threshold: f32,
}

/// For each allowed share of wrong refusals: the greatest threshold that keeps to it, and what it refuses rightly.
pub fn refusal_curve(
    answerable: &[f32],
    unanswerable: &[f32],
    allowed: &[f32],
) -> Vec<RefusalPoint> {
    allowed
        .iter()
        .map(|&allowed| {
            let threshold = threshold(answerable, allowed);
            RefusalPoint {
                wrongly_refused: share_below(answerable, threshold),
                refused: share_below(unanswerable, threshold),
                threshold,
            }
        })
        .collect()
}

/// The greatest threshold below which at most the share `allowed` of the values lies; 0 without values.
pub(crate) fn threshold(values: &[f32], allowed: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    // A share such as 0.01 is a little less than that in binary.
    let below = (f64::from(allowed.clamp(0.0, 1.0)) * sorted.len() as f64 + 1e-4).floor() as usize;
    sorted.get(below).or(sorted.last()).copied().unwrap_or(0.0)
}

fn share_below(values: &[f32], threshold: f32) -> f64 {
    let below = values.iter().filter(|&&value| value < threshold).count();
    below as f64 / values.len().max(1) as f64
}
