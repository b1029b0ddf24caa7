#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{
    TestRequest, call_service, init_service, read_body, read_body_json, try_call_service,
};
use actix_web::{App, HttpResponse, web};
use serde_json::Value;

use super::*;
use crate::problem::{ApiError, Code, FieldError, HasProblem, Problem, not_found};
use crate::testing::{CapturedLog, assert_problem, capture};

#[derive(Debug, thiserror::Error)]
#[error("index failed")]
struct IndexFailed(#[source] io::Error);

impl HasProblem for IndexFailed {
    fn code(&self) -> Code {
        Code::Internal
    }
}

async fn material(path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    match path.as_str() {
        "broken" => Err(IndexFailed(io::Error::other("disk fell out")).into()),
        "busy" => Err(ApiError::new(Code::Overloaded)),
        "gone" => Err(ApiError::new(Code::MaterialNotFound)),
        "bare" => Ok(HttpResponse::PayloadTooLarge().finish()),
        "text" => Ok(HttpResponse::BadRequest().body("plain words of the framework")),
        "own" => Ok(HttpResponse::ServiceUnavailable().json(serde_json::json!({"ready": false}))),
        "foreign" => {
            let foreign = actix_web::error::ErrorInternalServerError("secret inside");
            Ok(HttpResponse::from_error(foreign))
        }
        "current" => {
            let inside = RequestId::current().map(|id| id.to_string());
            Ok(HttpResponse::Ok().body(inside.unwrap_or_default()))
        }
        "never" => std::future::pending().await,
        _ => Ok(HttpResponse::Ok().finish()),
    }
}

/// Middleware that refuses before any handler runs.
async fn refuse(
    _: ServiceRequest,
    _: Next<impl MessageBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Err(ApiError::new(Code::Forbidden).into())
}

macro_rules! app {
    () => {
        init_service(
            App::new()
                .route("/materials/{id}", web::get().to(material))
                .service(web::resource("/only-post").route(web::post().to(HttpResponse::Ok)))
                .service(
                    web::scope("/inner")
                        .wrap(from_fn(refuse))
                        .route("/x", web::get().to(HttpResponse::Ok)),
                )
                .default_service(web::route().to(not_found))
                .wrap(from_fn(observe))
                .wrap(logger()),
        )
        .await
    };
}

fn header<B: MessageBody>(response: &ServiceResponse<B>, name: &str) -> String {
    response
        .headers()
        .get(name)
        .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

/// The one line about the request, out of everything captured.
fn line(log: &CapturedLog) -> Value {
    let lines: Vec<Value> = log
        .lines()
        .into_iter()
        .filter(|line| line.get("latency_ms").is_some())
        .collect();
    let [line] = &lines[..] else {
        panic!("{lines:#?}")
    };
    line.clone()
}

fn root<'a>(line: &'a Value, field: &str) -> &'a Value {
    &line["spans"][0][field]
}

#[actix_web::test]
async fn a_request_is_one_line_without_path_query_headers_or_body() {
    let (log, _guard) = capture();
    let app = app!();
    let request = get("/materials/prova-secreta.pdf?token=marker-query")
        .insert_header(("authorization", "Bearer marker-token"))
        .insert_header(("cookie", "session=marker-cookie"))
        .set_payload("marker-body")
        .to_request();
    let response = call_service(&app, request).await;
    let id = header(&response, "x-request-id");
    let line = line(&log);
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "GET /materials/{id} 200");
    assert_eq!(line["http.status"], 200);
    assert_eq!(root(&line, "request_id"), &Value::from(id));
    assert_eq!(root(&line, "http.route"), "/materials/{id}");
    assert_eq!(root(&line, "http.method"), "GET");
    log.assert_without(&[
        "marker-query",
        "marker-token",
        "marker-cookie",
        "marker-body",
        "prova-secreta",
    ]);
}

