//! Questions to the staff.

use super::super::planted::{
    Planted, Seed, Truth, count, distinct, extreme, grouped, mean, names, top, total,
};
use super::{Asker, all, averages, cell_of, is, number, value};

pub(crate) fn staff(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [staff] = tables else { return };
    let everyone = staff.texts("Employee");
    let name = seed.one(&everyone).as_str();
    let other = seed.one(&everyone).as_str();
    let departments = staff.texts("Department");
    let department = seed.one(&departments).as_str();
    let (pay, age) = (staff.column("Salary"), staff.column("Age"));
    let n = seed.within(30, 50);
    let bound = n.to_string();
    let year = seed.within(2013, 2023) as i32;
    let years = year.to_string();
    let k = seed.within(2, 4).to_string();
    let slots = [
        ("e", name),
        ("o", other),
        ("d", department),
        ("n", bound.as_str()),
        ("y", years.as_str()),
        ("k", k.as_str()),
    ];
    let of = staff.picked(is(staff, "Department", department));
    to.ask(
        "lookup",
        value(&cell_of(staff, "Employee", name, "Salary")),
        &slots,
        &[
            "What is the salary of {e}?",
            "What is {e}'s salary?",
            "Qual o salário de {e}?",
            "!How much does {e} earn as salary?",
        ],
    );
    to.ask(
        "count",
        Some(count(of.len())),
        &slots,
        &[
            "How many employees are in {d}?",
            "How many employees work in the {d} department?",
            "!Count the employees in {d}",
            "Quantos funcionários há no departamento {d}?",
        ],
    );
    to.ask(
        "mean",
        mean(&of, pay),
        &slots,
        &[
            "What is the average salary in {d}?",
            "average salary of the {d} department",
            "!On average, what is the salary in {d}?",
        ],
    );
    to.ask(
        "sum",
        Some(total(&of, pay)),
        &slots,
        &[
            "What is the total salary of {d}?",
            "!Sum of salaries in {d}",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(staff), 0, pay, true),
        &slots,
        &[
            "Who has the highest salary?",
            "Which employee has the highest salary?",
            "!Whose salary is the highest?",
        ],
    );
    let old = staff.picked(|row| row[age].number().is_some_and(|v| v > n * 100));
    to.ask(
        "filter",
        Some(names(&old, 0)),
        &slots,
        &[
            "Which employees are over {n} years of age?",
            "List employees with age above {n}",
            "!Who is older than {n}?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(staff), 1, averages(pay)))),
        &slots,
        &[
            "What is the average salary by department?",
            "average salary for each department",
            "!Show the mean salary per department",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(staff), 0, pay, k.parse().unwrap(), true)),
        &slots,
        &[
            "Who are the {k} employees with the highest salary?",
            "top {k} salaries",
            "!List the {k} highest salaries",
        ],
    );
    let since = staff.picked(|row| row[5].date().is_some_and(|(y, _, _)| y > year));
    to.ask(
        "dates",
        Some(count(since.len())),
        &slots,
        &[
            "How many employees were hired after {y}?",
            "!How many employees have a hire date after {y}?",
        ],
    );
    if name != other {
        let (a, b) = (
            number(&cell_of(staff, "Employee", name, "Salary")),
            number(&cell_of(staff, "Employee", other, "Salary")),
        );
        to.ask(
            "compare",
            Some(Truth::Distance((a - b).abs(), 100)),
            &slots,
            &[
                "What is the difference between the salaries of {e} and {o}?",
                "!Compare the salary of {e} and {o}",
            ],
        );
    }
    let _ = distinct(&of, 0);
}
