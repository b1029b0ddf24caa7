//! Sign-in by an identity provider, and everything somebody could try with it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::identity_provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, Signed, asked};
use crate::test_app::{Answer, On, PASSWORD, TestApp};

/// A browser: keeps the cookie of a sign-in, goes nowhere by itself.
struct Browser {
    http: reqwest::Client,
    cookie: String,
    location: String,
}

impl Browser {
    /// Begins a sign-in.
    async fn begin(app: &TestApp) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let answer = app
            .send(http.get(format!("{}/api/auth/oidc/start", app.base)))
            .await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let location = answer.header("location").to_owned();
        Self {
            http,
            cookie,
            location,
        }
    }

    fn state(&self) -> String {
        asked(&self.location)["state"].clone()
    }

    /// Comes back with these query fields.
    async fn come_back(&self, app: &TestApp, fields: &[(&str, &str)]) -> Answer {
        let query = serde_urlencoded::to_string(fields).unwrap();
        let request = self
            .http
            .get(format!("{}/api/auth/oidc/callback?{query}", app.base))
            .header("cookie", &self.cookie);
        app.send(request).await
    }
}

fn variables(issuer: &str) -> [(&str, &str); 4] {
    [
        ("OIDC_ISSUER_URL", issuer),
        ("OIDC_CLIENT_ID", CLIENT_ID),
        ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
        ("API__LIMITS__SENSITIVE", "100000"),
    ]
}

/// A whole sign-in of somebody the provider says this of.
async fn sign_in(app: &TestApp, provider: &IdentityProvider, claims: Value) -> Answer {
    lie(app, provider, claims, Signed::Properly).await
}

async fn lie(app: &TestApp, provider: &IdentityProvider, claims: Value, signed: Signed) -> Answer {
    let browser = Browser::begin(app).await;
    let code = provider.grant(&browser.location, &claims, signed);
    browser
        .come_back(
            app,
            &[
                ("code", &code),
                ("state", &browser.state()),
                ("session_state", "x"),
            ],
        )
        .await
}

