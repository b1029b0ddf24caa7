//! The fake Drive keeps the rules it stands for.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::fake::FakeDrive;
use crate::fake::faults::{Act, Call, Fault, refuse};
use crate::fake::oauth::{API_KEY, CLIENT_ID, CLIENT_SECRET};
use crate::fake::office;
use crate::fake::world::{Content, DOCUMENT};

const ANA: &str = "ana@escola.example";

struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    fn of(drive: &FakeDrive, email: &str) -> Self {
        drive.world().add_user(email);
        Self {
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
            base: format!("{}/drive/v3/", drive.base()),
            token: drive.oauth().grant_access(email),
        }
    }

    async fn raw(&self, path: &str, query: &[(&str, &str)]) -> Response {
        let mut url: url::Url = format!("{}{path}", self.base).parse().unwrap();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap()
    }

    /// Status and body.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        let response = self.raw(path, query).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn names(&self, q: &str) -> Vec<String> {
        let (status, body) = self
            .get(
                "files",
                &[("q", q), ("orderBy", "name"), ("fields", "files(name)")],
            )
            .await;
        assert_eq!(status, 200, "{body}");
        body["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn reason(body: &Value) -> &str {
    body["error"]["errors"][0]["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_parsed_and_kept() {
    let drive = FakeDrive::start().await;
    let client = Client::of(&drive, ANA);
    let (one, other) = {
        let mut world = drive.world();
        let root = world.add_user(ANA);
        let one = world.add_folder(&root, "Módulo 1");
        let other = world.add_folder(&root, "Módulo 2");
        world.add_file(&one, "aula d'água.txt", "text/plain", "água");
        let gone = world.add_file(&one, "lixo.txt", "text/plain", "x");
        world.set_trashed(&gone, true);
        world.add(&other, "prova", DOCUMENT, office::document("prova"));
        (one, other)
    };
    assert_eq!(
        client
            .names(&format!("'{one}' in parents and trashed = false"))
            .await,
        ["aula d'água.txt"]
    );
    assert_eq!(
        client
            .names(&format!(
                "('{one}' in parents or '{other}' in parents) and not trashed = true"
            ))
            .await
            .len(),
        2
    );
    assert_eq!(client.names("trashed=true").await, ["lixo.txt"]);
    assert_eq!(
        client
            .names("name = 'aula d\\'água.txt' and mimeType contains 'text/'")
            .await,
        ["aula d'água.txt"]
    );
    assert_eq!(
        client.names("'root' in parents").await,
        ["Módulo 1", "Módulo 2"]
    );
    for wrong in [
        "'x' parents",
        "trashed",
        "name > 'a'",
        "(trashed = true",
        "name = 'a",
        "tamanho = 3",
        "modifiedTime > 'ontem'",
    ] {
        let (status, body) = client.get("files", &[("q", wrong)]).await;
        assert_eq!((status, reason(&body)), (400, "invalid"), "{wrong}");
    }
    let (status, body) = client.get("files", &[("q", "'1nada' in parents")]).await;
    assert_eq!((status, reason(&body)), (404, "notFound"));
    let (status, body) = client.get("files", &[("fields", "files(id,nada)")]).await;
    assert_eq!((status, reason(&body)), (400, "invalidParameter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_in_order_and_in_full() {
    let drive = FakeDrive::start().await;
    let client = Client::of(&drive, ANA);
    let root = drive.world().add_user(ANA);
    for number in 0..25 {
        drive.world().add_file(
            &root,
            &format!("{number}.txt"),
            "text/plain",
            number.to_string(),
        );
    }
    let q = format!("'{root}' in parents");
    let (mut seen, mut token, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut query = vec![("q", q.as_str()), ("pageSize", "10")];
        query.extend(token.as_deref().map(|token| ("pageToken", token)));
        let (_, body) = client.get("files", &query).await;
        pages += 1;
        seen.extend(
            body["files"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file["id"].to_string()),
        );
        match body["nextPageToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((pages, seen.len()), (3, 25));
    drive.fail(Fault::always(Call::List, Act::Loop));
    let (_, body) = client
        .get(
            "files",
            &[("q", &q), ("pageToken", "again"), ("pageSize", "10")],
        )
        .await;
    assert_eq!(body["nextPageToken"], "again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_what_follows_the_folders() {
    let drive = FakeDrive::start().await;
    let (ana, rui) = (
        Client::of(&drive, ANA),
        Client::of(&drive, "rui@escola.example"),
    );
    let (folder, file, shared) = {
        let mut world = drive.world();
        let root = world.add_user(ANA);
        let folder = world.add_folder(&root, "Turma");
        let file = world.add_file(&folder, "a.txt", "text/plain", "a");
        let shared = world.add_drive("Curso", &["rui@escola.example"]);
        world.add_file(&shared, "b.txt", "text/plain", "b");
        (folder, file, shared)
    };
    let path = format!("files/{file}");
    assert_eq!(ana.get(&path, &[]).await.0, 200);
    assert_eq!(rui.get(&path, &[]).await.0, 404);
    let by_key = async |key: &str| {
        let request = ana
            .http
            .get(format!("{}{path}", ana.base))
            .header("x-goog-api-key", key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((by_key(API_KEY).await, by_key("outra").await), (404, 400));
    drive.world().share(&folder, "anyone");
    assert_eq!(
        (rui.get(&path, &[]).await.0, by_key(API_KEY).await),
        (200, 200)
    );
    // A shared drive is there only for programs that say they know of such.
    let q = format!("'{shared}' in parents");
    assert_eq!(rui.get("files", &[("q", &q)]).await.0, 404);
    let all = [
        ("q", q.as_str()),
        ("supportsAllDrives", "true"),
        ("includeItemsFromAllDrives", "true"),
    ];
    assert_eq!(rui.get("files", &all).await.1["files"][0]["name"], "b.txt");
    assert_eq!(ana.get("files", &all).await.0, 404);
    assert_eq!(rui.get("drives", &[]).await.1["drives"][0]["name"], "Curso");
    let nobody = ana
        .http
        .get(format!("{}{path}", ana.base))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_tell_what_happened_since() {
    let drive = FakeDrive::start().await;
    let (ana, rui) = (
        Client::of(&drive, ANA),
        Client::of(&drive, "rui@escola.example"),
    );
    let root = drive.world().add_user(ANA);
    let (folder, kept, gone) = {
        let mut world = drive.world();
        let folder = world.add_folder(&root, "Turma");
        world.share(&folder, "rui@escola.example");
        let kept = world.add_file(&folder, "a.txt", "text/plain", "a");
        let gone = world.add_file(&folder, "b.txt", "text/plain", "b");
        (folder, kept, gone)
    };
    let (_, start) = ana.get("changes/startPageToken", &[]).await;
    let token = start["startPageToken"].as_str().unwrap();
    let (_, nothing) = ana.get("changes", &[("pageToken", token)]).await;
    assert_eq!(
        (&nothing["changes"], &nothing["newStartPageToken"]),
        (&json!([]), &json!(token))
    );
    {
        let mut world = drive.world();
        world.rename(&kept, "c.txt");
        world.rename(&kept, "d.txt");
        world.set_trashed(&kept, true);
        world.delete(&gone);
        world.unshare(&folder, "rui@escola.example");
    }
    let query = [
        ("pageToken", token),
        (
            "fields",
            "newStartPageToken,changes(fileId,removed,file(name,trashed))",
        ),
    ];
    let (_, body) = ana.get("changes", &query).await;
    // One entry a file, the last; for its owner a folder that others cannot see any more has changed.
    assert_eq!(
        body["changes"],
        json!([
            {"fileId": kept, "removed": false, "file": {"name": "d.txt", "trashed": true}},
            {"fileId": gone, "removed": true},
            {"fileId": folder, "removed": false, "file": {"name": "Turma", "trashed": false}},
        ])
    );
    let (_, body) = rui.get("changes", &query).await;
    assert_eq!(
        body["changes"],
        json!([{"fileId": gone, "removed": true}, {"fileId": folder, "removed": true}])
    );
    let (status, body) = ana.get("changes", &[("pageToken", "999999")]).await;
    assert_eq!((status, reason(&body)), (400, "invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_come_whole_in_parts_and_broken() {
    let drive = FakeDrive::start().await;
    let client = Client::of(&drive, ANA);
    let content: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let (file, document) = {
        let mut world = drive.world();
        let root = world.add_user(ANA);
        let file = world.add_file(&root, "a.bin", "application/octet-stream", content.clone());
        (
            file,
            world.add(&root, "Texto", DOCUMENT, office::document("uma frase")),
        )
    };
    let path = format!("files/{file}");
    let media = [("alt", "media")];
    assert_eq!(
        client.raw(&path, &media).await.bytes().await.unwrap(),
        content
    );
    let part = client
        .http
        .get(format!("{}{path}?alt=media", client.base))
        .bearer_auth(&client.token);
    let part = part.header("range", "bytes=199990-").send().await.unwrap();
    assert_eq!(
        (
            part.status().as_u16(),
            part.headers()["content-range"].to_str().unwrap()
        ),
        (206, "bytes 199990-199999/200000")
    );
    assert_eq!(part.bytes().await.unwrap(), content[199_990..]);

    drive.fail(Fault::once(Call::Download, Act::Cut(70_000)));
    let cut = client.raw(&path, &media).await;
    assert_eq!(
        (cut.status().as_u16(), cut.content_length()),
        (200, Some(200_000))
    );
    cut.bytes().await.unwrap_err();
    drive.fail(Fault::once(Call::Download, Act::Spoil));
    let spoilt = client.raw(&path, &media).await.bytes().await.unwrap();
    assert!(spoilt.len() == content.len() && spoilt != content);
    drive.fail(Fault::once(Call::Get, refuse("userRateLimitExceeded")).after(1));
    assert_eq!(client.get(&path, &[]).await.0, 200);
    let (status, body) = client.get(&path, &[]).await;
    assert_eq!(
        (status, reason(&body), &body["error"]["errors"][0]["domain"]),
        (403, "userRateLimitExceeded", &json!("usageLimits"))
    );
    assert_eq!(client.get(&path, &[]).await.0, 200);

    let path = format!("files/{document}");
    let (status, body) = client.get(&path, &media).await;
    assert_eq!((status, reason(&body)), (403, "fileNotDownloadable"));
    let export = [("mimeType", "text/plain")];
    assert_eq!(
        client
            .raw(&format!("{path}/export"), &export)
            .await
            .text()
            .await
            .unwrap(),
        "uma frase"
    );
    let Content::Native(mut exports) = office::document("longa") else {
        unreachable!()
    };
    exports.insert("text/plain", vec![b'a'; 10 * 1024 * 1024 + 1].into());
    drive.world().rewrite(&document, Content::Native(exports));
    let (status, body) = client.get(&format!("{path}/export"), &export).await;
    assert_eq!((status, reason(&body)), (403, "exportSizeLimitExceeded"));
    let (_, links) = client.get(&path, &[("fields", "exportLinks")]).await;
    let link = links["exportLinks"]["text/plain"].as_str().unwrap();
    let by_link = client
        .http
        .get(link)
        .bearer_auth(&client.token)
        .send()
        .await
        .unwrap();
    assert_eq!(by_link.bytes().await.unwrap().len(), 10 * 1024 * 1024 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_given_and_taken_back() {
    let drive = FakeDrive::start().await;
    let client = Client::of(&drive, ANA);
    let refresh = drive.oauth().grant_refresh(ANA);
    let token = async |refresh: &str, secret: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("client_secret", secret),
            ("refresh_token", refresh),
        ];
        let body = serde_urlencoded::to_string(form).unwrap();
        let request = client
            .http
            .post(format!("{}/token", drive.base()))
            .body(body);
        let answer = request
            .header("content-type", "application/x-www-form-urlencoded")
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (status, body) = token(&refresh, CLIENT_SECRET).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(token(&refresh, "outro").await.1["error"], "invalid_client");
    drive.oauth().expire_access();
    assert_eq!(client.get("about", &[("fields", "user")]).await.0, 401);
    drive.oauth().revoke_all();
    let (status, body) = token(&refresh, CLIENT_SECRET).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
}
