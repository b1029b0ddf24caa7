//! Conditions of yes and no, and what is denied.

use rust_decimal::Decimal;

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use crate::lexicon::Does;
use crate::plan::{Literal, Op};
use crate::value::{Kind, Value};
use crate::view::Field;

impl Assembler<'_, '_> {
    /// Columns of yes and no are conditions wherever something else is asked.
    pub(super) fn flags(&mut self, atoms: &mut Vec<Atom>) -> Result<(), Why> {
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
            // `quanto pago de internet` asks how much, not what is paid.
            if self.before(place).and_then(|before| self.does(before)) == Some(Does::HowMuch) {
                self.take(place);
                continue;
            }
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

    pub(super) fn zeros_and_blanks(&self, field: Field) -> (bool, bool) {
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
    pub(super) fn negate(&mut self, atoms: &mut Vec<Atom>) -> Result<(), Why> {
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
