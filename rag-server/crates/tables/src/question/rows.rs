//! Counts, lists and single rows.

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use super::targets::Target;
use crate::check::Field;
use crate::lexicon::Does;
use crate::plan::{Function, Plan};
use crate::value::Kind;

impl Assembler<'_, '_> {
    /// What is counted is this column: in `quantos alunos presentes` it is the students.
    pub(super) fn asks_for(&self, count: Option<usize>, field: Field) -> bool {
        let Some(noun) = count.and_then(|at| self.after(at)) else {
            return true;
        };
        matches!(self.is(noun), Some(Is::Columns(columns)) if columns.iter().any(|(own, _)| *own == field))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what a question asks has this many sides"
    )]
    pub(super) fn counted(
        &mut self,
        plan: Plan,
        count: Option<usize>,
        sum: bool,
        distinct: bool,
        numbers: &[Target],
        others: &[Target],
        atoms: &[Atom],
        flow: bool,
    ) -> Result<Plan, Why> {
        match (numbers, others) {
            ([], []) => {
                // What is counted is a value (`quantas faltas`), the table's name, rows, or whoever a row is about.
                let at = count.unwrap_or(0);
                let rows = self.counts_rows(count) || (sum && self.find(&[Does::Rows]).is_some());
                if distinct || (sum && !rows) {
                    return Err(Why::NotComputable);
                }
                // `quantos notebooks foram vendidos`: pieces or rows?
                let value = self
                    .after(at)
                    .is_some_and(|noun| matches!(self.is(noun), Some(Is::Values(..))));
                if value && (flow || self.has_amounts()) {
                    return Err(Why::Unclear(
                        self.text(at),
                        vec!["quantidade".to_owned(), "linhas".to_owned()],
                    ));
                }
                let named_row = atoms
                    .iter()
                    .any(|atom| atom.named && self.is_label(atom.field));
                if !rows && (!self.is_unique(self.label()) || named_row) {
                    return Err(Why::Unclear(
                        self.text(at),
                        vec![self.name(self.label()), "linhas".to_owned()],
                    ));
                }
                Ok(self.computed(plan, Function::Count, None))
            }
            ([], [target]) => {
                let field = target.field;
                let all = self.is_unique(field) && self.is_filled(field) && !distinct;
                Ok(self.computed(plan, Function::Count, (!all).then_some(field)))
            }
            ([number], []) => {
                let field = number.field;
                let kind = self.scope.kind(field);
                let single = atoms.iter().any(|atom| {
                    atom.values.as_ref().is_some_and(|values| values.len() == 1)
                        && !atom.negated
                        && self.is_unique(atom.field)
                });
                if sum || kind == Kind::Integer || (flow && kind.is_summable()) {
                    return Ok(self.computed(plan, Function::Sum, Some(field)));
                }
                if single {
                    return Ok(self.computed(plan, Function::Max, Some(field)));
                }
                Err(Why::Unclear(
                    self.name(field),
                    vec!["total".to_owned(), "média".to_owned()],
                ))
            }
            // `quantos pontos o aluno`: the column of a named row.
            ([number], labels)
                if self.all_labels(labels)
                    && self.asks_for(count, number.field)
                    && (sum || self.scope.kind(number.field) == Kind::Integer) =>
            {
                Ok(self.computed(plan, Function::Sum, Some(number.field)))
            }
            _ => Err(Why::NotComputable),
        }
    }

    pub(super) fn is_filled(&self, field: Field) -> bool {
        let view = self.scope.view;
        view.table
            .data
            .iter()
            .all(|row| view.value(*row, field) != crate::value::Value::Empty)
    }

    pub(super) fn listed(
        &mut self,
        mut plan: Plan,
        distinct: bool,
        numbers: &[Target],
        others: &[Target],
        atoms: &[Atom],
        flow: bool,
    ) -> Result<Plan, Why> {
        let label = self.label();
        let mut targets: Vec<Target> = others.iter().chain(numbers).copied().collect();
        targets.sort_by_key(|target| target.at);
        let list = self.find(&[Does::List, Does::What, Does::Who]).is_some();
        let how_much = self.find(&[Does::HowMuch]).is_some();
        if targets.is_empty() && how_much {
            // `quanto recebemos da CAPES`
            return match self.money().as_slice() {
                [only] => {
                    plan.columns = vec![self.name(label), self.name(*only)];
                    Ok(plan)
                }
                _ => Err(Why::NotComputable),
            };
        }
        if targets.is_empty() {
            // `liste os com nota abaixo de 5`, `quem tirou mais de 8`
            if !list || (plan.filter.is_none() && self.find(&[Does::List]).is_none()) {
                return Err(Why::NotComputable);
            }
            // `qual o total de Ana` without a column asks nothing.
            if atoms
                .iter()
                .all(|atom| atom.field == label && !atom.negated)
            {
                return Err(Why::NotComputable);
            }
            plan.columns = vec![self.name(label)];
            plan.distinct = !self.is_unique(label);
            return Ok(plan);
        }
        if how_much
            && (flow || numbers.len() == 1)
            && let ([number], true) = (numbers, others.is_empty() || self.all_labels(others))
        {
            let single = atoms.iter().any(|atom| {
                atom.values.as_ref().is_some_and(|values| values.len() == 1)
                    && !atom.negated
                    && self.is_unique(atom.field)
            });
            let kind = self.scope.kind(number.field);
            if !single {
                if flow && kind.is_summable() {
                    return Ok(self.computed(plan, Function::Sum, Some(number.field)));
                }
                return Err(Why::Unclear(
                    self.name(number.field),
                    vec!["total".to_owned(), "média".to_owned()],
                ));
            }
        }
        if how_much && (numbers.is_empty() || !self.all_labels(others)) {
            return Err(Why::NotComputable);
        }
        let first_is_label = targets.first().is_some_and(|target| target.field == label);
        let only_texts = numbers.is_empty();
        if targets.len() == 1 && only_texts {
            let Some(target) = targets.first() else {
                return Err(Why::NotComputable);
            };
            plan.columns = vec![self.name(target.field)];
            plan.distinct = distinct || !self.is_unique(target.field);
            return Ok(plan);
        }
        // A number without its row says little.
        let mut columns: Vec<Field> = targets.iter().map(|target| target.field).collect();
        if !first_is_label && !columns.contains(&label) {
            columns.insert(0, label);
        }
        plan.columns = columns.iter().map(|field| self.name(*field)).collect();
        Ok(plan)
    }
}
