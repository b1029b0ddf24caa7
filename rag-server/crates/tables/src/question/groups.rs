//! Groups, and two values against each other.

use super::assemble::{Assembler, Why};
use super::tags::Is;
use super::targets::{Extreme, Target};
use crate::lexicon::Does;
use crate::plan::{Aggregate, Function, Group, Order, Part, Plan};
use crate::value::Kind;
use crate::view::Field;

impl Assembler<'_, '_> {
    /// `por turma`, `para cada mês`.
    pub(super) fn group(&mut self) -> Result<Option<(Field, Option<Part>)>, Why> {
        let mut group = None;
        for at in 0..self.tags.len() {
            if !self.free(at) || self.does(at) != Some(Does::By) {
                continue;
            }
            let Some(next) = self.after(at).filter(|next| self.free(*next)) else {
                continue;
            };
            let part = match self.is(next) {
                Some(Is::Part(part)) => Some((self.only_date(next)?, Some(*part))),
                Some(Is::Columns(_)) => self.one(next, |_| true)?.map(|field| (field, None)),
                _ => None,
            };
            let Some(found) = part else { continue };
            // `top 3 por valor total` orders, and groups nothing.
            if found.1.is_none()
                && self.scope.kind(found.0).is_numeric()
                && !self
                    .scope
                    .view
                    .column(found.0)
                    .is_some_and(|column| column.identifier)
                && (self.find(&[Does::Top]).is_some() || self.limit()?.is_some())
            {
                self.take(at);
                continue;
            }
            if group.is_some() {
                return Err(Why::NotComputable);
            }
            self.take(at);
            self.take(next);
            group = Some(found);
        }
        Ok(group)
    }

    pub(super) fn only_date(&self, at: usize) -> Result<Field, Why> {
        match self.date_fields().as_slice() {
            [only] => Ok(*only),
            [] => Err(Why::Unknown(self.text(at))),
            several => Err(Why::Unclear(
                self.text(at),
                several.iter().map(|field| self.name(*field)).collect(),
            )),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "what a question asks has this many sides"
    )]
    pub(super) fn comparison(
        &mut self,
        mut plan: Plan,
        field: Field,
        numbers: &[Target],
        others: &[Target],
        sum: bool,
        mean: bool,
        count: bool,
        difference: bool,
        extreme: Option<Extreme>,
    ) -> Result<Plan, Why> {
        if others
            .iter()
            .any(|target| target.field != field && !self.is_label(target.field))
        {
            return Err(Why::NotComputable);
        }
        for at in 0..self.tags.len() {
            if matches!(self.does(at), Some(Does::Between | Does::Or)) {
                self.take(at);
            }
        }
        let unique = self.is_unique(field);
        let loose = extreme.as_ref().is_some_and(|extreme| extreme.loose);
        let (function, column) = match (numbers, extreme.as_ref().and_then(|extreme| extreme.of)) {
            ([number], None) if mean => (Function::Mean, Some(number.field)),
            ([number], None) if sum || unique || loose || count => {
                (Function::Sum, Some(number.field))
            }
            ([], Some(of)) if unique => (Function::Sum, Some(of)),
            ([], None) if mean => (Function::Mean, Some(self.only_number(numbers, &[])?)),
            // `gastei mais com luz ou com água`
            ([], None) if !mean && !count && self.flows() => match self.money().as_slice() {
                [money] if !self.has_amounts() => (Function::Sum, Some(*money)),
                _ => return Err(Why::NotComputable),
            },
            ([], None) if !unique && (count || loose || sum) => (Function::Count, None),
            _ => return Err(Why::NotComputable),
        };
        // Adding up what cannot be added up is only right for single rows.
        let function = match column {
            Some(of)
                if function == Function::Sum && unique && !self.scope.kind(of).is_summable() =>
            {
                Function::Max
            }
            _ => function,
        };
        plan.group = Some(Group {
            column: self.name(field),
            part: None,
        });
        plan.aggregate = Some(Aggregate {
            function,
            column: column.map(|column| self.name(column)),
        });
        if difference {
            plan.difference = true;
        } else if let Some(extreme) = extreme {
            plan.order = Some(Order {
                column: None,
                descending: extreme.greatest,
            });
            plan.limit = Some(1);
        }
        Ok(plan)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what a question asks has this many sides"
    )]
    pub(super) fn grouped(
        &mut self,
        mut plan: Plan,
        (field, part): (Field, Option<Part>),
        numbers: &[Target],
        others: &[Target],
        sum: bool,
        strict: bool,
        mean: bool,
        count: Option<usize>,
        extreme: Option<Extreme>,
    ) -> Result<Plan, Why> {
        if others
            .iter()
            .any(|target| !self.is_label(target.field) && count.is_none())
        {
            return Err(Why::NotComputable);
        }
        // The mean of each row alone: of all rows, or what each of them has?
        if mean && part.is_none() && self.is_unique(field) {
            return Err(Why::Unclear(
                self.name(field),
                vec![
                    "média de todas as linhas".to_owned(),
                    "cada linha".to_owned(),
                ],
            ));
        }
        let mut function = if mean {
            Function::Mean
        } else if sum && !numbers.is_empty() {
            Function::Sum
        } else {
            Function::Count
        };
        let mut of = match numbers {
            [] => None,
            [only] => Some(only.field),
            _ => return Err(Why::NotComputable),
        };
        if of.is_none() && mean {
            of = Some(self.only_number(numbers, &[])?);
        }
        // `total de despesas por rubrica`
        if of.is_none() && sum && count.is_none() && others.is_empty() {
            match self.money().as_slice() {
                [only] => {
                    of = Some(*only);
                    function = Function::Sum;
                }
                _ if strict => return Err(Why::NotComputable),
                _ => {}
            }
        }
        if let Some(extreme) = extreme {
            if sum || mean || extreme.limit.is_some() || extreme.loose || count.is_some() {
                return Err(Why::NotComputable);
            }
            function = if extreme.greatest {
                Function::Max
            } else {
                Function::Min
            };
            of = extreme.of.or(of);
            if of.is_none() {
                return Err(Why::NotComputable);
            }
        } else if function == Function::Count {
            if let Some(number) = of {
                // `quantas séries por treino` adds up; `faltas por aluno` without a word for it may mean anything.
                if count.is_some() && self.scope.kind(number) == Kind::Integer {
                    function = Function::Sum;
                } else {
                    return Err(Why::Unclear(
                        self.name(number),
                        vec!["total".to_owned(), "média".to_owned()],
                    ));
                }
            } else {
                if count.is_none() && !sum {
                    return Err(Why::NotComputable);
                }
                match others {
                    [] => {}
                    [target] => {
                        if !self.is_unique(target.field) {
                            of = Some(target.field);
                        }
                    }
                    _ => return Err(Why::NotComputable),
                }
            }
        }
        plan.group = Some(Group {
            column: self.name(field),
            part,
        });
        Ok(self.computed(plan, function, of))
    }
}
