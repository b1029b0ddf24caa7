//! Conditions of a question: values, comparisons, dates, blanks, and what is denied.

use super::assemble::{Assembler, Why};
use super::moments::Moment;
use super::tags::{Figure, Is};
use crate::lexicon::Does;
use crate::plan::{Condition, Filter, Literal, Op};
use crate::view::Field;
use crate::vocabulary::Sure;
use crate::words::stem;

/// A condition and the tags it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    /// First tag, and the one after the last.
    pub(crate) from: usize,
    pub(crate) end: usize,
    pub(crate) field: Field,
    pub(super) op: Op,
    pub(super) bounds: Vec<Literal>,
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
        self.against_mean(&mut atoms)?;
        self.flags(&mut atoms)?;
        self.negate(&mut atoms)?;
        atoms.sort_by_key(|atom| atom.from);
        Ok(atoms)
    }

    pub(super) fn value_atom(
        &mut self,
        at: usize,
        values: &[(Field, u32)],
        whole: bool,
    ) -> Result<Atom, Why> {
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
        // `quantas bolsas` does not ask for what begins so.
        if !whole
            && self
                .before(at)
                .is_some_and(|before| self.does(before) == Some(Does::Count))
        {
            return Err(Why::NotComputable);
        }
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
                let and = (at + 1..self.tags.len()).find(|place| {
                    self.does(*place) != Some(Does::Nothing) || self.joins_range(*place)
                });
                let second = and
                    .filter(|and| self.does(*and) == Some(Does::And) || self.joins_range(*and))
                    .and_then(|and| self.after(and));
                let Some((second, other)) =
                    second.and_then(|second| Some((second, follows(self, second)?)))
                else {
                    return Err(Why::NotComputable);
                };
                if let Some(and) = and {
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
        // `5 ou mais`, `54 inscritos ou mais`
        let named = self.after(at).filter(|next| {
            matches!(self.is(*next), Some(Is::Columns(_))) && matches!(bound, Bound::Figure(_))
        });
        if (op.is_none() || op == Some(Op::Equal))
            && let Some(next) = named
                .and_then(|named| self.after(named))
                .filter(|next| matches!(self.does(*next), Some(Does::OrMore | Does::OrLess)))
                .or_else(|| self.after(at))
        {
            let postfix = match self.does(next) {
                Some(Does::OrMore) => Some(Op::AtLeast),
                Some(Does::OrLess) => Some(Op::AtMost),
                _ => None,
            };
            if postfix.is_some() {
                self.take(next);
                op = postfix;
                // A column in between is found right after the number.
                end = named.filter(|named| *named < next).unwrap_or(next + 1);
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

    /// `acima da média`: of all rows, so that nothing else may be asked of them.
    fn against_mean(&mut self, atoms: &mut Vec<Atom>) -> Result<(), Why> {
        let Some(at) = self.find(&[Does::AboveMean, Does::BelowMean]) else {
            return Ok(());
        };
        let measured = |this: &Self, field: Field| {
            this.scope.kind(field).is_numeric()
                && this
                    .scope
                    .view
                    .column(field)
                    .is_some_and(|column| !column.identifier)
        };
        // A column of that name, or a choice of rows, leaves open which mean is meant.
        let named =
            self.scope.columns(&["med"]).len() + self.scope.columns(&[&stem("media")]).len();
        if !atoms.is_empty() || named > 0 {
            return Err(Why::Unclear(
                self.text(at),
                vec![
                    "média de todas as linhas".to_owned(),
                    "outra média".to_owned(),
                ],
            ));
        }
        let mut found = None;
        for place in [self.before(at), self.after(at)].into_iter().flatten() {
            if found.is_none()
                && self.free(place)
                && let Some(field) = self.one(place, |field| measured(self, field))?
            {
                self.take(place);
                found = Some((place, field));
            }
        }
        let Some((place, field)) = found else {
            return Err(Why::Unclear(self.text(at), self.numeric_names()));
        };
        let op = if self.does(at) == Some(Does::AboveMean) {
            Op::AboveMean
        } else {
            Op::BelowMean
        };
        self.take(at);
        atoms.push(Atom {
            from: at.min(place),
            end: at.max(place) + 1,
            field,
            op,
            bounds: Vec::new(),
            values: None,
            negated: false,
            named: true,
        });
        Ok(())
    }

    /// `a`, `até`, `to` between two bounds.
    pub(super) fn joins_range(&self, place: usize) -> bool {
        self.free(place)
            && match self.is(place) {
                Some(Is::Does(Does::AtMost)) => true,
                Some(Is::Does(Does::Nothing)) => {
                    matches!(
                        self.text(place).to_lowercase().as_str(),
                        "a" | "to" | "à" | "ao" | "as" | "às" | "pra" | "para" | "pro"
                    )
                }
                _ => false,
            }
    }

    pub(super) fn adjacent(&self, from: usize, to: usize) -> bool {
        (from + 1..to).all(|at| matches!(self.is(at), Some(Is::Does(Does::Nothing))))
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
