//! What the materials are as a whole: folders, types, sizes, what stands twice, what is downloaded. Reads, and changes
//! nothing.

pub(crate) mod routes;

use serde::Serialize;

use crate::materials::{Group, MaterialRow, duplicates};

const MEGABYTE: i64 = 1 << 20;

/// How many materials of each size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Sizes {
    /// Below 1 MB.
    pub small: u64,
    /// 1 to 10 MB.
    pub medium: u64,
    /// 10 to 100 MB.
    pub large: u64,
    /// 100 MB and more.
    pub huge: u64,
}

impl Sizes {
    /// Those of `rows`.
    pub(crate) fn of(rows: &[MaterialRow]) -> Self {
        let mut sizes = Self::default();
        for row in rows {
            let class = match row.size_bytes.div_euclid(MEGABYTE) {
                i64::MIN..1 => &mut sizes.small,
                1..10 => &mut sizes.medium,
                10..100 => &mut sizes.large,
                _ => &mut sizes.huge,
            };
            *class = class.saturating_add(1);
        }
        sizes
    }
}

/// How much of what is listed stands once.
#[derive(Debug)]
pub(crate) struct Efficiency {
    /// Bytes of all materials.
    pub(crate) total_bytes: u64,
    /// Bytes of materials whose content an older one has.
    pub(crate) wasted_bytes: u64,
    /// How many those are.
    pub(crate) duplicate_files: u64,
    /// Contents that stand more than once.
    pub(crate) duplicate_groups: u64,
    /// They.
    pub(crate) groups: Vec<Group>,
}

impl Efficiency {
    /// That of `rows`.
    pub(crate) fn of(rows: Vec<MaterialRow>) -> Self {
        let bytes = |row: &MaterialRow| row.size_bytes.unsigned_abs();
        let total_bytes = rows.iter().map(bytes).fold(0, u64::saturating_add);
        let groups = duplicates(rows);
        let others = || groups.iter().flat_map(|group| &group.others);
        Self {
            total_bytes,
            wasted_bytes: others().map(bytes).fold(0, u64::saturating_add),
            duplicate_files: others().count() as u64,
            duplicate_groups: groups.len() as u64,
            groups,
        }
    }

    /// Bytes that stand once, of all, in percent with one decimal; 100 without materials.
    pub(crate) fn percentage(&self) -> f64 {
        if self.total_bytes == 0 {
            return 100.0;
        }
        let once = self.total_bytes.saturating_sub(self.wasted_bytes) as f64;
        (once / self.total_bytes as f64 * 1000.0).round() / 10.0
    }
}
