//! Reader of GGUF model files (format 2 and 3), as far as the bundled model needs it.
//!
//! Layout, from the format's specification (ggml-org/ggml, `docs/gguf.md`): magic, version, counts, key–value
//! pairs, tensor descriptions, then the tensors' bytes from the next multiple of the alignment. All integers
//! are little-endian. Every length is checked against the bytes that are left, so a damaged file is an error.

use std::collections::BTreeMap;

/// Alignment of the tensors' bytes when the file does not name one.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Values per block of [`Encoding::Q4_0`].
pub(super) const BLOCK: usize = 32;

/// Bytes per block of [`Encoding::Q4_0`]: one half-precision scale and 32 values of 4 bits.
pub(super) const Q4_0_BYTES: usize = 18;

/// How a tensor's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 4 bytes each.
    F32,
    /// Blocks of [`BLOCK`] values `scale * (q - 8)`: the scale as `f16`, then 16 bytes whose low halves are
    /// the first 16 `q` and whose high halves are the others.
    Q4_0,
}

/// One tensor, borrowed from the file's bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) encoding: Encoding,
    /// Number of rows; 1 for a vector.
    pub(super) rows: usize,
    /// Values per row.
    pub(super) columns: usize,
    /// `rows` × `columns` values as `encoding` says.
    pub(super) bytes: &'a [u8],
}

/// A metadata value of a kind that we use; others are read over.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Unsigned(u64),
    Float(f32),
    Text(String),
    Other,
}

/// What a GGUF file holds.
#[derive(Debug)]
pub(super) struct Gguf<'a> {
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor<'a>>,
}

impl<'a> Gguf<'a> {
    /// Reads `bytes`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(4)? != b"GGUF" {
            return Err("not a GGUF file".to_owned());
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!("GGUF version {version} is not supported"));
        }
        let tensor_count = reader.u64()?;
        let pair_count = reader.u64()?;

        let mut metadata = BTreeMap::new();
        for _ in 0..pair_count {
            let key = reader.text()?;
            let kind = reader.u32()?;
            metadata.insert(key, reader.value(kind, 0)?);
        }

        let mut descriptions = Vec::new();
        for _ in 0..tensor_count {
            descriptions.push(reader.description()?);
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Unsigned(alignment)) if alignment.is_power_of_two() => *alignment,
            Some(_) => return Err("alignment is no power of two".to_owned()),
            None => DEFAULT_ALIGNMENT,
        };
        let start = (reader.at as u64).next_multiple_of(alignment);

        let mut tensors = BTreeMap::new();
        for description in descriptions {
            let tensor = description
                .locate(bytes, start)
                .ok_or_else(|| format!("tensor {} lies outside the file", description.name))?;
            tensors.insert(description.name, tensor);
        }
        Ok(Self { metadata, tensors })
    }

    /// The tensor of this name, which must have this shape and encoding.
    pub(super) fn tensor(
        &self,
        name: &str,
        encoding: Encoding,
        rows: usize,
        columns: usize,
    ) -> Result<Tensor<'a>, String> {
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| format!("tensor {name} is missing"))?;
        if (tensor.encoding, tensor.rows, tensor.columns) != (encoding, rows, columns) {
            return Err(format!(
                "tensor {name} is {:?} {}x{}, expected {encoding:?} {rows}x{columns}",
                tensor.encoding, tensor.rows, tensor.columns
            ));
        }
        Ok(*tensor)
    }

    /// A tensor of `f32` as values.
    pub(super) fn floats(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Vec<f32>, String> {
        let tensor = self.tensor(name, Encoding::F32, rows, columns)?;
        let (values, _) = tensor.bytes.as_chunks::<4>();
        Ok(values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect())
    }

    /// An integer of the metadata.
    pub(super) fn integer(&self, key: &str) -> Result<usize, String> {
        match self.metadata.get(key) {
            Some(Value::Unsigned(value)) => {
                usize::try_from(*value).map_err(|_| format!("{key} is too large"))
            }
            _ => Err(format!("{key} is missing")),
        }
    }

    /// A fraction of the metadata.
    pub(super) fn float(&self, key: &str) -> Result<f32, String> {
        match self.metadata.get(key) {
            Some(Value::Float(value)) => Ok(*value),
            _ => Err(format!("{key} is missing")),
        }
    }

    /// A string of the metadata.
    pub(super) fn text(&self, key: &str) -> Result<&str, String> {
        match self.metadata.get(key) {
            Some(Value::Text(value)) => Ok(value),
            _ => Err(format!("{key} is missing")),
        }
    }
}

