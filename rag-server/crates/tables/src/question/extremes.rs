//! The greatest, the least, the first few; and lists in an order.

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use super::targets::{Extreme, Target};
use crate::lexicon::{self, Does};
use crate::plan::{Function, Group, Order, Part, Plan};
use crate::value::Kind;
use crate::view::Field;

impl Assembler<'_, '_> {
    /// `o maior`, `os 5 mais caros`, `top 3`.
    pub(super) fn extreme(&mut self) -> Result<Option<Extreme>, Why> {
        let Some(at) = (0..self.tags.len()).find(|at| {
            self.free(*at)
                && matches!(
                    self.does(*at),
                    Some(
                        Does::Max
                            | Does::Min
                            | Does::MaxOf(_)
                            | Does::MinOf(_)
                            | Does::More
                            | Does::Fewer
                    )
                )
        }) else {
            // `top 5 de notas` means the greatest.
            let Some(top) = self.find(&[Does::Top]) else {
                return Ok(None);
            };
            let Some((place, limit)) = self.limit()? else {
                return Ok(None);
            };
            self.take(top);
            self.take(place);
            return Ok(Some(Extreme {
                at: top,
                greatest: true,
                loose: false,
                of: None,
                limit: Some(limit),
            }));
        };
        let does = self.does(at);
        let of = match does {
            Some(Does::MaxOf(word) | Does::MinOf(word)) => Some(self.column_like(word, at)?),
            _ => None,
        };
        if self.ranks(at) && !self.ranks_by_more() {
            return Err(Why::Unclear(self.text(at), self.numeric_names()));
        }
        self.take(at);
        let limit = self.limit()?;
        if let Some((place, _)) = limit {
            self.take(place);
        }
        if self
            .find(&[Does::Max, Does::Min, Does::More, Does::Fewer])
            .is_some()
        {
            return Err(Why::NotComputable);
        }
        Ok(Some(Extreme {
            at,
            greatest: matches!(does, Some(Does::Max | Does::MaxOf(_) | Does::More)),
            loose: matches!(does, Some(Does::More | Does::Fewer)),
            of,
            limit: limit.map(|(_, limit)| limit),
        }))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what a question asks has this many sides"
    )]
    pub(super) fn extreme_plan(
        &mut self,
        mut plan: Plan,
        extreme: &Extreme,
        numbers: &[Target],
        others: &[Target],
        sum: bool,
        mean: bool,
        count: bool,
        atoms: &[Atom],
    ) -> Result<Plan, Why> {
        // `em que mês`
        let part = (0..self.tags.len()).find_map(|at| match self.is(at) {
            Some(Is::Part(part)) if self.free(at) => Some((at, *part)),
            _ => None,
        });
        // `o maior número de faltas` is the greatest of the column.
        let count = count && !(numbers.len() == 1 && part.is_none());
        let who = others
            .iter()
            .find(|target| target.at < extreme.at)
            .or(others.first());
        let order = Some(Order {
            column: None,
            descending: extreme.greatest,
        });
        // The group with the greatest mean, sum or count.
        if sum || mean || count || part.is_some() {
            let (group, part, rest): (Field, Option<Part>, Vec<&Target>) = match (part, who) {
                (Some((at, part)), _) => {
                    self.take(at);
                    (self.only_date(at)?, Some(part), others.iter().collect())
                }
                (None, Some(who)) => (
                    who.field,
                    None,
                    others.iter().filter(|target| target.at != who.at).collect(),
                ),
                (None, None) if self.find(&[Does::Who]).is_some() => {
                    (self.label(), None, Vec::new())
                }
                (None, None) => return Err(Why::NotComputable),
            };
            let flow = self.words.iter().any(|word| lexicon::is_flow(&word.folded));
            // `vendeu mais`: pieces or money?
            if flow && numbers.is_empty() && self.has_amounts() {
                return Err(Why::Unclear(String::new(), Vec::new()));
            }
            let noun = count
                || (0..self.tags.len())
                    .any(|at| self.is_row_noun(at) || self.does(at) == Some(Does::Rows));
            let (function, of) = if numbers.is_empty()
                && !mean
                && !count
                && (flow || sum || !noun && rest.is_empty())
            {
                // `em que mês gastamos mais`
                match (self.money().as_slice(), flow || sum) {
                    ([only], true) => (Function::Sum, Some(*only)),
                    _ => return Err(Why::NotComputable),
                }
            } else if mean {
                (Function::Mean, Some(self.only_number(numbers, atoms)?))
            } else if count && numbers.is_empty() || (!sum && numbers.is_empty()) {
                match rest.as_slice() {
                    [] => (Function::Count, None),
                    [target] => (
                        Function::Count,
                        (!self.is_unique(target.field)).then_some(target.field),
                    ),
                    _ => return Err(Why::NotComputable),
                }
            } else if sum || extreme.loose {
                (Function::Sum, Some(self.only_number(numbers, atoms)?))
            } else {
                return Err(Why::NotComputable);
            };
            if of.is_some()
                && function != Function::Count
                && rest.iter().any(|target| !self.is_label(target.field))
            {
                return Err(Why::NotComputable);
            }
            plan.group = Some(Group {
                column: self.name(group),
                part,
            });
            plan.order = order;
            plan.limit = Some(extreme.limit.unwrap_or(1));
            return Ok(self.computed(plan, function, of));
        }
        let date_extreme = extreme
            .of
            .filter(|field| self.scope.kind(*field) == Kind::Date);
        let of = match (extreme.of, numbers) {
            (Some(of), []) => of,
            (Some(of), [only]) if date_extreme.is_some() || only.field == of => {
                // `a nota mais recente` asks for another column of that row.
                if only.field != of {
                    plan.columns = vec![self.name(only.field)];
                }
                of
            }
            (None, [only]) => only.field,
            // `em qual categoria gastei mais`
            (None, []) if extreme.loose && self.flows() && !self.has_amounts() => {
                return match (self.money().as_slice(), others) {
                    ([money], [group]) if !self.is_unique(group.field) => {
                        plan.group = Some(Group {
                            column: self.name(group.field),
                            part: None,
                        });
                        plan.order = order;
                        plan.limit = Some(extreme.limit.unwrap_or(1));
                        Ok(self.computed(plan, Function::Sum, Some(*money)))
                    }
                    _ => Err(Why::NotComputable),
                };
            }
            (None, []) if extreme.loose => {
                // `qual categoria tem mais produtos`: rows are counted.
                return self.most_rows(plan, extreme, others);
            }
            (None, []) => {
                let dates: Vec<Field> = others
                    .iter()
                    .map(|target| target.field)
                    .filter(|field| self.scope.kind(*field) == Kind::Date)
                    .collect();
                match dates.as_slice() {
                    [only] => *only,
                    _ => self.only_number(numbers, atoms)?,
                }
            }
            _ => return Err(Why::NotComputable),
        };
        let mut columns: Vec<Field> = others
            .iter()
            .map(|target| target.field)
            .filter(|field| *field != of)
            .collect();
        if columns.is_empty() && plan.columns.is_empty() {
            columns.push(self.label());
        }
        let repeated = columns.first().is_some_and(|field| !self.is_unique(*field));
        if extreme.loose && repeated {
            // `quem tem mais faltas` where each has several rows: their sum.
            let [group] = columns.as_slice() else {
                return Err(Why::NotComputable);
            };
            if self.scope.kind(of) != Kind::Integer && self.scope.kind(of) != Kind::Currency {
                return Err(Why::Unclear(
                    self.name(of),
                    vec!["total".to_owned(), "média".to_owned()],
                ));
            }
            plan.group = Some(Group {
                column: self.name(*group),
                part: None,
            });
            plan.order = order;
            plan.limit = Some(extreme.limit.unwrap_or(1));
            return Ok(self.computed(plan, Function::Sum, Some(of)));
        }
        // `qual vendedor teve a maior quantidade`: of one row, or of all of his?
        let named_who = who.is_some() || self.find(&[Does::Who]).is_some();
        if repeated && named_who && date_extreme.is_none() && self.scope.kind(of).is_summable() {
            return Err(Why::Unclear(
                self.name(of),
                vec![
                    "maior valor de uma linha".to_owned(),
                    "maior total".to_owned(),
                ],
            ));
        }
        match extreme.limit {
            Some(limit) => {
                plan.columns
                    .extend(columns.iter().map(|field| self.name(*field)));
                plan.columns.push(self.name(of));
                plan.order = Some(Order {
                    column: Some(self.name(of)),
                    descending: extreme.greatest,
                });
                plan.limit = Some(limit);
                Ok(plan)
            }
            None if self.find(&[Does::Top]).is_some() => Err(Why::NotComputable),
            None => {
                plan.columns
                    .extend(columns.iter().map(|field| self.name(*field)));
                let function = if extreme.greatest {
                    Function::Max
                } else {
                    Function::Min
                };
                Ok(self.computed(plan, function, Some(of)))
            }
        }
    }

    /// The value that stands in most rows.
    pub(super) fn most_rows(
        &mut self,
        mut plan: Plan,
        extreme: &Extreme,
        others: &[Target],
    ) -> Result<Plan, Why> {
        let (group, counted) = match others {
            [group] if group.at < extreme.at => (group.field, None),
            [group, counted] => (group.field, Some(counted.field)),
            _ => return Err(Why::NotComputable),
        };
        // `o mais vendido`: by pieces, by value or by rows?
        if self.words.iter().any(|word| lexicon::is_flow(&word.folded)) {
            return Err(Why::NotComputable);
        }
        let noun = counted.is_some()
            || (extreme.at + 1..self.tags.len()).any(|at| {
                self.is_row_noun(at)
                    || matches!(self.is(at), Some(Is::Does(Does::Rows) | Is::Values(..)))
            });
        if !noun {
            return Err(Why::NotComputable);
        }
        if self.is_unique(group) {
            return Err(Why::NotComputable);
        }
        let of = counted.filter(|field| !self.is_unique(*field));
        plan.group = Some(Group {
            column: self.name(group),
            part: None,
        });
        plan.order = Some(Order {
            column: None,
            descending: extreme.greatest,
        });
        plan.limit = Some(extreme.limit.unwrap_or(1));
        Ok(self.computed(plan, Function::Count, of))
    }

    pub(super) fn ordered(
        &mut self,
        mut plan: Plan,
        descending: bool,
        mark: usize,
        numbers: &[Target],
        others: &[Target],
    ) -> Result<Plan, Why> {
        let by = numbers
            .iter()
            .chain(others)
            .find(|target| target.at > mark)
            .or(numbers.first())
            .ok_or(Why::NotComputable)?;
        let mut columns: Vec<Field> = vec![];
        for target in others.iter().chain(numbers) {
            if !columns.contains(&target.field) {
                columns.push(target.field);
            }
        }
        if !columns.contains(&self.label()) {
            columns.insert(0, self.label());
        }
        plan.order = Some(Order {
            column: Some(self.name(by.field)),
            descending,
        });
        plan.columns = columns.iter().map(|field| self.name(*field)).collect();
        Ok(plan)
    }
}
