//! Cold start: a function's binary from its start to its first poll of the Lambda Runtime API, what it weighs then, and what
//! its first calls take. Settings come from the environment, as a function's do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use clap::Args;
use roomtone_shared::auth::{AuthSettings, Claims, Secret, Signer};
use serde_json::{Map, Value, json};

use crate::figures::{print, round};
use crate::process::resident_kib;
use crate::runtime_api::RuntimeApi;
use crate::{Failure, http::TOKEN};

/// A run.
#[derive(Args)]
pub(crate) struct ColdStartPlan {
    /// The function's binary.
    #[arg(long)]
    function: PathBuf,
    /// How often it is started.
    #[arg(long, default_value_t = 20)]
    starts: usize,
    /// How often it is called after each start: not at all, or twice at least. The first call finds nothing connected.
    #[arg(long, default_value_t = 5)]
    calls: usize,
    /// The method and the path, with its query, that it is called with; absent: it gets an event of a schedule.
    #[arg(long, default_value = "")]
    call: String,
    /// The body of the call.
    #[arg(long, default_value = "")]
    body: String,
    /// Who calls; a service where it is `service`.
    #[arg(long, default_value = "load")]
    uid: String,
    /// What the tokens are signed with, here and for the function.
    #[arg(long, env = "AUTH_HS256_SECRET", hide_env_values = true)]
    secret: String,
}

/// One start.
struct Start {
    poll_ms: f64,
    resident_kib: u64,
    /// Milliseconds of each call.
    calls_ms: Vec<f64>,
}

pub(crate) fn run(plan: &ColdStartPlan) -> Result<(), Failure> {
    let event = event(plan)?;
    let (mut starts, mut answer) = (vec![], Value::Null);
    for _ in 0..plan.starts {
        starts.push(start(plan, &event, &mut answer)?);
    }
    let bytes = std::fs::metadata(&plan.function)?.len();
    let name = plan.function.file_name().unwrap_or_default();
    let of = |figure: &dyn Fn(&Start) -> f64| spread(starts.iter().map(figure).collect());
    let poll = of(&|start| start.poll_ms);
    let resident = of(&|start| resident_mib(start.resident_kib));
    let mut figures: Map<String, Value> = [
        ("label", json!(name.to_string_lossy())),
        ("status", answer["statusCode"].clone()),
        ("answer", body(&answer)),
        ("binary_mib", round(mib(bytes), 2)),
        ("resident_mib", round(resident[1], 2)),
        ("poll_ms", round(poll[1], 2)),
        ("poll_ms_min", round(poll[0], 2)),
        ("poll_ms_max", round(poll[2], 2)),
    ]
    .map(|(name, value)| (name.into(), value))
    .into_iter()
    .collect();
    if plan.calls > 1 {
        let later = of(&|start| spread(start.calls_ms[1..].to_vec())[1]);
        for (name, call) in [
            ("first_call_ms", of(&|start| start.calls_ms[0])),
            ("second_call_ms", of(&|start| start.calls_ms[1])),
            ("later_call_ms", later),
        ] {
            figures.insert(name.into(), round(call[1], 3));
        }
    }
    print(figures);
    Ok(())
}

/// What an answer of HTTP says; of another one, all of it.
fn body(answer: &Value) -> Value {
    match answer["body"].as_str() {
        Some(body) => serde_json::from_str(body).unwrap_or_default(),
        None => answer.clone(),
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes of a program fit")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn resident_mib(kib: u64) -> f64 {
    mib(kib << 10)
}

/// The least, the median and the most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    ]
}

/// Starts the function, waits for its first poll, calls it, and ends it.
fn start(plan: &ColdStartPlan, event: &Value, last: &mut Value) -> Result<Start, Failure> {
    let mut api = RuntimeApi::open()?;
    let mut command = command(plan, api.at()?);
    let begun = Instant::now();
    let mut process = Running(command.spawn()?);
    let poll_ms = (api.polled(&mut || process.lives())? - begun).as_secs_f64() * 1e3;
    let resident_kib = resident_kib(&[process.0.id()])?;
    let mut calls_ms = vec![];
    for _ in 0..plan.calls {
        let (answer, took) = api.call(event, &mut || process.lives())?;
        calls_ms.push(took.as_secs_f64() * 1e3);
        *last = answer;
        api.polled(&mut || process.lives())?;
    }
    Ok(Start {
        poll_ms,
        resident_kib,
        calls_ms,
    })
}

/// A process that ends with what it is for.
struct Running(Child);

impl Running {
    fn lives(&mut self) -> Result<(), Failure> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the function ended: {status}; its log says why").into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The function with what Lambda tells it; its log goes where the errors of this program go.
fn command(plan: &ColdStartPlan, api: SocketAddr) -> Command {
    let mut command = Command::new(&plan.function);
    command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .env("AUTH_HS256_SECRET", &plan.secret)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_RUNTIME_API", api.to_string());
    command
}

/// The call as API Gateway's HTTP APIs send it.
fn event(plan: &ColdStartPlan) -> Result<Value, Failure> {
    let Some((method, target)) = plan.call.split_once(' ') else {
        return Ok(json!({"detail-type": "Scheduled Event", "source": "aws.events"}));
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let http = json!({"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7",
        "userAgent": "client"});
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": "rooms.example", "authorization": format!("Bearer {}", token(plan)?)},
        "requestContext": {"accountId": "000000000000", "apiId": "api", "domainName": "rooms.example",
            "domainPrefix": "rooms", "http": http, "requestId": "request", "routeKey": "$default",
            "stage": "$default", "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1_767_323_045_678_u64},
        "isBase64Encoded": false,
    });
    if !plan.body.is_empty() {
        event["body"] = json!(plan.body);
    }
    Ok(event)
}

fn token(plan: &ColdStartPlan) -> Result<String, Failure> {
    let signer = Signer::new(&AuthSettings {
        hs256_secret: Some(Secret::new(&plan.secret)),
        ..AuthSettings::default()
    })?;
    let claims = Claims {
        uid: plan.uid.clone(),
        nickname: Some(plan.uid.clone()),
        picture: None,
        scope: (plan.uid == "service").then(|| "service".into()),
    };
    Ok(signer.sign(&claims, TOKEN)?)
}
