//! The real server: one process that keeps all in a folder, or, where the tests run on the real parts, a fleet.
//!
//! A fleet is three nodes: the one process, which answers HTTP too, and two socket nodes. Clients are spread over
//! them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::http::Request;
use crate::process::Process;
use crate::user::User;
use crate::{fleet, program, settings};

pub use crate::process::Failed;

/// Counts over all servers of a run, so that a server on older data has no user twice.
static USERS: AtomicU64 = AtomicU64::new(1);

/// A server that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    process: Process,
    nodes: Vec<Process>,
    sockets: Sockets,
    folder: Arc<Folder>,
    environment: Vec<(String, String)>,
    fleet: bool,
}

/// Where sockets may connect, one place after another. Clones are the same places, and count together.
#[derive(Clone, Debug)]
pub struct Sockets {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    next: Arc<AtomicUsize>,
}

impl Sockets {
    fn new(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            addresses: Arc::new(Mutex::new(addresses.into_iter().collect())),
            next: Arc::default(),
        }
    }

    /// The next place.
    ///
    /// # Panics
    /// Where a test that held the places panicked.
    #[must_use]
    pub fn next(&self) -> SocketAddr {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let addresses = self.addresses.lock().unwrap();
        addresses[next % addresses.len()]
    }

    fn add(&self, address: SocketAddr) {
        self.addresses.lock().unwrap().push(address);
    }

    fn remove(&self, address: SocketAddr) {
        self.addresses
            .lock()
            .unwrap()
            .retain(|there| *there != address);
    }
}

/// How to start one.
#[derive(Clone, Debug, Default)]
pub struct Starting {
    folder: Option<Arc<Folder>>,
    environment: Vec<(String, String)>,
    port: u16,
    alone: bool,
}

impl Starting {
    /// With a rate of messages that no test reaches; the limiter is still in the way.
    #[must_use]
    pub fn unhurried() -> Self {
        let fast = Self::default().with("ROOMTONE_SENDS_PER_S", 1_000_000);
        fast.with("ROOMTONE_SEND_BURST", 1_000_000)
    }

    /// With a setting of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.into(), value.to_string()));
        self
    }

    /// As the one process, whatever the others' tests run on.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// On the data of an earlier run.
    #[must_use]
    pub fn on(mut self, folder: Arc<Folder>) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Where its data will be: a new folder, unless one was given.
    pub fn folder(&mut self) -> Arc<Folder> {
        self.folder.get_or_insert_default().clone()
    }

    /// On this port, and not on one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// Where it ends first.
    pub async fn start(self) -> Server {
        let started = self.try_start().await;
        started.unwrap_or_else(|failed| {
            panic!(
                "the server ended with {}:\n{}",
                failed.status, failed.output
            )
        })
    }

    /// Starts it and waits until it listens, or ends.
    ///
    /// # Errors
    /// What it wrote and how it ended, where it did.
    ///
    /// # Panics
    /// Where it does neither before the deadline.
    pub async fn try_start(self) -> Result<Server, Failed> {
        let folder = self.folder.clone().unwrap_or_default();
        let environment = self.environment(folder.path());
        let port = self.port.to_string();
        let data = folder.path().to_str().expect("a path of characters");
        let arguments = ["--port", &port, "--data", data];
        let binary = program::path();
        let process = Process::start(binary, &arguments, folder.path(), &environment).await?;
        let mut nodes = vec![];
        if self.on_fleet() {
            // Socket nodes, beside the process that answers HTTP too.
            let start = || start_node(folder.path(), &environment);
            let (one, other) = tokio::try_join!(start(), start())?;
            nodes.extend([one, other]);
        }
        let addresses = [&process].into_iter().chain(&nodes).map(|p| p.address);
        Ok(Server {
            sockets: Sockets::new(addresses),
            process,
            nodes,
            folder,
            environment,
            fleet: self.on_fleet(),
        })
    }

    fn on_fleet(&self) -> bool {
        settings::on_fleet() && !self.alone
    }

    /// The test's own settings win over a fleet's.
    fn environment(&self, folder: &Path) -> Vec<(String, String)> {
        let mut environment = match self.on_fleet() {
            true => fleet::environment(folder),
            false => vec![],
        };
        environment.extend(self.environment.clone());
        environment
    }
}

async fn start_node(folder: &Path, environment: &[(String, String)]) -> Result<Process, Failed> {
    let free = |name: &str| (name.to_owned(), "0".to_owned());
    let mut all = vec![free("ROOMTONE_PORT"), free("ROOMTONE_ADMIN_PORT")];
    all.extend_from_slice(environment);
    Process::start(&program::node_path(), &[], folder, &all).await
}

