//! `/jobs`: followed and cancelled.

use serde_json::Value;

use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_tells_how_it_went() {
    let app = TestApp::spawn().await;
    let accepted = app.put("a.txt", "Um texto para a tarefa.").await.json();
    let id = accepted["job_id"].as_str().unwrap();
    let job = app.ended(id).await;
    assert_eq!(
        (
            job["state"].as_str(),
            job["kind"].as_str(),
            job["material_id"].as_str()
        ),
        (Some("done"), Some("ingest"), Some("a.txt"))
    );
    assert_eq!(
        (job["done"].as_i64(), job["total"].as_i64()),
        (Some(1), Some(1))
    );
    assert!(job["finished_at"].as_str().unwrap().ends_with('Z'));
    let list = app.get("/jobs?state=done&limit=10").await.json();
    assert_eq!(list["jobs"][0]["id"], id);
    app.delete(&format!("/jobs/{id}"))
        .await
        .problem(409, "job_finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_followed_to_its_end() {
    let app = TestApp::spawn().await;
    let accepted = app.put("a.txt", "Um texto para acompanhar.").await.json();
    let events = app
        .get(&format!(
            "/jobs/{}/events",
            accepted["job_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(events.content_type, "text/event-stream");
    let last = events
        .text
        .trim_end()
        .rsplit("\n\n")
        .next()
        .unwrap()
        .to_owned();
    let (name, data) = last.split_once("\ndata: ").unwrap();
    assert_eq!(name, "event: done");
    assert_eq!(
        serde_json::from_str::<Value>(data).unwrap()["state"],
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends_and_the_next_one_works() {
    let app = TestApp::spawn().await;
    let text = "Esta é uma frase do texto longo. ".repeat(20_000);
    let accepted = app.put("long.txt", text).await.json();
    let id = accepted["job_id"].as_str().unwrap();
    let cancelled = app.delete(&format!("/jobs/{id}")).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(app.ended(id).await["state"], "cancelled");
    let material = app.settled("long.txt", "failed").await;
    assert_eq!(material["error"]["code"], "cancelled");
    app.bring_in("short.txt", "Um texto curto.").await;
    assert_eq!(app.delete("/materials/long.txt").await.status, 204);
}
