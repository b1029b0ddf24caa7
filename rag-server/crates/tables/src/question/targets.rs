//! What a question asks for: a number, a row, a list, groups, a comparison.

use std::collections::BTreeSet;

use super::assemble::{Assembler, Why};
use super::conditions::Atom;
use super::tags::Is;
use crate::check::Field;
use crate::lexicon::{self, Does};
use crate::plan::{Aggregate, Filter, Function, Group, Order, Part, Plan};
use crate::value::Kind;
use crate::words::stem;

/// A column that is named and no part of a condition.
#[derive(Debug, Clone, Copy)]
struct Target {
    at: usize,
    field: Field,
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
        let flow = self.words.iter().any(|word| lexicon::is_flow(&word.folded));

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
                    && self.has_or()),
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
            let flowing = flow && (self.find(&[Does::HowMuch]).is_some() || sum) && !mean;
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

    /// Columns of money.
    fn money(&self) -> Vec<Field> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field) == Kind::Currency && !self.is_price(*field))
            .collect()
    }

    /// What one piece costs: adding it up over rows says nothing.
    fn is_price(&self, field: Field) -> bool {
        self.scope.view.column(field).is_some_and(|column| {
            crate::value::key(&column.name)
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| {
                    matches!(
                        word,
                        "preco" | "price" | "unitario" | "unitaria" | "unit" | "tarifa" | "taxa"
                    )
                })
        })
    }

    /// The table counts pieces in a column of its own, so that its rows are not what is counted.
    fn has_amounts(&self) -> bool {
        self.scope.view.fields().into_iter().any(|field| {
            self.scope.view.column(field).is_some_and(|column| {
                column.kind == Kind::Integer
                    && !column.identifier
                    && crate::value::key(&column.name)
                        .split(' ')
                        .any(|word| lexicon::synonyms(&stem(word), &stem("quantidade")))
            })
        })
    }

    /// The words name the column, not one that means the same.
    fn says(&self, field: Field) -> bool {
        self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns
                .iter()
                .any(|(own, sure)| *own == field && *sure != crate::vocabulary::Sure::Synonym),
            _ => false,
        })
    }

    /// What is counted is the table's name, a value, or rows.
    fn counts_rows(&self, count: Option<usize>) -> bool {
        count.and_then(|at| self.after(at)).is_some_and(|noun| {
            self.is_row_noun(noun)
                || matches!(self.is(noun), Some(Is::Values(..) | Is::Does(Does::Rows)))
        })
    }

    /// What is counted is this column: in `quantos alunos presentes` it is the students.
    fn asks_for(&self, count: Option<usize>, field: Field) -> bool {
        let Some(noun) = count.and_then(|at| self.after(at)) else {
            return true;
        };
        matches!(self.is(noun), Some(Is::Columns(columns)) if columns.iter().any(|(own, _)| *own == field))
    }

    fn has_or(&self) -> bool {
        (0..self.tags.len()).any(|at| self.does(at) == Some(Does::Or))
    }

    fn computed(&self, mut plan: Plan, function: Function, field: Option<Field>) -> Plan {
        plan.aggregate = Some(Aggregate {
            function,
            column: field.map(|field| self.name(field)),
        });
        plan
    }

    fn all_labels(&self, targets: &[Target]) -> bool {
        targets.iter().all(|target| self.is_label(target.field))
    }

    fn is_label(&self, field: Field) -> bool {
        let table = self.scope.view.table_of(field);
        field.column == table.label || self.is_joined_label(field)
    }

    fn is_joined_label(&self, field: Field) -> bool {
        self.scope
            .view
            .joined
            .as_ref()
            .is_some_and(|joined| !field.joined && field.column == joined.left)
    }

    pub(crate) fn label(&self) -> Field {
        Field {
            joined: false,
            column: self.scope.view.table.label,
        }
    }

    /// No value stands in the column twice.
    fn is_unique(&self, field: Field) -> bool {
        let view = self.scope.view;
        let mut seen = BTreeSet::new();
        view.table
            .data
            .iter()
            .map(|row| crate::value::key(view.text(*row, field)))
            .filter(|text| !text.is_empty())
            .all(|text| seen.insert(text))
    }

    /// Columns named that are no part of a condition, in order.
    fn targets(&mut self) -> Result<Vec<Target>, Why> {
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

    /// `por turma`, `para cada mês`.
    fn group(&mut self) -> Result<Option<(Field, Option<Part>)>, Why> {
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

    fn only_date(&self, at: usize) -> Result<Field, Why> {
        match self.date_fields().as_slice() {
            [only] => Ok(*only),
            [] => Err(Why::Unknown(self.text(at))),
            several => Err(Why::Unclear(
                self.text(at),
                several.iter().map(|field| self.name(*field)).collect(),
            )),
        }
    }

    /// `o maior`, `os 5 mais caros`, `top 3`.
    fn extreme(&mut self) -> Result<Option<Extreme>, Why> {
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

    /// A number that is no part of a condition.
    fn limit(&self) -> Result<Option<(usize, u32)>, Why> {
        let mut found = None;
        for at in 0..self.tags.len() {
            if !self.free(at) {
                continue;
            }
            if let Some(Is::Figure(figure)) = self.is(at) {
                let limit = u32::try_from(figure.value).ok().filter(|limit| {
                    (1..=1000).contains(limit) && figure.unit.is_none() && figure.value.scale() == 0
                });
                match (limit, found) {
                    (Some(limit), None) => found = Some((at, limit)),
                    _ => return Err(Why::Unknown(self.text(at))),
                }
            }
        }
        Ok(found)
    }

    /// The column that an adjective speaks of.
    fn column_like(&self, word: &str, at: usize) -> Result<Field, Why> {
        let fields: Vec<Field> = if word == "data" {
            self.date_fields()
        } else {
            let stem = stem(word);
            let mut fields: Vec<(Field, crate::vocabulary::Sure)> = self.scope.columns(&[&stem]);
            fields.retain(|(field, _)| self.scope.kind(*field).is_numeric());
            fields.into_iter().map(|(field, _)| field).collect()
        };
        match fields.as_slice() {
            [only] => Ok(*only),
            [] => Err(Why::Unknown(self.text(at))),
            several => Err(Why::Unclear(
                self.text(at),
                several.iter().map(|field| self.name(*field)).collect(),
            )),
        }
    }

    /// The numbers to compute with: those named, else those of a condition, else the only ones there are.
    fn only_number(&self, numbers: &[Target], atoms: &[Atom]) -> Result<Field, Why> {
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

    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "what a question asks has this many sides"
    )]
    fn comparison(
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
    fn grouped(
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

    #[expect(
        clippy::too_many_arguments,
        reason = "what a question asks has this many sides"
    )]
    fn extreme_plan(
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
    fn most_rows(
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

    fn ordered(
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

    #[expect(
        clippy::too_many_arguments,
        reason = "what a question asks has this many sides"
    )]
    fn counted(
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
                let rows = self.counts_rows(count) || (sum && self.find(&[Does::Rows]).is_some());
                if distinct || (sum && !rows) {
                    return Err(Why::NotComputable);
                }
                // `quantos notebooks foram vendidos`: pieces or rows?
                let value = self
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

    fn is_filled(&self, field: Field) -> bool {
        let view = self.scope.view;
        view.table
            .data
            .iter()
            .all(|row| view.value(*row, field) != crate::value::Value::Empty)
    }

    fn listed(
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
        if targets.is_empty() {
            // `liste os com nota abaixo de 5`, `quem tirou mais de 8`
            if !list || (plan.filter.is_none() && self.find(&[Does::List]).is_none()) {
                return Err(Why::NotComputable);
            }
            // `qual o total de Ana` without a column asks nothing.
            if atoms
                .iter()
                .all(|atom| atom.field == label && !atom.negated)
            {
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
        let first_is_label = targets.first().is_some_and(|target| target.field == label);
        let only_texts = numbers.is_empty();
        if targets.len() == 1 && only_texts {
            let Some(target) = targets.first() else {
                return Err(Why::NotComputable);
            };
            plan.columns = vec![self.name(target.field)];
            plan.distinct = distinct || !self.is_unique(target.field);
            return Ok(plan);
        }
        // A number without its row says little.
        let mut columns: Vec<Field> = targets.iter().map(|target| target.field).collect();
        if !first_is_label && !columns.contains(&label) {
            columns.insert(0, label);
        }
        plan.columns = columns.iter().map(|field| self.name(*field)).collect();
        Ok(plan)
    }
}

/// What `o maior` and its like ask.
#[derive(Debug, Clone)]
pub(crate) struct Extreme {
    at: usize,
    greatest: bool,
    /// `mais`, `menos`: of single rows or of sums.
    loose: bool,
    /// The column an adjective names.
    of: Option<Field>,
    limit: Option<u32>,
}
