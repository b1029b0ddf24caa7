//! The skeleton of a document, read by lopdf: page tree, what each page shows, labels, metadata.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::{labels, nesting, outline, strings, swollen};
use crate::{Limits, Metadata, OutlineEntry};

/// Streams may unpack to so many bytes; real page contents stay far below. lopdf's own default.
const STREAM_BYTES: u64 = lopdf::DEFAULT_MAX_DECOMPRESSED_SIZE as u64;

/// Levels of a page tree; real ones have up to six.
const MAX_PAGE_DEPTH: usize = 40;

/// Levels of the tree of logical structure; real ones have up to thirty.
const MAX_STRUCTURE_DEPTH: usize = 1_000;

/// Ancestors a page or dictionary is asked for, so that a loop of parents ends.
const MAX_ANCESTORS: usize = 64;

/// US Letter in points: what readers assume where the page says nothing.
const DEFAULT_BOX: PageBox = PageBox {
    left: 0.0,
    bottom: 0.0,
    right: 612.0,
    top: 792.0,
};

/// The visible part of a page in user space, points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PageBox {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

impl PageBox {
    /// Points from bottom to top.
    pub(super) fn height(self) -> f32 {
        self.top - self.bottom
    }
}

impl Default for PageBox {
    fn default() -> Self {
        DEFAULT_BOX
    }
}

/// One page.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// Its object; `None` where only the text reader knows the page.
    pub(super) id: Option<ObjectId>,
    /// Its visible part.
    pub(super) visible: PageBox,
    /// Its printed label.
    pub(super) label: Option<String>,
}

/// What opening the skeleton came to.
pub(super) enum Opened {
    /// Readable.
    Read(Box<Structure>),
    /// Encrypted with a password that is not empty, or by a method lopdf does not know.
    Locked,
    /// Not readable; the reason for logs.
    Broken(String),
    /// Built to exhaust readers: objects or page tree nested beyond the limit.
    TooDeep,
    /// Built to exhaust readers: a stream unpacks to more than the limit.
    Swollen,
}

/// The skeleton of a document.
pub(super) struct Structure {
    /// All objects.
    pub(super) document: Document,
    /// Pages in order.
    pub(super) pages: Vec<Page>,
    /// Bookmarks in order.
    pub(super) outline: Vec<OutlineEntry>,
    /// What the file says of itself.
    pub(super) metadata: Metadata,
}

/// Bytes a single stream may unpack to.
pub(super) fn stream_limit(limits: &Limits) -> usize {
    usize::try_from(limits.unpacked_bytes.min(STREAM_BYTES)).unwrap_or(usize::MAX)
}

/// Reads the skeleton. Pages beyond `limits.pages` are counted but not looked at: the caller refuses them.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Opened {
    let options = LoadOptions::with_max_decompressed_size(stream_limit(limits));
    let loaded = Document::load_mem_with_options(bytes, options);
    if swollen::is_swollen(&loaded) {
        return Opened::Swollen;
    }
    let document = match loaded {
        Ok(document) => document,
        Err(
            lopdf::Error::InvalidPassword
            | lopdf::Error::UnsupportedSecurityHandler(_)
            | lopdf::Error::Decryption(_),
        ) => return Opened::Locked,
        Err(error) => return Opened::Broken(error.to_string()),
    };
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        return Opened::Locked;
    }

    if swollen::any(&document, stream_limit(limits)) {
        return Opened::Swollen;
    }
    if is_too_deep(&document, limits) {
        return Opened::TooDeep;
    }
    let ids: Vec<ObjectId> = document.page_iter().collect();
    if ids.is_empty() {
        return Opened::Broken("no pages in the page tree".to_owned());
    }
    let too_many = u64::try_from(ids.len()).unwrap_or(u64::MAX) > limits.pages;
    let pages = if too_many {
        vec![Page::default(); ids.len()]
    } else {
        let labels = labels::read(&document, ids.len());
        let mut pages = Vec::with_capacity(ids.len());
        for (index, &id) in ids.iter().enumerate() {
            pages.push(Page {
                id: Some(id),
                visible: visible_box(&document, id),
                label: labels.get(index).cloned().flatten(),
            });
        }
        pages
    };
    let outline = outline::read(&document, &ids);
    let metadata = metadata(&document);
    Opened::Read(Box::new(Structure {
        document,
        pages,
        outline,
        metadata,
    }))
}

