//! What a question asks for: a number, a row, a list, groups, a comparison.

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use crate::lexicon::{self, Does};
use crate::plan::{Aggregate, Filter, Function, Plan};
use crate::value::Kind;
use crate::view::Field;
use crate::words::stem;

/// A column that is named and no part of a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) at: usize,
    pub(super) field: Field,
}

impl Assembler<'_, '_> {
    /// The plan that the conditions and what is left of the question make.
    pub(crate) fn plan(&mut self, atoms: &[Atom], filter: Option<Filter>) -> Result<Plan, Why> {
        let join = self
            .scope
            .view
            .joined
            .as_ref()
            .map(|joined| crate::plan::Join {
                table: joined.table.id.clone(),
                left: self
                    .scope
                    .view
                    .table
                    .columns
                    .get(joined.left)
                    .map_or_else(String::new, |column| column.name.clone()),
                right: joined
                    .table
                    .columns
                    .get(joined.right)
                    .map_or_else(String::new, |column| column.name.clone()),
            });
        let base = Plan {
            table: self.scope.view.table.id.clone(),
            join,
            filter,
            ..Plan::default()
        };
        let group = self.group()?;
        let distinct = self.takes(&[Does::Distinct]).is_some();
        let difference = self.takes(&[Does::Difference]);
        while self.takes(&[Does::Difference]).is_some() {}
        let extreme = self.extreme()?;
        let strict = self.takes(&[Does::Sum]).is_some();
        let sum = self.takes(&[Does::Total]).is_some() || strict;
        let mean = self.takes(&[Does::Mean]).is_some();
        let count = self.takes(&[Does::Count]);
        let order_mark = self.takes(&[Does::Descending, Does::Ascending]);
        let targets = self.targets()?;
        let numeric = |this: &Self, field: Field| {
            this.scope.kind(field).is_numeric()
                && this
                    .scope
                    .view
                    .column(field)
                    .is_some_and(|column| !column.identifier)
        };
        let (numbers, others): (Vec<Target>, Vec<Target>) = targets
            .into_iter()
            .partition(|target| numeric(self, target.field));
        if sum && mean {
            return Err(Why::NotComputable);
        }
        let flow = self.flows();

        // Two values of one column against each other.
        let pair = atoms.iter().find(|atom| {
            atom.values.as_ref().is_some_and(|values| values.len() == 2) && !atom.negated
        });
        let both = !atoms.is_empty() && pair.is_some();
        if let (Some(pair), true) = (
            pair,
            both && (difference.is_some()
                || extreme
                    .as_ref()
                    .is_some_and(|extreme| extreme.limit.is_none())
                    && self.find(&[Does::Or]).is_none()
                    && (self.has_or() || pair.is_some_and(|pair| self.stands_between(pair.from)))),
        ) {
            return self.comparison(
                base,
                pair.field,
                &numbers,
                &others,
                sum,
                mean,
                count.is_some(),
                difference.is_some(),
                extreme,
            );
        }
        if difference.is_some() {
            return Err(Why::NotComputable);
        }
        if let Some((field, part)) = group {
            let asks = self.find(&[Does::HowMuch]).is_some()
                || sum
                || (count.is_some() && numbers.len() == 1);
            let flowing = flow && asks && !mean;
            return self.grouped(
                base,
                (field, part),
                &numbers,
                &others,
                sum || flowing,
                strict || flowing,
                mean,
                count,
                extreme,
            );
        }
        if let Some(extreme) = extreme {
            return self.extreme_plan(
                base,
                &extreme,
                &numbers,
                &others,
                sum,
                mean,
                count.is_some(),
                atoms,
            );
        }
        if let Some(order_mark) = order_mark {
            let descending = self.does(order_mark) == Some(Does::Descending);
            return self.ordered(base, descending, order_mark, &numbers, &others);
        }
        if mean || (sum && !numbers.is_empty()) {
            // `a multa dos livros de Poesia`: the noun says of what the value is.
            let others: Vec<Target> = others
                .iter()
                .filter(|target| {
                    !atoms.iter().any(|atom| {
                        atom.from > target.at + 1
                            && atom.values.is_some()
                            && self.only_fills(target.at + 1, atom.from)
                    })
                })
                .copied()
                .collect();
            if !others.is_empty() && !self.all_labels(&others) {
                return Err(Why::NotComputable);
            }
            let field = self.only_number(&numbers, atoms)?;
            // `o valor total do estoque` is not the sum of its prices.
            let worth = (0..self.tags.len()).any(|at| {
                self.does(at) == Some(Does::Measure)
                    && self.text(at).to_lowercase().starts_with("val")
            });
            let money = self.scope.kind(field) == Kind::Currency && !self.is_price(field);
            if !mean && !self.says(field) && !money && (worth || self.is_price(field)) {
                return Err(Why::NotComputable);
            }
            let function = if mean { Function::Mean } else { Function::Sum };
            return Ok(self.computed(base, function, Some(field)));
        }
        // `quanto foi gasto`, `total de despesas`: the only money there is.
        if numbers.is_empty()
            && !mean
            && (flow || (sum && count.is_none() && (others.is_empty() || strict)))
            && (sum || self.find(&[Does::HowMuch]).is_some())
        {
            if let ([only], true) = (
                self.money().as_slice(),
                others.is_empty() || self.all_labels(&others),
            ) {
                return Ok(self.computed(base, Function::Sum, Some(*only)));
            }
            if strict || flow {
                return Err(Why::NotComputable);
            }
        }
        if strict
            || (count.is_some()
                && flow
                && !distinct
                && numbers.is_empty()
                && !self.counts_rows(count))
        {
            return Err(Why::NotComputable);
        }
        if sum || count.is_some() {
            return self.counted(base, count, sum, distinct, &numbers, &others, atoms, flow);
        }
        self.listed(base, distinct, &numbers, &others, atoms, flow)
    }

