//! Compound files (MS-CFB): the container of old and of encrypted Office files. Read here only as far as is
//! needed to know what is inside and that its chains of sectors end.

use crate::error::ExtractError;

/// First bytes of every compound file (MS-CFB 2.2).
pub(crate) const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Sector numbers from here on are markers, not sectors (MS-CFB 2.1).
const FIRST_MARKER: u32 = 0xffff_fffa;
const DIRECTORY_ENTRY: usize = 128;
/// Streams below this size live in the mini stream.
const MINI_CUTOFF: u64 = 4096;
const MINI_SECTOR: usize = 64;

/// Directory and allocation table of a compound file.
pub(crate) struct Compound<'b> {
    bytes: &'b [u8],
    sector_size: usize,
    next: Vec<u32>,
    mini_next: Vec<u32>,
    mini_stream: Vec<u8>,
    /// All entries of the directory, the root first.
    streams: Vec<Stream>,
}

struct Stream {
    name: String,
    start: u32,
    size: u64,
}

impl<'b> Compound<'b> {
    /// # Errors
    /// `Damaged` when the header is wrong or a chain of sectors leaves the file or never ends.
    pub(crate) fn open(bytes: &'b [u8]) -> Result<Self, ExtractError> {
        let shift = u16_at(bytes, 30).ok_or_else(|| damaged("short header"))?;
        if !bytes.starts_with(SIGNATURE) || !matches!(shift, 9 | 12) {
            return Err(damaged("wrong header"));
        }
        let mut file = Self {
            bytes,
            sector_size: 1_usize << shift,
            next: Vec::new(),
            mini_next: Vec::new(),
            mini_stream: Vec::new(),
            streams: Vec::new(),
        };
        file.next = file.allocation_table()?;
        let header = |offset| u32_at(bytes, offset).ok_or_else(|| damaged("short header"));
        let directory = file.chain(header(48)?)?;
        file.streams = directory
            .chunks_exact(DIRECTORY_ENTRY)
            .filter_map(|entry| directory_entry(entry, file.sector_size))
            .collect();
        if header(64)? > 0 {
            let table = file.chain(header(60)?)?;
            file.mini_next = table
                .chunks_exact(4)
                .filter_map(|four| u32_at(four, 0))
                .collect();
            // The first entry is the root; its stream holds the small streams (MS-CFB 2.6.4).
            if let Some(root) = file.streams.first() {
                file.mini_stream = file.chain(root.start)?;
            }
        }
        Ok(file)
    }

    /// There is a stream of this name, whatever its case and folder.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Bytes of a stream.
    pub(crate) fn stream(&self, name: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let Some(stream) = self.find(name) else {
            return Ok(None);
        };
        let mut bytes = if stream.size < MINI_CUTOFF {
            follow(
                &self.mini_stream,
                0,
                MINI_SECTOR,
                &self.mini_next,
                stream.start,
            )?
        } else {
            self.chain(stream.start)?
        };
        bytes.truncate(usize::try_from(stream.size).unwrap_or(usize::MAX));
        Ok(Some(bytes))
    }

    fn find(&self, name: &str) -> Option<&Stream> {
        self.streams
            .iter()
            .find(|stream| stream.name.eq_ignore_ascii_case(name))
    }

    fn chain(&self, start: u32) -> Result<Vec<u8>, ExtractError> {
        follow(
            self.bytes,
            self.sector_size,
            self.sector_size,
            &self.next,
            start,
        )
    }

    /// The sector after each sector (MS-CFB 2.3), its own sectors listed in the header and in a chain of
    /// sectors (MS-CFB 2.5).
    fn allocation_table(&self) -> Result<Vec<u32>, ExtractError> {
        let sectors = self.bytes.len().checked_div(self.sector_size).unwrap_or(0);
        let mut listed: Vec<u32> = numbers(self.bytes.get(76..512).unwrap_or_default()).collect();
        let mut sector = u32_at(self.bytes, 68).unwrap_or(u32::MAX);
        let mut visited = 0_usize;
        while sector < FIRST_MARKER {
            visited = visited.saturating_add(1);
            if visited > sectors {
                return Err(damaged("list of allocation tables never ends"));
            }
            listed.extend(numbers(self.sector(sector)?));
            sector = listed.pop().unwrap_or(u32::MAX);
        }
        let mut table = Vec::new();
        for sector in listed
            .into_iter()
            .filter(|sector| *sector < FIRST_MARKER)
            .take(sectors)
        {
            table.extend(numbers(self.sector(sector)?));
        }
        Ok(table)
    }

