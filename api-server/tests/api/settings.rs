//! Settings of the system: who may change them, what is acceptable, and that each of them is enforced.

use std::time::Duration;

use serde_json::{Value, json};

use crate::second_factor::set_up;
use crate::test_app::{ADMIN, PASSWORD, TestApp, on_both};

const PATH: &str = "/api/settings";

async fn save(app: &TestApp, who: &crate::test_app::Person, body: Value) -> Value {
    let saved = app.post(who, PATH, body).await.ok();
    assert_eq!(saved["status"], "success");
    saved["settings"].clone()
}

on_both! {
    async fn the_page_loads_saves_and_goes_back(app) {
        let admin = app.admin().await;
        let loaded = app.get(&admin, PATH).await.ok();
        assert_eq!(loaded["status"], "success");
        let mut settings = loaded["settings"].clone();
        let types = settings["general"]["allowedFileTypes"].as_str().unwrap().to_owned();
        assert!(types.starts_with(".pdf,.docx,") && types.contains(".vtt"), "{types}");
        settings["general"]["allowedFileTypes"] = json!("");
        assert_eq!(settings, json!({
            "general": {"siteName": "Acervo", "description": "", "language": "pt-BR", "timezone": "America/Sao_Paulo",
                "maxFileSize": 50, "allowedFileTypes": ""},
            "security": {"sessionTimeout": 180, "maxLoginAttempts": 5, "requirePasswordChange": false, "enableTwoFactor": false},
            "notifications": {"emailNotifications": true, "pushNotifications": false, "maintenanceAlerts": true, "systemUpdates": true}
        }));
        // The page sends everything, changed or not.
        let whole = json!({
            "general": {"siteName": " Escola ", "description": "Curso de verão", "language": "en-US", "timezone": "Europe/Lisbon",
                "maxFileSize": 7, "allowedFileTypes": "PDF, .txt"},
            "security": {"sessionTimeout": 60, "maxLoginAttempts": 4, "requirePasswordChange": true, "enableTwoFactor": false},
            "notifications": {"emailNotifications": false, "pushNotifications": true, "maintenanceAlerts": false, "systemUpdates": false}
        });
        let mut expected = whole.clone();
        expected["general"]["siteName"] = json!("Escola");
        expected["general"]["allowedFileTypes"] = json!(".pdf,.txt");
        assert_eq!(save(&app, &admin, whole).await, expected);
        assert_eq!(app.get(&admin, PATH).await.ok()["settings"], expected);
        let partly = save(&app, &admin, json!({"security": {"sessionTimeout": 30}})).await;
        assert_eq!(partly["security"]["sessionTimeout"], 30);
        assert_eq!(partly["general"], expected["general"]);
        let reset = app.call(Some(&admin), "POST", "/api/settings/reset", None).await.ok();
        assert_eq!(reset["settings"], loaded["settings"]);
        assert_eq!(app.get(&admin, PATH).await.ok(), loaded);
        app.stop().await;
    }

    async fn every_change_is_written_down(app) {
        let admin = app.admin().await;
        save(&app, &admin, json!({"general": {"maxFileSize": 9}})).await;
        save(&app, &admin, json!({"general": {"maxFileSize": 9}})).await;
        save(&app, &admin, json!({"security": {"maxLoginAttempts": 7}})).await;
        app.call(Some(&admin), "POST", "/api/settings/reset", None).await.ok();
        let history = app.get(&admin, "/api/settings/history").await.ok();
        let told: Vec<(&str, &str, &Value)> = history.as_array().unwrap().iter()
            .map(|change| (change["act"].as_str().unwrap(), change["actor"].as_str().unwrap(), &change["changed"]))
            .collect();
        assert_eq!(told, [
            ("reset", ADMIN, &json!({"general": {"maxFileSize": 50}, "security": {"maxLoginAttempts": 5}})),
            ("saved", ADMIN, &json!({"security": {"maxLoginAttempts": 7}})),
            ("saved", ADMIN, &json!({"general": {"maxFileSize": 9}})),
        ], "what changes nothing is no change");
        assert_eq!(history[1]["settings"]["general"]["maxFileSize"], 9);
        let second = history[1]["id"].as_str().unwrap();
        let older = app.get(&admin, &format!("/api/settings/history?before={second}&limit=1")).await.ok();
        assert_eq!((older.as_array().unwrap().len(), &older[0]["id"]), (1, &history[2]["id"]));
        let audit = app.get(&admin, "/api/auth/audit").await.ok();
        let deeds = audit.as_array().unwrap().iter().filter(|deed| deed["action"] == "settings_changed").count();
        assert_eq!(deeds, 3);
        app.stop().await;
    }

    async fn values_that_cannot_be_are_refused_and_change_nothing(app) {
        let admin = app.admin().await;
        let before = app.get(&admin, PATH).await.ok();
        for (category, field, value) in [
            ("general", "siteName", json!("")),
            ("general", "siteName", json!("a".repeat(101))),
            ("general", "siteName", json!("a\nb")),
            ("general", "siteName", json!(null)),
            ("general", "description", json!("d".repeat(1_001))),
            ("general", "language", json!("tlh")),
            ("general", "timezone", json!("Marte/Olympus")),
            ("general", "maxFileSize", json!(0)),
            ("general", "maxFileSize", json!(501)),
            ("general", "maxFileSize", json!(-1)),
            ("general", "maxFileSize", json!(null)),
            ("general", "allowedFileTypes", json!("")),
            ("general", "allowedFileTypes", json!(".pdf,.exe")),
            ("security", "sessionTimeout", json!(0)),
            ("security", "sessionTimeout", json!(1_441)),
            ("security", "sessionTimeout", json!(null)),
            ("security", "maxLoginAttempts", json!(0)),
            ("security", "maxLoginAttempts", json!(101)),
            ("security", "enableTwoFactor", json!("sim")),
            ("security", "segredo", json!(1)),
            ("notifications", "systemUpdates", json!(null)),
        ] {
            let answer = app.post(&admin, PATH, json!({category: {field: value.clone()}})).await;
            assert_eq!(answer.status, 422, "{field} {value}: {answer:?}");
            assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{category}/{field}"), "{value}");
        }
        let several = app.post(&admin, PATH, json!({
            "general": {"siteName": "", "maxFileSize": 0}, "security": {"maxLoginAttempts": 0}
        })).await.problem(422, "unprocessable");
        assert_eq!(several["errors"].as_array().unwrap().len(), 3);
        for query in ["limit=0", "limit=201", "before=x"] {
            app.get(&admin, &format!("/api/settings/history?{query}")).await.problem(422, "unprocessable");
        }
        assert_eq!(app.get(&admin, PATH).await.ok(), before);
        app.stop().await;
    }

    async fn sizes_and_types_of_files_hold_at_once(app) {
        let admin = app.admin().await;
        let big = vec![b'a'; (1 << 20) + 1];
        app.upload(&admin, "antes.txt", &big).await.ok();
        save(&app, &admin, json!({"general": {"maxFileSize": 1, "allowedFileTypes": ".txt"}})).await;
        let refused = app.upload(&admin, "depois.txt", &big).await.problem(413, "payload_too_large");
        assert!(refused["detail"].as_str().unwrap().contains("1 MB"), "{refused}");
        let refused = app.upload(&admin, "depois.md", b"# oi").await.problem(415, "unsupported_type");
        assert!(refused["detail"].as_str().unwrap().ends_with(": txt."), "{refused}");
        app.upload(&admin, "depois.txt", &big[1..]).await.ok();
        let archive = crate::materials::archives::zip(&[("a.txt", &big), ("b.md", b"# oi"), ("c.txt", b"oi")]);
        let taken = app.upload_archive(&admin, "pacote.zip", &archive).await.ok();
        assert_eq!((&taken["files_count"], taken["skipped"].as_array().unwrap().len()), (&json!(1), 2), "{taken}");
        // More than the operator's 50 MB may be allowed, too.
        save(&app, &admin, json!({"general": {"maxFileSize": 60, "allowedFileTypes": ".md"}})).await;
        app.upload(&admin, "grande.md", &vec![b'a'; 51 << 20]).await.ok();
        app.stop().await;
    }

    async fn sessions_last_as_long_as_is_set(app) {
        let admin = app.admin().await;
        save(&app, &admin, json!({"security": {"sessionTimeout": 2}})).await;
        let answer = app.log_in(ADMIN, PASSWORD).await;
        assert_eq!(answer.ok()["expires_in"], 120);
        assert!(answer.header("set-cookie").contains("Max-Age=120"), "{answer:?}");
        let short = app.person(ADMIN, PASSWORD).await;
        app.clock.advance(Duration::from_secs(130));
        app.get(&short, "/api/auth/me").await.problem(401, "unauthorized");
        // Who signed in before keeps what was promised.
        app.get(&admin, "/api/auth/me").await.ok();
        let form = [("username", ADMIN), ("password", PASSWORD), ("expires_in", "121")];
        let refused = app.send(app.form("/api/auth/token", &form)).await.problem(422, "unprocessable");
        assert_eq!(refused["errors"][0]["pointer"], "/expires_in");
        let refreshed = app.call(None, "POST", "/api/auth/refresh", Some(json!({"refresh_token": admin.refresh_token}))).await.ok();
        assert_eq!(refreshed["expires_in"], 120);
        app.stop().await;
    }

    async fn delays_begin_after_as_many_attempts_as_is_set(app) {
        let admin = app.admin().await;
        app.member(&admin, "ana", "student").await;
        save(&app, &admin, json!({"security": {"maxLoginAttempts": 2}})).await;
        for _ in 0..2 {
            app.log_in("ana", "errada errada").await.problem(401, "unauthorized");
        }
        app.log_in("ana", PASSWORD).await.problem(429, "rate_limited");
        app.stop().await;
    }

    async fn a_second_factor_is_demanded_of_those_who_teach(app) {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        let student = app.member(&admin, "aluna", "student").await;
        let wanted = json!({"security": {"enableTwoFactor": true}});
        let refused = app.post(&admin, PATH, wanted.clone()).await.problem(422, "unprocessable");
        assert_eq!(refused["errors"][0]["pointer"], "/security/enableTwoFactor", "nobody shuts himself out");
        set_up(&app, &admin).await;
        save(&app, &admin, wanted).await;
        let limited = app.get(&teacher, "/api/materials").await.problem(403, "forbidden");
        assert!(limited["detail"].as_str().unwrap().contains("duas etapas"));
        app.get(&student, "/api/materials").await.ok();
        app.get(&admin, "/api/materials").await.ok();
        set_up(&app, &teacher).await;
        app.get(&teacher, "/api/materials").await.ok();
        app.stop().await;
    }

    async fn old_passwords_must_be_changed(app) {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        app.clock.advance(Duration::from_hours(90 * 24 + 1));
        let admin = { drop(admin); app.admin().await };
        let old = { drop(student); app.person("aluna", PASSWORD).await };
        app.get(&old, "/api/materials").await.ok();
        save(&app, &admin, json!({"security": {"requirePasswordChange": true}})).await;
        assert_eq!(app.get(&old, "/api/auth/me").await.ok()["is_temporary_password"], true);
        let limited = app.get(&old, "/api/materials").await.problem(403, "forbidden");
        assert!(limited["detail"].as_str().unwrap().contains("90 dias"));
        let answer = app.log_in("aluna", PASSWORD).await.ok();
        assert_eq!(answer["is_temporary_password"], true, "the page asks for another one at once");
        let change = json!({"current_password": PASSWORD, "new_password": "outro girassol de papel"});
        app.post(&old, "/api/auth/change-password", change).await.ok();
        assert_eq!(app.get(&old, "/api/auth/me").await.ok()["is_temporary_password"], false);
        app.get(&old, "/api/materials").await.ok();
        app.stop().await;
    }

    async fn days_are_those_of_the_time_zone(app) {
        let admin = app.admin().await;
        for (zone, hours) in [("Pacific/Kiritimati", 14), ("Pacific/Niue", -11)] {
            save(&app, &admin, json!({"general": {"timezone": zone}})).await;
            // The rag-server is away: the question is counted all the same.
            app.post(&admin, "/api/chat", json!({"content": "O que é força?"})).await;
            let usage = app.get(&admin, "/api/chat/usage?days=3").await.ok();
            let now = shared::clock::Clock::now_ms(&*app.clock) + hours * 3_600_000;
            let today = shared::clock::rfc3339(now)[..10].to_owned();
            let days: Vec<&str> = usage["days"].as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap()).collect();
            assert!(days.contains(&today.as_str()), "{zone}: {usage} without {today}");
        }
        app.stop().await;
    }

    async fn the_name_stands_in_mails_and_administrators_hear_of_changes(app) {
        let admin = app.admin().await;
        let body = json!({"username": "chefe", "email": "chefe@example.org", "full_name": "", "role": "admin"});
        app.post(&admin, "/api/auth/users", body).await.ok();
        app.put(&admin, "/api/auth/users/chefe", json!({"approved": true})).await.ok();
        app.services.send_mails().await.unwrap();
        app.letters.take();
        save(&app, &admin, json!({"general": {"siteName": "Escola <Azul>"}})).await;
        app.services.send_notices().await.unwrap();
        let letters = app.letters.take();
        assert_eq!(letters.len(), 1, "administrators with an address: {letters:?}");
        assert_eq!((letters[0].to.as_str(), letters[0].subject.as_str()), ("chefe@example.org", "[Escola <Azul>] Configurações alteradas"));
        assert!(letters[0].plain.contains(r#"{"general":{"siteName":"Escola <Azul>"}}"#), "{:?}", letters[0]);
        assert!(letters[0].html.contains("Escola &lt;Azul&gt;") && !letters[0].html.contains("<Azul>"));
        let reset = json!({"username": "chefe"});
        app.call(None, "POST", "/api/auth/public/request-password-reset", Some(reset)).await.ok();
        app.services.send_mails().await.unwrap();
        assert!(app.letters.take()[0].subject.ends_with("Escola <Azul>"));
        for quiet in [json!({"systemUpdates": false}), json!({"systemUpdates": true, "emailNotifications": false})] {
            save(&app, &admin, json!({"notifications": quiet})).await;
            app.services.send_notices().await.unwrap();
            app.letters.take();
            save(&app, &admin, json!({"general": {"siteName": quiet.to_string()}})).await;
            app.services.send_notices().await.unwrap();
            assert_eq!(app.letters.take().len(), 0, "{quiet}");
        }
        app.stop().await;
    }

    async fn other_api_servers_hear_of_a_change(app) {
        let admin = app.admin().await;
        let other = app.replica().await;
        let on_other = async || {
            let request = app.http.get(format!("{}{PATH}", other.base)).bearer_auth(&admin.token);
            app.send(request).await.ok()["settings"]["general"]["siteName"].clone()
        };
        assert_eq!(on_other().await, "Acervo");
        save(&app, &admin, json!({"general": {"siteName": "Escola"}})).await;
        // At once where they share a cache; else when what is remembered ends.
        if app.has_shared_cache() {
            assert_eq!(on_other().await, "Escola");
        }
        app.clock.advance(Duration::from_secs(6));
        assert_eq!(on_other().await, "Escola");
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_asked_for_in_the_language() {
    use crate::chat::stand_in::{Script, StandIn, answer};
    let rag = StandIn::start(Script {
        query: Some((200, answer("Load grows slowly. [1]", 0.0))),
        ..Script::default()
    })
    .await;
    let app = rag.app(crate::test_app::On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    let ask = async || {
        app.post(&admin, "/api/chat", json!({"content": "O que é carga?"}))
            .await
            .ok();
        let heard = rag.heard.lock().unwrap();
        let asked = heard.iter().rev().find(|(path, _)| path == "/query");
        asked.unwrap().1["language"].clone()
    };
    assert_eq!(ask().await, Value::Null, "the question decides");
    save(&app, &admin, json!({"general": {"language": "en-US"}})).await;
    assert_eq!(ask().await, "en");
    app.stop().await;
}
