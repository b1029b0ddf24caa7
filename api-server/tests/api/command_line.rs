//! The program itself.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::test_app::{PASSWORD, TestApp, variables};

fn run(folder: &Path, more: &[(&str, &str)], arguments: &[&str]) -> Output {
    let more: Vec<(&str, String)> = more
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Command::new(env!("CARGO_BIN_EXE_api-server"))
        .args(arguments)
        .env_clear()
        .envs(variables(folder, &more))
        .output()
        .unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn weak_and_missing_secrets_end_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let good = "Zx8Cv6Bn4Mm2Lk0Jh9Gf7Ds5Aq3We1Rt";
    for (name, value, word) in [
        ("JWT_SECRET_KEY", "", "jwt.secret"),
        ("JWT_SECRET_KEY", "curta", "jwt.secret"),
        (
            "JWT_SECRET_KEY",
            "your-secret-key-change-in-production-please",
            "jwt.secret",
        ),
        (
            "JWT_SECRET_KEY",
            "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf",
            "must differ",
        ),
        ("SECRET_KEY", good, "JWT_SECRET_KEY"),
        ("JWT_ALGORITHM", "none", "jwt.algorithm"),
        ("JWT_ALGORITHM", "EdDSA", "jwt.private_key"),
        ("CORS_ORIGINS", "*", "cors_origins"),
        ("ADMIN_USERNAME", "a b", "admin.username"),
        ("EMAIL_HOST", "smtp.example.org", "mail.from"),
        ("REDIS_URL", "http://x", "cache.redis_url"),
        ("OIDC_ISSUER_URL", "http://login.example.org", "oidc.issuer"),
        (
            "OIDC_ISSUER_URL",
            "https://login.example.org?x=y",
            "oidc.issuer",
        ),
        (
            "OIDC_ISSUER_URL",
            "https://login.example.org",
            "oidc.client_id",
        ),
        ("DATABASE_URL", "mysql://x", "database.url"),
        ("API__NADA", "1", "nada"),
    ] {
        let output = run(folder.path(), &[(name, value)], &["check-config"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{name}={value}: {said}");
        assert!(said.contains(word), "{name}={value}: {said}");
        assert!(
            value.len() < 20 || !said.contains(value),
            "{name}: the secret is told: {said}"
        );
    }
    let shown = run(folder.path(), &[], &["check-config"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success() && text.contains("***"));
    assert!(!text.contains(PASSWORD) && !text.contains(crate::test_app::JWT_SECRET));
}

#[test]
fn what_keeps_the_server_from_starting_is_told_at_once_with_78() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let more = [
        ("PORT", port.as_str()),
        ("DATA_DIR", file.to_str().unwrap()),
    ];
    let started = run(folder.path(), &more, &["serve"]);
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert_eq!(started.status.code(), Some(78), "{said}");
    assert!(said.contains("DATA_DIR") && said.contains(&port), "{said}");

    // A database that a newer release has migrated.
    let ahead = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", ahead.path().join("ahead.db").display());
    let more = [("PORT", "0"), ("DATABASE_URL", url.as_str())];
    assert!(run(ahead.path(), &more, &["migrate"]).status.success());
    let forward = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (99990101000000, 'to come', 1, x'00', 0)";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query(forward).execute(&pool).await.unwrap();
        pool.close().await;
    });
    let started = run(ahead.path(), &more, &["serve"]);
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert_eq!(started.status.code(), Some(78), "{said}");
}

#[test]
fn its_own_address_goes_before_the_one_all_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let port = |more: &[(&str, &str)]| {
        let shown = json_of(&run(folder.path(), more, &["--json", "check-config"]));
        let all = shown["settings"].as_array().unwrap();
        let found = all.iter().find(|one| one["key"] == "server.port").unwrap();
        found["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(port(&[("PORT", "9001")]), "9001");
    assert_eq!(port(&[("PORT", "9001"), ("API_PORT", "9002")]), "9002");
    assert_eq!(
        port(&[("PORT", "9001"), ("API__SERVER__PORT", "9003")]),
        "9003"
    );
}

#[test]
fn the_scheduler_and_the_worker_stop_when_told() {
    for command in ["scheduler", "worker"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_api-server"))
            .arg(command)
            .env_clear()
            .envs(variables(
                folder.path(),
                &[
                    ("LOG_LEVEL", "info".to_owned()),
                    ("LOG_FORMAT", "json".to_owned()),
                ],
            ))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // It works, as its first line of the log says; then it is told.
        let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(&format!("api-{command} works")) {
            line.clear();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "{command} ended at its start"
            );
        }
        let told = Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        assert!(child.wait().unwrap().success(), "{command}");
    }
}

