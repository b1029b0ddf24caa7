//! A first pass over the parts of a workbook, because the library that reads them counts nothing.

use memchr::memmem;

use crate::error::ExtractError;
use crate::package::Package;

/// Smallest XML of a shared string, `<si/>`, in bytes: a table cannot announce more strings than fit.
const SMALLEST_STRING: u64 = 5;

/// What sheets hold that takes another pass to read.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Merged cells.
    pub(super) merges: bool,
    /// Hidden rows or columns.
    pub(super) hidden: bool,
    /// Formulas.
    pub(super) formulas: bool,
}

/// Unpacks every part that the library will read, counting, because it does not.
pub(super) fn measure(package: &mut Package<'_>) -> Result<Measured, ExtractError> {
    let names: Vec<String> = package
        .names()
        .into_iter()
        .filter(|name| !name.contains("/media/") && !name.contains("/embeddings/"))
        .map(str::to_owned)
        .collect();
    let mut merges = Seeker::new(b"mergeCell ");
    let mut hidden = Seeker::new(b"hidden");
    let mut formulas = [
        Seeker::new(b"<f>"),
        Seeker::new(b"<f "),
        Seeker::new(b":f>"),
        Seeker::new(b":f "),
    ];
    for name in names {
        let is_sheet = name.contains("/worksheets/") && !name.contains("/_rels/");
        let mut size = 0_u64;
        let mut head = Vec::new();
        let unpacked = package.inflate(&name, |piece| {
            size = size.saturating_add(piece.len() as u64);
            if head.len() < 4096 {
                head.extend(piece.iter().take(4096));
            }
            if is_sheet {
                merges.feed(piece);
                hidden.feed(piece);
                for formula in &mut formulas {
                    formula.feed(piece);
                }
            }
        });
        match unpacked {
            // A part that breaks off here breaks off there too, if it is read at all.
            Ok(_) | Err(ExtractError::Damaged { .. }) => {}
            Err(other) => return Err(other),
        }
        if name.ends_with("sharedstrings.xml") {
            check_announced(&String::from_utf8_lossy(&head), size)?;
        }
    }
    Ok(Measured {
        merges: merges.found,
        hidden: hidden.found,
        formulas: formulas.iter().any(|formula| formula.found),
    })
}

/// Looks for a word in bytes that come in pieces.
struct Seeker {
    word: &'static [u8],
    /// The end of the last piece, so that a word cut in two is still found.
    seam: Vec<u8>,
    found: bool,
}

impl Seeker {
    fn new(word: &'static [u8]) -> Self {
        Self {
            word,
            seam: Vec::new(),
            found: false,
        }
    }

    fn feed(&mut self, piece: &[u8]) {
        if self.found {
            return;
        }
        self.seam.extend(piece.iter().take(self.word.len()));
        self.found = contains(piece, self.word) || contains(&self.seam, self.word);
        self.seam.clear();
        let kept = piece.len().saturating_sub(self.word.len());
        self.seam.extend(piece.iter().skip(kept));
    }
}

/// Memory is reserved for as many shared strings as the table announces; a lie would end the process.
fn check_announced(head: &str, size: u64) -> Result<(), ExtractError> {
    let Some((_, after)) = head.split_once("uniqueCount") else {
        return Ok(());
    };
    let digits: String = after
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    match digits.parse::<u64>() {
        Ok(count) if count.saturating_mul(SMALLEST_STRING) <= size => Ok(()),
        _ if digits.is_empty() => Ok(()),
        _ => Err(ExtractError::Damaged {
            reason: "more shared strings announced than the part can hold".to_owned(),
        }),
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memmem::find(bytes, wanted).is_some()
}
