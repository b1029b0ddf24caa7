//! Sizes of pages of lists.

use shared::problem::Invalid;

/// The size asked for, `otherwise` where none was; outside 1 to `most` it is refused.
pub(crate) fn page_size(asked: Option<u16>, otherwise: u16, most: u16) -> Result<i64, Invalid> {
    let size = asked.unwrap_or(otherwise);
    if (1..=most).contains(&size) {
        Ok(i64::from(size))
    } else {
        Err(Invalid::new().field(
            "/limit",
            "out_of_range",
            format!("O tamanho da página deve ficar entre 1 e {most}."),
        ))
    }
}
