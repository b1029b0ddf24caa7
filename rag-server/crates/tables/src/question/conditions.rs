//! Conditions of a question: values, comparisons, dates, blanks, and what is denied.

use rust_decimal::Decimal;

use super::assemble::{Assembler, Why};
use super::moments::Moment;
use super::tags::{Figure, Is};
use crate::check::Field;
use crate::lexicon::Does;
use crate::plan::{Condition, Filter, Literal, Op};
use crate::value::{Kind, Value};
use crate::vocabulary::Sure;

/// A condition and the tags it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    /// First tag, and the one after the last.
    pub(crate) from: usize,
    pub(crate) end: usize,
    pub(crate) field: Field,
    op: Op,
    bounds: Vec<Literal>,
    /// Values it is equal to one of; kept apart so that several can be joined.
    pub(crate) values: Option<Vec<Literal>>,
    pub(crate) negated: bool,
    /// The column named with it.
    pub(crate) named: bool,
}

impl Atom {
    pub(crate) fn filter(&self, assembler: &Assembler<'_, '_>) -> Filter {
        let condition = Filter::Is(Condition {
            column: assembler.name(self.field),
            op: self.op,
            values: self.values.clone().unwrap_or_else(|| self.bounds.clone()),
        });
        if self.negated {
            Filter::Not {
                not: Box::new(condition),
            }
        } else {
            condition
        }
    }
}

fn op_of(does: Does) -> Option<Op> {
    Some(match does {
        Does::Greater => Op::Greater,
        Does::AtLeast => Op::AtLeast,
        Does::Less => Op::Less,
        Does::AtMost => Op::AtMost,
        Does::Equal => Op::Equal,
        _ => return None,
    })
}

/// What a comparison is about.
#[derive(Debug, Clone)]
enum Bound {
    Figure(Figure),
    Moment(Moment),
}

impl Assembler<'_, '_> {
    /// All conditions, in order.
    pub(crate) fn atoms(&mut self) -> Result<Vec<Atom>, Why> {
        let mut atoms: Vec<Atom> = Vec::new();
        for at in 0..self.tags.len() {
            if !self.free(at) {
                continue;
            }
            let atom = match self.is(at).cloned() {
                Some(Is::Values(values, whole)) => Some(self.value_atom(at, &values, whole)?),
                Some(Is::Figure(figure)) => self.bounded(at, Bound::Figure(figure), &atoms)?,
                Some(Is::Moment(moment)) => self.bounded(at, Bound::Moment(moment), &atoms)?,
                _ => None,
            };
            atoms.extend(atom);
        }
        self.flags(&mut atoms)?;
        self.negate(&mut atoms)?;
        atoms.sort_by_key(|atom| atom.from);
        Ok(atoms)
    }

    fn value_atom(&mut self, at: usize, values: &[(Field, u32)], whole: bool) -> Result<Atom, Why> {
        let mut fields: Vec<Field> = values.iter().map(|(field, _)| *field).collect();
        fields.sort_unstable();
        fields.dedup();
        let mut from = at;
        let mut named = false;
        // `aluno Ana`: the column says which value is meant.
        if let Some(before) = self.before(at).filter(|before| self.free(*before))
            && let Some(Is::Columns(columns)) = self.is(before)
        {
            let apposed: Vec<Field> = columns
                .iter()
                .map(|(field, _)| *field)
                .filter(|field| fields.contains(field))
                .collect();
            if let [only] = apposed.as_slice() {
                fields = vec![*only];
                self.take(before);
                from = before;
                named = true;
            }
        }
        // `the Marketing department`, `Priscila leciona`: the column may follow.
        let mut end = at + 1;
        if !named
            && let Some(after) = self.after(at).filter(|after| {
                self.free(*after) && (at + 1..*after).all(|place| self.text(place).len() <= 2)
            })
            && let Some(Is::Columns(columns)) = self.is(after)
        {
            let apposed: Vec<Field> = columns
                .iter()
                .filter(|(field, sure)| {
                    fields.contains(field) && (after == at + 1 || *sure == Sure::Synonym)
                })
                .map(|(field, _)| *field)
                .collect();
            if let ([only], 1) = (apposed.as_slice(), columns.len()) {
                fields = vec![*only];
                self.take(after);
                end = after + 1;
                named = true;
            }
        }
        let written = |this: &Self, fields: &[Field]| -> Vec<String> {
            values
                .iter()
                .filter(|(field, _)| fields.contains(field))
                .map(|(field, text)| {
                    let value = this.scope.written(*field, *text);
                    if fields.len() > 1 {
                        format!("{}: {value}", this.name(*field))
                    } else {
                        value
                    }
                })
                .collect()
        };
        let [field] = fields.as_slice() else {
            return Err(Why::Unclear(self.text(at), written(self, &fields)));
        };
        let texts = written(self, &fields);
        let _ = whole;
        let [text] = texts.as_slice() else {
            return Err(Why::Unclear(self.text(at), texts));
        };
        // `igual a`, `é`
        if let Some(before) = self
            .before(from)
            .filter(|before| self.free(*before) && self.does(*before) == Some(Does::Equal))
        {
            self.take(before);
            from = before;
        }
        self.take(at);
        Ok(Atom {
            from,
            end,
            field: *field,
            op: Op::Equal,
            bounds: Vec::new(),
            values: Some(vec![Literal(text.clone())]),
            negated: false,
            named,
        })
    }

