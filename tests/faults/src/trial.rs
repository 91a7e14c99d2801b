//! The course of a scenario: people gather and talk, faults strike while messages are in flight, and what came of it is judged.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::{Server, Starting};
use serde::{Deserialize, Serialize};

use crate::crowd::{Crowd, Size};
use crate::judge::Verdict;
use crate::scale::Scale;

/// How long anything may take that people wait for.
const LIMIT: Duration = Duration::from_secs(300);

/// A fleet, and people who talk there.
pub(crate) struct Trial {
    pub(crate) server: Server,
    crowd: Crowd,
    faults: usize,
    acknowledged_in: Option<Duration>,
    back_in: Option<Duration>,
}

/// What came of a scenario.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// How often the fault struck.
    pub(crate) faults: usize,
    /// The longest time from a fault's end to the next message acknowledged, where the fault can hold that up.
    pub(crate) acknowledged_in: Option<Duration>,
    /// The longest time from a fault to the first who was cut off and is back, where it cuts anybody off.
    pub(crate) back_in: Option<Duration>,
    pub(crate) verdict: Verdict,
    /// Messages of the log, all of them in history and nothing else there.
    pub(crate) archived: usize,
    /// What else was counted, in words.
    pub(crate) also: String,
}

impl Trial {
    /// Starts a fleet, and has people begin to talk there.
    pub(crate) async fn begin(scale: Scale, starting: Starting) -> Self {
        Self::begin_with(starting, Size::calm(scale)).await
    }

    /// The same, with so many people.
    pub(crate) async fn begin_with(starting: Starting, size: Size) -> Self {
        // What a production's nodes have, and not what a busy machine's tests do.
        let starting = starting.with("ROOMTONE_REDIS_TIMEOUT_MS", 250);
        let mut server = starting.start().await;
        // Three nodes that may go. The process that answers HTTP stays, and whoever came to it would too.
        server.add_node(&[]).await;
        server.keep_to_nodes();
        let crowd = Crowd::gather(&server, size).await;
        Self {
            server,
            crowd,
            faults: 0,
            acknowledged_in: None,
            back_in: None,
        }
    }

    /// The rooms of the first who gathered.
    pub(crate) fn rooms(&self) -> &[String] {
        self.crowd.rooms()
    }

    /// Messages acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.crowd.acknowledged()
    }

    /// Connections made again so far.
    pub(crate) fn came_back(&self) -> usize {
        self.crowd.came_back()
    }

    /// Waits until so many more messages are acknowledged, and others are in flight: what comes next strikes those.
    pub(crate) async fn talk(&self, messages: usize) {
        self.crowd.more(messages, LIMIT).await;
        self.crowd.busy(LIMIT).await;
    }

    /// Counts faults.
    pub(crate) fn struck(&mut self, faults: usize) {
        self.faults += faults;
    }

    /// Waits for the next acknowledgement after a fault, or within one that nobody should notice.
    pub(crate) async fn next_acknowledged(&mut self) {
        let took = self.crowd.more(1, LIMIT).await;
        self.acknowledged_in = self.acknowledged_in.max(Some(took));
    }

    /// Waits until somebody is back after they had been so often.
    pub(crate) async fn back_after(&mut self, before: usize) {
        let took = self.crowd.came_back_after(before, LIMIT).await;
        self.back_in = self.back_in.max(Some(took));
    }

    /// Waits until so many subscriptions went on where another one was ended.
    pub(crate) async fn subscribed(&self, wanted: usize, limit: Duration) {
        self.crowd.subscribed(wanted, limit).await;
    }

    /// Kills the node that has been there longest, and waits until somebody who was on it is back elsewhere.
    pub(crate) async fn lose_node(&mut self) {
        let before = self.came_back();
        let mut node = self.server.take_node(0);
        node.kill().await;
        self.struck(1);
        self.back_after(before).await;
    }

    /// Has everybody say their last words and hear all others'.
    pub(crate) async fn last_words(&mut self) {
        self.crowd.finish(LIMIT).await;
    }

    /// Has everybody come to an end, judges what they wrote down, and holds history against the log.
    pub(crate) async fn judge(mut self) -> Outcome {
        self.last_words().await;
        let log = archive::log(&self.server).await;
        let verdict = self.crowd.judge(&log);
        archive::has(&self.server, &log).await;
        Outcome {
            faults: self.faults,
            acknowledged_in: self.acknowledged_in,
            back_in: self.back_in,
            verdict,
            archived: log.len(),
            also: String::new(),
        }
    }
}

impl Outcome {
    /// With what else was counted.
    pub(crate) fn also(mut self, also: impl Into<String>) -> Self {
        self.also = also.into();
        self
    }

    /// Nobody's connection ended before they did.
    ///
    /// # Panics
    /// Where one did.
    pub(crate) fn unnoticed(self) -> Self {
        assert_eq!(
            self.verdict.cut_off, 0,
            "somebody noticed: {:?}",
            self.verdict
        );
        self
    }
}
