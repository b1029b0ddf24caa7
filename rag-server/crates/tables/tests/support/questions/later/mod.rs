//! More questions to the same tables, written after the parser had been tuned for the others and before it was changed again.
//!
//! Families: `polite`, `split` (per group), `sheet` (the table is named), `atmost` (limits said the other way round), `spelled`
//! (numbers as words), `ranked` (first, last, champion), `passive`, `relative` (`cuja`, `que têm`); and, held out: `story` (a
//! sentence goes before), `cleft` (`quem é que`), `keywords`, `among` (out of all), `chatty`, `unit`, `period`, `abroad` (English).

mod daily;
mod school;
mod trade;

use super::super::planted::{Planted, Seed};
use super::Asker;

/// Asks more of one domain.
pub(crate) fn more(domain: &str, seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    match domain {
        "grades" => school::grades(seed, tables, to),
        "timetable" => school::timetable(seed, tables, to),
        "attendance" => school::attendance(seed, tables, to),
        "report" => school::report(seed, tables, to),
        "training" => school::training(seed, tables, to),
        "inventory" => trade::inventory(seed, tables, to),
        "sales" => trade::sales(seed, tables, to),
        "finance" => trade::finance(seed, tables, to),
        "staff" => trade::staff(seed, tables, to),
        "nutrition" => daily::nutrition(seed, tables, to),
        "library" => daily::library(seed, tables, to),
        "calendar" => daily::calendar(seed, tables, to),
        "bills" => daily::bills(seed, tables, to),
        "runs" => daily::runs(seed, tables, to),
        _ => {}
    }
}