    /// A comparison with a number or a date; nothing for a number that is none, as in `os 5 maiores`.
    fn bounded(&mut self, at: usize, bound: Bound, atoms: &[Atom]) -> Result<Option<Atom>, Why> {
        let mut from = at;
        let mut end = at + 1;
        let mut bounds = vec![bound.clone()];
        let mut op = None;
        let before = self.before(at).filter(|before| self.free(*before));
        let follows = |this: &Self, place: usize| match this.is(place) {
            Some(Is::Figure(figure)) => Some(Bound::Figure(figure.clone())),
            Some(Is::Moment(moment)) => Some(Bound::Moment(*moment)),
            _ => None,
        };
        if let Some(place) = before {
            if self.does(place) == Some(Does::Between) {
                // `entre 5 e 7`
                let second = self
                    .after(at)
                    .filter(|and| self.does(*and) == Some(Does::And))
                    .and_then(|and| self.after(and));
                let Some((second, other)) =
                    second.and_then(|second| Some((second, follows(self, second)?)))
                else {
                    return Err(Why::NotComputable);
                };
                if let Some(and) = self.after(at) {
                    self.take(and);
                }
                self.take(place);
                self.take(second);
                bounds.push(other);
                op = Some(Op::Between);
                from = place;
                end = second + 1;
            } else if let Some(found) = self.does(place).and_then(op_of) {
                self.take(place);
                op = Some(found);
                from = place;
            }
        }
        // `de 5 a 7`, `de março a maio`, `desde março até maio`
        if matches!(op, None | Some(Op::AtLeast)) {
            let next = (at + 1..self.tags.len()).find(|place| {
                !matches!(self.is(*place), Some(Is::Does(Does::Nothing)))
                    || self.joins_range(*place)
            });
            if let Some(place) = next.filter(|place| self.joins_range(*place))
                && let Some(second) = self.after(place)
                && let Some(other) = follows(self, second).filter(|_| self.adjacent(place, second))
            {
                self.take(place);
                self.take(second);
                bounds.push(other);
                op = Some(Op::Between);
                end = second + 1;
            }
        }
        if (op.is_none() || op == Some(Op::Equal))
            && let Some(next) = self.after(at)
        {
            let postfix = match self.does(next) {
                Some(Does::OrMore) => Some(Op::AtLeast),
                Some(Does::OrLess) => Some(Op::AtMost),
                _ => None,
            };
            if postfix.is_some() {
                self.take(next);
                op = postfix;
                end = next + 1;
            }
        }
        share_month(&mut bounds);
        let figures: Vec<Figure> = bounds
            .iter()
            .filter_map(|bound| match bound {
                Bound::Figure(figure) => Some(figure.clone()),
                Bound::Moment(_) => None,
            })
            .collect();
        if figures.len() == bounds.len() {
            return self.number_atom(at, from, end, op, &figures, atoms);
        }
        if !figures.is_empty() {
            return Err(Why::NotComputable);
        }
        let moments: Vec<Moment> = bounds
            .iter()
            .filter_map(|bound| match bound {
                Bound::Moment(moment) => Some(*moment),
                Bound::Figure(_) => None,
            })
            .collect();
        self.date_atom(at, from, end, op.unwrap_or(Op::Equal), &moments, atoms)
            .map(Some)
    }

