//! A process of the server's: its binary, its environment and its output are all that is known of it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use crate::deadline::within;

/// What a process inherits from the test's environment.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];
/// Lines of its output that are shown where a test failed.
const LINES_SHOWN: usize = 30;

/// A process that listens. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: Arc<Output>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A process that did not come to listen.
#[derive(Clone, Debug)]
pub struct Failed {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it wrote, to either output.
    pub output: String,
}

/// What a process wrote.
#[derive(Debug, Default)]
struct Output {
    standard: Mutex<Vec<String>>,
    errors: Mutex<Vec<String>>,
    grown: Notify,
}

impl Process {
    /// Starts a binary in a folder and waits until it listens, or ends. Its environment is the one given, and
    /// nothing else but what processes need.
    ///
    /// # Errors
    /// What it wrote and how it ended, where it did.
    ///
    /// # Panics
    /// Where it does neither before the deadline.
    pub async fn start(
        binary: &Path,
        arguments: &[&str],
        folder: &Path,
        environment: &[(String, String)],
    ) -> Result<Self, Failed> {
        let mut command = Command::new(binary);
        command.args(arguments).current_dir(folder).env_clear();
        let inherited = |name| Some((name, std::env::var_os(name)?));
        command.envs(INHERITED.into_iter().filter_map(inherited));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("the server can be started");
        let output = Arc::new(Output::default());
        let standard = child.stdout.take().expect("it is piped");
        output.clone().gather(standard, |output| &output.standard);
        let errors = child.stderr.take().expect("it is piped");
        output.clone().gather(errors, |output| &output.errors);
        let address = within("the server to listen", async {
            tokio::select! {
                address = output.address() => Some(address),
                _ = child.wait() => None,
            }
        });
        match address.await {
            Some(address) => Ok(Self {
                child,
                output,
                address,
            }),
            None => Err(Failed {
                status: child.wait().await.expect("a status"),
                output: output.whole().await,
            }),
        }
    }

    /// The lines it has written to standard output so far.
    ///
    /// # Panics
    /// Where a reader of its output panicked.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.output.standard.lock().unwrap().clone()
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// Where it can't be killed.
    pub async fn kill(&mut self) {
        self.child.start_kill().expect("it can be killed");
        self.ended().await;
    }

    /// Sends it a signal, such as `TERM`, `STOP` or `CONT`.
    ///
    /// # Panics
    /// Where it is gone already.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the server runs").to_string();
        signal(name, &pid).await;
    }

    /// Waits for it to end.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        within("the server to end", self.child.wait())
            .await
            .expect("it can be waited for")
    }
}

/// Sends a process a signal.
///
/// # Panics
/// Where it is gone already.
pub(crate) async fn signal(name: &str, pid: &str) {
    // The shell's own `kill`: the system may have no other.
    let command = format!("kill -{name} \"$0\"");
    let status = Command::new("sh").args(["-c", &command, pid]).status();
    assert!(status.await.expect("a shell").success());
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.output();
            let from = lines.len().saturating_sub(LINES_SHOWN);
            let errors = self.output.errors.lock().unwrap().join("\n");
            let shown = lines[from..].join("\n");
            eprintln!(
                "the last lines of the server at {}:\n{shown}\n{errors}",
                self.address
            );
        }
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

    fn found(&self) -> Option<SocketAddr> {
        let lines = self.standard.lock().unwrap();
        lines.iter().find_map(|line| listening(line))
    }

    /// The address in the line that says that the server listens.
    async fn address(&self) -> SocketAddr {
        loop {
            let mut grown = std::pin::pin!(self.grown.notified());
            grown.as_mut().enable();
            if let Some(address) = self.found() {
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
    let address = line["address"]
        .as_str()
        .filter(|_| line["message"] == "listening");
    address.and_then(|address| address.parse().ok())
}
