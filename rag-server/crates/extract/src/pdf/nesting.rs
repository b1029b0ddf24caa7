//! How deep the objects of a file are nested, found without building them: parsers by recursion overflow their
//! stack on a hundred thousand brackets, and no guard catches that.

use memchr::memmem;

const END_OF_STREAM: &[u8] = b"endstream";

/// Largest number of arrays and dictionaries open at the same time. Contents of streams and strings are passed
/// over; the end of an object closes what is left open.
pub(super) fn deepest(bytes: &[u8]) -> u64 {
    let mut deepest = 0_u64;
    let mut depth = 0_u64;
    let mut rest = bytes;
    // What does not end once does not end for what opens later; looking for each end would take forever.
    let mut strings_end = true;
    let mut streams_end = true;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'(' if strings_end => match after_string(rest) {
                Some(after) => rest = after,
                None => strings_end = false,
            },
            b'%' => rest = after_line(rest),
            b'[' | b'<' => {
                // A hexadecimal string opens and closes one level too.
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
                if first == b'<' {
                    rest = rest.strip_prefix(b"<").unwrap_or(rest);
                }
            }
            b']' | b'>' => {
                depth = depth.saturating_sub(1);
                if first == b'>' {
                    rest = rest.strip_prefix(b">").unwrap_or(rest);
                }
            }
            b'e' if rest.starts_with(b"ndobj") => depth = 0,
            b's' if streams_end
                && (rest.starts_with(b"tream\n") || rest.starts_with(b"tream\r")) =>
            {
                depth = 0;
                match after_stream(rest) {
                    Some(after) => rest = after,
                    None => streams_end = false,
                }
            }
            _ => {}
        }
    }
    deepest
}

/// What follows the string whose opening parenthesis is behind; `None` if it does not end.
fn after_string(bytes: &[u8]) -> Option<&[u8]> {
    let mut open = 1_u32;
    let mut escaped = false;
    for (index, &byte) in bytes.iter().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'(' => open = open.saturating_add(1),
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return bytes.get(index.saturating_add(1)..);
        }
    }
    None
}

fn after_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b'\n', b'\r', bytes);
    end.and_then(|end| bytes.get(end..)).unwrap_or_default()
}

/// What follows the next `endstream`.
fn after_stream(bytes: &[u8]) -> Option<&[u8]> {
    let end = memmem::find(bytes, END_OF_STREAM)?;
    bytes.get(end.saturating_add(END_OF_STREAM.len())..)
}

#[cfg(test)]
mod tests {
    use super::deepest;

    #[test]
    fn only_objects_are_counted() {
        assert_eq!(deepest(b"1 0 obj <</A [1 [2]] /B <41>>> endobj"), 3);
        assert_eq!(deepest(b"(\\([[[) [ ]"), 1);
        assert_eq!(deepest(b"% [[[[\n[]"), 1);
        assert_eq!(
            deepest(b"<<>>stream\n[[[[[[ endstream [[ endobj [ endobj"),
            2
        );
        assert_eq!(deepest(b"stream\n[[["), 3);
        assert_eq!(deepest(b"( [["), 2);
        assert_eq!(deepest(b""), 0);
    }
}