    fn sector(&self, number: u32) -> Result<&'b [u8], ExtractError> {
        slice(self.bytes, self.sector_size, self.sector_size, number)
            .ok_or_else(|| damaged("sector beyond the end of the file"))
    }
}

/// Concatenates a chain of sectors. Each may appear once, so a chain is never longer than its container.
fn follow(
    container: &[u8],
    offset: usize,
    size: usize,
    next: &[u32],
    start: u32,
) -> Result<Vec<u8>, ExtractError> {
    let mut bytes = Vec::new();
    let mut sector = start;
    while sector < FIRST_MARKER {
        let part = slice(container, offset, size, sector)
            .ok_or_else(|| damaged("sector beyond the end of the file"))?;
        if bytes.len() > container.len() {
            return Err(damaged("chain of sectors never ends"));
        }
        bytes.extend_from_slice(part);
        sector = *next
            .get(sector as usize)
            .ok_or_else(|| damaged("sector missing in the allocation table"))?;
    }
    Ok(bytes)
}

fn slice(container: &[u8], offset: usize, size: usize, number: u32) -> Option<&[u8]> {
    let start = (number as usize).checked_mul(size)?.checked_add(offset)?;
    let end = start.checked_add(size)?.min(container.len());
    container.get(start..end).filter(|part| !part.is_empty())
}

/// A directory entry (MS-CFB 2.6.1); nothing for an unused one.
fn directory_entry(entry: &[u8], sector_size: usize) -> Option<Stream> {
    let units: Vec<u16> = entry
        .get(..64)?
        .chunks_exact(2)
        .filter_map(|two| u16_at(two, 0))
        .take_while(|unit| *unit != 0)
        .collect();
    let low = u64::from(u32_at(entry, 120)?);
    let high = if sector_size == 512 {
        0
    } else {
        u64::from(u32_at(entry, 124)?)
    };
    (!units.is_empty()).then(|| Stream {
        name: String::from_utf16_lossy(&units),
        start: u32_at(entry, 116).unwrap_or(u32::MAX),
        size: low | high.wrapping_shl(32),
    })
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).filter_map(|four| u32_at(four, 0))
}

/// Little-endian number at `offset`.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let two = bytes.get(offset..offset.checked_add(2)?)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

/// Little-endian number at `offset`.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn damaged(reason: &str) -> ExtractError {
    ExtractError::Damaged {
        reason: format!("compound file: {reason}"),
    }
}

