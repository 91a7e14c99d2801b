//! A real part that a test has to itself, to stop it and to start it again on what it kept.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::port::free_ports;
use crate::process::signal;

const COMMANDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../localstack");

/// A part that `localstack/up` starts natively, on a port and in a folder of its own. Dropped, it is ended, and what it
/// kept is gone.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    folder: Folder,
    port: u16,
    /// Processes of it, on the ports from `port` on.
    count: u16,
}

/// Brokers that keep a record when one of them is gone.
pub const BROKERS: u16 = 3;

impl Part {
    /// Starts the part of this name, such as `redis`, and waits until it answers.
    ///
    /// # Panics
    /// Where it can't be had.
    pub async fn start(name: &'static str) -> Self {
        Self::start_on(name, 1).await
    }

    /// Starts three brokers, the first of which is the controller as well.
    ///
    /// # Panics
    /// Where they can't be had.
    pub async fn start_brokers() -> Self {
        Self::start_on("kafka", BROKERS).await
    }

    async fn start_on(name: &'static str, count: u16) -> Self {
        let part = Self {
            name,
            folder: Folder::new(),
            // One more than processes, for Kafka's controller.
            port: free_ports(count + 1),
            count,
        };
        part.up().await;
        part
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again.
    ///
    /// # Panics
    /// Where it does not come up.
    pub async fn up(&self) {
        self.ask(&["up", "--native", self.name]).await;
    }

    /// Stops it; what it keeps on disk stays.
    ///
    /// # Panics
    /// Where it can't be stopped.
    pub async fn stop(&self) {
        self.ask(&["down", self.name]).await;
    }

    /// Kills it as `kill -9` does; what it keeps on disk stays.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn kill(&self) {
        self.signal("KILL").await;
    }

    /// Kills one of the brokers, of which the first is the controller as well.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn kill_broker(&self, number: i32) {
        self.signal_of(&format!("kafka-{number}"), "KILL").await;
    }

    /// Sends its process a signal, such as `STOP` or `CONT`.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn signal(&self, name: &str) {
        self.signal_of(self.name, name).await;
    }

    async fn signal_of(&self, process: &str, name: &str) {
        let file = self.folder.path().join("pids").join(process);
        let file = std::fs::read_to_string(file).expect("its pid, as localstack/up wrote it down");
        let pid = file.split(' ').next().expect("a pid");
        signal(name, pid).await;
    }

    async fn ask(&self, arguments: &[&str]) {
        let output = tokio::process::Command::from(self.command(arguments)).output();
        let output = output.await.expect("localstack's commands");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(COMMANDS).join(arguments[0]));
        command.args(&arguments[1..]).stdin(Stdio::null());
        command.env("ROOMTONE_RUN", self.folder.path());
        let port = format!("ROOMTONE_{}_PORT", self.name.to_uppercase());
        command.env(port, self.port.to_string());
        if self.count > 1 {
            command.env("ROOMTONE_KAFKA_BROKERS_COUNT", self.count.to_string());
        }
        command
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut down = self.command(&["down", "--wipe", self.name]);
        let ended = down.stdout(Stdio::null()).status();
        // A test that failed has its own word to say.
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}
