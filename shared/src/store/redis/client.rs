//! The connection to Redis: made when it is first needed, made anew when it is lost, and left alone for a while
//! where Redis does not answer. It knows no key and no script.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisResult};
use redis::{ScriptInvocation, Value};

use super::breaker::{Breaker, Failure, Wait};
use crate::config::ConfigError;
use crate::error::Error;

/// Where there is another way, a call may take this part of the time that it may take where there is none.
const BRIEF_PART: u32 = 5;
/// Calls that wait to be put on the connection; more wait for their place, no longer than a call may take.
const UNSENT_MAX: usize = 1_024;
/// What errors call the setting.
const URL: &str = "REDIS_URL";

/// What is to be known of Redis. `Debug` shows no URL, for there may be a password in it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::store) struct RedisSettings {
    /// `REDIS_URL`: where it is, such as `redis://host:6379`.
    pub(in crate::store) url: String,
    /// `ROOMTONE_REDIS_PREFIX`: what all keys begin with; empty where Redis is for nothing else.
    pub(in crate::store) prefix: String,
    /// `ROOMTONE_REDIS_TIMEOUT_MS`: how long a call may take where there is no other way.
    pub(in crate::store) timeout: Duration,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RedisSettings");
        shown.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Redis did not answer, or was not asked because it did not answer a moment ago. It is logged when that begins
/// and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis is not available right now")]
pub struct Away;

impl Away {
    /// The error of an operation that needs the presence store.
    pub(super) fn presence(self) -> Error {
        Error::Unavailable("presence")
    }
}

/// Redis, by one connection that all calls share. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Redis(Arc<Shared>);

struct Shared {
    client: Client,
    prefix: String,
    timeout: Duration,
    /// The connection there is, with its number.
    connection: Mutex<Option<(u64, MultiplexedConnection)>>,
    /// How many connections there were. Whoever makes one holds this.
    made: tokio::sync::Mutex<u64>,
    breaker: Mutex<Breaker>,
}

/// What is asked of Redis.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Script(&'a ScriptInvocation<'a>),
    Pipeline(&'a Pipeline),
}

impl Asked<'_> {
    async fn of<T: FromRedisValue>(self, mut connection: MultiplexedConnection) -> RedisResult<T> {
        match self {
            Self::Script(script) => script.invoke_async(&mut connection).await,
            Self::Pipeline(pipeline) => pipeline.query_async(&mut connection).await,
        }
    }
}

impl Redis {
    /// Takes the settings. Nothing is connected yet, so a start does not need Redis.
    ///
    /// # Errors
    /// Where the URL is none of Redis.
    pub(in crate::store) fn new(settings: &RedisSettings) -> Result<Self, ConfigError> {
        let client = Client::open(settings.url.as_str())
            .map_err(|_| ConfigError::new(URL, "must be a URL such as redis://host:6379"))?;
        Ok(Self(Arc::new(Shared {
            client,
            prefix: settings.prefix.clone(),
            timeout: settings.timeout,
            connection: Mutex::default(),
            made: tokio::sync::Mutex::default(),
            breaker: Mutex::default(),
        })))
    }

    /// A key below the prefix of the settings.
    pub(super) fn key(&self, name: impl fmt::Display) -> String {
        format!("{}{name}", self.0.prefix)
    }

    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        wait: Wait,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Away> {
        self.ask(wait, Asked::Script(script)).await
    }

    /// Runs commands one after the other; others' may come between them.
    pub(super) async fn pipe<T: FromRedisValue>(
        &self,
        wait: Wait,
        pipeline: &Pipeline,
    ) -> Result<T, Away> {
        self.ask(wait, Asked::Pipeline(pipeline)).await
    }

    /// Runs commands whose answers say nothing but that it is done.
    pub(super) async fn tell(&self, wait: Wait, pipeline: &Pipeline) -> Result<(), Away> {
        let _: Value = self.pipe(wait, pipeline).await?;
        Ok(())
    }

    async fn ask<T: FromRedisValue>(&self, wait: Wait, asked: Asked<'_>) -> Result<T, Away> {
        if !self.breaker().admits(wait, Instant::now()) {
            return Err(Away);
        }
        let limit = match wait {
            Wait::Brief => self.0.timeout / BRIEF_PART,
            Wait::Full | Wait::Probe => self.0.timeout,
        };
        match tokio::time::timeout(limit, self.try_twice(asked)).await {
            Ok(Ok(answer)) => {
                if self.breaker().answered(wait) {
                    tracing::info!(?wait, "Redis answers again");
                }
                Ok(answer)
            }
            Ok(Err(why)) => Err(self.failed(wait, Failure::Broken, &why)),
            Err(_) => Err(self.failed(wait, Failure::Late, &format_args!("no answer in time"))),
        }
    }

    /// A connection that was closed while nobody used it is found out by the first who does, so that one
    /// tries again on a new one.
    async fn try_twice<T: FromRedisValue>(&self, asked: Asked<'_>) -> RedisResult<T> {
        let known = self.connection().clone();
        let Some((number, connection)) = known else {
            return self.try_on_new(0, asked).await;
        };
        match asked.of(connection).await {
            Err(why) if why.is_connection_dropped() => self.try_on_new(number, asked).await,
            Err(why) => {
                self.drop_connection(number);
                Err(why)
            }
            answer => answer,
        }
    }

    async fn try_on_new<T: FromRedisValue>(&self, old: u64, asked: Asked<'_>) -> RedisResult<T> {
        let (number, connection) = self.connect(old).await?;
        let answer = asked.of(connection).await;
        if answer.is_err() {
            self.drop_connection(number);
        }
        answer
    }

    /// A connection newer than the one with that number: made by whoever comes first, and shared by the others.
    async fn connect(&self, old: u64) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut made = self.0.made.lock().await;
        let known = self.connection().clone();
        if let Some(newer) = known.filter(|(number, _)| *number > old) {
            return Ok(newer);
        }
        // Every call has its own limit, whatever the connection is at.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(UNSENT_MAX);
        let client = &self.0.client;
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *made += 1;
        let new = (*made, connection);
        *self.connection() = Some(new.clone());
        Ok(new)
    }

    fn failed(&self, wait: Wait, failure: Failure, why: &dyn fmt::Display) -> Away {
        let begins = self.breaker().failed(wait, failure, Instant::now());
        if begins {
            tracing::warn!(?wait, %why, "Redis does not answer, and is left alone for a while");
        } else if failure == Failure::Late {
            // One late answer may still come, and what was asked keeps its order on the connection. Two may
            // mean that the connection leads nowhere any more.
            *self.connection() = None;
        }
        Away
    }

    fn drop_connection(&self, number: u64) {
        let mut connection = self.connection();
        if connection.as_ref().is_some_and(|(of, _)| *of == number) {
            *connection = None;
        }
    }

    fn connection(&self) -> MutexGuard<'_, Option<(u64, MultiplexedConnection)>> {
        let connection = &self.0.connection;
        connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        let breaker = &self.0.breaker;
        breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_redis_is_named_and_not_shown() {
        for url in ["", "http://secret", "secret:6379", "redis://"] {
            let settings = RedisSettings {
                url: url.into(),
                prefix: String::new(),
                timeout: Duration::from_millis(250),
            };
            assert!(!format!("{settings:?}").contains("secret"));
            let Err(why) = Redis::new(&settings) else {
                panic!("{url} was taken");
            };
            assert!(why.name == URL && !why.reason.contains("secret"), "{why}");
        }
    }
}
