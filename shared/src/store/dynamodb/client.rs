//! The client: made once, with timeouts of its own.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one try of a call may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long a call may take with all its tries.
const OPERATION: Duration = Duration::from_secs(5);
/// Tries that the client makes by itself; what may be tried beyond is known where the call is made.
const ATTEMPTS_MAX: u32 = 2;
/// The region of emulators, which have none.
const LOCAL_REGION: &str = "us-east-1";

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

/// Makes the client. Credentials and region are found as AWS's tools find them.
pub(in crate::store) async fn connect(settings: &DynamoSettings) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(20));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries);
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
        if !settings.has_credentials {
            let local = Credentials::new("local", "local", None, None, "local");
            loader = loader
                .credentials_provider(local)
                .region(Region::new(LOCAL_REGION));
        }
    }
    Client::new(&loader.load().await)
}