/// A compound file (version 4) that holds this one stream and nothing else.
///
/// # Errors
/// `TooLarge` above the 446 MB that the allocation tables named in the header can describe.
pub(crate) fn wrap(name: &str, stream: &[u8]) -> Result<Vec<u8>, ExtractError> {
    const SECTOR: usize = 4096;
    const TABLE_ENTRIES: usize = 1024;
    const HEADER_TABLES: usize = 109;
    const END_OF_CHAIN: u32 = 0xffff_fffe;
    const FREE: u32 = 0xffff_ffff;
    const TABLE: u32 = 0xffff_fffd;

    let size = stream.len().max(MINI_CUTOFF as usize);
    let data = size.div_ceil(SECTOR);
    let tables = data
        .saturating_add(2)
        .div_ceil(TABLE_ENTRIES.saturating_sub(1));
    if tables > HEADER_TABLES {
        return Err(ExtractError::TooLarge {
            what: "bytes",
            limit: (HEADER_TABLES
                .saturating_mul(TABLE_ENTRIES)
                .saturating_mul(SECTOR)) as u64,
        });
    }
    let number = |value: usize| u32::try_from(value).unwrap_or(FREE);
    let first_data = tables.saturating_add(1);

    let mut file =
        Vec::with_capacity(size.saturating_add(SECTOR.saturating_mul(tables.saturating_add(3))));
    file.extend_from_slice(SIGNATURE);
    file.extend_from_slice(&[0; 16]);
    for half in [0x3e_u16, 4, 0xfffe, 12, 6] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&[0; 6]);
    // Directory sectors, table sectors, directory start, transaction, cutoff, no small streams, no further tables.
    for word in [
        1,
        number(tables),
        0,
        0,
        MINI_CUTOFF as u32,
        END_OF_CHAIN,
        0,
        END_OF_CHAIN,
        0,
    ] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for table in 0..HEADER_TABLES {
        let sector = if table < tables {
            number(table.saturating_add(1))
        } else {
            FREE
        };
        file.extend_from_slice(&sector.to_le_bytes());
    }
    file.resize(SECTOR, 0);

    for (entry_name, kind, child, start, length) in [
        ("Root Entry", 5_u8, 1_u32, 0_u32, 0_usize),
        (name, 2, FREE, number(first_data), size),
    ] {
        let mut entry: Vec<u8> = entry_name
            .encode_utf16()
            .take(31)
            .flat_map(u16::to_le_bytes)
            .collect();
        let name_bytes = entry.len().saturating_add(2) as u16;
        entry.resize(64, 0);
        entry.extend_from_slice(&name_bytes.to_le_bytes());
        entry.extend_from_slice(&[kind, 1]);
        for sibling in [FREE, FREE, child] {
            entry.extend_from_slice(&sibling.to_le_bytes());
        }
        entry.resize(116, 0);
        entry.extend_from_slice(&start.to_le_bytes());
        entry.extend_from_slice(&(length as u64).to_le_bytes());
        file.extend_from_slice(&entry);
    }
    file.resize(SECTOR.saturating_mul(2), 0);

    let last = first_data.saturating_add(data).saturating_sub(1);
    for sector in 0..tables.saturating_mul(TABLE_ENTRIES) {
        let next = match sector {
            0 => END_OF_CHAIN,
            table if table <= tables => TABLE,
            end if end == last => END_OF_CHAIN,
            inside if inside < last => number(inside.saturating_add(1)),
            _ => FREE,
        };
        file.extend_from_slice(&next.to_le_bytes());
    }
    file.extend_from_slice(stream);
    let end = first_data
        .saturating_add(data)
        .saturating_add(1)
        .saturating_mul(SECTOR);
    file.resize(end, 0);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Compound, wrap};

    #[test]
    fn a_loop_of_sectors_is_damage() {
        let mut file = wrap("Workbook", &[7; 9000]).unwrap();
        // The first data sector is number 2; make it follow itself in the table, which is sector 1.
        file[2 * 4096 + 2 * 4..][..4].copy_from_slice(&2_u32.to_le_bytes());
        let compound = Compound::open(&file).unwrap();
        assert!(compound.stream("Workbook").is_err());
        // And the directory, which is sector 0.
        file[2 * 4096..][..4].copy_from_slice(&0_u32.to_le_bytes());
        assert!(Compound::open(&file).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_wrapped_is_read_back(length in 0_usize..5_000_000, seed in any::<u8>()) {
            let stream: Vec<u8> = (0..length).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect();
            let file = wrap("Workbook", &stream).unwrap();
            let read = Compound::open(&file).unwrap().stream("workbook").unwrap().unwrap();
            prop_assert_eq!(&read[..length], &stream[..]);
            prop_assert!(read[length..].iter().all(|byte| *byte == 0));
        }

        #[test]
        fn damaged_files_end_in_an_error(position in 0_usize..12_288, value in any::<u8>()) {
            let mut file = wrap("Workbook", &[1; 5000]).unwrap();
            file[position] = value;
            let read = Compound::open(&file).and_then(|compound| compound.stream("Workbook"));
            prop_assert!(read.is_err() || read.is_ok_and(|stream| stream.is_none_or(|bytes| bytes.len() <= file.len())));
        }
    }
}
