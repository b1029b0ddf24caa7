use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, FromRedisValue, IntoConnectionInfo as _, RedisError, cmd};
use tokio::sync::OnceCell;

use super::{Cache, CacheError};

/// A cache slower than this is worse than none. (A machine that is busy testing is no slow cache.)
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 10_000 } else { 250 });
/// How long it is left alone after it failed, so that an outage does not slow every request.
const REST_MS: i64 = 500;

/// Redis: one server, or a cluster. Connects when first asked and again after every failure.
pub struct RedisCache {
    link: Link,
    prefix: String,
    clock: Arc<dyn Clock>,
    rests_until: AtomicI64,
}

enum Link {
    Single(ConnectionManager),
    Cluster {
        client: ClusterClient,
        connection: OnceCell<ClusterConnection>,
    },
}

impl RedisCache {
    /// Whether an address can be used.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_url(url: &str) -> Result<(), RedisError> {
        for node in url.split(',') {
            node.trim().into_connection_info()?;
        }
        Ok(())
    }

    /// Of one address, or of a cluster's with commas; `prefix` stands before every key. Needs a running tokio; does not connect yet.
    ///
    /// # Errors
    /// An address that cannot be used.
    pub fn new(url: &str, prefix: &str, clock: Arc<dyn Clock>) -> Result<Self, RedisError> {
        let nodes: Vec<&str> = url.split(',').map(str::trim).collect();
        let link = if let [single] = nodes.as_slice() {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1)
                .set_max_delay(PATIENCE);
            let client = redis::Client::open(*single)?;
            Link::Single(ConnectionManager::new_lazy_with_config(client, config)?)
        } else {
            Link::Cluster {
                client: ClusterClient::builder(nodes)
                    .connection_timeout(PATIENCE)
                    .response_timeout(PATIENCE)
                    .retries(1)
                    .build()?,
                connection: OnceCell::new(),
            }
        };
        Ok(Self {
            link,
            prefix: prefix.to_owned(),
            clock,
            rests_until: AtomicI64::new(0),
        })
    }

    /// A key of ours among other programs' keys.
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        if self.clock.now_ms() < self.rests_until.load(Ordering::Relaxed) {
            return Err(CacheError::Resting);
        }
        let answer = tokio::time::timeout(PATIENCE * 2, self.send(command)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(RedisError::from(std::io::Error::from(
                std::io::ErrorKind::TimedOut,
            )))
        });
        answer.map_err(|error| {
            let now = self.clock.now_ms();
            let was = self
                .rests_until
                .swap(now.saturating_add(REST_MS), Ordering::Relaxed);
            if was.saturating_add(REST_MS * 4) < now {
                tracing::warn!(%error, "the shared cache does not answer: going on without it");
            }
            CacheError::Redis(error)
        })
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        match &self.link {
            Link::Single(manager) => command.query_async(&mut manager.clone()).await,
            Link::Cluster { client, connection } => {
                let connection = connection
                    .get_or_try_init(|| client.get_async_connection())
                    .await?;
                command.query_async(&mut connection.clone()).await
            }
        }
    }
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Increments, and starts the time of a counter that is new: one step, or a crash between two would leave a counter
/// for ever.
const COUNT: &str = "local n = redis.call('INCR', KEYS[1]) \
    if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n";

#[async_trait]
impl Cache for RedisCache {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        if matches!(self.link, Link::Single(_)) {
            let mut command = cmd("MGET");
            for one in keys {
                command.arg(self.key(one));
            }
            return self.ask(&command).await;
        }
        // Keys of one MGET must live on one node.
        let mut found = Vec::with_capacity(keys.len());
        for one in keys {
            found.push(self.ask(cmd("GET").arg(self.key(one))).await?);
        }
        Ok(found)
    }

    async fn set(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError> {
        self.ask(
            cmd("SET")
                .arg(self.key(name))
                .arg(value)
                .arg("PX")
                .arg(milliseconds(ttl)),
        )
        .await
    }

    async fn set_if_absent(
        &self,
        name: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        let answer: Option<String> = self
            .ask(
                cmd("SET")
                    .arg(self.key(name))
                    .arg(value)
                    .arg("PX")
                    .arg(milliseconds(ttl))
                    .arg("NX"),
            )
            .await?;
        Ok(answer.is_some())
    }

    async fn remove(&self, name: &str) -> Result<(), CacheError> {
        self.ask(cmd("DEL").arg(self.key(name))).await
    }

    async fn count(&self, name: &str, ttl: Duration) -> Result<u64, CacheError> {
        self.ask(
            cmd("EVAL")
                .arg(COUNT)
                .arg(1)
                .arg(self.key(name))
                .arg(milliseconds(ttl)),
        )
        .await
    }

    async fn ping(&self) -> Result<(), CacheError> {
        let _pong: String = self.ask(&cmd("PING")).await?;
        Ok(())
    }

    fn held_bytes(&self) -> Option<u64> {
        None
    }

    fn kind(&self) -> &'static str {
        "redis"
    }
}

/// The address may hold a password.
impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache").finish_non_exhaustive()
    }
}