impl Server {
    /// Starts one with the settings it has by itself, on new data.
    pub async fn start() -> Self {
        Starting::default().start().await
    }

    /// Where it answers HTTP. Sockets may come there too.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// Where sockets may connect.
    #[must_use]
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// Whether it is a fleet, and not the one process.
    #[must_use]
    pub fn is_fleet(&self) -> bool {
        self.fleet
    }

    /// Its data.
    #[must_use]
    pub fn folder(&self) -> Arc<Folder> {
        self.folder.clone()
    }

    /// The lines it has written to standard output so far.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        let all = [&self.process].into_iter().chain(&self.nodes);
        all.flat_map(Process::output).collect()
    }

    /// What its processes were started with.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The same, with further settings, which win.
    fn environment_with(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut environment = self.environment.clone();
        let own = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        environment.extend(own);
        environment
    }

    /// Starts one more node of a fleet, with further settings; gives its place among the nodes.
    ///
    /// # Panics
    /// Where it ends first.
    pub async fn add_node(&mut self, settings: &[(&str, &str)]) -> usize {
        let environment = self.environment_with(settings);
        let started = start_node(self.folder.path(), &environment).await;
        let node = started.unwrap_or_else(|failed| panic!("a node ended: {}", failed.output));
        self.sockets.add(node.address);
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Starts one more process like the one that answers HTTP, with further settings. Clients are not sent there.
    ///
    /// # Panics
    /// Where it ends first.
    pub async fn beside(&self, settings: &[(&str, &str)]) -> Process {
        let environment = self.environment_with(settings);
        let folder = self.folder.path();
        let data = folder.join("beside");
        let arguments = [
            "--port",
            "0",
            "--data",
            data.to_str().expect("a path of characters"),
        ];
        let started = Process::start(program::path(), &arguments, folder, &environment).await;
        started.unwrap_or_else(|failed| panic!("a process ended: {}", failed.output))
    }

    /// Sends sockets to the nodes alone from here on, and not to the process that answers HTTP too.
    pub fn keep_to_nodes(&self) {
        self.sockets.remove(self.process.address);
    }

    /// Takes a node of a fleet out: from here on nobody new is sent there. Dropped, it is killed.
    ///
    /// # Panics
    /// Where there is no such node.
    #[must_use]
    pub fn take_node(&mut self, place: usize) -> Process {
        let node = self.nodes.remove(place);
        self.sockets.remove(node.address);
        node
    }

    /// Kills it as `kill -9` does, waits until it is gone, and gives its data.
    ///
    /// # Panics
    /// Where it can't be killed.
    pub async fn kill(mut self) -> Arc<Folder> {
        for process in [&mut self.process].into_iter().chain(&mut self.nodes) {
            process.kill().await;
        }
        self.folder.clone()
    }

    /// Asks it to stop, as a supervisor does with SIGTERM.
    ///
    /// # Panics
    /// Where it is gone already.
    pub async fn terminate(&mut self) {
        for process in [&self.process].into_iter().chain(&self.nodes) {
            process.signal("TERM").await;
        }
    }

    /// Waits for it to end by itself; gives the first status that tells of a fault.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut worst = self.process.ended().await;
        for node in &mut self.nodes {
            let status = node.ended().await;
            if worst.success() {
                worst = status;
            }
        }
        worst
    }

    /// A user nobody was yet.
    pub async fn new_user(&self) -> User {
        let number = USERS.fetch_add(1, Ordering::Relaxed);
        self.user(&format!("u{number}"), &format!("하늘{number}"))
            .await
    }

    /// A user with a token of this server's.
    pub async fn user(&self, uid: &str, nickname: &str) -> User {
        self.signed(json!({"uid": uid, "nickname": nickname})).await
    }

    /// The playlist server.
    pub async fn service(&self) -> User {
        self.signed(
            json!({"uid": "playlist-server", "nickname": "playlist-server", "scope": "service"}),
        )
        .await
    }

    /// The same as production has it: its token has no nickname.
    ///
    /// # Panics
    /// Where the server gives no token.
    pub async fn nameless_service(&self) -> User {
        self.signed(json!({"uid": "playlist-server", "scope": "service"}))
            .await
    }

    async fn signed(&self, who: Value) -> User {
        let answer = Request::new("POST", "/dev/token")
            .json(&who)
            .send(self.address())
            .await;
        let token = answer.json()["token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer:?}"))
            .to_owned();
        let text = |field: &str| who[field].as_str().unwrap_or_default().to_owned();
        User {
            address: self.address(),
            sockets: self.sockets.clone(),
            uid: text("uid"),
            nickname: text("nickname"),
            token,
        }
    }
}
