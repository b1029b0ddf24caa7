//! One reading of a question as a plan.

use super::conditions::Atom;
use super::scope::Scope;
use super::tags::{Is, Tag};
use crate::lexicon::Does;
use crate::plan::{Filter, Function, Plan};
use crate::view::Field;
use crate::vocabulary::Sure;
use crate::words::Word;

/// Why a reading is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// A word that nothing in the table explains.
    Unknown(String),
    /// Something can be meant in several ways: what, and the ways.
    Unclear(String, Vec<String>),
    /// The words are known but make no question that can be computed.
    NotComputable,
}

/// A plan and how far-fetched the reading is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proposed {
    pub(crate) plan: Plan,
    pub(crate) cost: u32,
    /// Names, values, numbers and dates that it rests on.
    pub(crate) anchors: usize,
}

/// Turns tags into a plan; marks each tag it has used.
pub(crate) struct Assembler<'s, 'a> {
    pub(crate) scope: &'s Scope<'a>,
    pub(crate) tags: &'s [Tag],
    pub(crate) words: &'s [Word],
    pub(crate) used: Vec<bool>,
    pub(crate) cost: u32,
}

pub(crate) fn assemble(scope: &Scope<'_>, words: &[Word], tags: &[Tag]) -> Result<Proposed, Why> {
    if let Some(unknown) = tags.iter().find(|tag| tag.is == Is::Unknown) {
        return Err(Why::Unknown(
            words
                .get(unknown.from)
                .map_or_else(String::new, |word| word.text.clone()),
        ));
    }
    let mut assembler = Assembler {
        scope,
        tags,
        words,
        used: vec![false; tags.len()],
        cost: tags.iter().map(|tag| tag.cost).sum(),
    };
    if assembler.explains() || assembler.anchors() == 0 {
        return Err(Why::NotComputable);
    }
    let atoms = assembler.atoms()?;
    let (atoms, filter) = assembler.connect(&atoms)?;
    let plan = assembler.plan(&atoms, filter)?;
    assembler.everything_used(&plan)?;
    Ok(Proposed {
        plan,
        anchors: assembler.anchors(),
        cost: assembler.cost,
    })
}

impl Assembler<'_, '_> {
    /// `o que é`, `como`, `devo`: what something is, or ought to be. `o que é mais caro` is another thing.
    fn explains(&self) -> bool {
        let compares = (0..self.tags.len()).any(|at| {
            matches!(
                self.does(at),
                Some(
                    Does::More
                        | Does::Fewer
                        | Does::Max
                        | Does::Min
                        | Does::MaxOf(_)
                        | Does::MinOf(_)
                )
            )
        });
        (0..self.tags.len()).any(|at| {
            self.does(at) == Some(Does::Explain)
                && !(compares && self.text(at).to_lowercase().starts_with("o que é"))
        })
    }

    /// Names, values, numbers and dates of the question.
    pub(crate) fn anchors(&self) -> usize {
        self.tags
            .iter()
            .filter(|tag| {
                matches!(
                    tag.is,
                    Is::Columns(_)
                        | Is::Values(..)
                        | Is::Table(_)
                        | Is::Figure(_)
                        | Is::Moment(_)
                        | Is::Part(_)
                ) || matches!(tag.is, Is::Does(Does::MaxOf(_) | Does::MinOf(_)))
            })
            .count()
    }

    pub(crate) fn is(&self, at: usize) -> Option<&Is> {
        self.tags.get(at).map(|tag| &tag.is)
    }

    pub(crate) fn free(&self, at: usize) -> bool {
        !self.used.get(at).copied().unwrap_or(true)
    }