#[actix_web::test]
async fn a_well_formed_number_is_kept_and_any_other_replaced() {
    let app = app!();
    let long = "x".repeat(64);
    for sent in [
        "a",
        "0190f5c4-1c3a-7aaa-8bbb-0123456789ab",
        "trace_1.2-x",
        &long,
    ] {
        let request = get("/materials/current").insert_header(("x-request-id", sent));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(header(&response, "x-request-id"), sent);
        assert_eq!(read_body(response).await, sent.as_bytes());
    }
    let longer = "x".repeat(65);
    for sent in ["", "a b", "a\"b", "<script>", "a;b=c", "é", &longer] {
        let request = get("/materials/current").insert_header(("x-request-id", sent));
        let response = call_service(&app, request.to_request()).await;
        let made = header(&response, "x-request-id");
        assert_eq!(
            uuid::Uuid::parse_str(&made).unwrap().get_version_num(),
            7,
            "{sent:?}"
        );
    }
}

#[actix_web::test]
async fn a_failure_is_logged_once_with_its_chain_and_answered_without() {
    let (log, _guard) = capture();
    let app = app!();
    let response = call_service(&app, get("/materials/broken?x=1").to_request()).await;
    let id = header(&response, "x-request-id");
    let content_type = header(&response, "content-type");
    let body = read_body(response).await;
    let problem: Problem = assert_problem(500, &content_type, &body, Code::Internal);
    assert_eq!(problem.request_id, Some(id));
    assert_eq!(problem.instance.as_deref(), Some("/materials/broken"));
    let line = line(&log);
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["error"], "index failed: disk fell out");
    assert_eq!(line["code"], "internal");
    assert_eq!(log.text().matches("disk fell out").count(), 1);
}

#[actix_web::test]
async fn levels_follow_who_must_act() {
    for (id, level, status) in [
        ("busy", "WARN", 503),
        ("own", "WARN", 503),
        ("gone", "INFO", 404),
        ("foreign", "ERROR", 500),
    ] {
        let (log, _guard) = capture();
        let app = app!();
        let response = call_service(&app, get(&format!("/materials/{id}")).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{id}");
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        assert!(!body.contains("secret inside"), "{body}");
        assert_eq!(line(&log)["level"], level, "{id}");
    }
}

#[actix_web::test]
async fn bare_errors_become_problems_and_own_bodies_stay() {
    let app = app!();
    for (uri, code) in [
        ("/materials/bare", Code::PayloadTooLarge),
        ("/materials/text", Code::InvalidRequest),
        ("/materials/foreign", Code::Internal),
        ("/only-post", Code::MethodNotAllowed),
        ("/nowhere/at/all", Code::NotFound),
    ] {
        let response = call_service(&app, get(uri).to_request()).await;
        let (status, content_type) = (
            response.status().as_u16(),
            header(&response, "content-type"),
        );
        assert!(!header(&response, "x-request-id").is_empty(), "{uri}");
        assert_problem(status, &content_type, &read_body(response).await, code);
    }
    let response = call_service(&app, get("/only-post").to_request()).await;
    assert_eq!(header(&response, "allow"), "POST");
    let response = call_service(&app, get("/materials/own").to_request()).await;
    assert_eq!(read_body(response).await, "{\"ready\":false}");
}

#[actix_web::test]
async fn what_middleware_refuses_carries_number_and_path_too() {
    let (log, _guard) = capture();
    let app = app!();
    let request = get("/inner/x")
        .insert_header(("x-request-id", "from-outside"))
        .to_request();
    let Err(error) = try_call_service(&app, request).await else {
        panic!("was let through")
    };
    let response = error.error_response();
    assert_eq!(
        response.headers().get("x-request-id").unwrap(),
        "from-outside"
    );
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").unwrap().clone();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    let problem = assert_problem(
        status,
        content_type.to_str().unwrap(),
        &body,
        Code::Forbidden,
    );
    assert_eq!(problem.request_id.as_deref(), Some("from-outside"));
    assert_eq!(problem.instance.as_deref(), Some("/inner/x"));
    assert_eq!(line(&log)["code"], "forbidden");
}

