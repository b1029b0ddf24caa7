//! As whom Drive is asked: consent, keys, and what happens when they end.

use serde_json::{Value, json};

use crate::fake::faults::{Act, Call, Fault};
use crate::fake::oauth::{API_KEY, CLIENT_ID, CLIENT_SECRET};
use crate::fake::world::Content;
use crate::stage::{OWNER, Stage};
use crate::test_app::On;

/// Nothing of the operator's but an OAuth client.
const CLIENT: [(&str, &str); 3] = [
    ("GOOGLE_CREDENTIALS_PATH", ""),
    ("GOOGLE_OAUTH_CLIENT_ID", CLIENT_ID),
    ("GOOGLE_OAUTH_CLIENT_SECRET", CLIENT_SECRET),
];

/// The administrator goes through the consent of whoever sits at the browser.
async fn consent(stage: &Stage) -> (u16, Value) {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let start = format!("{}/api/drive/oauth/start", stage.app.base);
    let sent = browser
        .get(&start)
        .bearer_auth(&stage.admin.token)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status().as_u16(), 303, "{:?}", sent.text().await);
    let cookie = sent.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let at = sent.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        at.starts_with(stage.drive.base())
            && at.contains("code_challenge_method=S256")
            && at.contains("access_type=offline"),
        "{at}"
    );
    let back = browser.get(at).send().await.unwrap();
    assert_eq!(back.status().as_u16(), 302);
    let back: url::Url = back.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let here = format!(
        "{}{}?{}",
        stage.app.base,
        back.path(),
        back.query().unwrap()
    );
    // Another browser, which has no cookie of the start, gets nowhere.
    let foreign = browser.get(&here).send().await.unwrap();
    assert_eq!(foreign.status().as_u16(), 400);
    let answer = browser
        .get(&here)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    (
        answer.status().as_u16(),
        answer.json().await.unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_lets_a_persons_folder_be_read_until_it_is_taken_back() {
    for on in [On::Embedded, On::Shared] {
        let Some(stage) = Stage::on(on, None, &CLIENT).await else {
            continue;
        };
        let file = stage
            .drive
            .world()
            .add_file(&stage.folder, "aula.txt", "text/plain", "aula");
        let state = stage.get("/api/drive/oauth").await.ok();
        assert_eq!(
            (&state["configured"], &state["connected"]),
            (&json!(true), &json!(false)),
            "{state}"
        );
        stage.drive.oauth().at_the_browser = Some(OWNER.to_owned());
        let (status, answer) = consent(&stage).await;
        assert_eq!(
            (status, &answer["connected"]),
            (200, &json!(true)),
            "{answer}"
        );
        stage.mirror().await;
        // An hour later the token is another.
        stage.drive.oauth().expire_access();
        stage
            .drive
            .world()
            .rewrite(&file, Content::Bytes("outra".into()));
        stage.mirror().await;
        let before = stage.held().await;
        // Consent that ended: told, and nothing removed.
        stage.drive.world().delete(&file);
        stage.drive.oauth().revoke_all();
        let run = stage.sync().await;
        assert_eq!(
            (&run["state"], &run["notice"]["code"]),
            (&json!("needs_reauth"), &json!("needs_reauth")),
            "{run}"
        );
        assert_eq!(stage.held().await, before);
        let folders = stage.get("/api/drive/folders").await.ok();
        assert_eq!(folders[0]["notice"]["code"], "needs_reauth", "{folders}");
        let state = stage.get("/api/drive/oauth").await.ok();
        assert_eq!(state["state"], "needs_reauth", "{state}");
        // Given again it goes on.
        assert_eq!(consent(&stage).await.0, 200);
        let run = stage.sync().await;
        let run = if run["state"] == "needs_confirmation" {
            stage.confirm(&run).await
        } else {
            run
        };
        assert_eq!(run["state"], "completed", "{run}");
        stage.assert_exact("after the second consent").await;
        stage
            .app
            .delete(&stage.admin, "/api/drive/oauth")
            .await
            .ok();
        assert_eq!(stage.drive.count(Call::Revoke), 1);
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_that_is_refused_connects_nothing() {
    let stage = Stage::with(&CLIENT).await;
    stage.drive.oauth().at_the_browser = None;
    let (status, _) = consent(&stage).await;
    assert_eq!(status, 400);
    assert_eq!(stage.get("/api/drive/oauth").await.ok()["connected"], false);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_mid_run_is_renewed() {
    let stage = Stage::new().await;
    for number in 0..20 {
        stage.drive.world().add_file(
            &stage.folder,
            &format!("{number}.txt"),
            "text/plain",
            number.to_string(),
        );
    }
    stage
        .drive
        .fail(Fault::once(Call::Download, crate::fake::faults::refuse("authError")).after(5));
    let run = stage.mirror().await;
    assert_eq!(run["counts"]["indexed"], 20, "{run}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_open_public_folders_and_stand_nowhere() {
    let stage = Stage::with(&[("GOOGLE_CREDENTIALS_PATH", "")]).await;
    let (file, body) = {
        let mut world = stage.drive.world();
        let file = world.add_file(&stage.folder, "aula.txt", "text/plain", "aula");
        world.add_file(&stage.folder, "plano.txt", "text/plain", "plano");
        (
            file,
            json!({ "folder_id": stage.folder, "api_key": API_KEY }),
        )
    };
    // Not shared with everybody: a key sees nothing.
    let tried = stage
        .post("/api/test-drive-folder", body.clone())
        .await
        .ok();
    assert_eq!(tried["accessible"], false, "{tried}");
    stage.drive.world().share(&stage.folder, "anyone");
    let tried = stage
        .post("/api/test-drive-folder", body.clone())
        .await
        .ok();
    assert_eq!(
        (&tried["accessible"], &tried["public"]),
        (&json!(true), &json!(true)),
        "{tried}"
    );
    let id = stage.start(json!({ "api_key": API_KEY })).await;
    let run = stage.end_of(&id).await;
    assert_eq!(run["state"], "completed", "{run}");
    stage.assert_exact("by key").await;
    // Later syncs need not bring it.
    stage
        .drive
        .world()
        .rewrite(&file, Content::Bytes("outra".into()));
    let run = stage.mirror().await;
    assert_eq!(
        (&run["kind"], &run["counts"]["indexed"]),
        (&json!("full"), &json!(1)),
        "{run}"
    );
    for noted in stage.drive.noted() {
        assert!(
            !noted.query.contains(API_KEY) && !noted.path.contains(API_KEY),
            "{noted:?}"
        );
    }
    for path in [
        "/api/drive/runs",
        "/api/drive/folders",
        "/api/drive-stats-detailed",
        "/api/drive/download-progress",
    ] {
        let answer = stage.get(path).await;
        assert!(!answer.text.contains(API_KEY), "{answer:?}");
    }
    // In no file of the server either.
    let kept = std::fs::read_dir(stage.app.folder.path()).unwrap();
    for entry in kept
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
    {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(
            !bytes
                .windows(API_KEY.len())
                .any(|part| part == API_KEY.as_bytes()),
            "{entry:?}"
        );
    }
    // A key that Drive does not know.
    stage.drive.fail(Fault::always(
        Call::Get,
        Act::Refuse {
            status: 400,
            reason: "badRequest",
            retry_after: None,
        },
    ));
    let run = stage.sync().await;
    assert_eq!(
        (&run["state"], &run["counts"]["removed"]),
        (&json!("failed"), &json!(0)),
        "{run}"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_earlier_systems_files_are_read() {
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token.json");
    let stage = Stage::with(&[
        ("GOOGLE_CREDENTIALS_PATH", ""),
        ("GOOGLE_TOKEN_PATH", token.to_str().unwrap()),
    ])
    .await;
    let refresh = stage.drive.oauth().grant_refresh(OWNER);
    let earlier = json!({
        "token": "ya29.old", "refresh_token": refresh, "token_uri": "https://oauth2.googleapis.com/token", "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET, "scopes": ["https://www.googleapis.com/auth/drive.readonly"], "expiry": "2024-01-01T00:00:00Z",
    });
    std::fs::write(&token, earlier.to_string()).unwrap();
    stage
        .drive
        .world()
        .add_file(&stage.folder, "aula.txt", "text/plain", "aula");
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_speaks_for_somebody_if_it_may() {
    let stage = Stage::with(&[("GOOGLE_DRIVE_SUBJECT", OWNER)]).await;
    {
        let mut world = stage.drive.world();
        world.unshare(&stage.folder, crate::fake::oauth::ROBOT);
        world.add_file(&stage.folder, "aula.txt", "text/plain", "aula");
    }
    let run = stage.sync().await;
    assert_eq!(run["state"], "failed", "{run}");
    stage.drive.oauth().delegation = true;
    let run = stage.sync().await;
    assert_eq!(
        (&run["state"], &run["counts"]["indexed"]),
        (&json!("completed"), &json!(1)),
        "{run}"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_access_a_sync_says_so() {
    let stage = Stage::with(&[("GOOGLE_CREDENTIALS_PATH", "")]).await;
    let body = json!({ "folder_id": stage.folder });
    let answer = stage.post("/api/drive/sync-recursive", body).await;
    assert!(
        (400..500).contains(&answer.status) || answer.status == 503,
        "{answer:?}"
    );
    stage.stop().await;
}
