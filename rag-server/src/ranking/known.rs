//! The questions whose answers are known, as they come with the program: `assets/ranking/evaluation.json.gz`.

use std::io::Read as _;

use flate2::read::GzDecoder;
use rank::EvaluationSet;

use super::error::KnownError;

/// Most bytes it may unpack to.
const LARGEST: u64 = 64 << 20;

/// Reads them. Blocks for a few tens of milliseconds.
pub(crate) fn known() -> Result<EvaluationSet, KnownError> {
    let packed = include_bytes!("../../../assets/ranking/evaluation.json.gz");
    let mut json = Vec::new();
    GzDecoder::new(packed.as_slice())
        .take(LARGEST)
        .read_to_end(&mut json)
        .map_err(KnownError::Packed)?;
    Ok(EvaluationSet::from_json(&json)?)
}

#[cfg(test)]
mod tests {
    use rank::Model;

    use super::*;

    #[test]
    fn the_bundled_set_is_of_this_release_and_the_bundled_model_does_well_on_it() {
        let figures = known().unwrap().figures(&Model::bundled());
        let parts: Vec<&str> = figures.iter().map(|one| one.part.as_str()).collect();
        assert_eq!(
            parts,
            [
                "samples", "samples", "samples", "faquad", "faquad", "faquad"
            ]
        );
        for one in figures {
            assert!(one.ndcg_10 > 0.9 && one.refused > 0.6, "{one:?}");
            assert!(one.wrongly_refused < 0.07, "{one:?}");
        }
    }
}
