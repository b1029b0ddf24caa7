//! Questions about some of the materials.

use serde_json::{Value, json};

use super::stand_in::{Script, StandIn, answer};
use crate::materials::text;
use crate::test_app::On;

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_some_materials_is_answered_from_them() {
    for on in [On::Embedded, On::Shared] {
        let rag = StandIn::start(Script {
            query: Some((200, answer("A carga cresce aos poucos. [1]", 0.0))),
            ..Script::default()
        })
        .await;
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let mut uids = Vec::new();
        for name in ["aula 1.txt", "aula 2.txt"] {
            let made = app.upload(&admin, name, name.as_bytes()).await.ok();
            uids.push(text(&made["material"], "uid"));
        }
        let ask = async |material_ids: Value| {
            let body = json!({ "content": "O que é força?", "material_ids": material_ids });
            app.post(&ana, "/chat", body).await
        };
        // As sources of answers name them, or as lists of materials do.
        ask(json!([uids[0], "aula 2.txt"])).await.ok();
        ask(Value::Null).await.ok();
        let heard = rag.heard("/query");
        assert_eq!(heard[0]["material_ids"], json!(uids));
        assert_eq!(heard[1].get("material_ids"), None, "all of them");

        let unknown = "00000000-0000-0000-0000-000000000000";
        let many: Vec<&str> = vec![&uids[0]; 101];
        for (wrong, pointer) in [
            (json!([uids[0], unknown]), "/material_ids/1"),
            (json!(["nada.txt"]), "/material_ids/0"),
            (json!(["\u{0}"]), "/material_ids/0"),
            (json!([]), "/material_ids"),
            (json!(many), "/material_ids"),
        ] {
            let problem = ask(wrong).await.problem(422, "unprocessable");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        assert_eq!(rag.heard("/query").len(), 2, "nothing more was asked");
        app.stop().await;
    }
}
