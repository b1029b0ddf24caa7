#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use actix_web::http::header::ContentType;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, get, post};
use proptest::prelude::{Strategy, any, prop, proptest};
use serde::Deserialize;
use utoipa::OpenApi;

use super::*;
use crate::problem::{
    Methods, Problem, Problems, json_config, not_found, path_config, query_config,
};
use crate::telemetry::{logger, observe};
use crate::testing::assert_problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    dead_code,
    clippy::struct_field_names,
    reason = "the names of the API; only whether and how it is read matters"
)]
struct Question {
    question: String,
    #[serde(default)]
    material_ids: Vec<String>,
    #[serde(default)]
    config: Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "only whether and how it is read matters")]
struct Config {
    top_k: Option<u32>,
    search: Option<Search>,
    min_score: Option<f32>,
    rerank: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Search {
    Hybrid,
    Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    limit: u32,
}

#[post("/query")]
async fn query(body: Json<Question>) -> Json<String> {
    Json(body.into_inner().question)
}

#[get("/list")]
async fn list(page: Query<Paging>) -> Json<u32> {
    Json(page.limit)
}

#[get("/jobs/{id}")]
async fn job(id: Path<uuid::Uuid>) -> Json<String> {
    Json(id.to_string())
}

#[post("/plain")]
async fn plain(_: web::Json<Question>) -> &'static str {
    "ok"
}

#[derive(OpenApi)]
#[openapi(paths(documented_list, documented_job))]
struct Documented;

#[utoipa::path(get, path = "/list", responses(Problems))]
#[allow(dead_code, reason = "documents a route")]
fn documented_list() {}

#[utoipa::path(get, path = "/jobs/{id}", responses(Problems))]
#[allow(dead_code, reason = "documents a route")]
fn documented_job() {}

macro_rules! app {
    () => {
        init_service(
            App::new()
                .app_data(JsonLimit(1_000))
                .app_data(json_config(1_000))
                .app_data(query_config())
                .app_data(path_config())
                .app_data(Methods::from_openapi(&Documented::openapi()))
                .service(query)
                .service(list)
                .service(job)
                .service(plain)
                .default_service(web::route().to(not_found))
                .wrap(from_fn(observe))
                .wrap(logger()),
        )
        .await
    };
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = app!();
    let request = TestRequest::delete().uri("/jobs/5").to_request();
    let response = call_service(&app, request).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers().get("allow").unwrap(), "GET");
}

async fn send(request: TestRequest) -> (u16, String, Vec<u8>) {
    let app = app!();
    let response = call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    let content_type = response
        .headers()
        .get("content-type")
        .map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    assert!(response.headers().contains_key("x-request-id"));
    (status, content_type, read_body(response).await.to_vec())
}

async fn refused(request: TestRequest, code: Code) -> Problem {
    let (status, content_type, body) = send(request).await;
    let problem = assert_problem(status, &content_type, &body, code);
    assert!(problem.request_id.is_some() && problem.instance.is_some());
    problem
}

fn post(body: &str) -> TestRequest {
    TestRequest::post()
        .uri("/query")
        .insert_header(ContentType::json())
        .set_payload(body.to_owned())
}

#[actix_web::test]
async fn a_good_body_is_read_and_answered() {
    let (status, content_type, body) = send(post(
        r#"{"question": "O que é inércia?", "config": {"top_k": 3}}"#,
    ))
    .await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    assert_eq!(body, "\"O que é inércia?\"".as_bytes());
}

#[actix_web::test]
async fn each_fault_points_at_its_field() {
    let cases = [
        (
            r#"{"question": "x", "config": {"top_k": "dez"}}"#,
            "/config/top_k",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "config": {"top_k": -1}}"#,
            "/config/top_k",
            "out_of_range",
        ),
        (
            r#"{"question": "x", "config": {"top_k": 99999999999}}"#,
            "/config/top_k",
            "out_of_range",
        ),
        (
            r#"{"question": "x", "config": {"min_score": "alto"}}"#,
            "/config/min_score",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "config": {"rerank": 1}}"#,
            "/config/rerank",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "config": {"search": "fuzzy"}}"#,
            "/config/search",
            "unknown_value",
        ),
        (
            r#"{"question": "x", "config": {"search": 5}}"#,
            "/config/search",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "config": {"search": null, "min_score": []}}"#,
            "/config/min_score",
            "wrong_type",
        ),
        (r#"{"question": "x", "config": 5}"#, "/config", "wrong_type"),
        (r#"{"question": 5}"#, "/question", "wrong_type"),
        (r#"{"question": null}"#, "/question", "wrong_type"),
        (
            r#"{"question": "x", "material_ids": ["a", 2]}"#,
            "/material_ids/1",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "material_ids": "a"}"#,
            "/material_ids",
            "wrong_type",
        ),
        (
            r#"{"question": "x", "question": "y"}"#,
            "/question",
            "duplicate_field",
        ),
        (r"{}", "/question", "missing_field"),
        (r"[]", "", "wrong_length"),
        (r"5", "", "wrong_type"),
    ];
    for (body, pointer, fault) in cases {
        let problem = refused(post(body), Code::Unprocessable).await;
        let [error] = &problem.errors[..] else {
            panic!("{body}: {:?}", problem.errors)
        };
        assert_eq!(
            (error.pointer.as_str(), error.code.as_str()),
            (pointer, fault),
            "{body}"
        );
        assert!(
            problem.detail.contains(&error.detail),
            "{body}: {}",
            problem.detail
        );
    }
}

