use proptest::prelude::*;

use super::{figures, values};

fn supports(source: &str, text: &str) -> bool {
    let known = values(source);
    figures(text).iter().all(|figure| {
        figure
            .readings
            .iter()
            .any(|reading| known.contains(reading))
    })
}

#[test]
fn the_same_value_is_known_in_every_way_of_writing_it() {
    for (source, text) in [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1.234,56"),
        ("1.234", "1234"),
        ("3,5 kg", "3.50kg"),
        ("três séries", "3 séries"),
        ("3 séries", "três séries"),
        ("vinte e cinco", "25"),
        ("cento e vinte minutos", "120 min"),
        ("dois mil alunos", "2.000 alunos"),
        ("twenty five", "25"),
        ("uma série", "1 série"),
        ("15/03/2025", "15 de março de 2025"),
        ("15 de março de 2025", "2025-03-15"),
        ("15/3/25", "15-03-2025"),
        ("15/03/2025", "no ano 2025, dia 15 de março"),
        ("8 a 12 repetições", "8–12 repetições"),
        ("10h30", "10:30"),
        ("aula M01A03", "aula m01a03"),
        ("1.000.000", "1000000"),
        ("０７", "7"),
        ("uma única vez", "uma vez"),
    ] {
        assert!(
            supports(source, text),
            "{source} / {text}: {:?} {:?}",
            values(source),
            figures(text)
        );
    }
}

#[test]
fn another_value_is_another_one() {
    for (source, text) in [
        ("1.234,56", "1234.57"),
        ("3,5", "35"),
        ("três séries", "4 séries"),
        ("três e quatro", "7"),
        ("15/03/2025", "15/04/2025"),
        ("15/03/2025 e abril", "15 de abril de 2025"),
        ("aula M01A03", "aula M01A04"),
        ("M01A03", "3"),
        ("8 a 12", "10"),
        ("sete", "seis"),
        ("1.5.2", "1.5.3"),
        ("", "dois"),
    ] {
        assert!(
            !supports(source, text),
            "{source} / {text}: {:?} {:?}",
            values(source),
            figures(text)
        );
    }
}

#[test]
fn articles_are_no_numbers_to_prove() {
    assert!(figures("uma aula e um treino").is_empty());
    assert_eq!(figures("vinte e um").len(), 1);
}

proptest! {
    #[test]
    fn any_text_supports_itself(text in "\\PC{0,80}") {
        prop_assert!(supports(&text, &text), "{:?}", text);
    }

    #[test]
    fn portuguese_and_english_notation_agree(whole in 0u32..9_999_999, cents in 0u32..100) {
        let digits = whole.to_string();
        let grouped = |separator: &str| {
            let reversed: Vec<char> = digits.chars().rev().collect();
            let groups: Vec<String> = reversed.chunks(3).map(|group| group.iter().collect()).collect();
            groups.join(separator).chars().rev().collect::<String>()
        };
        let portuguese = format!("{},{cents:02}", grouped("."));
        let english = format!("{}.{cents:02}", grouped(","));
        prop_assert!(supports(&portuguese, &english), "{} {}", portuguese, english);
        let other = format!("{},{:02}", grouped("."), (cents + 1) % 100);
        prop_assert!(!supports(&portuguese, &other), "{} {}", portuguese, other);
    }
}