/// A tensor's entry in the header.
struct Description {
    name: String,
    encoding: Encoding,
    rows: usize,
    columns: usize,
    offset: u64,
}

impl Description {
    fn locate<'a>(&self, bytes: &'a [u8], start: u64) -> Option<Tensor<'a>> {
        let values = self.rows.checked_mul(self.columns)?;
        let length = match self.encoding {
            Encoding::F32 => values.checked_mul(4)?,
            Encoding::Q4_0 if self.columns.is_multiple_of(BLOCK) => {
                (values / BLOCK).checked_mul(Q4_0_BYTES)?
            }
            Encoding::Q4_0 => return None,
        };
        let from = usize::try_from(start.checked_add(self.offset)?).ok()?;
        let bytes = bytes.get(from..from.checked_add(length)?)?;
        Some(Tensor {
            encoding: self.encoding,
            rows: self.rows,
            columns: self.columns,
            bytes,
        })
    }
}

/// A position in the file's bytes.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| "file ends too early".to_owned())?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<String, String> {
        let length = usize::try_from(self.u64()?).map_err(|_| "string is too long".to_owned())?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| "string is not UTF-8".to_owned())
    }

    /// A value of the metadata; `kind` is its type code. Arrays are read over; they may nest, but no file we
    /// know nests them deeper than once.
    fn value(&mut self, kind: u32, depth: u32) -> Result<Value, String> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(self.array::<1>()?[0])),
            1 | 7 => self.take(1).map(|_| Value::Other)?,
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.array()?))),
            3 => self.take(2).map(|_| Value::Other)?,
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => self.take(4).map(|_| Value::Other)?,
            6 => Value::Float(f32::from_le_bytes(self.array()?)),
            8 => Value::Text(self.text()?),
            9 if depth < 4 => {
                let kind = self.u32()?;
                for _ in 0..self.u64()? {
                    self.value(kind, depth + 1)?;
                }
                Value::Other
            }
            10 => Value::Unsigned(self.u64()?),
            11 | 12 => self.take(8).map(|_| Value::Other)?,
            other => return Err(format!("metadata of type {other} is not supported")),
        })
    }

    fn description(&mut self) -> Result<Description, String> {
        let name = self.text()?;
        let dimensions = self.u32()?;
        if !(1..=2).contains(&dimensions) {
            return Err(format!("tensor {name} has {dimensions} dimensions"));
        }
        // Innermost first.
        let too_large = |_| format!("tensor {name} is too large");
        let columns = usize::try_from(self.u64()?).map_err(too_large)?;
        let rows = match dimensions {
            1 => 1,
            _ => usize::try_from(self.u64()?).map_err(too_large)?,
        };
        let encoding = match self.u32()? {
            0 => Encoding::F32,
            2 => Encoding::Q4_0,
            other => return Err(format!("tensor {name} has encoding {other}")),
        };
        Ok(Description {
            name,
            encoding,
            rows,
            columns,
            offset: self.u64()?,
        })
    }
}

/// Half precision (IEEE 754 binary16) to single precision.
pub(super) fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    match exponent {
        // Zero and subnormal numbers: fraction × 2⁻²⁴, exact in single precision.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

/// Writes one block of [`Encoding::Q4_0`] as values.
pub(super) fn dequantise(block: &[u8; Q4_0_BYTES], out: &mut [f32; BLOCK]) {
    let scale = half_to_f32(u16::from_le_bytes([block[0], block[1]]));
    let levels = levels(block);
    for (out, level) in out.iter_mut().zip(levels) {
        *out = scale * (f32::from(level) - 8.0);
    }
}

/// The levels `q`, 0–15, of one block of [`Encoding::Q4_0`].
pub(super) fn levels(block: &[u8; Q4_0_BYTES]) -> [u8; BLOCK] {
    let mut levels = [0; BLOCK];
    for (index, byte) in block[2..].iter().enumerate() {
        levels[index] = byte & 0x0f;
        levels[index + BLOCK / 2] = byte >> 4;
    }
    levels
}

#[cfg(test)]
mod tests;
