//! Names nobody has cannot be told from names somebody has.

use std::time::Instant;

use serde_json::json;

use crate::test_app::{Answer, TestApp};

/// Samples of each kind. The measurement behind a claim takes a thousand: see the bench.
const SAMPLES: usize = 150;

/// Area under the ROC curve of "takes longer" as a sign of "exists": 0.5 says that time tells nothing
/// (Mann–Whitney U over the product of the sample sizes).
fn auc(known: &[u128], unknown: &[u128]) -> f64 {
    let wins: f64 = known
        .iter()
        .flat_map(|a| {
            unknown.iter().map(move |b| match a.cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
        })
        .sum();
    wins / (known.len() * unknown.len()) as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same_word_for_word() {
    let app = TestApp::with(&[("MAX_LOGIN_ATTEMPTS", "1000000")]).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let plain = |answer: Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, body, names)
    };
    let wrong = plain(app.log_in("ana", "errada errada errada").await);
    assert_eq!(
        wrong,
        plain(app.log_in("ninguem", "errada errada errada").await)
    );
    let ask = async |name: &str| {
        let body = json!({"username": name});
        plain(
            app.call(
                None,
                "POST",
                "/auth/public/request-password-reset",
                Some(body),
            )
            .await,
        )
    };
    assert_eq!(ask("ana").await, ask("ninguem").await);
    app.stop().await;
}

/// Guards against a missing decoy, which gives an area of 1.0; a busy machine blurs, but does not separate.
#[tokio::test(flavor = "multi_thread")]
async fn time_does_not_tell_who_exists() {
    let app = TestApp::with(&[("MAX_LOGIN_ATTEMPTS", "1000000")]).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let time = async |name: &str| {
        let started = Instant::now();
        app.log_in(name, "errada errada errada")
            .await
            .problem(401, "unauthorized");
        started.elapsed().as_nanos()
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..SAMPLES {
        // In turns, so that what else the machine does falls on both alike.
        known.push(time("ana").await);
        unknown.push(time(&format!("ninguem{number}")).await);
    }
    let area = auc(&known, &unknown);
    assert!((0.35..=0.65).contains(&area), "{area}");
    app.stop().await;
}
