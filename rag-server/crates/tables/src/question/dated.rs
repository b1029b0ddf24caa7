//! Comparisons with dates: which column is meant.

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::moments::Moment;
use crate::plan::{Literal, Op};
use crate::value::Kind;
use crate::view::Field;

impl Assembler<'_, '_> {
    pub(crate) fn date_fields(&self) -> Vec<Field> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field) == Kind::Date)
            .collect()
    }

    pub(super) fn date_atom(
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
}