/// Whether the page tree, or an object packed in a stream, is nested deeper than readers by recursion bear.
fn is_too_deep(document: &Document, limits: &Limits) -> bool {
    let packed = document.objects.values().any(|object| match object {
        Object::Stream(stream) if stream.dict.has_type(b"ObjStm") => stream
            .get_plain_content_with_limit(stream_limit(limits))
            .is_ok_and(|content| nesting::deepest(&content) > limits.nesting),
        _ => false,
    });
    let tree = |root: &[u8], kids: &[u8], limit: usize| {
        let catalog = document.catalog().ok();
        let root = catalog.and_then(|catalog| child(document, catalog, root));
        root.is_some_and(|root| is_deeper_than(document, root, kids, limit))
    };
    packed
        || tree(b"Pages", b"Kids", MAX_PAGE_DEPTH)
        || tree(b"StructTreeRoot", b"K", MAX_STRUCTURE_DEPTH)
}

/// Whether the tree below `root` has more than `limit` levels. Loops end where they meet themselves.
fn is_deeper_than(document: &Document, root: &Dictionary, kids: &[u8], limit: usize) -> bool {
    let mut waiting: Vec<(&Dictionary, usize)> = vec![(root, 0)];
    let mut seen: HashSet<ObjectId> = HashSet::new();
    while let Some((node, depth)) = waiting.pop() {
        if depth > limit {
            return true;
        }
        let below = match node.get(kids) {
            Ok(Object::Reference(id)) if !seen.insert(*id) => continue,
            Ok(below) => document.dereference(below).map(|(_, below)| below),
            Err(_) => continue,
        };
        let below = match below {
            Ok(Object::Array(below)) => below.as_slice(),
            Ok(one) => std::slice::from_ref(one),
            Err(_) => continue,
        };
        for kid in below {
            if let Object::Reference(id) = kid
                && !seen.insert(*id)
            {
                continue;
            }
            if let Ok((_, Object::Dictionary(kid))) = document.dereference(kid) {
                waiting.push((kid, depth.saturating_add(1)));
            }
        }
    }
    false
}

/// The value of `key` in `id` or the nearest ancestor that has it (ISO 32000-2, 7.7.3.4).
pub(super) fn inherited<'a>(
    document: &'a Document,
    id: ObjectId,
    key: &[u8],
) -> Option<&'a Object> {
    let mut node = document.get_dictionary(id).ok()?;
    for _ in 0..MAX_ANCESTORS {
        if let Ok(value) = node.get_deref(key, document) {
            return Some(value);
        }
        node = child(document, node, b"Parent")?;
    }
    None
}

/// The dictionary under `key`, direct or by reference.
pub(super) fn child<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    match parent.get_deref(key, document).ok()? {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

/// Crop box inside the media box; the media box where there is none.
fn visible_box(document: &Document, id: ObjectId) -> PageBox {
    let media = rectangle(document, id, b"MediaBox").unwrap_or_default();
    let Some(crop) = rectangle(document, id, b"CropBox") else {
        return media;
    };
    let both = PageBox {
        left: crop.left.max(media.left),
        bottom: crop.bottom.max(media.bottom),
        right: crop.right.min(media.right),
        top: crop.top.min(media.top),
    };
    if both.right > both.left && both.top > both.bottom {
        both
    } else {
        media
    }
}

fn rectangle(document: &Document, id: ObjectId, key: &[u8]) -> Option<PageBox> {
    let corners: Vec<f32> = inherited(document, id, key)?
        .as_array()
        .ok()?
        .iter()
        .filter_map(|corner| document.dereference(corner).ok()?.1.as_float().ok())
        .filter(|corner| corner.is_finite())
        .collect();
    let &[x0, y0, x1, y1] = corners.as_slice() else {
        return None;
    };
    let found = PageBox {
        left: x0.min(x1),
        bottom: y0.min(y1),
        right: x0.max(x1),
        top: y0.max(y1),
    };
    (found.right > found.left && found.top > found.bottom).then_some(found)
}

/// The document information dictionary (ISO 32000-2, 14.3.3).
fn metadata(document: &Document) -> Metadata {
    let Some(information) = child(document, &document.trailer, b"Info") else {
        return Metadata::default();
    };
    let text = |key: &[u8]| strings::of(document, information.get(key).ok()?);
    Metadata {
        title: text(b"Title"),
        author: text(b"Author"),
        created: text(b"CreationDate"),
    }
}
