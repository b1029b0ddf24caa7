//! Counts, lists and single rows.

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use super::targets::Target;
use crate::lexicon;
use crate::lexicon::Does;
use crate::plan::{Function, Plan};
use crate::value::Kind;
use crate::view::Field;

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
                let times = count.is_some_and(|at| {
                    matches!(
                        self.text(at).split(' ').next_back(),
                        Some("vezes" | "times")
                    )
                });
                let rows =
                    times || self.counts_rows(count) || (sum && self.find(&[Does::Rows]).is_some());
                if distinct || (sum && !rows) {
                    return Err(Why::NotComputable);
                }
                // `quantos notebooks foram vendidos`: pieces or rows?
                let value = !times
                    && !self.noun_before(count)
                    && self
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
            // `quantos leitores pegaram livros de Romance`: the second noun says of what the value is.
            ([], [counted, of])
                if self.asks_for(count, counted.field)
                    && atoms
                        .iter()
                        .any(|atom| atom.from > of.at && self.only_fills(of.at + 1, atom.from)) =>
            {
                Ok(self.computed(plan, Function::Count, Some(counted.field)))
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

    /// Rows that have the values of all conditions; none when there are other conditions.
    fn rows_named(&self, atoms: &[Atom]) -> usize {
        let view = self.scope.view;
        let mut wanted: Vec<(Field, Vec<u32>)> = Vec::new();
        for atom in atoms {
            let (Some(values), Some(column)) = (&atom.values, view.column(atom.field)) else {
                return 0;
            };
            if atom.negated || column.kind != Kind::Text {
                return 0;
            }
            let keys: Vec<String> = values
                .iter()
                .map(|value| crate::value::key(&value.0))
                .collect();
            let places = (0..).zip(&column.keys);
            wanted.push((
                atom.field,
                places
                    .filter(|(_, own)| keys.contains(own))
                    .map(|(place, _)| place)
                    .collect(),
            ));
        }
        if wanted.is_empty() {
            return 0;
        }
        let holds = |row: u32| {
            wanted.iter().all(|(field, places)| {
                matches!(view.value(row, *field), crate::value::Value::Text(place) if places.contains(&place))
            })
        };
        view.table.data.iter().filter(|row| holds(**row)).count()
    }

    /// `quais são as categorias`, `quem são os alunos`, `alunos e notas`.
    fn asks_for_many(&self) -> bool {
        let asks = (0..self.tags.len())
            .find(|at| matches!(self.does(*at), Some(Does::What | Does::Who | Does::When)));
        match asks {
            None => true,
            Some(at) => {
                let word = self.text(at).to_lowercase();
                let plural = |at: usize| self.text(at).ends_with('s');
                word.starts_with("quais")
                    || (matches!(word.as_str(), "que" | "which" | "what" | "qual")
                        && self.after(at).is_some_and(plural))
                    || (self.does(at) == Some(Does::Who)
                        && (at + 1..self.tags.len())
                            .any(|at| matches!(self.text(at).as_str(), "são" | "sao" | "are")))
            }
        }
    }

    /// A comparison, a date, or a value with something that says how it belongs: `da Turma B`.
    fn chooses(&self, atom: &Atom) -> bool {
        atom.values.is_none()
            || atom.negated
            || atom.named
            || self.scope.kind(atom.field) != Kind::Text
            || atom.from.checked_sub(1).is_none_or(|before| {
                matches!(
                    self.text(before).to_lowercase().as_str(),
                    "de" | "do"
                        | "da"
                        | "dos"
                        | "das"
                        | "em"
                        | "no"
                        | "na"
                        | "nos"
                        | "nas"
                        | "com"
                        | "por"
                        | "in"
                        | "of"
                        | "from"
                        | "at"
                        | "with"
                        | "e"
                        | "and"
                ) || self.does(before).is_some_and(|does| {
                    !matches!(does, Does::Nothing | Does::What | Does::Who | Does::Explain)
                }) || matches!(self.is(before), Some(Is::Values(..)))
            })
    }

    /// Columns of people that no condition names, when conditions pin down what the row is about.
    fn people(&self, atoms: &[Atom]) -> Vec<Field> {
        if atoms.is_empty() || !atoms.iter().all(|atom| atom.field == self.label()) {
            return Vec::new();
        }
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| {
                *field != self.label()
                    && self.scope.kind(*field) == Kind::Text
                    && self.scope.view.column(*field).is_some_and(|column| {
                        crate::words::words(&column.name)
                            .iter()
                            .any(|word| lexicon::is_person(&word.stem))
                    })
            })
            .collect()
    }

    /// Only `de` and articles stand between two columns.
    fn belongs(&self, first: usize, second: usize) -> bool {
        matches!(self.is(first), Some(Is::Columns(_)))
            && second > first + 1
            && (first + 1..second).all(|at| {
                matches!(
                    self.text(at).to_lowercase().as_str(),
                    "de" | "do" | "da" | "dos" | "das" | "of" | "the"
                )
            })
    }

    fn is_participle_of_date(&self, target: Target) -> bool {
        self.scope.kind(target.field) == Kind::Date
            && ["ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas"]
                .iter()
                .any(|ending| self.text(target.at).to_lowercase().ends_with(ending))
            && self.after(target.at).is_some_and(|next| {
                self.does(next).is_some() || matches!(self.is(next), Some(Is::Values(..)))
            })
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
        let list_of = |this: &Self| this.find(&[Does::List]).is_some() || this.asks_for_many();
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
        if plan.filter.is_none() && self.find(&[Does::List]).is_none() && !self.asks_for_many() {
            return Err(Why::NotComputable);
        }
        if targets.is_empty() {
            // `liste os com nota abaixo de 5`, `quem tirou mais de 8`
            if !list || (plan.filter.is_none() && self.find(&[Does::List]).is_none()) {
                return Err(Why::NotComputable);
            }
            // `quem dá aula de Cálculo`
            if self.find(&[Does::Who]).is_some()
                && let [person] = self.people(atoms).as_slice()
            {
                plan.columns = vec![self.name(*person)];
                plan.distinct = true;
                return Ok(plan);
            }
            // `qual o total de Ana` without a column asks nothing.
            if atoms
                .iter()
                .all(|atom| atom.field == label && !atom.negated)
            {
                return Err(Why::NotComputable);
            }
            // `quem foi Machado de Assis` asks for no list.
            if self.find(&[Does::List]).is_none() && !atoms.iter().any(|atom| self.chooses(atom)) {
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
        // `os autores dos livros` are asked for, not the books.
        if numbers.is_empty()
            && let [first, second] = targets.as_slice()
            && self.belongs(first.at, second.at)
        {
            targets.truncate(1);
        }
        // `livros retirados por Ana`: when is not asked.
        if targets.len() > 1 {
            targets.retain(|target| !self.is_participle_of_date(*target));
        }
        let first_is_label = targets.first().is_some_and(|target| target.field == label);
        let only_texts = numbers.is_empty();
        if targets.len() == 1 && only_texts {
            let Some(target) = targets.first() else {
                return Err(Why::NotComputable);
            };
            // `onde fica a biblioteca` is not answered by where it says so.
            let pinned = atoms
                .iter()
                .any(|atom| atom.field == target.field && atom.values.is_some() && !atom.negated);
            if pinned || (plan.filter.is_none() && self.scope.kind(target.field) == Kind::Flag) {
                return Err(Why::NotComputable);
            }
            plan.columns = vec![self.name(target.field)];
            plan.distinct = distinct || !self.is_unique(target.field);
            return Ok(plan);
        }
        // `qual o valor da bolsa`, where several rows have one.
        if !numbers.is_empty() && !list_of(self) && self.rows_named(atoms) > 1 {
            return Err(Why::NotComputable);
        }
        // A number without its row says little.
        let mut columns: Vec<Field> = targets.iter().map(|target| target.field).collect();
        let pinned = !self.is_unique(label) && atoms.iter().any(|atom| atom.field == label);
        let said = pinned && numbers.is_empty();
        if !(first_is_label || said || columns.contains(&label)) {
            columns.insert(0, label);
        }
        plan.columns = columns.iter().map(|field| self.name(*field)).collect();
        Ok(plan)
    }
}
