//! What every client of Kafka is told, and what the library has to say.

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

use super::KafkaSettings;

/// Milliseconds after which a broker that says nothing is taken for gone.
const SILENCE_MS: &str = "10000";
/// Milliseconds for a connection to be made.
const CONNECT_MS: &str = "5000";
/// Milliseconds before a lost connection is tried again, first and at most.
const RECONNECT_MS: (&str, &str) = ("50", "1000");

impl KafkaSettings {
    /// What every client is told.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Warning);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "roomtone")
            .set("allow.auto.create.topics", "false")
            .set("topic.metadata.refresh.fast.interval.ms", "50")
            .set("reconnect.backoff.ms", RECONNECT_MS.0)
            .set("reconnect.backoff.max.ms", RECONNECT_MS.1)
            .set("socket.connection.setup.timeout.ms", CONNECT_MS)
            .set("socket.timeout.ms", SILENCE_MS)
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true");
        config
    }
}

/// A client of which nothing is wanted but answers.
pub(super) struct Plain;

impl ClientContext for Plain {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, why: KafkaError, said: &str) {
        error(&why, said);
    }
}

impl ConsumerContext for Plain {}

/// A line of the library's own log. What it calls an error is mostly a broker that is away, and is tried again.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    if level as i32 <= RDKafkaLogLevel::Critical as i32 {
        tracing::error!(facility, line, "Kafka's client");
    } else if level as i32 <= RDKafkaLogLevel::Warning as i32 {
        tracing::warn!(facility, line, "Kafka's client");
    } else {
        tracing::debug!(facility, line, "Kafka's client");
    }
}

/// An error that belongs to no call; the library goes on by itself, and has it in its log as far as it is news.
pub(super) fn error(why: &KafkaError, said: &str) {
    tracing::debug!(%why, said, "Kafka's client");
}
