//! Small convex problems, solved to the end: a handful of weights, none below zero.

/// Value, slope and curvature of a convex function at a point.
pub(crate) struct Local {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    /// Row by row, symmetric, positive definite (the problems carry a quadratic penalty).
    pub(crate) hessian: Vec<f64>,
}

impl Local {
    pub(crate) fn zero(dimensions: usize) -> Self {
        Self {
            value: 0.0,
            gradient: vec![0.0; dimensions],
            hessian: vec![0.0; dimensions * dimensions],
        }
    }
}

/// More steps than any such problem took; Newton's method doubles the digits with each.
const MOST_STEPS: usize = 100;

/// The least point with the coordinates in `bounded` not below 0, by projected Newton steps (Bertsekas 1982) from 0.
///
/// Deterministic. Stops when no coordinate can gain, or no step improves any more.
pub(crate) fn minimise(
    dimensions: usize,
    bounded: &[bool],
    local: impl Fn(&[f64]) -> Local,
) -> Vec<f64> {
    let mut point = vec![0.0; dimensions];
    let mut here = local(&point);
    for _ in 0..MOST_STEPS {
        let free: Vec<usize> = (0..dimensions)
            .filter(|&at| {
                let held = bounded.get(at) == Some(&true)
                    && point.get(at).is_some_and(|&value| value <= 0.0);
                !held || here.gradient.get(at).is_some_and(|&slope| slope < 0.0)
            })
            .collect();
        let slope: Vec<f64> = free
            .iter()
            .filter_map(|&at| here.gradient.get(at).copied())
            .collect();
        if slope.iter().all(|slope| slope.abs() < 1e-7) {
            break;
        }
        let curvature: Vec<f64> = free
            .iter()
            .flat_map(|&row| free.iter().map(move |&column| row * dimensions + column))
            .filter_map(|at| here.hessian.get(at).copied())
            .collect();
        let step = solve(curvature, slope);
        let Some((next, there)) = improve(&point, &here, &free, &step, bounded, &local) else {
            break;
        };
        point = next;
        here = there;
    }
    point
}

/// The first of ever shorter steps, projected onto the bounds, that lowers the value.
fn improve(
    point: &[f64],
    here: &Local,
    free: &[usize],
    step: &[f64],
    bounded: &[bool],
    local: &impl Fn(&[f64]) -> Local,
) -> Option<(Vec<f64>, Local)> {
    let mut length = 1.0;
    for _ in 0..40 {
        let mut next = point.to_vec();
        for (&at, step) in free.iter().zip(step) {
            if let Some(value) = next.get_mut(at) {
                *value -= length * step;
                if bounded.get(at) == Some(&true) {
                    *value = value.max(0.0);
                }
            }
        }
        let there = local(&next);
        if there.value < here.value {
            return Some((next, there));
        }
        length /= 2.0;
    }
    None
}

/// Solves `matrix` x = `right` by Gaussian elimination with pivoting; a direction without curvature gets 0.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    let at = |matrix: &[f64], row: usize, column: usize| {
        matrix.get(row * size + column).copied().unwrap_or(0.0)
    };
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|&one, &other| {
                at(&matrix, one, column)
                    .abs()
                    .total_cmp(&at(&matrix, other, column).abs())
            })
            .unwrap_or(column);
        for swapped in 0..size {
            matrix.swap(pivot * size + swapped, column * size + swapped);
        }
        right.swap(pivot, column);
        let divisor = at(&matrix, column, column);
        if divisor.abs() < 1e-12 {
            continue;
        }
        for row in column + 1..size {
            let factor = at(&matrix, row, column) / divisor;
            for across in column..size {
                let subtrahend = factor * at(&matrix, column, across);
                if let Some(value) = matrix.get_mut(row * size + across) {
                    *value -= subtrahend;
                }
            }
            let subtrahend = factor * right.get(column).copied().unwrap_or(0.0);
            if let Some(value) = right.get_mut(row) {
                *value -= subtrahend;
            }
        }
    }
    let mut solution = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size)
            .map(|column| at(&matrix, row, column) * solution.get(column).copied().unwrap_or(0.0))
            .sum();
        let divisor = at(&matrix, row, row);
        let value = right.get(row).copied().unwrap_or(0.0) - known;
        if let Some(slot) = solution.get_mut(row).filter(|_| divisor.abs() >= 1e-12) {
            *slot = value / divisor;
        }
    }
    solution
}