    /// The words name the column, not one that means the same.
    pub(super) fn says(&self, field: Field) -> bool {
        self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns
                .iter()
                .any(|(own, sure)| *own == field && *sure != crate::vocabulary::Sure::Synonym),
            _ => false,
        })
    }

    /// What is counted is the table's name, a value, or rows.
    pub(super) fn counts_rows(&self, count: Option<usize>) -> bool {
        self.noun_before(count)
            || count.and_then(|at| self.after(at)).is_some_and(|noun| {
                let of_dates = matches!(self.is(noun), Some(Is::Columns(columns))
                if columns.iter().all(|(field, _)| self.scope.kind(*field) == Kind::Date));
                self.is_row_noun(noun)
                    || of_dates
                    || matches!(self.is(noun), Some(Is::Values(..) | Is::Does(Does::Rows)))
            })
    }

    /// `das vendas do Sul, quantas são de Ana`, `vendas do Sul: quantas`: what is counted stands before.
    pub(super) fn noun_before(&self, count: Option<usize>) -> bool {
        count.is_some_and(|at| {
            let alone = at + 1 == self.tags.len()
                || matches!(
                    self.text(at + 1).to_lowercase().as_str(),
                    "são" | "sao" | "foram" | "eram" | "é" | "estão" | "estao" | "are" | "were"
                );
            alone && (0..at).any(|noun| self.is_row_noun(noun))
        })
    }

    /// Something adds up: `gastei`, `quanto dá`.
    pub(super) fn flows(&self) -> bool {
        let cost = ["custou", "custaram"];
        let says = |word: &crate::words::Word| {
            // What something cost adds up; what it costs does not.
            lexicon::is_flow(&word.folded)
                || (cost.contains(&word.folded.as_str()) && self.money().len() == 1)
        };
        self.words.iter().any(says)
            || (0..self.tags.len()).any(|at| {
                self.does(at) == Some(Does::HowMuch)
                    && self
                        .text(at)
                        .to_lowercase()
                        .split(' ')
                        .any(|word| word.starts_with('d'))
            })
    }

    /// `entre` stands before the condition.
    fn stands_between(&self, from: usize) -> bool {
        self.before(from)
            .is_some_and(|before| self.does(before) == Some(Does::Between))
    }

    pub(super) fn has_or(&self) -> bool {
        (0..self.tags.len()).any(|at| self.does(at) == Some(Does::Or))
    }

    pub(super) fn computed(
        &self,
        mut plan: Plan,
        function: Function,
        field: Option<Field>,
    ) -> Plan {
        plan.aggregate = Some(Aggregate {
            function,
            column: field.map(|field| self.name(field)),
        });
        plan
    }

    pub(super) fn all_labels(&self, targets: &[Target]) -> bool {
        targets.iter().all(|target| self.is_label(target.field))
    }

    /// Columns named that are no part of a condition, in order.
    pub(super) fn targets(&mut self) -> Result<Vec<Target>, Why> {
        let mut targets: Vec<Target> = Vec::new();
        let single = |this: &Self, at: usize| matches!(this.is(at), Some(Is::Columns(columns)) if columns.len() == 1);
        let mut order: Vec<usize> = (0..self.tags.len()).collect();
        // Those that say one thing first: `gramas de proteína` is about protein.
        order.sort_by_key(|at| !single(self, *at));
        for at in order {
            if !self.free(at) {
                continue;
            }
            let field = match self.is(at) {
                Some(Is::Columns(columns)) => match columns.as_slice() {
                    [(only, _)] => *only,
                    several => {
                        // The one that is named already says it again.
                        let again = targets
                            .iter()
                            .find(|target| several.iter().any(|(field, _)| *field == target.field));
                        match again {
                            Some(target) => target.field,
                            None => {
                                return Err(Why::Unclear(
                                    self.text(at),
                                    several.iter().map(|(field, _)| self.name(*field)).collect(),
                                ));
                            }
                        }
                    }
                },
                _ => continue,
            };
            self.take(at);
            if !targets.iter().any(|target| target.field == field) {
                targets.push(Target { at, field });
            }
        }
        targets.sort_by_key(|target| target.at);
        // Question words that stand for a column.
        for (does, kinds, words) in [
            (Does::When, &[Kind::Date, Kind::Time][..], &[][..]),
            (Does::Where, &[][..], &["sala", "local", "cidade"][..]),
        ] {
            let Some(at) = self.find(&[does]) else {
                continue;
            };
            if targets
                .iter()
                .any(|target| kinds.contains(&self.scope.kind(target.field)))
            {
                continue;
            }
            let fields: Vec<Field> = self
                .scope
                .view
                .fields()
                .into_iter()
                .filter(|field| match self.scope.view.column(*field) {
                    Some(column) if kinds.is_empty() => {
                        crate::value::key(&column.name).split(' ').any(|name| {
                            words
                                .iter()
                                .any(|word| lexicon::synonyms(&stem(name), &stem(word)))
                        })
                    }
                    Some(column) => kinds.contains(&column.kind),
                    None => false,
                })
                .collect();
            let dates: Vec<Field> = fields
                .iter()
                .copied()
                .filter(|field| self.scope.kind(*field) == Kind::Date)
                .collect();
            let chosen = if dates.len() == 1 { dates } else { fields };
            match chosen.as_slice() {
                [only] => {
                    self.take(at);
                    targets.push(Target { at, field: *only });
                }
                [] => return Err(Why::Unknown(self.text(at))),
                several => {
                    return Err(Why::Unclear(
                        self.text(at),
                        several.iter().map(|field| self.name(*field)).collect(),
                    ));
                }
            }
        }
        Ok(targets)
    }

    /// The numbers to compute with: those named, else those of a condition, else the only ones there are.
    pub(super) fn only_number(&self, numbers: &[Target], atoms: &[Atom]) -> Result<Field, Why> {
        match numbers {
            [only] => return Ok(only.field),
            [] => {}
            _ => return Err(Why::NotComputable),
        }
        let mut compared: Vec<Field> = atoms
            .iter()
            .map(|atom| atom.field)
            .filter(|field| self.scope.kind(*field).is_numeric())
            .collect();
        compared.dedup();
        let all: Vec<Field> = self
            .scope
            .view
            .fields()
            .into_iter()
            .filter(|field| {
                self.scope
                    .view
                    .column(*field)
                    .is_some_and(|column| column.kind.is_summable() && !column.identifier)
            })
            .collect();
        if let [only] = all.as_slice() {
            return Ok(*only);
        }
        Err(Why::Unclear(
            String::new(),
            all.iter().map(|field| self.name(*field)).collect(),
        ))
    }
}

/// What `o maior` and its like ask.
#[derive(Debug, Clone)]
pub(crate) struct Extreme {
    pub(super) at: usize,
    pub(super) greatest: bool,
    /// `mais`, `menos`: of single rows or of sums.
    pub(super) loose: bool,
    /// The column an adjective names.
    pub(super) of: Option<Field>,
    pub(super) limit: Option<u32>,
}
