//! Whether a page shows an image, found without interpreting it: a page with images and no text is a scan.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::structure::{child, inherited};

/// Forms within forms that are looked into.
const MAX_FORMS: usize = 8;

/// What is known of forms already looked into: forms are shared by pages.
#[derive(Default)]
pub(super) struct Forms {
    known: HashMap<ObjectId, bool>,
}

/// Whether `page` shows an image: by name from the resources, in a form, or inline. One that is only listed counts for
/// nothing: producers share one list among all pages.
pub(super) fn has_image(
    document: &Document,
    page: ObjectId,
    stream_limit: usize,
    forms: &mut Forms,
) -> bool {
    let resources = match inherited(document, page, b"Resources") {
        Some(Object::Dictionary(resources)) => Some(resources),
        _ => None,
    };
    let Ok(content) = document.get_page_content_with_limit(page, stream_limit) else {
        return false;
    };
    in_content(document, &content, resources, stream_limit, forms, 0)
}

fn in_content(
    document: &Document,
    content: &[u8],
    resources: Option<&Dictionary>,
    stream_limit: usize,
    forms: &mut Forms,
    depth: usize,
) -> bool {
    let painted = resources
        .map(|resources| paintable(document, resources))
        .unwrap_or_default();
    has_inline_image(content)
        || painted_names(content).any(|name| match painted.get(&name) {
            None => false,
            Some((_, true)) => true,
            Some(&(id, false)) => in_form(document, id, stream_limit, forms, depth),
        })
}

fn in_form(
    document: &Document,
    id: ObjectId,
    stream_limit: usize,
    forms: &mut Forms,
    depth: usize,
) -> bool {
    if let Some(&known) = forms.known.get(&id) {
        return known;
    }
    // A form that paints itself ends here: until it is known, it shows nothing.
    forms.known.insert(id, false);
    let Ok(form) = document.get_object(id).and_then(Object::as_stream) else {
        return false;
    };
    let Ok(content) = form.get_plain_content_with_limit(stream_limit) else {
        return false;
    };
    if depth >= MAX_FORMS {
        return false;
    }
    let resources = child(document, &form.dict, b"Resources");
    let depth = depth.saturating_add(1);
    let shown = in_content(document, &content, resources, stream_limit, forms, depth);
    forms.known.insert(id, shown);
    shown
}

/// Names of a resource list that may paint: the object, and whether it is an image itself.
fn paintable(document: &Document, resources: &Dictionary) -> HashMap<Vec<u8>, (ObjectId, bool)> {
    let Some(objects) = child(document, resources, b"XObject") else {
        return HashMap::new();
    };
    objects
        .iter()
        .filter_map(|(name, object)| {
            let id = object.as_reference().ok()?;
            let stream = document.get_object(id).ok()?.as_stream().ok()?;
            match stream
                .dict
                .get_deref(b"Subtype", document)
                .ok()?
                .as_name()
                .ok()?
            {
                b"Image" => Some((name.clone(), (id, true))),
                b"Form" => Some((name.clone(), (id, false))),
                _ => None,
            }
        })
        .collect()
}

/// The names before each `Do` operator, in order.
///
/// Only tokens are looked at, strings are not skipped: a string that reads like `/Im1 Do` names an
/// image the page lists, and costs nothing worse than a page wrongly called illustrated.
fn painted_names(content: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut previous: &[u8] = &[];
    tokens(content).filter_map(move |token| {
        let before = std::mem::replace(&mut previous, token);
        match (before, token) {
            ([b'/', name @ ..], b"Do") => Some(unescaped(name)),
            _ => None,
        }
    })
}

/// `BI`, then `ID`, then `EI` as tokens (ISO 32000-2, 8.9.7).
fn has_inline_image(content: &[u8]) -> bool {
    let mut awaited: &[&[u8]] = &[b"BI", b"ID", b"EI"];
    for token in tokens(content) {
        if awaited.first().is_some_and(|first| *first == token) {
            awaited = awaited.get(1..).unwrap_or_default();
            if awaited.is_empty() {
                return true;
            }
        }
    }
    false
}

/// Runs of bytes between white space and delimiters; a name keeps its slash.
fn tokens(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| !is_space(*byte))?;
        rest = rest.get(start..)?;
        let end = rest
            .iter()
            .skip(1)
            .position(|byte| is_space(*byte) || is_delimiter(*byte))
            .map_or(rest.len(), |position| position.saturating_add(1));
        let token = rest.get(..end)?;
        rest = rest.get(end..)?;
        Some(token)
    })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0C | 0)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'/' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'%'
    )
}

/// A name with its `#20` escapes resolved (ISO 32000-2, 7.3.5).
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, after @ ..] = rest {
        if let ([b'#', high, low, ..], Some(skipped)) = (rest, rest.get(3..)) {
            let digits = char::from(*high)
                .to_digit(16)
                .zip(char::from(*low).to_digit(16));
            if let Some((high, low)) = digits {
                plain.push(u8::try_from(high << 4 | low).unwrap_or_default());
                rest = skipped;
                continue;
            }
        }
        plain.push(*first);
        rest = after;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{has_inline_image, painted_names, unescaped};

    #[test]
    fn names_before_do_are_found_without_spaces_too() {
        let content = b"q 1 0 0 1 0 0 cm/Im1 Do Q\n/Fm#202 Do (x)Tj /F1 12 Tf";
        let names: Vec<_> = painted_names(content).collect();
        assert_eq!(names, [b"Im1".to_vec(), b"Fm 2".to_vec()]);
    }

    #[test]
    fn escapes_at_the_end_stay_as_they_are() {
        assert_eq!(unescaped(b"a#4"), b"a#4");
        assert_eq!(unescaped(b"a#zz"), b"a#zz");
        assert_eq!(unescaped(b"#41b"), b"Ab");
    }

    #[test]
    fn inline_images_need_all_three_marks() {
        assert!(has_inline_image(b"q BI /W 1 /H 1 ID \x00 EI Q"));
        assert!(!has_inline_image(b"(BI) Tj"));
    }
}
