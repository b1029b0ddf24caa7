#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::io;

use actix_web::body::to_bytes;
use actix_web::http::header;

use super::*;
use crate::testing::assert_problem;

#[derive(Debug, thiserror::Error)]
enum LessonError {
    #[error("lesson {0} does not exist")]
    Missing(u32),
    #[error("lesson store failed")]
    Store(#[source] io::Error),
    #[error("too many lessons at once")]
    Busy,
}

impl HasProblem for LessonError {
    fn code(&self) -> Code {
        match self {
            Self::Missing(_) => Code::MaterialNotFound,
            Self::Store(_) => Code::Internal,
            Self::Busy => Code::Overloaded,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Missing(number) => format!("A aula {number} não existe."),
            // On purpose: what is inside must not come out even when a feature says it.
            Self::Store(cause) => format!("Falhou: {cause}."),
            Self::Busy => "Há aulas demais na fila.".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Busy).then_some(Duration::from_millis(2_500))
    }
}

async fn answer(error: ApiError) -> (u16, header::HeaderMap, String, Vec<u8>) {
    let response = error.error_response();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let body = to_bytes(response.into_body())
        .await
        .unwrap_or_default()
        .to_vec();
    (status, headers, content_type, body)
}

#[test]
fn every_code_has_a_name_of_its_own_an_error_status_and_a_sentence() {
    let mut names = BTreeSet::new();
    for &code in Code::ALL {
        let name = code.name();
        assert!(names.insert(name), "{name} twice");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        assert!(
            code.status().is_client_error() || code.status().is_server_error(),
            "{name}"
        );
        assert!(
            code.detail().ends_with('.') && !code.title().ends_with('.'),
            "{name}"
        );
        assert_eq!(Code::from_name(name), Some(code));
        assert_eq!(code.type_uri(), format!("/problems/{name}"));
    }
    assert_eq!(Code::from_name("teapot"), None);
}

#[test]
fn every_error_status_has_a_code_of_the_same_class() {
    for status in (400..600).filter_map(|status| StatusCode::from_u16(status).ok()) {
        let code = Code::from_status(status);
        assert_eq!(
            code.status().is_client_error(),
            status.is_client_error(),
            "{status}"
        );
        if Code::ALL.iter().any(|code| code.status() == status) {
            assert_eq!(code.status(), status);
        }
    }
}

#[actix_web::test]
async fn a_feature_error_becomes_a_problem() {
    let (status, headers, content_type, body) = answer(LessonError::Missing(7).into()).await;
    let problem = assert_problem(status, &content_type, &body, Code::MaterialNotFound);
    assert_eq!(problem.detail, "A aula 7 não existe.");
    assert_eq!(problem.errors, []);
    assert_eq!(headers.get(header::CACHE_CONTROL).unwrap(), "no-store");
    assert!(headers.get(header::RETRY_AFTER).is_none());
}

#[actix_web::test]
async fn an_internal_error_says_nothing_of_the_inside_but_the_chain_does() {
    let cause = io::Error::other("open /srv/acervo/index: No such file");
    let error = ApiError::from(LessonError::Store(cause));
    assert_eq!(
        error.chain(),
        "lesson store failed: open /srv/acervo/index: No such file"
    );
    let (status, _, content_type, body) = answer(error).await;
    let problem = assert_problem(status, &content_type, &body, Code::Internal);
    assert_eq!(problem.detail, Code::Internal.detail());
    assert!(!String::from_utf8(body).unwrap().contains("srv"));
}

#[actix_web::test]
async fn waiting_times_are_whole_seconds_rounded_up() {
    let (status, headers, content_type, body) = answer(LessonError::Busy.into()).await;
    assert_problem(status, &content_type, &body, Code::Overloaded);
    assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "3");

    for code in [Code::RateLimited, Code::NotReady, Code::Timeout] {
        let (_, headers, ..) = answer(ApiError::new(code)).await;
        assert_eq!(
            headers.get(header::RETRY_AFTER).unwrap(),
            "1",
            "{}",
            code.name()
        );
    }
    assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
}

#[actix_web::test]
async fn a_401_names_the_scheme() {
    let (status, headers, content_type, body) = answer(ApiError::new(Code::Unauthorized)).await;
    assert_problem(status, &content_type, &body, Code::Unauthorized);
    assert_eq!(
        headers.get(header::WWW_AUTHENTICATE).unwrap(),
        "Bearer realm=\"acervo\""
    );
}

#[actix_web::test]
async fn another_servers_problem_passes_unchanged() {
    let theirs = Problem {
        r#type: "/problems/material_not_found".to_owned(),
        title: Code::MaterialNotFound.title().to_owned(),
        status: 404,
        detail: "O material \"x\" não existe.".to_owned(),
        instance: Some("/materials/x".to_owned()),
        code: "material_not_found".to_owned(),
        request_id: Some("theirs".to_owned()),
        errors: vec![FieldError::new("/id", "unknown", "não existe")],
    };
    let error = ApiError::passed_on(theirs.clone(), None);
    assert_eq!(error.code(), Code::MaterialNotFound);
    let (status, _, content_type, body) = answer(error).await;
    let ours = assert_problem(status, &content_type, &body, Code::MaterialNotFound);
    // Their number and path are none of our client's.
    assert_eq!(
        ours,
        Problem {
            instance: None,
            request_id: None,
            ..theirs
        }
    );
}

#[actix_web::test]
async fn a_newer_servers_unknown_code_keeps_its_name_and_status() {
    let mut theirs = ApiError::new(Code::Conflict).problem();
    theirs.code = "from_the_future".to_owned();
    theirs.status = 423;
    let (status, _, _, body) = answer(ApiError::passed_on(theirs.clone(), None)).await;
    assert_eq!(status, 423);
    assert_eq!(serde_json::from_slice::<Problem>(&body).unwrap(), theirs);

    let mut nonsense = theirs;
    nonsense.status = 200;
    let error = ApiError::passed_on(nonsense, None);
    assert_eq!(error.status(), StatusCode::BAD_GATEWAY);
}

#[test]
fn all_faults_of_a_request_are_named_in_one_sentence() {
    let invalid = Invalid::new()
        .field("/config/top_k", "out_of_range", "deve estar entre 1 e 100")
        .field("/question", "empty", "não pode ser vazia");
    assert_eq!(
        invalid.detail(),
        "config.top_k: deve estar entre 1 e 100; question: não pode ser vazia."
    );
    let error: ApiError = invalid.or(()).unwrap_err().into();
    assert_eq!(error.code(), Code::Unprocessable);
    assert_eq!(error.problem().errors.len(), 2);
    assert_eq!(Invalid::new().or(5), Ok(5));
}

#[test]
fn many_faults_do_not_make_a_long_sentence() {
    let mut invalid = Invalid::new();
    for number in 0..50 {
        invalid.push(FieldError::new(
            format!("/material_ids/{number}"),
            "wrong",
            "inválido",
        ));
    }
    assert_eq!(
        invalid.detail(),
        "material_ids.0: inválido; material_ids.1: inválido; material_ids.2: inválido; e mais 47."
    );
    assert_eq!(invalid.errors().len(), 50);
}

#[test]
fn the_documented_responses_point_at_the_problem_schema() {
    use utoipa::IntoResponses as _;
    let documented = serde_json::to_value(Problems::responses()).unwrap();
    for status in ["400", "401", "404", "413", "422", "500", "503", "507"] {
        assert_eq!(
            documented[status]["content"][CONTENT_TYPE]["schema"]["$ref"],
            "#/components/schemas/Problem"
        );
    }
}
