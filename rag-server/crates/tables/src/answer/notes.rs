//! What to know about the cells of a result, in words.

use super::Say;
use crate::column::Oddity;
use crate::outcome::{Note, NoteCode};

impl Say {
    pub(super) fn note(&self, note: &Note) -> String {
        let count = note.count;
        let column = &note.column;
        let some = if note.examples.is_empty() {
            String::new()
        } else {
            format!(" ({})", note.examples.join(", "))
        };
        if self.english {
            return match note.code {
                NoteCode::Cell(Oddity::ErrorCell) => {
                    format!("{count} cells of “{column}” show an error and were left out{some}.")
                }
                NoteCode::Cell(Oddity::OtherType) => format!(
                    "{count} cells of “{column}” do not hold what the column holds and were left out{some}."
                ),
                NoteCode::Cell(Oddity::OtherUnit) => format!(
                    "{count} cells of “{column}” have another unit and were left out{some}."
                ),
                NoteCode::Cell(Oddity::Converted) => format!(
                    "{count} cells of “{column}” were converted to the column's unit{some}."
                ),
                NoteCode::Cell(Oddity::OtherMark) => {
                    format!("{count} cells of “{column}” use the other decimal sign{some}.")
                }
                NoteCode::Cell(Oddity::UnclearNumber) => {
                    format!("{count} numbers of “{column}” can be read in two ways{some}.")
                }
                NoteCode::Cell(Oddity::UnclearDate) => format!(
                    "{count} dates of “{column}” can be read in two ways; the day was taken first{some}."
                ),
                NoteCode::Cell(Oddity::Rounded) => format!(
                    "{count} cells of “{column}” show fewer decimals than they hold; all were used{some}."
                ),
                NoteCode::Cell(Oddity::Uncomputed) => format!(
                    "{count} formulas of “{column}” have no result in the file and were left out{some}."
                ),
                NoteCode::BlankCells => format!("{count} blank cells of “{column}” were left out."),
                NoteCode::UncomparedRows => {
                    format!("{count} rows without a comparable value in “{column}” were left out.")
                }
                NoteCode::TotalsLeftOut => format!("{count} rows of totals were left out."),
                NoteCode::Hidden => "The table is hidden in the file.".to_owned(),
                NoteCode::HiddenRows => {
                    format!("{count} rows are hidden in the file and count too.")
                }
                NoteCode::HiddenColumn => format!("The column “{column}” is hidden in the file."),
                NoteCode::Unjoined => format!("{count} rows have no partner in the other table."),
                NoteCode::Ties => {
                    format!("{count} more are listed because they tie with the last.")
                }
                NoteCode::RepeatedValues => {
                    format!("The distinct values of “{column}” stand in {count} rows.")
                }
            };
        }
        match note.code {
            NoteCode::Cell(Oddity::ErrorCell) => {
                format!("{count} células de “{column}” mostram erro e ficaram de fora{some}.")
            }
            NoteCode::Cell(Oddity::OtherType) => format!(
                "{count} células de “{column}” não têm o tipo da coluna e ficaram de fora{some}."
            ),
            NoteCode::Cell(Oddity::OtherUnit) => {
                format!("{count} células de “{column}” têm outra unidade e ficaram de fora{some}.")
            }
            NoteCode::Cell(Oddity::Converted) => format!(
                "{count} células de “{column}” foram convertidas para a unidade da coluna{some}."
            ),
            NoteCode::Cell(Oddity::OtherMark) => {
                format!("{count} células de “{column}” usam o outro sinal decimal{some}.")
            }
            NoteCode::Cell(Oddity::UnclearNumber) => {
                format!("{count} números de “{column}” podem ser lidos de dois modos{some}.")
            }
            NoteCode::Cell(Oddity::UnclearDate) => format!(
                "{count} datas de “{column}” podem ser lidas de dois modos; o dia foi lido primeiro{some}."
            ),
            NoteCode::Cell(Oddity::Rounded) => format!(
                "{count} células de “{column}” mostram menos casas decimais do que têm; a conta usa todas{some}."
            ),
            NoteCode::Cell(Oddity::Uncomputed) => format!(
                "{count} fórmulas de “{column}” estão sem resultado no arquivo e ficaram de fora{some}."
            ),
            NoteCode::BlankCells => {
                format!("{count} células vazias de “{column}” ficaram de fora.")
            }
            NoteCode::UncomparedRows => {
                format!("{count} linhas sem valor comparável em “{column}” ficaram de fora.")
            }
            NoteCode::TotalsLeftOut => format!("{count} linhas de totais ficaram de fora."),
            NoteCode::Hidden => "A tabela está oculta no arquivo.".to_owned(),
            NoteCode::HiddenRows => {
                format!("{count} linhas estão ocultas no arquivo e entram na conta.")
            }
            NoteCode::HiddenColumn => format!("A coluna “{column}” está oculta no arquivo."),
            NoteCode::Unjoined => format!("{count} linhas não têm par na outra tabela."),
            NoteCode::Ties => format!("Há {count} a mais porque empatam com a última posição."),
            NoteCode::RepeatedValues => {
                format!("Os valores distintos de “{column}” estão em {count} linhas.")
            }
        }
    }
}
