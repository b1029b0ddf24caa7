use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock as _;

use crate::test_app::{TestApp, on_both};

async fn schedule(app: &TestApp, who: &crate::test_app::Person, name: &str) -> Value {
    let all = app.get(who, "/jobs/schedules").await.ok();
    let all = all.as_array().unwrap().clone();
    all.into_iter().find(|one| one["name"] == name).unwrap()
}

on_both! {
    async fn schedules_are_shown_changed_paused_and_run(app) {
        let admin = app.admin().await;
        let report = schedule(&app, &admin, "relatorio-diario").await;
        assert_eq!(report["cron"], "0 8 * * *");
        assert_eq!(report["time_zone"], "America/Sao_Paulo");
        assert!(report["next_at"].as_str().unwrap().ends_with("T11:00:00.000Z"), "{report}");
        assert_eq!((&report["paused"], &report["last_run"]), (&json!(false), &Value::Null));

        let path = "/jobs/schedules/relatorio-diario";
        let changed = app.put(&admin, path, json!({ "cron": " 30  7 * * 1-5 ", "paused": true })).await.ok();
        assert_eq!((&changed["cron"], &changed["paused"]), (&json!("30 7 * * 1-5"), &json!(true)));
        assert_eq!(changed["usual_cron"], "0 8 * * *");
        assert!(changed["next_at"].as_str().unwrap().ends_with("T10:30:00.000Z"), "{changed}");
        let usual = app.put(&admin, path, json!({ "cron": null })).await.ok();
        assert_eq!((&usual["cron"], &usual["paused"]), (&json!("0 8 * * *"), &json!(true)));

        let ran = app.post(&admin, "/jobs/relatorio-diario", json!({})).await.ok();
        assert_eq!(ran["outcome"], "done", "{ran}");
        let runs = app.get(&admin, "/jobs/schedules/relatorio-diario/runs").await.ok();
        assert_eq!((&runs[0]["cause"], &runs[0]["actor"]), (&json!("asked"), &json!("diretora")));
        let report = schedule(&app, &admin, "relatorio-diario").await;
        assert_eq!(report["last_run"]["outcome"], "done");
        app.stop().await;
    }
}

on_both! {
    async fn times_and_days_are_those_of_the_page(app) {
        let admin = app.admin().await;
        let report = schedule(&app, &admin, "relatorio-diario").await;
        assert_eq!(report["time_zone"], "America/Sao_Paulo");
        app.post(&admin, "/settings", json!({ "general": { "timezone": "Asia/Tokyo" } })).await.ok();
        let ran = app.post(&admin, "/jobs/relatorio-diario", json!({})).await.ok();
        assert_eq!(ran["outcome"], "done", "{ran}");
        let report = schedule(&app, &admin, "relatorio-diario").await;
        assert_eq!(report["time_zone"], "Asia/Tokyo");
        assert!(report["next_at"].as_str().unwrap().ends_with("T23:00:00.000Z"), "{report}");

        // Of the day before, there: its name stands in the subject.
        let zone: chrono_tz::Tz = "Asia/Tokyo".parse().unwrap();
        app.put(&admin, "/alerts/settings", json!({ "emails": ["direcao@example.org"] })).await.ok();
        for hours in [0, 8, 16] {
            app.clock.advance(Duration::from_secs(hours * 3600));
            let admin = app.admin().await;
            app.post(&admin, "/jobs/relatorio-diario", json!({})).await.ok();
            app.services.send_notices().await.unwrap();
            let sent = app.letters.to("direcao@example.org");
            let now = chrono::DateTime::from_timestamp_millis(app.clock.now_ms()).unwrap().with_timezone(&zone);
            let day = now.date_naive().pred_opt().unwrap().format("%d/%m/%Y").to_string();
            assert!(sent.last().unwrap().subject.contains(&day), "{day}: {sent:?}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_never_come_and_unknown_names_are_refused() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for cron in ["0 0 31 2 *", "* * * * * *", "@daily", "amanhã", ""] {
        let refused = app
            .put(
                &admin,
                "/jobs/schedules/verificar-alertas",
                json!({ "cron": cron }),
            )
            .await
            .problem(422, "unprocessable");
        assert_eq!(
            refused["errors"][0]["pointer"], "/cron",
            "{cron}: {refused}"
        );
    }
    let alerts = schedule(&app, &admin, "verificar-alertas").await;
    assert_eq!(alerts["cron"], "*/15 * * * *");
    app.post(&admin, "/jobs/nada", json!({}))
        .await
        .problem(404, "job_not_found");
    app.put(&admin, "/jobs/schedules/nada", json!({}))
        .await
        .problem(404, "job_not_found");
    app.get(&admin, "/jobs/schedules/nada/runs")
        .await
        .problem(404, "job_not_found");
    app.stop().await;
}

/// The server itself looks at the clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_makes_up_for_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}/api.db", folder.path().display());
    let variables = [
        ("DATABASE_URL", database.as_str()),
        ("API__SERVER__WORKER", "true"),
    ];
    let app = TestApp::with(&variables).await;
    let admin = app.admin().await;
    schedule(&app, &admin, "limpar-encerrados").await;
    app.clock.advance(Duration::from_secs(3 * 3600));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let admin = app.admin().await;
        let tidy = schedule(&app, &admin, "limpar-encerrados").await;
        if tidy["last_run"]["outcome"] == "done" {
            assert_eq!(tidy["last_run"]["cause"], "missed");
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{tidy}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.stop().await;
}
