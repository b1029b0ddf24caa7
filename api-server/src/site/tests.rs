use proptest::prelude::*;

use super::model::{GeneralChanges, SecurityChanges, SiteChanges, extensions, joined};
use super::{Operator, SiteSettings};
use crate::settings::Settings;
use shared::settings::Environment;

fn operator(variables: &[(&str, &str)]) -> Operator {
    let all = [
        ("ENVIRONMENT", "testing"),
        ("JWT_SECRET_KEY", "k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe"),
    ]
    .into_iter()
    .chain(variables.iter().copied())
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Operator::from(
        &Settings::load(&Environment::from_pairs(all))
            .unwrap()
            .settings,
    )
}

fn general(changes: GeneralChanges) -> SiteChanges {
    SiteChanges {
        general: Some(changes),
        ..SiteChanges::default()
    }
}

#[test]
fn what_the_operator_wrote_is_acceptable_and_exact() {
    let operator = operator(&[
        ("MAX_MATERIAL_BYTES", "1500KiB"),
        ("ALLOWED_EXTENSIONS", "PDF,.docx"),
        ("API__JWT__LIFETIME", "90s"),
    ]);
    let shown = operator.shown();
    assert_eq!(shown.general.max_file_size, 2);
    assert_eq!(shown.general.allowed_file_types, ".pdf,.docx");
    assert_eq!(shown.security.session_timeout, 2);
    assert_eq!(shown.clone().checked(&operator).unwrap(), shown);
    // Rounded for showing alone.
    let in_force = operator.with(shown.changes_to(&shown));
    assert_eq!(in_force.max_upload, 1500 * 1024);
    assert_eq!(in_force.session.as_secs(), 90);
    let set = operator.with(general(GeneralChanges {
        max_file_size: Some(3),
        ..GeneralChanges::default()
    }));
    assert_eq!((set.max_upload, set.session.as_secs()), (3 << 20, 90));
}

#[test]
fn a_cleared_number_is_no_absent_one() {
    for text in [
        r#"{"general":{"maxFileSize":null}}"#,
        r#"{"security":null}"#,
        r#"{"general":{"maxFileSize":1.5}}"#,
        r#"{"general":{"cor":"azul"}}"#,
    ] {
        assert!(serde_json::from_str::<SiteChanges>(text).is_err(), "{text}");
    }
    assert_eq!(
        serde_json::from_str::<SiteChanges>("{}").unwrap(),
        SiteChanges::default()
    );
}

#[test]
fn extensions_are_read_as_people_write_them() {
    assert_eq!(extensions(" .PDF, docx;.txt pdf ,"), ["pdf", "docx", "txt"]);
    assert_eq!(joined(&extensions("pdf,.DOCX")), ".pdf,.docx");
}

proptest! {
    #[test]
    fn what_is_accepted_is_in_range_and_told_again_as_it_is(
        site_name in prop::option::of("\\PC{0,110}"),
        max_file_size in prop::option::of(any::<u32>()),
        session_timeout in prop::option::of(0..2_000_u32),
        max_login_attempts in prop::option::of(0..200_u32),
        require_password_change in prop::option::of(any::<bool>()),
    ) {
        let operator = operator(&[]);
        let changes = SiteChanges {
            general: Some(GeneralChanges { site_name, max_file_size, ..GeneralChanges::default() }),
            security: Some(SecurityChanges {
                session_timeout, max_login_attempts, require_password_change, ..SecurityChanges::default()
            }),
            notifications: None,
        };
        let before = operator.shown();
        if let Ok(after) = before.with(changes).checked(&operator) {
            prop_assert!((1..=100).contains(&after.general.site_name.chars().count()));
            prop_assert!((1..=500).contains(&after.general.max_file_size));
            prop_assert!((1..=1440).contains(&after.security.session_timeout));
            prop_assert!((1..=100).contains(&after.security.max_login_attempts));
            // What is stored leads from the operator's settings to these again, and through JSON.
            let overrides = before.changes_to(&after);
            let stored: SiteChanges = serde_json::from_str(&serde_json::to_string(&overrides).unwrap()).unwrap();
            prop_assert_eq!(&operator.with(stored).shown, &after);
            let same: SiteSettings = serde_json::from_str(&serde_json::to_string(&after).unwrap()).unwrap();
            prop_assert_eq!(same, after);
        }
    }
}