    pub(crate) fn take(&mut self, at: usize) {
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
        }
    }

    /// The tag before `at` that does something.
    pub(crate) fn before(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|index| !self.is_nothing(*index))
    }

    /// The tag after `at` that does something.
    pub(crate) fn after(&self, at: usize) -> Option<usize> {
        (at + 1..self.tags.len()).find(|index| !self.is_nothing(*index))
    }

    fn is_nothing(&self, at: usize) -> bool {
        matches!(
            self.is(at),
            Some(Is::Does(
                Does::Nothing | Does::What | Does::Context | Does::Flow | Does::Explain
            ))
        )
    }

    pub(crate) fn does(&self, at: usize) -> Option<Does> {
        match self.is(at) {
            Some(Is::Does(does)) => Some(*does),
            _ => None,
        }
    }

    /// The first free tag that does one of these.
    pub(crate) fn find(&self, wanted: &[Does]) -> Option<usize> {
        (0..self.tags.len())
            .find(|at| self.free(*at) && self.does(*at).is_some_and(|does| wanted.contains(&does)))
    }

    /// Takes the first free tag that does this; whether there was one.
    pub(crate) fn takes(&mut self, wanted: &[Does]) -> Option<usize> {
        let found = self.find(wanted)?;
        self.take(found);
        Some(found)
    }

    pub(crate) fn name(&self, field: Field) -> String {
        self.scope.view.name(field)
    }

    /// The one column that is meant among several that could be.
    pub(crate) fn one(
        &self,
        at: usize,
        fits: impl Fn(Field) -> bool,
    ) -> Result<Option<Field>, Why> {
        let Some(Is::Columns(columns)) = self.is(at) else {
            return Ok(None);
        };
        let fitting: Vec<(Field, Sure)> = columns
            .iter()
            .copied()
            .filter(|(field, _)| fits(*field))
            .collect();
        match fitting.as_slice() {
            [] => Ok(None),
            [(only, _)] => Ok(Some(*only)),
            several => Err(Why::Unclear(
                self.text(at),
                several.iter().map(|(field, _)| self.name(*field)).collect(),
            )),
        }
    }

    /// The words of a tag.
    pub(crate) fn text(&self, at: usize) -> String {
        let Some(tag) = self.tags.get(at) else {
            return String::new();
        };
        self.words
            .get(tag.from..tag.to)
            .unwrap_or_default()
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The tag is what rows are called.
    pub(crate) fn is_row_noun(&self, at: usize) -> bool {
        matches!(self.is(at), Some(Is::Table(_)))
            && self.tags.get(at).is_some_and(|tag| {
                self.words
                    .get(tag.from..tag.to)
                    .unwrap_or_default()
                    .iter()
                    .any(|word| self.scope.is_row_noun(&word.stem))
            })
    }

    /// The words could name a column as well.
    fn names_column(&self, at: usize) -> bool {
        self.tags.get(at).is_some_and(|tag| {
            let words = self.words.get(tag.from..tag.to).unwrap_or_default();
            words
                .iter()
                .any(|word| !self.scope.columns(&[&word.stem]).is_empty())
        })
    }

    /// Words that were not needed must mean nothing by themselves.
    fn everything_used(&self, plan: &Plan) -> Result<(), Why> {
        let numeric_column = self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns
                .iter()
                .any(|(field, _)| self.scope.kind(*field).is_numeric()),
            _ => false,
        });
        for at in 0..self.tags.len() {
            if !self.free(at) {
                continue;
            }
            let harmless = match self.is(at) {
                // `qual treino` asks for one of several tables.
                Some(Is::Table(_)) => {
                    !at.checked_sub(1).is_some_and(|before| {
                        matches!(
                            self.does(before),
                            Some(Does::What | Does::Count | Does::Who)
                        )
                    }) || self.is_row_noun(at)
                }
                Some(Is::Does(
                    Does::Nothing
                    | Does::What
                    | Does::And
                    | Does::List
                    | Does::Who
                    | Does::HowMuch
                    | Does::When
                    | Does::Where
                    | Does::Rows
                    | Does::Explain
                    | Does::Top,
                )) => true,
                Some(Is::Does(Does::Measure)) => numeric_column,
                Some(Is::Does(Does::Context)) => !(0..self.tags.len())
                    .any(|at| matches!(self.does(at), Some(Does::Count | Does::Total))),
                // `feitas por Ana`, `entre os vendedores`
                // and the mean `por venda` is the mean of the rows.
                Some(Is::Does(Does::By)) => self.after(at).is_some_and(|next| {
                    let mean = plan
                        .aggregate
                        .as_ref()
                        .is_some_and(|aggregate| aggregate.function == Function::Mean);
                    matches!(self.is(next), Some(Is::Values(..)))
                        || (mean && self.is_row_noun(next) && !self.names_column(next))
                        || matches!(
                            self.does(next),
                            Some(Does::Less | Does::AtMost | Does::Greater | Does::AtLeast)
                        )
                }),
                Some(Is::Does(Does::Between)) => self
                    .after(at)
                    .is_some_and(|next| matches!(self.is(next), Some(Is::Columns(_)))),
                // `gastei` says that money or distance is added up.
                Some(Is::Does(Does::Flow)) => plan
                    .aggregate
                    .as_ref()
                    .is_none_or(|aggregate| aggregate.function != Function::Count),
                // "from" and "até" may stand before a name.
                Some(Is::Does(Does::AtLeast)) => {
                    matches!(self.text(at).to_lowercase().as_str(), "from")
                }
                _ => false,
            };
            if !harmless {
                return Err(Why::Unknown(self.text(at)));
            }
        }
        Ok(())
    }

    /// All conditions together.
    fn connect(&mut self, atoms: &[Atom]) -> Result<(Vec<Atom>, Option<Filter>), Why> {
        // Atoms that name the same column one after the other are one: `turma A ou B`, `acima de 5 e abaixo de 7`.
        let mut joined: Vec<(Atom, Option<Does>)> = Vec::new();
        for atom in atoms {
            let link = joined
                .last()
                .and_then(|(last, _)| self.link(last.end, atom.from));
            if let Some(at) = link {
                self.take(at);
            }
            // `compare X com Y`, `a mais que Y`
            let compared = link.is_none()
                && (0..self.tags.len()).any(|at| self.does(at) == Some(Does::Difference))
                && joined
                    .last()
                    .is_some_and(|(last, _)| self.only_compares(last.end, atom.from));
            let link = if compared {
                Some(Does::And)
            } else {
                link.and_then(|at| self.does(at))
            };
            let same = joined.last().is_some_and(|(last, _)| {
                last.field == atom.field && last.values.is_some() && atom.values.is_some()
            });
            if same {
                let Some((last, _)) = joined.last_mut() else {
                    continue;
                };
                if link.is_none() {
                    return Err(Why::NotComputable);
                }
                // `exceto Ana e Bruno`
                if atom.negated && !last.negated {
                    return Err(Why::NotComputable);
                }
                if let (Some(values), Some(more)) = (&mut last.values, &atom.values) {
                    values.extend(more.iter().cloned());
                }
                last.end = atom.end;
                continue;
            }
            joined.push((atom.clone(), link));
        }
        let ors = joined
            .iter()
            .skip(1)
            .filter(|(_, link)| *link == Some(Does::Or))
            .count();
        let mut parts: Vec<Filter> = joined.iter().map(|(atom, _)| atom.filter(self)).collect();
        let merged = joined.into_iter().map(|(atom, _)| atom).collect();
        if parts.len() <= 1 {
            return Ok((merged, parts.pop()));
        }
        if ors == 0 {
            return Ok((merged, Some(Filter::All { all: parts })));
        }
        // `A e B ou C` can be meant in two ways.
        if ors + 1 == parts.len() {
            Ok((merged, Some(Filter::Any { any: parts })))
        } else {
            Err(Why::Unclear("ou".to_owned(), Vec::new()))
        }
    }

    /// Words that set one thing against another, at least one: `com o de`, `correu a mais que`.
    fn only_compares(&self, from: usize, to: usize) -> bool {
        from < to
            && (from..to).all(|at| {
                self.only_fills(at, at + 1)
                    || matches!(self.does(at), Some(Does::Difference | Does::Flow))
            })
    }

    /// Words that do nothing, at least one.
    pub(super) fn only_fills(&self, from: usize, to: usize) -> bool {
        from < to
            && (from..to).all(|at| {
                matches!(
                    self.is(at),
                    Some(Is::Does(Does::Nothing | Does::What | Does::Measure))
                )
            })
    }

    /// `e` or `ou` between two conditions.
    fn link(&self, end: usize, from: usize) -> Option<usize> {
        let between = || end..from;
        between()
            .find(|at| self.free(*at) && self.does(*at) == Some(Does::Or))
            .or_else(|| between().find(|at| self.free(*at) && self.does(*at) == Some(Does::And)))
    }
}
