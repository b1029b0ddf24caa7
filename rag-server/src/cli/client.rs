//! The HTTP client of the command line, and the server it talks to.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Body, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::clock::SystemClock;
use shared::http::{self, HttpSettings};
use shared::problem::Problem;
use shared::shutdown::Shutdown;
use shared::token::ServiceTokens;

use crate::app::{App, Ports};
use crate::replica::DataLock;
use crate::settings::Settings;

/// Largest answer read into memory.
const MAX_ANSWER: u64 = 256 << 20;

/// Talks to a rag-server.
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
    tokens: Option<ServiceTokens>,
    own: Option<Own>,
}

/// A server that lives inside this process.
struct Own {
    shutdown: Shutdown,
    serving: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Client {
    /// The server that has the data folder open, else one of our own for as long as this client lives.
    pub(crate) async fn attach(mut settings: Settings) -> anyhow::Result<Self> {
        let tokens = settings
            .service
            .as_ref()
            .map(|service| {
                ServiceTokens::new(
                    &service.secret,
                    service.issuer.as_str(),
                    service.audience.as_str(),
                )
            })
            .transpose()
            .context("service.secret")?;
        let http = http::client(&HttpSettings {
            total_timeout: Duration::from_secs(600),
            ..HttpSettings::default()
        })?;
        if let Some(base) = DataLock::holder(&settings.data_dir).filter(|base| !base.is_empty()) {
            return Ok(Self {
                base,
                http,
                tokens,
                own: None,
            });
        }
        settings.server.host = std::net::Ipv4Addr::LOCALHOST.into();
        settings.server.port = 0;
        settings.replica = None;
        let app = App::build(settings, Ports::real()?).await?;
        let base = format!("http://{}", app.address());
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(app.run(shutdown.clone()));
        Ok(Self {
            base,
            http,
            tokens,
            own: Some(Own { shutdown, serving }),
        })
    }

    /// Stops the server of our own, if there is one, and waits until all is written.
    pub(crate) async fn detach(self) -> anyhow::Result<()> {
        if let Some(own) = self.own {
            own.shutdown.begin();
            own.serving.await??;
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        let request = self.http.request(method, format!("{}{path}", self.base));
        Ok(match &self.tokens {
            Some(tokens) => request.bearer_auth(tokens.sign(&SystemClock)?),
            None => request,
        })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        answer(self.request(Method::GET, path)?.send().await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        answer(self.request(Method::POST, path)?.json(body).send().await?).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> anyhow::Result<T> {
        let mut url = url::Url::parse(&format!("{}{path}", self.base))?;
        url.query_pairs_mut().extend_pairs(query);
        let request = self.http.put(url).body(body);
        let request = match &self.tokens {
            Some(tokens) => request.bearer_auth(tokens.sign(&SystemClock)?),
            None => request,
        };
        answer(request.send().await?).await
    }
}

async fn answer<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    let status = response.status();
    let body = http::read_capped(response, MAX_ANSWER).await?;
    if status.is_success() {
        return Ok(serde_json::from_slice(&body)?);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => bail!("{} ({}, {})", problem.detail, problem.code, status.as_u16()),
        Err(_) => bail!("the server answered {status}"),
    }
}
