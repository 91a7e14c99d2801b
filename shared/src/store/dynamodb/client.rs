//! The client: made once, with timeouts of its own.

use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::{Client, Config};

use super::http::Http;
use crate::outbound::Outbound;

/// How long one try of a call may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long a call may take with all its tries.
const OPERATION: Duration = Duration::from_secs(5);
/// Tries that the client makes by itself; what may be tried beyond is known where the call is made.
const ATTEMPTS_MAX: u32 = 2;
/// The region of emulators, which have none.
const LOCAL_REGION: Region = Region::from_static("us-east-1");

/// What is to be known of DynamoDB.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct DynamoSettings {
    /// `DYNAMODB_ENDPOINT`: an emulator; without it, AWS.
    pub(in crate::store) endpoint: Option<String>,
    /// `DYNAMODB_TABLE_PREFIX`: what the tables' names begin with.
    pub(in crate::store) table_prefix: String,
    /// Whether the environment has credentials; an emulator takes any.
    pub(in crate::store) has_credentials: bool,
}

/// Makes the client of a node. Credentials and region are found as AWS's tools find them.
pub(in crate::store) async fn connect(settings: &DynamoSettings, outbound: Outbound) -> Client {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Http(outbound))
        .timeout_config(timeouts())
        .retry_config(retries());
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
        if !settings.has_credentials {
            loader = loader.credentials_provider(local()).region(LOCAL_REGION);
        }
    }
    Client::new(&loader.load().await)
}

/// Makes the client of a function. Credentials and region are in its environment, where Lambda puts them: to look
/// anywhere else would take time, and the code for it.
pub(in crate::store) async fn connect_function(
    settings: &DynamoSettings,
    outbound: Outbound,
) -> Client {
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Http(outbound))
        .timeout_config(timeouts())
        .retry_config(retries());
    if settings.endpoint.is_some() && !settings.has_credentials {
        config = config.credentials_provider(local()).region(LOCAL_REGION);
    } else {
        let region = EnvironmentVariableRegionProvider::new().region().await;
        let credentials = EnvironmentVariableCredentialsProvider::new();
        config = config.credentials_provider(credentials).region(region);
    }
    config.set_endpoint_url(settings.endpoint.clone());
    Client::from_conf(config.build())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(20))
}

/// What an emulator takes for credentials.
fn local() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}
