//! The document and the routes cannot drift apart.

use serde_json::Value;

#[test]
fn the_committed_document_is_the_one_the_routes_make() {
    let made = api_server::openapi_document().to_pretty_json().unwrap();
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert_eq!(
        made.trim(),
        committed.trim(),
        "run: api-server openapi > api-server/openapi.json"
    );
}

#[test]
fn every_operation_is_described() {
    let document: Value =
        serde_json::from_str(&api_server::openapi_document().to_json().unwrap()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                operation["summary"].is_string(),
                "{method} {path} has no summary"
            );
            assert!(
                operation["tags"][0].is_string(),
                "{method} {path} has no tag"
            );
            assert!(!operation["responses"].as_object().unwrap().is_empty());
            let id = format!("{}/{}", operation["tags"][0], operation["operationId"]);
            assert!(ids.insert(id), "{method} {path} has another's id");
        }
    }
    assert!(ids.len() >= 35, "{}", ids.len());
}
