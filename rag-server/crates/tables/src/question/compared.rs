//! Comparisons with numbers and dates: which column is meant.

use rust_decimal::Decimal;

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::moments::Moment;
use super::tags::{Figure, Is};
use crate::lexicon::Does;
use crate::plan::{Literal, Op};
use crate::value::Kind;
use crate::view::Field;
use crate::vocabulary::Sure;

impl Assembler<'_, '_> {
    pub(super) fn number_atom(
        &mut self,
        at: usize,
        from: usize,
        end: usize,
        op: Option<Op>,
        figures: &[Figure],
        atoms: &[Atom],
    ) -> Result<Option<Atom>, Why> {
        let mut from = from;
        let mut end = end;
        let Some(first) = figures.first() else {
            return Ok(None);
        };
        let clock = figures.iter().any(|figure| figure.clock);
        let fits = |this: &Self, field: Field| {
            let kind = this.scope.kind(field);
            if clock {
                matches!(kind, Kind::Time | Kind::Duration)
            } else {
                kind.is_numeric() && !matches!(kind, Kind::Time | Kind::Duration)
            }
        };
        let column_at =
            |this: &Self, place: Option<usize>| -> Result<Option<(usize, Field)>, Why> {
                let Some(place) = place.filter(|place| this.free(*place)) else {
                    return Ok(None);
                };
                Ok(this
                    .one(place, |field| fits(this, field))?
                    .map(|field| (place, field)))
            };
        let before = column_at(self, self.before(from))?;
        let next = self.after(end - 1);
        let tight = next.is_some_and(|next| next == end) && op.is_some();
        let after = column_at(self, next)?;
        let mut found = None;
        if tight {
            found = after;
        }
        if found.is_none() {
            found = before;
        }
        let grouped =
            next.is_some_and(|next| (end..next).any(|at| self.does(at) == Some(Does::By)));
        if found.is_none() && op.is_some() && !grouped {
            found = after;
        }
        // `nota 10` compares; `custam 3 cadernos` does not.
        let says = before.is_some_and(|(place, _)| {
            matches!(self.is(place), Some(Is::Columns(columns)) if columns.iter().all(|(_, sure)| *sure != Sure::Synonym))
        });
        let Some(op) = op.or_else(|| (says && found == before).then_some(Op::Equal)) else {
            return self.bare_number(at, first);
        };
        // `older than 47`
        let aged = ["older", "younger"]
            .iter()
            .any(|word| self.text(from).to_lowercase().contains(word));
        let field = if found.is_none() && aged {
            self.column_like("idade", from)?
        } else if let Some((place, field)) = found {
            self.take(place);
            from = from.min(place);
            end = end.max(place + 1);
            field
        } else {
            let found = self.field_for(first, atoms, from, |this, field| fits(this, field))?;
            if let Some(field) = found {
                field
            } else {
                // `a partir de 2024`
                if let Some(year) = first.year {
                    let moments: Vec<Moment> = figures
                        .iter()
                        .map(|figure| Moment {
                            year: figure.year.or(Some(year)),
                            month: None,
                            day: None,
                        })
                        .collect();
                    return self.date_atom(at, from, end, op, &moments, atoms).map(Some);
                }
                return Err(Why::Unclear(self.text(at), self.numeric_names()));
            }
        };
        // A unit that is not the column's would compare apples with pears.
        let unit = self
            .scope
            .view
            .column(field)
            .and_then(|column| column.unit.clone());
        for figure in figures {
            if let Some(asked) = &figure.unit {
                let same = unit.as_ref().is_some_and(|own| {
                    own == asked || crate::number::unit_key(own) == crate::number::unit_key(asked)
                });
                if unit.is_some() && !same {
                    return Err(Why::NotComputable);
                }
            }
        }
        self.take(at);
        Ok(Some(Atom {
            from,
            end,
            field,
            op,
            values: (op == Op::Equal).then(|| figures.iter().map(literal).collect()),
            bounds: figures.iter().map(literal).collect(),
            negated: false,
            named: found.is_some(),
        }))
    }

