//! Streams that unpack to far more than any real one does. hayro unpacks without a limit, so what it would unpack is bounded
//! first by the ratios that its filters can reach, and measured where that bound is too high.

use lopdf::{DecompressError, Dictionary, Document, Error, Object, Stream};

/// Bytes out for a byte in, at most: 258 bytes for two bits (RFC 1951, 3.2.5).
const FLATE: u64 = 1_032;

/// A string of 4,096 bytes for a code of 12 bits (ISO 32000-2, 7.4.4).
const LZW: u64 = 2_731;

/// 128 bytes for two (ISO 32000-2, 7.4.5).
const RUN_LENGTH: u64 = 64;

/// Four zeros for a `z` (ISO 32000-2, 7.4.3).
const ASCII: u64 = 4;

/// Whether a stream other than an image unpacks to more than `limit` bytes. Images are left to those who draw them.
pub(super) fn any(document: &Document, limit: usize) -> bool {
    document.objects.values().any(|object| match object {
        Object::Stream(stream) => {
            let image = stream.dict.get_deref(b"Subtype", document);
            let image = image
                .and_then(Object::as_name)
                .is_ok_and(|name| name == b"Image");
            !image
                && unpacks(
                    &stream.content,
                    filters(stream, document).into_iter(),
                    limit,
                )
        }
        _ => false,
    })
}

/// Whether what `filters` make of `raw` has more than `limit` bytes.
pub(super) fn unpacks<'n>(
    raw: &[u8],
    filters: impl Iterator<Item = &'n [u8]>,
    limit: usize,
) -> bool {
    let filters: Vec<&[u8]> = filters.map(full).collect();
    if bound(raw.len(), &filters) <= limit as u64 {
        return false;
    }
    let filters: Vec<Object> = filters
        .iter()
        .map(|name| Object::Name(name.to_vec()))
        .collect();
    let mut dictionary = Dictionary::new();
    dictionary.set("Filter", filters);
    is_swollen(&Stream::new(dictionary, raw.to_vec()).get_plain_content_with_limit(limit))
}

/// Whether reading failed because there was too much to unpack.
pub(super) fn is_swollen<T>(read: &Result<T, Error>) -> bool {
    let Err(Error::Decompress(error)) = read else {
        return false;
    };
    matches!(
        error,
        DecompressError::MemoryLimitExceeded { .. } | DecompressError::TooManyFilters { .. }
    )
}

/// The filters of a stream, which may stand in objects of their own.
fn filters<'d>(stream: &'d Stream, document: &'d Document) -> Vec<&'d [u8]> {
    let listed = [b"Filter".as_slice(), b"F"]
        .into_iter()
        .find_map(|key| stream.dict.get_deref(key, document).ok());
    let listed = match listed {
        Some(Object::Array(listed)) => listed.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    listed
        .iter()
        .filter_map(|name| document.dereference(name).ok()?.1.as_name().ok())
        .collect()
}

/// The name of a filter that may be abbreviated (ISO 32000-2, table 92).
fn full(name: &[u8]) -> &[u8] {
    match name {
        b"Fl" => b"FlateDecode",
        b"LZW" => b"LZWDecode",
        b"RL" => b"RunLengthDecode",
        b"A85" => b"ASCII85Decode",
        b"AHx" => b"ASCIIHexDecode",
        other => other,
    }
}

fn bound(length: usize, filters: &[&[u8]]) -> u64 {
    filters.iter().fold(length as u64, |length, name| {
        length.saturating_mul(match *name {
            b"FlateDecode" => FLATE,
            b"LZWDecode" => LZW,
            b"RunLengthDecode" => RUN_LENGTH,
            _ => ASCII,
        })
    })
}
