//! One table, or two that share a key, as what a plan computes on.

use std::collections::HashMap;

use crate::check::{Fault, fault};
use crate::column::Column;
use crate::links::key_of;
use crate::table::Table;
use crate::value::Value;

/// A column of one of the two tables of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Field {
    /// Of the joined table.
    pub(crate) joined: bool,
    pub(crate) column: usize,
}

/// One table, or two read as one.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) table: &'a Table,
    pub(crate) joined: Option<Joined<'a>>,
}

#[derive(Debug)]
pub(crate) struct Joined<'a> {
    pub(crate) table: &'a Table,
    pub(crate) left: usize,
    pub(crate) right: usize,
    /// Row of the joined table per row of the first.
    pub(crate) rows: Vec<Option<u32>>,
}

impl<'a> View<'a> {
    pub(crate) fn of(table: &'a Table) -> Self {
        Self {
            table,
            joined: None,
        }
    }

    /// # Errors
    /// When a key stands twice in the joined table.
    pub(crate) fn joined(
        table: &'a Table,
        left: usize,
        other: &'a Table,
        right: usize,
    ) -> Result<Self, Fault> {
        let mut places: HashMap<String, u32> = HashMap::new();
        let column = |table: &'a Table, index: usize| {
            table
                .columns
                .get(index)
                .ok_or_else(|| fault("unknown_column", "A coluna da ligação não existe."))
        };
        let (mine, theirs) = (column(table, left)?, column(other, right)?);
        for row in &other.data {
            if let Some(value) = key_of(theirs, *row)
                && places.insert(value, *row).is_some()
            {
                return Err(fault(
                    "repeated_key",
                    format!(
                        "A coluna “{}” de “{}” repete valores e não serve para ligar as planilhas.",
                        theirs.name, other.id
                    ),
                ));
            }
        }
        let rows = (0..table.rows.len() as u32)
            .map(|row| key_of(mine, row).and_then(|value| places.get(&value).copied()))
            .collect();
        Ok(Self {
            table,
            joined: Some(Joined {
                table: other,
                left,
                right,
                rows,
            }),
        })
    }

    pub(crate) fn table_of(&self, field: Field) -> &'a Table {
        match &self.joined {
            Some(joined) if field.joined => joined.table,
            _ => self.table,
        }
    }

    pub(crate) fn column(&self, field: Field) -> Option<&'a Column> {
        self.table_of(field).columns.get(field.column)
    }

    /// The row of the table that `field` belongs to.
    pub(crate) fn row_of(&self, row: u32, field: Field) -> Option<u32> {
        match &self.joined {
            Some(joined) if field.joined => joined.rows.get(row as usize).copied().flatten(),
            _ => Some(row),
        }
    }

    pub(crate) fn value(&self, row: u32, field: Field) -> Value {
        self.row_of(row, field).map_or(Value::Empty, |row| {
            self.table_of(field).value(row, field.column)
        })
    }

    pub(crate) fn text(&self, row: u32, field: Field) -> &'a str {
        self.row_of(row, field)
            .map_or("", |row| self.table_of(field).text(row, field.column))
    }

    pub(crate) fn fields(&self) -> Vec<Field> {
        let own = (0..self.table.columns.len()).map(|column| Field {
            joined: false,
            column,
        });
        let other = self.joined.iter().flat_map(|joined| {
            (0..joined.table.columns.len())
                .filter(|column| *column != joined.right)
                .map(|column| Field {
                    joined: true,
                    column,
                })
        });
        own.chain(other).collect()
    }

    /// The name a plan gives to `field`.
    pub(crate) fn name(&self, field: Field) -> String {
        let name = self
            .column(field)
            .map_or_else(String::new, |column| column.name.clone());
        if field.joined && self.table.column(&name).is_some() {
            return format!("{}.{name}", self.table_of(field).id);
        }
        name
    }

    pub(crate) fn find(&self, name: &str) -> Option<Field> {
        let own = |column| Field {
            joined: false,
            column,
        };
        if let Some(column) = self.table.column(name) {
            return Some(own(column));
        }
        let joined = self.joined.as_ref()?;
        let other = |column| Field {
            joined: true,
            column,
        };
        if let Some(column) = joined.table.column(name) {
            return Some(other(column));
        }
        let within = |table: &Table| {
            let rest = name.strip_prefix(table.id.as_str())?.strip_prefix('.')?;
            table.column(rest)
        };
        within(joined.table)
            .map(other)
            .or_else(|| within(self.table).map(own))
    }
}