#[actix_web::test]
async fn a_client_that_leaves_is_logged_with_its_number() {
    let (log, _guard) = capture();
    let app = app!();
    let request = get("/materials/never")
        .insert_header(("x-request-id", "left-early"))
        .to_request();
    {
        let mut answer = Box::pin(call_service(&app, request));
        assert!(futures::poll!(&mut answer).is_pending());
    }
    let line = line(&log);
    assert_eq!(line["message"], "GET /materials/{id} left by the client");
    assert_eq!(root(&line, "request_id"), "left-early");
}

#[tokio::test]
async fn blocking_work_keeps_the_span() {
    let log = CapturedLog::new();
    let settings = LogSettings::new(LogFormat::Json, "info");
    let subscriber = subscriber(&settings, log.clone()).unwrap();
    let dispatch = tracing::Dispatch::new(subscriber);
    let work = tracing::dispatcher::with_default(&dispatch, || {
        let span = tracing::info_span!("job", job.id = 7);
        let dispatch = dispatch.clone();
        span.in_scope(|| {
            spawn_blocking_in_span(move || {
                tracing::dispatcher::with_default(&dispatch, || tracing::info!("deep work"));
            })
        })
    });
    work.await.unwrap();
    let lines = log.lines();
    assert_eq!(lines[0]["spans"][0]["job.id"], 7, "{lines:?}");
}

#[test]
fn levels_are_read_as_people_write_them() {
    for level in [
        "info",
        "INFO",
        " Warning ",
        "CRITICAL",
        "debug",
        "off",
        "info,rag_server=debug",
    ] {
        let settings = LogSettings::new(LogFormat::Pretty, level);
        assert!(settings.check().is_ok(), "{level}");
    }
    for level in ["loud", "info,x=loud", "info,[", "5,6"] {
        let settings = LogSettings::new(LogFormat::Pretty, level);
        assert!(settings.check().is_err(), "{level}");
    }
    assert!(directives("debug").unwrap().contains("sqlx=warn"));
    assert_eq!(directives("WARNING").as_deref(), Some("warn"));
    assert_eq!(
        directives("info,sqlx=debug").as_deref(),
        Some("info,sqlx=debug")
    );
}

#[test]
fn a_chain_says_nothing_twice() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer failed: {0}")]
    struct Outer(#[source] IndexFailed);
    let error = Outer(IndexFailed(io::Error::other("disk")));
    assert_eq!(chain(&error), "outer failed: index failed: disk");
}

#[actix_web::test]
async fn problems_speak_english_to_whoever_asks_for_it_first() {
    let app = init_service(
        App::new()
            .route("/refused", web::get().to(refused))
            .wrap(from_fn(observe)),
    )
    .await;
    for (asked, language) in [
        (None, "pt-BR"),
        (Some("en"), "en"),
        (Some("EN-us, pt;q=0.9"), "en"),
        (Some("pt-BR,en;q=0.9"), "pt-BR"),
        (Some("pt;q=0.2, en;q=0.8"), "en"),
        (Some("en;q=0"), "pt-BR"),
        (Some("*"), "pt-BR"),
        (Some("en;q=x, ;;,"), "pt-BR"),
        (Some("eng"), "pt-BR"),
    ] {
        let mut request = get("/refused");
        if let Some(asked) = asked {
            request = request.insert_header(("accept-language", asked));
        }
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(header(&response, "content-language"), language, "{asked:?}");
        let problem: Problem = read_body_json(response).await;
        assert_eq!(problem.code, "unprocessable");
        let (detail, field) = if language == "en" {
            (
                "Some fields hold values that cannot be accepted.",
                "is required",
            )
        } else {
            ("Falta o nome.", "é necessário")
        };
        assert_eq!(
            (&*problem.detail, &*problem.errors[0].detail),
            (detail, field)
        );
    }
}

async fn refused() -> Result<HttpResponse, ApiError> {
    let missing = FieldError::new("/name", "missing_field", "é necessário");
    Err(ApiError::new(Code::Unprocessable)
        .with_detail("Falta o nome.")
        .with_errors(vec![missing]))
}