    /// A number without comparison: a year, or a value of the only column with its unit; else none.
    pub(super) fn bare_number(&mut self, at: usize, figure: &Figure) -> Result<Option<Atom>, Why> {
        let equal = |this: &mut Self, field: Field| {
            this.take(at);
            Some(Atom {
                from: at,
                end: at + 1,
                field,
                op: Op::Equal,
                bounds: Vec::new(),
                values: Some(vec![literal(figure)]),
                negated: false,
                named: false,
            })
        };
        if let Some(year) = figure.year {
            let years: Vec<Field> = self
                .scope
                .view
                .fields()
                .into_iter()
                .filter(|field| {
                    self.scope.view.column(*field).is_some_and(|column| {
                        column.identifier
                            && crate::value::key(&column.name)
                                .split(' ')
                                .any(|word| matches!(word, "ano" | "year"))
                    })
                })
                .collect();
            if let [only] = years.as_slice() {
                return Ok(equal(self, *only));
            }
            let moment = Moment {
                year: Some(year),
                month: None,
                day: None,
            };
            if !self.date_fields().is_empty() {
                return self
                    .date_atom(at, at, at + 1, Op::Equal, &[moment], &[])
                    .map(Some);
            }
        }
        if figure.clock {
            let clocks: Vec<Field> = self
                .scope
                .view
                .fields()
                .into_iter()
                .filter(|field| matches!(self.scope.kind(*field), Kind::Time))
                .collect();
            if let [only] = clocks.as_slice() {
                return Ok(equal(self, *only));
            }
        }
        if let Some(unit) = &figure.unit
            && let [only] = self.scope.with_unit(unit).as_slice()
        {
            return Ok(equal(self, *only));
        }
        Ok(None)
    }

    /// The column a number is compared with when none stands beside it.
    pub(super) fn field_for(
        &mut self,
        figure: &Figure,
        atoms: &[Atom],
        from: usize,
        fits: impl Fn(&Self, Field) -> bool,
    ) -> Result<Option<Field>, Why> {
        // `acima de 5 e abaixo de 7`
        if let Some(last) = atoms.last() {
            let linked =
                (last.end..from).any(|at| matches!(self.does(at), Some(Does::And | Does::Or)));
            let close = (last.end..from).all(|at| {
                matches!(
                    self.is(at),
                    Some(Is::Does(
                        Does::And | Does::Or | Does::Nothing | Does::What | Does::Not
                    ))
                )
            });
            if linked && close && fits(self, last.field) {
                return Ok(Some(last.field));
            }
        }
        if let Some(unit) = &figure.unit {
            match self.scope.with_unit(unit).as_slice() {
                [only] => return Ok(Some(*only)),
                [] => {}
                several => {
                    // The one that the question names anyway.
                    let named: Vec<Field> = several
                        .iter()
                        .copied()
                        .filter(|field| self.mentions(*field))
                        .collect();
                    if let [only] = named.as_slice() {
                        return Ok(Some(*only));
                    }
                    return Err(Why::Unclear(
                        figure.text.clone(),
                        several.iter().map(|field| self.name(*field)).collect(),
                    ));
                }
            }
        }
        let mut mentioned: Vec<(usize, Field)> = Vec::new();
        for place in 0..self.tags.len() {
            if self.free(place)
                && let Some(field) = self.one(place, |field| fits(self, field))?
            {
                mentioned.push((place, field));
            }
        }
        match mentioned.as_slice() {
            [(place, only)] => {
                let (place, only) = (*place, *only);
                // It may be what is asked for as well: `a média da P1 acima de 5`. Then it stays free.
                let asked = self.before(place).is_some_and(|before| {
                    matches!(
                        self.does(before),
                        Some(Does::Sum | Does::Total | Does::Mean | Does::Max | Does::Min)
                    )
                });
                if !asked
                    && self
                        .find(&[
                            Does::Sum,
                            Does::Total,
                            Does::Mean,
                            Does::Max,
                            Does::Min,
                            Does::More,
                            Does::Fewer,
                        ])
                        .is_none()
                {
                    self.take(place);
                }
                return Ok(Some(only));
            }
            [] => {}
            several => {
                return Err(Why::Unclear(
                    figure.text.clone(),
                    several.iter().map(|(_, field)| self.name(*field)).collect(),
                ));
            }
        }
        let only: Vec<Field> = self
            .scope
            .view
            .fields()
            .into_iter()
            .filter(|field| {
                fits(self, *field)
                    && self
                        .scope
                        .view
                        .column(*field)
                        .is_some_and(|column| !column.identifier)
            })
            .collect();
        let has_date = figure.year.is_some() && !self.date_fields().is_empty();
        match only.as_slice() {
            [only] if !has_date => {
                self.cost += 1;
                Ok(Some(*only))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn mentions(&self, field: Field) -> bool {
        self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns.iter().any(|(own, _)| *own == field),
            _ => false,
        })
    }

    pub(super) fn numeric_names(&self) -> Vec<String> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field).is_numeric())
            .map(|field| self.name(field))
            .collect()
    }
}

fn literal(figure: &Figure) -> Literal {
    if figure.clock {
        let seconds: i64 = figure.value.try_into().unwrap_or_default();
        return Literal(crate::moment::show_clock(Decimal::from(seconds), false));
    }
    Literal(figure.value.normalize().to_string())
}