#[actix_web::test]
async fn unknown_fields_are_named() {
    let problem = refused(post(r#"{"question": "x", "topk": 5}"#), Code::UnknownField).await;
    assert_eq!(problem.errors[0].pointer, "/topk");
    assert_eq!(problem.detail, "topk: campo desconhecido.");

    let nested = r#"{"question": "x", "config": {"a/b~c": 5}}"#;
    let problem = refused(post(nested), Code::UnknownField).await;
    assert_eq!(problem.errors[0].pointer, "/config/a~1b~0c");
    assert_eq!(problem.detail, "config.a/b~c: campo desconhecido.");
}

#[actix_web::test]
async fn what_is_no_json_is_a_bad_request() {
    for body in [
        "",
        "{",
        "{\"question\": \"x\"",
        "não",
        "{\"question\": \"x\"} x",
        "{'a': 1}",
        "\u{0}",
    ] {
        let problem = refused(post(body), Code::InvalidRequest).await;
        assert_eq!(problem.errors[0].code, "invalid_json", "{body:?}");
        assert!(problem.detail.contains("linha 1"), "{}", problem.detail);
    }
    let deep = format!("{{\"question\": {}", "[".repeat(400));
    refused(post(&deep), Code::Unprocessable).await;
}

#[actix_web::test]
async fn other_content_types_and_large_bodies_are_refused() {
    let text = TestRequest::post()
        .uri("/query")
        .set_payload("{\"question\": \"x\"}");
    refused(text, Code::UnsupportedMediaType).await;
    let form = TestRequest::post()
        .uri("/query")
        .set_form([("question", "x")]);
    refused(form, Code::UnsupportedMediaType).await;
    let large = format!("{{\"question\": \"{}\"}}", "x".repeat(2_000));
    refused(post(&large), Code::PayloadTooLarge).await;
    let announced = post("{}").insert_header(("content-length", "5000"));
    refused(announced, Code::PayloadTooLarge).await;
}

#[actix_web::test]
async fn json_suffixes_are_json() {
    let request = TestRequest::post()
        .uri("/query")
        .insert_header(("content-type", "application/ld+json; charset=utf-8"))
        .set_payload("{\"question\": \"x\"}");
    assert_eq!(send(request).await.0, 200);
}

#[actix_web::test]
async fn query_parameters_point_at_their_name() {
    let ask = |uri: &str| TestRequest::get().uri(uri);
    assert_eq!(send(ask("/list?limit=5")).await.2, b"5");
    let cases = [
        (
            "/list?limit=muitos",
            Code::Unprocessable,
            "/limit",
            "wrong_type",
        ),
        (
            "/list?limit=-1",
            Code::Unprocessable,
            "/limit",
            "wrong_type",
        ),
        ("/list", Code::Unprocessable, "/limit", "missing_field"),
        (
            "/list?limit=5&offset=1",
            Code::UnknownField,
            "/offset",
            "unknown_field",
        ),
        (
            "/list?limit=5&limit=6",
            Code::Unprocessable,
            "/limit",
            "duplicate_field",
        ),
    ];
    for (uri, code, pointer, fault) in cases {
        let problem = refused(ask(uri), code).await;
        let error = &problem.errors[0];
        assert_eq!(
            (error.pointer.as_str(), error.code.as_str()),
            (pointer, fault),
            "{uri}"
        );
        assert_eq!(
            problem.instance.as_deref(),
            Some("/list"),
            "the query stays out"
        );
    }
}

#[actix_web::test]
async fn path_parameters_point_at_their_name() {
    let problem = refused(TestRequest::get().uri("/jobs/abc"), Code::InvalidRequest).await;
    assert_eq!(problem.errors[0].pointer, "/id");
}

#[actix_web::test]
async fn what_the_framework_refuses_is_a_problem_too() {
    refused(TestRequest::get().uri("/nowhere"), Code::NotFound).await;
    refused(TestRequest::delete().uri("/list"), Code::MethodNotAllowed).await;
    refused(TestRequest::put().uri("/jobs/5"), Code::MethodNotAllowed).await;
    // Not documented, so nothing is known about its methods.
    refused(TestRequest::get().uri("/plain"), Code::NotFound).await;
    let wrong = TestRequest::post()
        .uri("/plain")
        .insert_header(ContentType::json())
        .set_payload("{\"question\": 1}");
    refused(wrong, Code::Unprocessable).await;
    let text = TestRequest::post().uri("/plain").set_payload("{}");
    refused(text, Code::UnsupportedMediaType).await;
    let large = TestRequest::post()
        .uri("/plain")
        .insert_header(ContentType::json())
        .set_payload("x".repeat(2_000));
    refused(large, Code::PayloadTooLarge).await;
}

/// Any JSON, to a small depth.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = proptest::prop_oneof![
        proptest::strategy::Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    let name = proptest::prop_oneof![
        "question",
        "config",
        "top_k",
        "search",
        "material_ids",
        ".{0,4}"
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_refused_is_refused_with_a_pointer_into_the_body(body in json()) {
        let bytes = serde_json::to_vec(&body).unwrap();
        if let Err(error) = read_json::<Question>(&bytes) {
            let problem = error.problem();
            assert_eq!(problem.status, 422, "{body}");
            let [fault] = &problem.errors[..] else { panic!("{body}") };
            // It points at something that is there, or at something missing from what is there.
            if body.pointer(&fault.pointer).is_none() {
                assert_eq!(fault.code, "missing_field", "{body}: {fault:?}");
                let parent = fault.pointer.rsplit_once('/').unwrap().0;
                assert!(body.pointer(parent).is_some(), "{body}: {fault:?}");
            }
        }
    }
}
