//! Workbooks of several domains, made from a seed.

mod body;
mod daily;
mod school;
mod trade;

pub(crate) use body::{nutrition, training};
pub(crate) use daily::{bills, calendar, library, report, runs};
pub(crate) use school::{attendance, grades, timetable};
pub(crate) use trade::{finance, inventory, sales, staff};

use super::planted::{Cell, Seed};

pub(crate) const FIRST: [&str; 24] = [
    "Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Gabriela", "Heitor", "Isabela", "João",
    "Karina", "Luís", "Mariana", "Nicolas", "Olívia", "Paulo", "Queila", "Rafael", "Sônia",
    "Tiago", "Úrsula", "Vítor", "Wagner", "Yasmin",
];
pub(crate) const LAST: [&str; 12] = [
    "Souza",
    "Lima",
    "Conceição",
    "Araújo",
    "Ferreira",
    "Gonçalves",
    "Mendes",
    "Nunes",
    "Peixoto",
    "Ribeiro",
    "Teixeira",
    "Vasconcelos",
];

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn whole(value: i64) -> Cell {
    Cell::Number(value * 100)
}

/// Names of which no two share first and last name, first names repeat when there are more than 24.
fn people(seed: &mut Seed, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    let start = seed.next() as usize;
    for index in 0..count {
        let first = FIRST[(start + index) % FIRST.len()];
        let last = LAST[(start + index * 5 + index / FIRST.len()) % LAST.len()];
        names.push(format!("{first} {last}"));
    }
    names
}