    /// `a`, `até`, `to` between two bounds.
    fn joins_range(&self, place: usize) -> bool {
        self.free(place)
            && match self.is(place) {
                Some(Is::Does(Does::AtMost)) => true,
                Some(Is::Does(Does::Nothing)) => {
                    matches!(
                        self.text(place).to_lowercase().as_str(),
                        "a" | "to" | "à" | "ao" | "as" | "às"
                    )
                }
                _ => false,
            }
    }

    fn adjacent(&self, from: usize, to: usize) -> bool {
        (from + 1..to).all(|at| matches!(self.is(at), Some(Is::Does(Does::Nothing))))
    }

    fn number_atom(
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
        let field = if let Some((place, field)) = found {
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
    fn bare_number(&mut self, at: usize, figure: &Figure) -> Result<Option<Atom>, Why> {
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
    fn field_for(
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

    fn mentions(&self, field: Field) -> bool {
        self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns.iter().any(|(own, _)| *own == field),
            _ => false,
        })
    }

    fn numeric_names(&self) -> Vec<String> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field).is_numeric())
            .map(|field| self.name(field))
            .collect()
    }

    pub(crate) fn date_fields(&self) -> Vec<Field> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field) == Kind::Date)
            .collect()
    }

    fn date_atom(
        &mut self,
        at: usize,
        from: usize,
        end: usize,
        op: Op,
        moments: &[Moment],
        atoms: &[Atom],
    ) -> Result<Atom, Why> {
        let is_date = |this: &Self, field: Field| this.scope.kind(field) == Kind::Date;
        let mut from = from;
        let mut found = None;
        let mut named = false;
        for place in [self.before(from), self.after(end - 1)]
            .into_iter()
            .flatten()
        {
            if !self.free(place) || found.is_some() {
                continue;
            }
            if let Some(field) = self.one(place, |field| is_date(self, field))? {
                self.take(place);
                from = from.min(place);
                found = Some(field);
                named = true;
            }
        }
        let field = match found {
            Some(field) => field,
            None => match self.date_fields().as_slice() {
                [] => return Err(Why::Unknown(self.text(at))),
                [only] => *only,
                several => {
                    let last = atoms.last().map(|atom| atom.field);
                    let named: Vec<Field> = several
                        .iter()
                        .copied()
                        .filter(|field| self.mentions(*field))
                        .collect();
                    match (last.filter(|last| several.contains(last)), named.as_slice()) {
                        (Some(last), _) => last,
                        (None, [only]) => *only,
                        _ => {
                            return Err(Why::Unclear(
                                self.text(at),
                                several.iter().map(|field| self.name(*field)).collect(),
                            ));
                        }
                    }
                }
            },
        };
        let bounds: Option<Vec<Literal>> = moments
            .iter()
            .map(|moment| moment.literal(self.scope, field))
            .collect();
        let Some(bounds) = bounds else {
            return Err(Why::Unclear(self.text(at), Vec::new()));
        };
        self.take(at);
        Ok(Atom {
            from,
            end,
            field,
            op,
            values: (op == Op::Equal).then(|| bounds.clone()),
            bounds,
            negated: false,
            named,
        })
    }

    /// Columns of yes and no are conditions wherever something else is asked.
    fn flags(&mut self, atoms: &mut Vec<Atom>) -> Result<(), Why> {
        let asks = self.find(&[
            Does::Count,
            Does::List,
            Does::Sum,
            Does::Total,
            Does::Mean,
            Does::Max,
            Does::Min,
        ]);
        let other_column = |this: &Self, place: usize| {
            (0..this.tags.len())
                .any(|at| at != place && matches!(this.is(at), Some(Is::Columns(_))))
        };
        for place in 0..self.tags.len() {
            if !self.free(place) {
                continue;
            }
            let Some(field) = self.one(place, |field| self.scope.kind(field) == Kind::Flag)? else {
                continue;
            };
            if asks.is_none() && !other_column(self, place) {
                continue;
            }
            self.take(place);
            atoms.push(Atom {
                from: place,
                end: place + 1,
                field,
                op: Op::Equal,
                bounds: Vec::new(),
                values: Some(vec![Literal("true".to_owned())]),
                negated: false,
                named: true,
            });
        }
        atoms.sort_by_key(|atom| atom.from);
        Ok(())
    }

    fn zeros_and_blanks(&self, field: Field) -> (bool, bool) {
        let view = self.scope.view;
        let any = |wanted: Value| {
            view.table
                .data
                .iter()
                .any(|row| view.value(*row, field) == wanted)
        };
        (any(Value::Number(Decimal::ZERO)), any(Value::Empty))
    }

    /// `não`, `sem` and `exceto` deny the condition after them.
    fn negate(&mut self, atoms: &mut Vec<Atom>) -> Result<(), Why> {
        for at in 0..self.tags.len() {
            if !self.free(at) || !matches!(self.does(at), Some(Does::Not | Does::Without)) {
                continue;
            }
            // Without a value: `sem nota`.
            if self.does(at) == Some(Does::Without)
                && let Some(next) = self.after(at).filter(|next| self.free(*next))
                && let Some(field) = self.one(next, |_| true)?
            {
                self.take(at);
                self.take(next);
                // `sem faltas`: none are noted down, or a zero is; where both stand, either may be meant.
                let (zeros, blanks) = self.zeros_and_blanks(field);
                if zeros && blanks {
                    return Err(Why::Unclear(
                        self.text(next),
                        vec!["zero".to_owned(), "vazio".to_owned()],
                    ));
                }
                if zeros {
                    atoms.push(Atom {
                        from: at,
                        end: next + 1,
                        field,
                        op: Op::Equal,
                        bounds: Vec::new(),
                        values: Some(vec![Literal("0".to_owned())]),
                        negated: false,
                        named: true,
                    });
                    continue;
                }
                atoms.push(Atom {
                    from: at,
                    end: next + 1,
                    field,
                    op: Op::Empty,
                    bounds: Vec::new(),
                    values: None,
                    negated: false,
                    named: true,
                });
                continue;
            }
            let next = atoms
                .iter()
                .enumerate()
                .filter(|(_, atom)| atom.end > at + 1 || atom.from > at)
                .min_by_key(|(_, atom)| atom.from.max(at))
                .map(|(index, _)| index);
            let Some(index) = next else {
                return Err(Why::Unknown(self.text(at)));
            };
            let Some(atom) = atoms.get_mut(index) else {
                continue;
            };
            let near = (at + 1..atom.from).all(|place| {
                matches!(
                    self.is(place),
                    Some(Is::Does(Does::Nothing | Does::What | Does::And))
                )
            });
            if !near || atom.negated {
                return Err(Why::Unknown(self.text(at)));
            }
            atom.negated = true;
            atom.from = atom.from.min(at);
            self.take(at);
        }
        Ok(())
    }
}

/// `entre 10 e 20 de março`: the first day has the month of the second; `de março a maio de 2025`: the year.
fn share_month(bounds: &mut [Bound]) {
    let [first, Bound::Moment(second)] = bounds else {
        return;
    };
    let second = *second;
    match first {
        Bound::Figure(figure) => {
            let day: Option<u32> = u32::try_from(figure.value)
                .ok()
                .filter(|day| (1..=31).contains(day));
            if figure.unit.is_none()
                && figure.value.scale() == 0
                && second.day.is_some()
                && let Some(day) = day
            {
                *first = Bound::Moment(Moment {
                    day: Some(day),
                    ..second
                });
            }
        }
        Bound::Moment(moment) => {
            if moment.year.is_none() {
                moment.year = second.year;
            }
        }
    }
}

fn literal(figure: &Figure) -> Literal {
    if figure.clock {
        let seconds: i64 = figure.value.try_into().unwrap_or_default();
        return Literal(crate::moment::show_clock(Decimal::from(seconds), false));
    }
    Literal(figure.value.normalize().to_string())
}
