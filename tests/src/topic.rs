//! The topic of a fleet's log, as its operator handles it.

use std::path::Path;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use crate::deadline::until;
use crate::fleet;
use crate::server::Server;

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(20);
const PARTITIONS: i32 = 4;

/// A topic that is there, or is to be.
pub struct Topic {
    name: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Topic {
    /// The topic of this fleet.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        Self::in_environment(server.environment())
    }

    /// The topic of a fleet that is to be started on this folder.
    #[must_use]
    pub fn for_folder(folder: &Path) -> Self {
        Self::in_environment(&fleet::environment(folder))
    }

    fn in_environment(environment: &[(String, String)]) -> Self {
        let brokers = fleet::setting(environment, "KAFKA_BROKERS");
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        Self {
            name: fleet::setting(environment, "ROOMTONE_KAFKA_TOPIC").into(),
            admin: config.create().expect("a client of Kafka"),
        }
    }

    /// Makes it, with these settings.
    ///
    /// # Panics
    /// Where Kafka refuses.
    pub async fn create(&self, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(&self.name, PARTITIONS, TopicReplication::Fixed(1));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let made = self.admin.create_topics([&topic], &options()).await;
        made.expect("an answer")[0].as_ref().expect("a topic");
    }

    /// Removes it, and waits until it is gone.
    ///
    /// # Panics
    /// Where Kafka refuses.
    pub async fn delete(&self) {
        let gone = self.admin.delete_topics(&[&self.name], &options()).await;
        gone.expect("an answer")[0].as_ref().expect("it was there");
        until("the topic to be gone", || async {
            let metadata = self.admin.inner().fetch_metadata(Some(&self.name), ANSWER);
            let metadata = metadata.expect("an answer");
            metadata.topics()[0].partitions().is_empty().then_some(())
        })
        .await;
    }

    /// Which broker leads each partition, and how many have a whole copy of it.
    ///
    /// # Panics
    /// Where Kafka does not answer.
    #[must_use]
    pub fn copies(&self) -> Vec<(i32, usize)> {
        let metadata = self.admin.inner().fetch_metadata(Some(&self.name), ANSWER);
        let metadata = metadata.expect("an answer");
        let partitions = metadata.topics()[0].partitions().iter();
        partitions.map(|p| (p.leader(), p.isr().len())).collect()
    }

    /// Where each partition ends; none while one of them has nobody who knows.
    #[must_use]
    pub fn ends(&self) -> Option<Vec<i64>> {
        let client = self.admin.inner();
        let end = |partition| client.fetch_watermarks(&self.name, partition, ANSWER);
        let ends = (0..PARTITIONS).map(|partition| Some(end(partition).ok()?.1));
        ends.collect()
    }

    /// Gives it more partitions, so that there are as many as this.
    ///
    /// # Panics
    /// Where Kafka refuses.
    pub async fn grow(&self, partitions: usize) {
        let more = NewPartitions::new(&self.name, partitions);
        let grown = self.admin.create_partitions([&more], &options()).await;
        grown.expect("an answer")[0].as_ref().expect("more of them");
        until("the partitions to be there", || async {
            let metadata = self.admin.inner().fetch_metadata(Some(&self.name), ANSWER);
            let found = metadata.expect("an answer").topics()[0].partitions().len();
            (found == partitions).then_some(())
        })
        .await;
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER))
}
