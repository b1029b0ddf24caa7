//! What OpenDocument text documents and spreadsheets share.

use quick_xml::events::BytesStart;

use crate::builder::Builder;
use crate::error::ExtractError;
use crate::package::Package;

/// # Errors
/// `Encrypted` when the manifest says that parts are (ODF 1.3 part 2, 4.3).
pub(crate) fn refuse_encrypted(package: &mut Package<'_>) -> Result<(), ExtractError> {
    match package.text("META-INF/manifest.xml") {
        Ok(Some(manifest)) if manifest.contains("encryption-data") => Err(ExtractError::Encrypted),
        Ok(_) | Err(ExtractError::Damaged { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Reads title, author and date of `meta.xml`.
pub(crate) fn read_metadata(
    package: &mut Package<'_>,
    builder: &mut Builder<'_>,
) -> Result<(), ExtractError> {
    match package.text("meta.xml") {
        Ok(Some(text)) => super::unless_damaged(super::read_property_elements(&text, builder)),
        Ok(None) => Ok(()),
        Err(error) => super::unless_damaged(Err(error)),
    }
}

/// White space that an element stands for: runs of spaces, tabs and line breaks are elements of their own.
pub(crate) fn blank_for(element: &BytesStart<'_>) -> &'static str {
    match element.local_name().as_ref() {
        "s" => " ",
        "tab" => "\t",
        "line-break" => "\n",
        _ => "",
    }
}
