//! A gate before DynamoDB that lets a function do what `calls.json` says, as its role on AWS does, and notes what it did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::runtime;

/// What functions call: function → table, or index of one → calls.
pub(super) type Calls = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The headers that DynamoDB is given of a request.
const PASSED: [&str; 3] = ["authorization", "content-type", "x-amz-target"];

/// What every function may call.
pub(super) fn allowed() -> Calls {
    serde_json::from_str(include_str!("../../calls.json")).unwrap()
}

/// A gate. It listens as long as the test's runtime is there.
pub(super) struct Gate {
    at: String,
    seen: Arc<Mutex<Calls>>,
}

#[derive(Clone)]
struct Way {
    to: String,
    prefix: String,
    seen: Arc<Mutex<Calls>>,
    allowed: Arc<Calls>,
}

impl Gate {
    /// A gate before this endpoint, whose tables' names begin with the prefix.
    pub(super) async fn before(to: &str, prefix: &str) -> Self {
        let seen = Arc::<Mutex<Calls>>::default();
        let way = Way {
            to: to.into(),
            prefix: prefix.into(),
            seen: seen.clone(),
            allowed: Arc::new(allowed()),
        };
        let routes = Router::new().route("/{function}/", post(pass));
        let at = runtime::serve(routes.with_state(way)).await;
        Self { at, seen }
    }

    /// Where a function of this name finds DynamoDB.
    pub(super) fn endpoint(&self, function: &str) -> String {
        format!("http://{}/{function}", self.at)
    }

    /// What was called.
    pub(super) fn seen(&self) -> Calls {
        self.seen.lock().unwrap().clone()
    }
}

/// The calls that a request is, as roles name them: what a transaction does is allowed or not by its parts.
fn calls(operation: &str, body: &Value) -> Vec<(String, String)> {
    let table = |of: &Value| of["TableName"].as_str().unwrap_or_default().to_owned();
    match operation {
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap();
            let parts = items.iter().flat_map(|item| item.as_object().unwrap());
            parts
                .map(|(kind, what)| match kind.as_str() {
                    "ConditionCheck" => (table(what), "ConditionCheckItem".into()),
                    kind => (table(what), format!("{kind}Item")),
                })
                .collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().unwrap();
            let named = |name: &String| (name.clone(), operation.to_owned());
            tables.keys().map(named).collect()
        }
        _ => {
            let index = body["IndexName"].as_str();
            let index = index.map(|name| format!("/index/{name}"));
            let on = table(body) + &index.unwrap_or_default();
            vec![(on, operation.to_owned())]
        }
    }
}

async fn pass(
    State(way): State<Way>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    for (table, call) in calls(operation, &serde_json::from_slice(&body).unwrap()) {
        let table = table.strip_prefix(&way.prefix).unwrap_or(&table).to_owned();
        let of = way.allowed.get(&function).and_then(|of| of.get(&table));
        if !of.is_some_and(|calls| calls.contains(&call)) {
            let why =
                format!("functions/calls.json does not let {function} call {call} on {table}");
            let problem = json!({
                "__type": "com.amazon.coral.service#AccessDeniedException",
                "message": why,
            });
            return (StatusCode::BAD_REQUEST, problem.to_string()).into_response();
        }
        let mut seen = way.seen.lock().unwrap();
        let seen = seen.entry(function.clone()).or_default();
        seen.entry(table).or_default().insert(call);
    }
    let asked = move || ask(&way.to, &headers, &body);
    tokio::task::spawn_blocking(asked).await.unwrap()
}

/// Asks DynamoDB itself.
fn ask(to: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let mut request = ureq::post(to);
    for name in PASSED {
        request = request.header(name, headers[name].to_str().unwrap());
    }
    let request = request.config().http_status_as_error(false).build();
    let mut answer = request.send(body).unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let kind = answer.headers()[header::CONTENT_TYPE.as_str()].to_str();
    let kind = kind.unwrap().to_owned();
    let body = answer.body_mut().read_to_vec().unwrap();
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
