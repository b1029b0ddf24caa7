//! A first pass over the parts of a workbook, because the library that reads them counts nothing.

use crate::error::ExtractError;
use crate::package::Package;

/// Smallest XML of a shared string, `<si/>`, in bytes: a table cannot announce more strings than fit.
const SMALLEST_STRING: u64 = 5;

/// Unpacks every part that the library will read, counting, because it does not; says whether some sheet has
/// merged cells, which take a second pass to read.
pub(super) fn measure(package: &mut Package<'_>) -> Result<bool, ExtractError> {
    const MERGES: &[u8] = b"mergeCell ";
    let names: Vec<String> = package
        .names()
        .into_iter()
        .filter(|name| !name.contains("/media/") && !name.contains("/embeddings/"))
        .map(str::to_owned)
        .collect();
    let mut merged = false;
    for name in names {
        let is_sheet = name.contains("/worksheets/");
        let mut size = 0_u64;
        let mut head = Vec::new();
        // The end of the last piece, so that a word cut in two is still found.
        let mut seam = Vec::new();
        let unpacked = package.inflate(&name, |piece| {
            size = size.saturating_add(piece.len() as u64);
            if head.len() < 4096 {
                head.extend(piece.iter().take(4096));
            }
            if is_sheet && !merged {
                seam.extend(piece.iter().take(MERGES.len()));
                merged = contains(piece, MERGES) || contains(&seam, MERGES);
                seam.clear();
                seam.extend(piece.iter().skip(piece.len().saturating_sub(MERGES.len())));
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
    Ok(merged)
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
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
