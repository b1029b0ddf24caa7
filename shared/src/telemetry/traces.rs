//! Traces over both servers: where a request comes from, where it goes on, and who is told (OpenTelemetry, OTLP over
//! HTTP).
//!
//! The number of a request and its trace travel in `X-Request-Id` and `traceparent` (W3C Trace Context). Spans are sent
//! only where an endpoint is set.

use actix_web::http::header::{HeaderMap as Incoming, HeaderName as IncomingName};
use async_trait::async_trait;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HeaderInjector, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use url::Url;

use super::TelemetryError;
use super::request::RequestId;
use crate::http::{self, HttpSettings};

/// Where spans are taken, below the endpoint (OTLP specification, "OTLP/HTTP Request").
const PATH: &str = "v1/traces";

/// Sends spans in the background; those that wait are sent when it is dropped.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// To the collector at `endpoint`, such as `http://localhost:4318`; call it inside a runtime.
    pub(super) fn to(endpoint: &Url, service: &'static str) -> Result<Self, TelemetryError> {
        let client = OnRuntime {
            client: http::client(&HttpSettings::default())?,
            runtime: Handle::current(),
        };
        let address = format!("{}/{PATH}", endpoint.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(address)
            .build()
            .map_err(|error| TelemetryError::Traces(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(service).build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer("acervo")
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // The collector's being away is no reason to end otherwise than well.
        drop(self.0.shutdown());
    }
}

/// The exporter works on a thread of its own, the client needs the runtime.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime
            .spawn(async move { client.send_bytes(request).await })
            .await?
    }
}

struct Headers<'a>(&'a Incoming);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(IncomingName::as_str).collect()
    }
}

/// The span goes on with the trace that the headers name, if they name one.
pub(super) fn go_on(span: &Span, headers: &Incoming) {
    if headers.contains_key("traceparent") {
        let parent = TraceContextPropagator::new().extract(&Headers(headers));
        // Without a collector there is nothing to go on with.
        drop(span.set_parent(parent));
    }
}

/// A request to our other server that carries the number and the trace of the one being answered.
pub fn carried_on(request: RequestBuilder) -> RequestBuilder {
    let mut headers = HeaderMap::new();
    TraceContextPropagator::new().inject_context(
        &Span::current().context(),
        &mut HeaderInjector(&mut headers),
    );
    if let Some(id) = RequestId::current()
        && let Ok(value) = HeaderValue::from_str(id.as_str())
    {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    request.headers(headers)
}
