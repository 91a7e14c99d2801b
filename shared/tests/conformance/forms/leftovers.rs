//! What a test leaves in the real parts, removed: its topic, its tables, its database and its keys.

use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use roomtone_shared::config::Env;

/// How long one part may take.
const REMOVAL: Duration = Duration::from_secs(20);
/// Keys removed at once.
const KEYS: usize = 500;

/// A MongoDB address with another database.
pub(super) fn with_database(uri: &str, database: &str) -> String {
    let (scheme, rest) = uri.split_once("://").expect("mongodb://…");
    let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = before.split('/').next().unwrap_or_default();
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{scheme}://{hosts}/{database}{mark}{options}")
}

/// Removes everything with this test's name.
pub(super) async fn remove(env: &Env, name: &str) {
    let text = |setting| env.text(setting).unwrap_or_default();
    tokio::join!(
        kafka(text("KAFKA_BROKERS"), name),
        dynamodb(text("DYNAMODB_ENDPOINT"), text("DYNAMODB_TABLE_PREFIX")),
        mongodb(text("MONGO_URI")),
        redis(text("REDIS_URL"), text("ROOMTONE_REDIS_PREFIX")),
    );
}

async fn kafka(brokers: &str, topic: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().expect("Kafka's client");
    let options = AdminOptions::new().operation_timeout(Some(REMOVAL));
    let removed = admin.delete_topics(&[topic], &options).await;
    removed.expect("a topic that is removed");
}

async fn dynamodb(endpoint: &str, prefix: &str) {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    for table in ["memberships", "history", "log"] {
        let removing = client.delete_table().table_name(format!("{prefix}{table}"));
        removing.send().await.expect("a table that is removed");
    }
}

async fn mongodb(uri: &str) {
    let client = mongodb::Client::with_uri_str(uri).await;
    let client = client.expect("MongoDB's client");
    let database = client.default_database().expect("a database in the URI");
    database.drop().await.expect("a database that is removed");
}

async fn redis(url: &str, prefix: &str) {
    let client = redis::Client::open(url).expect("Redis's client");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("a connection to Redis");
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*"));
        scan.arg("COUNT").arg(KEYS);
        let found: (u64, Vec<String>) = scan.query_async(&mut connection).await.expect("keys");
        if !found.1.is_empty() {
            let mut unlink = redis::cmd("UNLINK");
            unlink.arg(&found.1);
            let removed: Result<u64, _> = unlink.query_async(&mut connection).await;
            removed.expect("keys that are removed");
        }
        cursor = found.0;
        if cursor == 0 {
            return;
        }
    }
}
