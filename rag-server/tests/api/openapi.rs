//! The document and the routes cannot drift apart.

use serde_json::Value;

#[test]
fn the_committed_document_is_the_one_the_routes_make() {
    let made = rag_server::openapi_document().to_pretty_json().unwrap();
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert!(made.trim() == committed.trim(), "run: just openapi");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_page_is_found_with_and_without_its_slash() {
    let app = crate::test_app::TestApp::spawn().await;
    for path in ["/docs", "/docs/"] {
        let page = app.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("swagger"), "{path}");
    }
}

#[test]
fn every_operation_is_described() {
    let document: Value =
        serde_json::from_str(&rag_server::openapi_document().to_json().unwrap()).unwrap();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            assert!(
                operation["summary"].is_string(),
                "{method} {path} has no summary"
            );
            assert!(
                operation["tags"][0].is_string(),
                "{method} {path} has no tag"
            );
            assert!(!operation["responses"].as_object().unwrap().is_empty());
        }
    }
    assert!(operations >= 20, "{operations}");
}