#[test]
fn users_are_managed_from_the_machine_itself() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    json_of(&run(at, &[], &["--json", "migrate"]));
    let made = json_of(&run(
        at,
        &[],
        &[
            "--json",
            "user",
            "create",
            "ana",
            "--role",
            "instructor",
            "--email",
            "a@example.org",
        ],
    ));
    assert!(made["password"].as_str().unwrap().len() >= 12);
    json_of(&run(at, &[], &["--json", "user", "approve", "ana"]));
    json_of(&run(at, &[], &["--json", "user", "role", "ana", "admin"]));
    let list = json_of(&run(at, &[], &["--json", "user", "list"]));
    assert_eq!(
        (&list[0]["role"], &list[0]["approved"]),
        (&json!("admin"), &json!(true))
    );
    let refused = run(at, &[], &["user", "disable", "ana"]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "the last administrator stays"
    );
    assert!(!run(at, &[], &["user", "create", "ana"]).status.success());
    let document = run(at, &[("JWT_SECRET_KEY", "")], &["openapi"]);
    assert!(document.status.success(), "needs no settings");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_systems_files_are_taken_over() {
    let app = TestApp::spawn().await;
    let hash = bcrypt::hash("senha-antiga", 4).unwrap();
    let users = json!({
        "maria": {"id": "maria", "username": "maria", "email": "maria@example.org", "full_name": "Maria", "role": "instructor",
            "hashed_password": hash, "disabled": false, "created_at": "2024-05-01T10:00:00.123456", "external_id": "7",
            "approved": true, "last_login": null, "is_temporary_password": false},
        "José Pé": {"username": "José Pé", "role": "chefe", "hashed_password": "plain", "external_id": 7, "approved": true},
        "fora": {"username": "fora", "hashed_password": hash, "disabled": true, "approved": true},
    });
    let approved = json!([{"external_id": "9", "username": "novo", "email": "novo@example.org", "full_name": null, "role": "student"}, {"username": "sem"}]);
    let folder = tempfile::tempdir().unwrap();
    let (users_file, approved_file) = (
        folder.path().join("users_db.json"),
        folder.path().join("approved_users.json"),
    );
    std::fs::write(&users_file, users.to_string()).unwrap();
    std::fs::write(&approved_file, approved.to_string()).unwrap();
    let arguments = [
        "--json",
        "import",
        "--users",
        users_file.to_str().unwrap(),
        "--approved",
        approved_file.to_str().unwrap(),
    ];
    // Beside the running server, on the same database.
    let report = json_of(&run(app.folder.path(), &[], &arguments));
    assert_eq!(
        (&report["users"], &report["approved"]),
        (&json!(3), &json!(1)),
        "{report}"
    );
    assert_eq!(report["without_password"].as_array().unwrap().len(), 1);
    let again = json_of(&run(app.folder.path(), &[], &arguments));
    assert_eq!(
        (&again["users"], &again["approved"]),
        (&json!(0), &json!(0)),
        "{again}"
    );

    let maria = app.person("maria", "senha-antiga").await;
    assert_eq!(
        app.get(&maria, "/auth/me").await.ok()["created_at"],
        "2024-05-01T10:00:00.123Z"
    );
    let shared::db::Db::Sqlite(pool) = app.services.db() else {
        panic!("SQLite")
    };
    let kept: String =
        sqlx::query_scalar("SELECT password_hash FROM users WHERE username = 'maria'")
            .fetch_one(pool)
            .await
            .unwrap();
    assert!(kept.starts_with("$argon2id$"), "kept anew");
    app.person("maria", "senha-antiga").await;
    app.log_in("fora", "senha-antiga")
        .await
        .problem(403, "forbidden");
    let admin = app.admin().await;
    let list = app.get(&admin, "/auth/users").await.ok();
    let jose = list
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["username"].as_str().unwrap().starts_with("JosP"))
        .unwrap();
    let maria_now = list
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["username"] == "maria")
        .unwrap();
    assert_eq!(jose["role"], "student");
    assert_ne!(
        jose["external_id"], maria_now["external_id"],
        "a number is one person's"
    );
    app.stop().await;
}
