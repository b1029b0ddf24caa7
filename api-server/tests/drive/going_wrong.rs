//! Drive refuses, breaks off, lies and is slow: nothing is removed that is still there, and every file has its outcome.

use std::time::Duration;

use serde_json::json;

use crate::fake::faults::{Act, Call, Fault, refuse};
use crate::fake::world::Content;
use crate::stage::{Stage, until};

/// A folder with so many files, in folders of five.
async fn filled(files: usize) -> (Stage, Vec<String>) {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    {
        let mut world = stage.drive.world();
        let mut folder = String::new();
        for number in 0..files {
            if number % 5 == 0 {
                folder = world.add_folder(&stage.folder, &format!("Módulo {}", number / 5));
            }
            ids.push(world.add_file(
                &folder,
                &format!("aula {number}.txt"),
                "text/plain",
                format!("texto {number}"),
            ));
        }
    }
    (stage, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_a_moment_do_not_end_a_sync() {
    let (stage, ids) = filled(10).await;
    stage
        .drive
        .fail(Fault::once(Call::Token, refuse("backendError")));
    stage
        .drive
        .fail(Fault::once(Call::List, refuse("userRateLimitExceeded")).times(2));
    stage.drive.fail(Fault::once(Call::Get, Act::HangUp));
    stage
        .drive
        .fail(Fault::once(Call::StartPageToken, Act::Cut(5)));
    stage.drive.fail(
        Fault::once(Call::Download, refuse("tooManyRequests"))
            .about(&ids[3])
            .times(2),
    );
    stage.drive.fail(
        Fault::once(Call::Download, refuse("transientError"))
            .about(&ids[4])
            .times(3),
    );
    let run = stage.mirror().await;
    assert_eq!(
        (&run["counts"]["indexed"], &run["partial"]),
        (&json!(10), &json!(false)),
        "{run}"
    );
    // A refusal that is none of a limit is not asked again.
    stage
        .drive
        .world()
        .rewrite(&ids[5], Content::Bytes("outro".into()));
    stage.drive.fail(Fault::always(
        Call::Download,
        refuse("insufficientFilePermissions"),
    ));
    stage.drive.forget();
    let run = stage.sync().await;
    assert_eq!(
        stage.why(&run, &ids[5]).await,
        ("failed".into(), "forbidden".into())
    );
    assert_eq!(stage.drive.count(Call::Download), 1);
    stage.drive.heal();
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_limit_ends_it_and_the_next_goes_on() {
    let (stage, _) = filled(10).await;
    stage
        .drive
        .fail(Fault::always(Call::Download, refuse("dailyLimitExceeded")).after(4));
    let run = stage.sync().await;
    assert_eq!(
        (&run["state"], &run["notice"]["code"]),
        (&json!("failed"), &json!("daily_limit")),
        "{run}"
    );
    stage.drive.heal();
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_bodies_are_never_taken() {
    let stage = Stage::new().await;
    let content: Vec<u8> = (0..300_000_u32)
        .map(|number| b'a' + (number % 23) as u8)
        .collect();
    let file =
        stage
            .drive
            .world()
            .add_file(&stage.folder, "aula.txt", "text/plain", content.clone());
    // A body that breaks off goes on where it did.
    stage
        .drive
        .fail(Fault::once(Call::Download, Act::Cut(200_000)));
    stage.mirror().await;
    let ranges: Vec<Option<String>> = stage
        .drive
        .noted()
        .into_iter()
        .filter(|noted| noted.call == Call::Download)
        .map(|noted| noted.range)
        .collect();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    let begins = ranges[1].as_deref().and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<u64>()
            .ok()
    });
    assert!(
        begins.is_some_and(|begins| (1..=200_000).contains(&begins)),
        "{ranges:?}"
    );
    let before = stage.held().await;

    let cases = [
        (Act::Spoil, "checksum"),
        (
            Act::Instead {
                content_type: "text/html; charset=utf-8",
                body: "<!DOCTYPE html><html><body>Entrar</body></html>",
            },
            "wrong_answer",
        ),
        (
            Act::Instead {
                content_type: "application/json",
                body: "{\"error\":{\"code\":401}}",
            },
            "wrong_answer",
        ),
        (Act::Cut(0), "truncated"),
        (Act::HangUp, "unavailable"),
    ];
    for (number, (act, code)) in cases.into_iter().enumerate() {
        stage.drive.world().rewrite(
            &file,
            Content::Bytes(
                [content.as_slice(), number.to_string().as_bytes()]
                    .concat()
                    .into(),
            ),
        );
        stage.drive.fail(Fault::always(Call::Download, act.clone()));
        let run = stage.sync().await;
        let (outcome, reason) = stage.why(&run, &file).await;
        assert_eq!(outcome, "failed", "{act:?}: {reason}");
        let near =
            ["checksum", "truncated", "wrong_answer", "unavailable"].contains(&reason.as_str());
        assert!(
            reason == code
                || (near && matches!(act, Act::Cut(_) | Act::HangUp | Act::Instead { .. })),
            "{act:?}: {reason}"
        );
        assert_eq!(stage.held().await, before, "{act:?} was taken");
        stage.drive.heal();
    }
    stage.mirror().await;
    // A server that looks at no range begins again.
    stage
        .drive
        .world()
        .rewrite(&file, Content::Bytes(content.into()));
    stage
        .drive
        .fail(Fault::once(Call::Download, Act::Cut(100_000)));
    stage
        .drive
        .fail(Fault::once(Call::Download, Act::WholeBody));
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_did_not_see_all_removes_nothing() {
    let (stage, ids) = filled(25).await;
    stage.mirror().await;
    let before = stage.held().await;
    let folder = stage.drive.world().files[&ids[12]].parent.clone().unwrap();
    let gone = ids[0].clone();
    stage.drive.world().delete(&gone);
    let full = json!({ "full": true });
    let cases = [
        ("refused", refuse("backendError")),
        ("not found", refuse("notFound")),
        ("pages in a circle", Act::Loop),
        ("did not look everywhere", Act::Incomplete),
        ("broken off", Act::Cut(20)),
        (
            "another body",
            Act::Instead {
                content_type: "text/html",
                body: "<html></html>",
            },
        ),
    ];
    for (what, act) in cases {
        stage
            .drive
            .fail(Fault::always(Call::List, act).about(&folder));
        let id = stage.start(full.clone()).await;
        let run = stage.end_of(&id).await;
        assert_eq!(
            (&run["partial"], &run["counts"]["removed"]),
            (&json!(true), &json!(0)),
            "{what}: {run}"
        );
        assert_eq!(stage.held().await, before, "{what}");
        stage.drive.heal();
    }
    let run = stage.mirror().await;
    assert_eq!(run["counts"]["removed"], 1, "{run}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_is_an_alarm_and_no_removal() {
    let (stage, _) = filled(10).await;
    stage.mirror().await;
    let before = stage.held().await;
    stage.drive.fail(Fault::always(Call::List, Act::Nothing));
    let id = stage.start(json!({ "full": true })).await;
    let run = stage.end_of(&id).await;
    assert_eq!(
        (&run["state"], &run["notice"]["code"]),
        (&json!("needs_confirmation"), &json!("emptied")),
        "{run}"
    );
    assert_eq!(stage.held().await, before);
    // The web application hears of it: the run is over, and says so.
    let progress = stage
        .get(&format!("/api/drive/download-progress?download_id={id}"))
        .await
        .ok();
    assert_eq!(progress["status"], "completed", "{progress}");
    stage.drive.heal();
    stage.mirror().await;
    assert_eq!(stage.held().await, before);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_crawl_overlooks_once_stay() {
    let (stage, _) = filled(25).await;
    stage.mirror().await;
    let before = stage.held().await;
    // One folder of five is told to be empty: few enough to need nobody's word, and not so.
    let folder = stage
        .drive
        .world()
        .children(&stage.folder)
        .next()
        .unwrap()
        .id
        .clone();
    stage
        .drive
        .fail(Fault::once(Call::List, Act::Nothing).about(&folder));
    let id = stage.start(json!({ "full": true })).await;
    stage.end_of(&id).await;
    assert_eq!(
        stage.held().await,
        before,
        "Drive was not asked whether they are gone"
    );
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_removals_wait_for_a_word() {
    let (stage, ids) = filled(20).await;
    stage.mirror().await;
    let before = stage.held().await;
    for id in ids.iter().take(8) {
        stage.drive.world().delete(id);
    }
    let run = stage.sync().await;
    assert_eq!(
        (
            &run["state"],
            &run["notice"]["code"],
            &run["counts"]["removals"]
        ),
        (
            &json!("needs_confirmation"),
            &json!("many_removals"),
            &json!(8)
        ),
        "{run}"
    );
    assert_eq!(stage.held().await, before);
    let confirm = format!("/api/drive/runs/{}/confirm", run["id"].as_str().unwrap());
    // Another number than it says is no confirmation.
    stage
        .post(&confirm, json!({ "removals": 7 }))
        .await
        .problem(409, "conflict");
    // More than was confirmed asks again.
    stage.drive.world().delete(&ids[9]);
    let again = stage.confirm(&run).await;
    assert_eq!(
        (&again["state"], &again["counts"]["removals"]),
        (&json!("needs_confirmation"), &json!(9)),
        "{again}"
    );
    assert_eq!(stage.held().await, before);
    let done = stage.confirm(&again).await;
    assert_eq!(
        (&done["state"], &done["counts"]["removed"]),
        (&json!("completed"), &json!(9)),
        "{done}"
    );
    stage.assert_exact("confirmed").await;
    // All of it.
    stage
        .drive
        .world()
        .set_trashed(&stage.folder.clone(), false);
    for id in ids.iter().skip(10).chain([&ids[8]]) {
        stage.drive.world().set_trashed(id, true);
    }
    let run = stage.sync().await;
    assert_eq!(
        (&run["state"], &run["notice"]["code"]),
        (&json!("needs_confirmation"), &json!("emptied")),
        "{run}"
    );
    let done = stage.confirm(&run).await;
    assert_eq!(done["state"], "completed", "{done}");
    assert!(stage.materials().await.is_empty());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_cannot_be_read_end_in_a_crawl_or_wait() {
    let (stage, ids) = filled(10).await;
    stage.mirror().await;
    stage.drive.world().rename(&ids[0], "outra.txt");
    // Page tokens that Drive does not know any more: all is read anew.
    stage
        .drive
        .fail(Fault::once(Call::Changes, refuse("invalid")));
    let run = stage.mirror().await;
    assert_eq!(
        (&run["kind"], &run["counts"]["removals"]),
        (&json!("full"), &json!(0)),
        "{run}"
    );
    for act in [Act::Loop, refuse("backendError"), Act::Cut(5)] {
        stage.drive.world().rename(
            &ids[1],
            &format!("{act:?}.txt").replace(['{', '}', ':', '"', ','], ""),
        );
        stage.drive.fail(Fault::always(Call::Changes, act.clone()));
        let run = stage.sync().await;
        assert_eq!(run["counts"]["removed"], 0, "{act:?}: {run}");
        stage.drive.heal();
        stage.mirror().await;
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sync_of_a_folder_goes_at_a_time_and_stops_when_told() {
    let stage = Stage::new().await;
    for number in 0..4 {
        let name = format!("{number}.txt");
        stage
            .drive
            .world()
            .add_file(&stage.folder, &name, "text/plain", vec![b'a'; 100_000]);
    }
    // Each would take some quarter of an hour.
    stage.drive.fail(Fault::always(
        Call::Download,
        Act::Drip {
            bytes: 100,
            pause: Duration::from_secs(1),
        },
    ));
    let id = stage.start(json!({})).await;
    assert_eq!(stage.start(json!({})).await, id, "a second one began");
    until("files are being loaded", async || {
        stage.drive.count(Call::Download) >= 4
    })
    .await;
    let progress = stage
        .get(&format!("/api/drive/download-progress?download_id={id}"))
        .await
        .ok();
    assert_eq!(
        (&progress["status"], &progress["total_files"]),
        (&json!("processing"), &json!(4)),
        "{progress}"
    );
    let going = stage.get("/api/drive/download-progress").await.ok();
    assert!(going.to_string().contains(&id), "{going}");
    stage
        .post("/api/drive/cancel-download", json!({ "download_id": id }))
        .await
        .ok();
    let run = stage.end_of(&id).await;
    assert_eq!(
        (&run["state"], &run["counts"]["indexed"]),
        (&json!("cancelled"), &json!(0)),
        "{run}"
    );
    let progress = stage
        .get(&format!("/api/drive/download-progress?download_id={id}"))
        .await
        .ok();
    assert_eq!(progress["status"], "cancelled", "{progress}");
    stage
        .post(
            "/api/drive/cancel-download",
            json!({ "download_id": "nada" }),
        )
        .await
        .problem(404, "not_found");
    stage.drive.heal();
    stage.mirror().await;
    // Whoever loads looks for a cancellation now and then: the next sync may be done before.
    until("what was cancelled leaves nothing behind", async || {
        stage.stored_files() == 1
    })
    .await;
    stage.stop().await;
}
