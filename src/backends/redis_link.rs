//! Owns the connection to Redis over which commands run. Used by the cache, the census and the bus.
//! It reconnects by itself, and no call waits longer than a few seconds.

use super::BackendResult;
use redis::{
    Client, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{fmt, time::Duration};

/// How long one command may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a new connection may take.
pub(super) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection shared by all callers of a node; cheap to clone.
#[derive(Clone)]
pub struct RedisLink {
    client: Client,
    connection: ConnectionManager,
}

impl RedisLink {
    /// Connects to a `redis://` or `rediss://` URL. Fails when the URL is invalid or Redis does not
    /// answer.
    pub async fn connect(url: &str) -> BackendResult<Self> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_number_of_retries(3)
            .set_max_delay(Duration::from_secs(1));
        let connection = client.get_connection_manager_with_config(config).await?;
        Ok(Self { client, connection })
    }

    /// Returns the client, for callers that need their own connection.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Runs commands in one batch. If the connection was lost, reconnects and runs them once more.
    pub(super) async fn run<T: FromRedisValue>(&self, pipeline: &Pipeline) -> BackendResult<T> {
        let first: RedisResult<T> = pipeline.query_async(&mut self.connection.clone()).await;
        match first {
            Err(error) if is_lost(&error) => Ok(pipeline.query_async(&mut self.connection.clone()).await?),
            result => Ok(result?),
        }
    }

    /// Runs a script, as [`Self::run`] does.
    pub(super) async fn invoke<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> BackendResult<T> {
        let first: RedisResult<T> = script.invoke_async(&mut self.connection.clone()).await;
        match first {
            Err(error) if is_lost(&error) => Ok(script.invoke_async(&mut self.connection.clone()).await?),
            result => Ok(result?),
        }
    }
}

fn is_lost(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error() && !error.is_timeout()
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisLink")
    }
}
