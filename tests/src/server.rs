//! The real server as a process of its own. It is known by its flags, its environment and its output alone.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use crate::deadline::within;
use crate::folder::Folder;
use crate::http::Request;
use crate::program;
use crate::user::User;

/// Counts over all servers of a run, so that a server on older data has no user twice.
static USERS: AtomicU64 = AtomicU64::new(1);

/// A server that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    output: Arc<Output>,
    folder: Arc<Folder>,
}

/// How to start one.
#[derive(Clone, Debug, Default)]
pub struct Starting {
    folder: Option<Arc<Folder>>,
    environment: Vec<(String, String)>,
    port: u16,
}

/// What a process wrote.
#[derive(Debug, Default)]
struct Output {
    standard: Mutex<Vec<String>>,
    errors: Mutex<Vec<String>>,
    grown: Notify,
}

/// A server that did not come to run.
#[derive(Clone, Debug)]
pub struct Failed {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it wrote, to either output.
    pub output: String,
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

    /// On the data of an earlier run.
    #[must_use]
    pub fn on(mut self, folder: Arc<Folder>) -> Self {
        self.folder = Some(folder);
        self
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
        let (mut child, output) = self.spawn(folder.path());
        let address = within("the server to listen", async {
            tokio::select! {
                address = output.address() => Some(address),
                _ = child.wait() => None,
            }
        });
        match address.await {
            Some(address) => Ok(Server {
                child,
                address,
                output,
                folder,
            }),
            None => Err(Failed {
                status: child.wait().await.expect("a status"),
                output: output.whole().await,
            }),
        }
    }

    /// The server's own environment is the test's settings and nothing else, but for what processes need.
    fn spawn(&self, data: &Path) -> (Child, Arc<Output>) {
        let mut command = Command::new(program::path());
        command
            .args(["--port", &self.port.to_string(), "--data"])
            .arg(data)
            .env_clear();
        command.envs(
            ["PATH", "HOME", "TMPDIR"]
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .current_dir(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("the server can be started");
        let output = Arc::new(Output::default());
        output
            .clone()
            .gather(child.stdout.take().expect("it is piped"), |output| {
                &output.standard
            });
        output
            .clone()
            .gather(child.stderr.take().expect("it is piped"), |output| {
                &output.errors
            });
        (child, output)
    }
}

impl Output {
    fn gather(
        self: Arc<Self>,
        from: impl AsyncRead + Send + Unpin + 'static,
        into: fn(&Self) -> &Mutex<Vec<String>>,
    ) {
        tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                into(&self).lock().unwrap().push(line);
                self.grown.notify_waiters();
            }
        });
    }

    /// The address in the line that says that the server listens.
    async fn address(&self) -> SocketAddr {
        loop {
            let mut grown = std::pin::pin!(self.grown.notified());
            grown.as_mut().enable();
            if let Some(address) = self
                .standard
                .lock()
                .unwrap()
                .iter()
                .find_map(|line| listening(line))
            {
                return address;
            }
            grown.await;
        }
    }

    /// All of it, once both ends are closed: nobody else holds it then.
    async fn whole(self: Arc<Self>) -> String {
        within("the end of the output", async {
            while Arc::strong_count(&self) > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        [&self.standard, &self.errors]
            .map(|lines| lines.lock().unwrap().join("\n"))
            .join("\n")
    }
}

fn listening(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let said = line["message"] == "listening";
    said.then(|| {
        line["address"]
            .as_str()
            .and_then(|address| address.parse().ok())
    })
    .flatten()
}

impl Server {
    /// Starts one with the settings it has by itself, on new data.
    pub async fn start() -> Self {
        Starting::default().start().await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data.
    #[must_use]
    pub fn folder(&self) -> Arc<Folder> {
        self.folder.clone()
    }

    /// The lines it has written to standard output so far.
    ///
    /// # Panics
    /// Where a reader of its output panicked.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.output.standard.lock().unwrap().clone()
    }

    /// Kills it as `kill -9` does, waits until it is gone, and gives its data.
    ///
    /// # Panics
    /// Where it can't be killed.
    pub async fn kill(mut self) -> Arc<Folder> {
        self.child.start_kill().expect("it can be killed");
        within("a killed server to be gone", self.child.wait())
            .await
            .expect("it can be waited for");
        self.folder.clone()
    }

    /// Asks it to stop, as a supervisor does with SIGTERM.
    ///
    /// # Panics
    /// Where it is gone already.
    pub async fn terminate(&mut self) {
        let pid = self.child.id().expect("the server runs").to_string();
        // The shell's own `kill`: the system may have no other.
        let status = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()
            .await;
        assert!(status.expect("a shell").success());
    }

    /// Waits for it to end by itself.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        within("the server to end", self.child.wait())
            .await
            .expect("it can be waited for")
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

    async fn signed(&self, who: Value) -> User {
        let answer = Request::new("POST", "/dev/token")
            .json(&who)
            .send(self.address)
            .await;
        let token = answer.json()["token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer:?}"))
            .to_owned();
        let text = |field: &str| who[field].as_str().unwrap_or_default().to_owned();
        User {
            address: self.address,
            uid: text("uid"),
            nickname: text("nickname"),
            token,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.output();
            let from = lines.len().saturating_sub(30);
            let errors = self.output.errors.lock().unwrap().join("\n");
            eprintln!(
                "the server's last lines:\n{}\n{errors}",
                lines[from..].join("\n")
            );
        }
    }
}
