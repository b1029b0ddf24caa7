//! Regions of a sheet: rows and columns of filled cells that belong together.
//!
//! Blank rows separate regions; within a region, columns far from the others, or with a header or height of
//! their own, are a region of their own.

use super::sheet::{Cell, Row, Sheet};

/// This many blank columns, or more, between cells mean that they do not belong together.
const FAR_APART: u32 = 3;
/// More groups of columns side by side than this are one wide table with gaps.
const MOST_SIDE_BY_SIDE: usize = 16;

/// Cells that laying out the sheet's tables takes, blank ones between filled ones included.
pub(super) fn laid_out_cells(sheet: &Sheet) -> u64 {
    regions(sheet)
        .iter()
        .map(|region| (region.rows.len() as u64).saturating_mul(u64::from(region.width())))
        .fold(0, u64::saturating_add)
}

/// Rows that belong together, cut to the columns that do.
pub(super) struct Region<'s> {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) rows: Vec<(u32, &'s [Cell])>,
}

impl Region<'_> {
    fn width(&self) -> u32 {
        self.right.saturating_sub(self.left).saturating_add(1)
    }
}

pub(super) fn regions(sheet: &Sheet) -> Vec<Region<'_>> {
    let mut found = Vec::new();
    let mut band: Vec<&Row> = Vec::new();
    for row in &sheet.rows {
        if band
            .last()
            .is_some_and(|last| last.number.saturating_add(1) < row.number)
        {
            split_columns(&band, &mut found);
            band.clear();
        }
        band.push(row);
    }
    split_columns(&band, &mut found);
    found
}

/// Cuts a band of adjacent rows at blank columns where that makes sense of it.
fn split_columns<'s>(band: &[&'s Row], found: &mut Vec<Region<'s>>) {
    if band.is_empty() {
        return;
    }
    let mut columns: Vec<u32> = band
        .iter()
        .flat_map(|row| row.cells.iter().map(|cell| cell.column))
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let mut groups: Vec<(u32, u32)> = Vec::new();
    for column in columns {
        match groups.last_mut() {
            Some((_, right)) if right.saturating_add(1) == column => *right = column,
            _ => groups.push((column, column)),
        }
    }
    // A title over the first of two tables must not make them look different in height.
    let body = band.iter().position(|row| row.cells.len() > 1).unwrap_or(0);
    let body = if groups.len() > MOST_SIDE_BY_SIDE {
        &[]
    } else {
        band.get(body..).unwrap_or_default()
    };
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for group in groups {
        match joined.last_mut() {
            Some(left) if !stand_apart(body, *left, group) => left.1 = group.1,
            _ => joined.push(group),
        }
    }
    let mut regions: Vec<Region<'s>> = joined
        .iter()
        .map(|(left, right)| Region {
            left: *left,
            right: *right,
            rows: Vec::new(),
        })
        .collect();
    for row in band {
        let mut rest: &'s [Cell] = &row.cells;
        while let Some(first) = rest.first() {
            let index = regions.partition_point(|region| region.right < first.column);
            let Some(region) = regions.get_mut(index) else {
                break;
            };
            let (cells, after) =
                rest.split_at(rest.partition_point(|cell| cell.column <= region.right));
            region.rows.push((row.number, cells));
            rest = after;
        }
    }
    found.append(&mut regions);
}

/// Two groups of columns are tables of their own: far apart, or each at least two columns wide and different in
/// height or with the same header.
fn stand_apart(band: &[&Row], left: (u32, u32), right: (u32, u32)) -> bool {
    let gap = right.0.saturating_sub(left.1).saturating_sub(1);
    if gap >= FAR_APART {
        return true;
    }
    if left.0 == left.1 || right.0 == right.1 {
        return false;
    }
    let of = |group: (u32, u32)| {
        let mut rows = band.iter().filter(|row| {
            row.cells
                .iter()
                .any(|cell| (group.0..=group.1).contains(&cell.column))
        });
        let first = rows.next()?;
        let last = rows.next_back().map_or(first.number, |row| row.number);
        let header: Vec<&str> = first
            .cells
            .iter()
            .filter(|cell| (group.0..=group.1).contains(&cell.column))
            .map(|cell| cell.text.as_str())
            .collect();
        Some((first.number, last, header))
    };
    match (of(left), of(right)) {
        (Some((top, bottom, header)), Some((other_top, other_bottom, other_header))) => {
            top != other_top || bottom != other_bottom || header == other_header
        }
        _ => false,
    }
}
