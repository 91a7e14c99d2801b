//! As much of the Lambda Runtime API as a function needs, for one function at a time.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use roomtone_shared::auth::{AuthSettings, Claims, Secret, Signer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// How long a function may take to start and answer; a debug build on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A function's process, and the Runtime API that it talks to.
pub(crate) struct Function {
    process: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::Receiver<Value>>>,
    answers: mpsc::Sender<Value>,
}

impl Function {
    /// Starts the binary on a data folder, with further settings.
    pub(crate) async fn start(binary: &str, data: &Path, settings: &[(&str, &str)]) -> Self {
        let (events, to_function) = mpsc::channel(1);
        let (from_function, answers) = mpsc::channel(1);
        let api = Api {
            events: Arc::new(Mutex::new(to_function)),
            answers: from_function,
        };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(answer))
            .with_state(api);
        let at = serve(routes).await;
        let process = command(binary, data, &at)
            .envs(settings.iter().copied())
            .spawn()
            .unwrap();
        Self {
            process,
            events,
            answers,
        }
    }

    /// Gives the function an event and waits for what it says to it.
    pub(crate) async fn invoke(&mut self, event: Value) -> Value {
        self.events.send(event).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, self.answers.recv()).await;
        answer.expect("an answer in time").unwrap()
    }

    /// Gives the function an event that it does not survive; tells how it ended.
    pub(crate) async fn ends(mut self, event: Value) -> ExitStatus {
        self.events.send(event).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(status) = self.process.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        ended.await.expect("an end in time")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The binary with all the settings that it needs.
pub(crate) fn command(binary: &str, data: &Path, api: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .stdout(Stdio::piped())
        .env("ROOMTONE_DATA", data)
        .env("AUTH_HS256_SECRET", SECRET);
    command
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1");
    command
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_RUNTIME_API", api);
    command
}

async fn next(State(api): State<Api>) -> impl IntoResponse {
    let event = api.events.lock().await.recv().await;
    let head = [
        ("lambda-runtime-aws-request-id", "1"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:local:0:function:f",
        ),
    ];
    (head, Json(event))
}

/// Takes the function's answer, which comes without a content type.
async fn answer(State(api): State<Api>, answer: Bytes) -> StatusCode {
    api.answers
        .send(serde_json::from_slice(&answer).unwrap())
        .await
        .unwrap();
    StatusCode::ACCEPTED
}

/// Serves on a port of its own; gives `host:port`.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    at
}

/// A search server that takes everything; gives its URL and what it is told.
pub(crate) async fn search_server() -> (String, mpsc::Receiver<Value>) {
    let (keep, told) = mpsc::channel(8);
    let take = post(async move |Json(entry): Json<Value>| keep.send(entry).await.unwrap());
    let at = serve(Router::new().route("/search/index/send", take)).await;
    (format!("http://{at}"), told)
}

/// A port that nobody listens on.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// The event of that file, with `{{name}}` put in; `{{user}}`, `{{other}}` and `{{service}}` are good
/// tokens.
pub(crate) fn event(name: &str, values: &[(&str, &str)]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/events/{name}.json"));
    let mut text = std::fs::read_to_string(path).unwrap();
    let (user, other) = (
        token("7", Some("하늘"), None),
        token("8", Some("바다"), None),
    );
    let service = token("7", None, Some("service"));
    for (name, value) in [("user", &*user), ("other", &*other), ("service", &*service)]
        .iter()
        .chain(values)
    {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    serde_json::from_str(&text).unwrap()
}

fn token(uid: &str, nickname: Option<&str>, scope: Option<&str>) -> String {
    let settings = AuthSettings {
        hs256_secret: Some(Secret::new(SECRET)),
        ..AuthSettings::default()
    };
    let claims = Claims {
        uid: uid.into(),
        nickname: nickname.map(Into::into),
        picture: None,
        scope: scope.map(Into::into),
    };
    Signer::new(&settings)
        .unwrap()
        .sign(&claims, Duration::from_secs(600))
        .unwrap()
}