fn ana() -> Value {
    json!({"sub": "s-ana", "email": "Ana@Example.org", "email_verified": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_by_verified_mail_once_and_by_subject_ever_after() {
    for on in [On::Embedded, On::Shared] {
        let provider = IdentityProvider::start().await;
        let Some(app) = TestApp::on(on, &variables(&provider.issuer())).await else {
            return;
        };
        let admin = app.admin().await;
        app.member(&admin, "ana", "instructor").await;
        for claims in [
            json!({"sub": "s-ana", "email": "ana@example.org", "email_verified": false}),
            json!({"sub": "s-ana", "email": "ana@example.org"}),
            json!({"sub": "s-ana"}),
            json!({"sub": "s-x", "email": "desconhecida@example.org", "email_verified": true}),
        ] {
            sign_in(&app, &provider, claims)
                .await
                .problem(403, "forbidden");
        }
        let answer = sign_in(&app, &provider, ana()).await;
        let body = answer.ok();
        assert_eq!(
            (&body["user"]["username"], &body["user"]["role"]),
            (&json!("ana"), &json!("instructor"))
        );
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        let me = app
            .request("GET", "/auth/me")
            .bearer_auth(body["access_token"].as_str().unwrap());
        assert_eq!(app.send(me).await.ok()["username"], "ana");
        // The e-mail went elsewhere: the account stays with the subject.
        let moved = json!({"sub": "s-ana", "email": "outra@example.org", "email_verified": true});
        assert_eq!(
            sign_in(&app, &provider, moved).await.ok()["user"]["username"],
            "ana"
        );
        assert_eq!(
            sign_in(&app, &provider, json!({"sub": "s-ana"})).await.ok()["user"]["username"],
            "ana"
        );
        let heir = json!({"sub": "s-heir", "email": "ana@example.org", "email_verified": true});
        sign_in(&app, &provider, heir)
            .await
            .problem(403, "forbidden");
        // Nobody guesses which of two it is.
        for name in ["bia.g", "lua.g"] {
            let body = json!({"username": name, "email": "gemeas@example.org", "role": "student"});
            app.post(&admin, "/auth/users", body).await.ok();
        }
        let twin = json!({"sub": "s-twin", "email": "gemeas@example.org", "email_verified": true});
        sign_in(&app, &provider, twin)
            .await
            .problem(403, "forbidden");
        // Shut out is shut out.
        app.put(&admin, "/auth/users/ana", json!({"disabled": true}))
            .await
            .ok();
        sign_in(&app, &provider, ana())
            .await
            .problem(403, "forbidden");
        app.put(
            &admin,
            "/auth/users/ana",
            json!({"disabled": false, "approved": false}),
        )
        .await
        .ok();
        sign_in(&app, &provider, ana())
            .await
            .problem(403, "forbidden");
        // What is made again under an old name is nobody's yet.
        app.delete(&admin, "/auth/users/ana").await.ok();
        sign_in(&app, &provider, ana())
            .await
            .problem(403, "forbidden");
        // An account that waits for its e-mail to be confirmed waits no more.
        let nova = json!({"username": "nova", "email": "nova@example.org", "role": "student"});
        app.post(&admin, "/auth/users", nova).await.ok();
        let claims = json!({"sub": "s-nova", "email": "nova@example.org", "email_verified": true});
        sign_in(&app, &provider, claims).await.ok();
        let log = app.get(&admin, "/auth/audit").await.ok().to_string();
        assert!(
            log.contains("identity_linked") && !log.contains("s-ana"),
            "{log}"
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approved_list_makes_accounts_with_its_role_and_nobody_else_does() {
    for on in [On::Embedded, On::Shared] {
        let provider = IdentityProvider::start().await;
        let Some(app) = TestApp::on(on, &variables(&provider.issuer())).await else {
            return;
        };
        let admin = app.admin().await;
        let entry = json!({"email": "rui@example.org", "username": "rui.p", "role": "instructor", "external_id": "1"});
        app.post(&admin, "/auth/approved-users", entry).await.ok();
        let rui = json!({"sub": "s-rui", "email": "rui@example.org", "email_verified": true, "name": "Rui P."});
        let user = sign_in(&app, &provider, rui.clone()).await.ok()["user"].clone();
        assert_eq!(
            (&user["username"], &user["role"]),
            (&json!("rui.p"), &json!("instructor"))
        );
        assert_eq!(
            sign_in(&app, &provider, rui).await.ok()["user"]["id"],
            user["id"]
        );
        app.log_in("rui.p", "!").await.problem(401, "unauthorized");
        // A name of the list that somebody else has is not taken over.
        app.member(&admin, "eva", "admin").await;
        let entry = json!({"email": "eva@other.example", "username": "eva2", "role": "student"});
        app.post(&admin, "/auth/approved-users", entry).await.ok();
        app.member(&admin, "eva2", "admin").await;
        let eva = json!({"sub": "s-eva", "email": "eva@other.example", "email_verified": true});
        sign_in(&app, &provider, eva)
            .await
            .problem(403, "forbidden");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_gets_a_students_account_where_the_settings_say_so() {
    let provider = IdentityProvider::start().await;
    let issuer = provider.issuer();
    let mut all = variables(&issuer).to_vec();
    all.push(("OIDC_ADMITS_ANYBODY", "true"));
    let app = TestApp::with(&all).await;
    let admin = app.admin().await;
    app.member(&admin, "maria", "student").await;
    for (number, (wished, exactly)) in [
        ("lia.b", true),
        ("maria", false),
        ("joão silva", false),
        ("../x", false),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = json!({"sub": wished, "email": format!("p{number}@example.net"),
            "email_verified": true, "preferred_username": wished, "role": "admin"});
        let user = sign_in(&app, &provider, claims).await.ok()["user"].clone();
        let name = user["username"].as_str().unwrap();
        assert_eq!(user["role"], "student");
        assert!(
            if exactly {
                name == wished
            } else {
                name.starts_with("conta-")
            },
            "{name}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_the_provider_did_not_make_for_this_sign_in_are_refused() {
    let provider = IdentityProvider::start().await;
    let app = TestApp::with(&variables(&provider.issuer())).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "admin").await;
    let now = chrono::Utc::now().timestamp();
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("iss", json!("https://evil.example.org")),
        ("iss", json!(format!("{}/", provider.issuer()))),
        ("aud", json!("another-client")),
        ("aud", json!(["another-client"])),
        ("aud", json!([CLIENT_ID, "another-client"])),
        ("exp", json!(now - 1)),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let mut claims = ana();
        claims[name] = value.clone();
        let answer = sign_in(&app, &provider, claims).await;
        assert_eq!(answer.status, 401, "{name} = {value}: {answer:?}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    for signed in [
        Signed::Not,
        Signed::WithPublicKey,
        Signed::WithClientSecret,
        Signed::BeforeAChange,
    ] {
        let answer = lie(&app, &provider, ana(), signed).await;
        assert_eq!(answer.status, 401, "{signed:?}: {answer:?}");
    }
    // The provider works, and its new keys are read.
    sign_in(&app, &provider, ana()).await.ok();
    provider.rotate();
    sign_in(&app, &provider, ana())
        .await
        .problem(401, "unauthorized");
    app.clock.advance(Duration::from_secs(61));
    sign_in(&app, &provider, ana()).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_where_it_began_and_once() {
    let provider = IdentityProvider::start().await;
    let app = TestApp::with(&variables(&provider.issuer())).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let (mine, theirs) = (Browser::begin(&app).await, Browser::begin(&app).await);
    let grant = |browser: &Browser| provider.grant(&browser.location, &ana(), Signed::Properly);

    // Somebody's answer in somebody else's browser: signs nobody in, and does not spoil the sign-in.
    let code = grant(&mine);
    let stolen = [("code", code.as_str()), ("state", &mine.state())];
    theirs
        .come_back(&app, &stolen)
        .await
        .problem(400, "invalid_request");
    let nothing = Browser {
        cookie: "x=y".into(),
        ..Browser::begin(&app).await
    };
    nothing
        .come_back(&app, &stolen)
        .await
        .problem(400, "invalid_request");
    for state in ["", "wrong", "\u{0}", &"a".repeat(5000)] {
        let fields = [("code", code.as_str()), ("state", state)];
        mine.come_back(&app, &fields)
            .await
            .problem(400, "invalid_request");
    }
    mine.come_back(&app, &[("code", &code)])
        .await
        .problem(400, "invalid_request");
    mine.come_back(&app, &stolen).await.ok();
    // The same again.
    mine.come_back(&app, &stolen)
        .await
        .problem(400, "invalid_request");
    // A used code, and one of another sign-in (PKCE), in a fresh one.
    let fresh = Browser::begin(&app).await;
    let fields = [("code", code.as_str()), ("state", &fresh.state())];
    fresh
        .come_back(&app, &fields)
        .await
        .problem(401, "unauthorized");
    let fresh = Browser::begin(&app).await;
    let fields = [("code", grant(&theirs)), ("state", fresh.state())];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    fresh
        .come_back(&app, &fields)
        .await
        .problem(401, "unauthorized");
    // Refused there; another provider's answer (RFC 9207); too late.
    let fresh = Browser::begin(&app).await;
    let fields = [("error", "access_denied"), ("state", &fresh.state())];
    fresh
        .come_back(&app, &fields)
        .await
        .problem(401, "unauthorized");
    let fresh = Browser::begin(&app).await;
    let code = grant(&fresh);
    let fields = [
        ("code", code.as_str()),
        ("state", &fresh.state()),
        ("iss", "https://evil.example.org"),
    ];
    fresh
        .come_back(&app, &fields)
        .await
        .problem(401, "unauthorized");
    let late = Browser::begin(&app).await;
    let code = grant(&late);
    app.clock.advance(Duration::from_secs(600));
    let fields = [("code", code.as_str()), ("state", &late.state())];
    late.come_back(&app, &fields)
        .await
        .problem(400, "invalid_request");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_not_gone_around() {
    let provider = IdentityProvider::start().await;
    let app = TestApp::with(&variables(&provider.issuer())).await;
    let admin = app.admin().await;
    let person = app.member(&admin, "ana", "student").await;
    crate::second_factor::set_up(&app, &person).await;
    sign_in(&app, &provider, ana())
        .await
        .problem(403, "forbidden");
    let mut claims = ana();
    claims["amr"] = json!(["pwd"]);
    sign_in(&app, &provider, claims.clone())
        .await
        .problem(403, "forbidden");
    claims["amr"] = json!(["pwd", "otp"]);
    sign_in(&app, &provider, claims).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_or_when_it_is_away_the_answer_says_so() {
    let app = TestApp::spawn().await;
    for path in ["/auth/oidc/start", "/api/auth/oidc/callback?code=x&state=y"] {
        app.call(None, "GET", path, None)
            .await
            .problem(404, "not_found");
    }
    app.stop().await;
    let app = TestApp::with(&variables("http://127.0.0.1:1")).await;
    app.call(None, "GET", "/auth/oidc/start", None)
        .await
        .problem(502, "provider_failed");
    // Who has a password comes in all the same.
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    app.person("ana", PASSWORD).await;
    app.stop().await;
}
