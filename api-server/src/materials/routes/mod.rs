//! `/materials`: send, list, look at, describe, download and remove materials.

pub(crate) mod change;
pub(crate) mod look;
pub(crate) mod open;
pub(crate) mod send;

use super::service::{Description, read_tags};
use super::store::MaterialRow;
use super::view::MaterialView;
use super::{DownloadLinks, MaterialError};

fn views(rows: Vec<MaterialRow>, links: &DownloadLinks) -> Vec<MaterialView> {
    rows.into_iter()
        .map(|row| MaterialView::of(row, links))
        .collect()
}

/// One field of a form that describes a material.
fn take_field(name: &str, text: String, into: &mut Description) -> Result<(), MaterialError> {
    match name {
        "description" => into.about = Some(text),
        "title" => into.title = Some(text),
        "tags" => into.tags = read_tags(&text)?,
        // What another page sends besides is no fault.
        _ => {}
    }
    Ok(())
}
