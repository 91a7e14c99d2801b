//! The way from a binary to AWS Lambda: settings, stores and logs at init, then one invocation after
//! another. What is wrong is named in the log before anything is answered, and ends the process.
//!
//! Init is where a client is cheapest to make: nobody waits yet. So all that a function uses are made there, and no other.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Router, middleware};
use lambda_runtime::{LambdaEvent, service_fn};
use roomtone_shared::auth::Authenticator;
use roomtone_shared::config::{ConfigError, Env, Origins};
use roomtone_shared::domain::rate::Rate;
use roomtone_shared::domain::trace::TRACEPARENT;
use roomtone_shared::logs;
use roomtone_shared::outbound::Outbound;
use roomtone_shared::search::Search;
use roomtone_shared::store::Stores;
#[cfg(feature = "embedded")]
use roomtone_shared::store::embedded;
use roomtone_shared::store::fleet::FleetSettings;
use roomtone_shared::store::fleet::function::{Function, Part};
use roomtone_shared::traces::{self, Exporting, TraceSettings};
use roomtone_shared::{clock, crash};
use serde_json::Value;

use crate::reindex_rooms::sweep;
use crate::{App, SendLimit, Shared, serve};

/// What can end a function before its first invocation, or its loop.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs these routes as a Lambda function that uses these parts of a fleet.
#[must_use]
pub fn run(routes: Router<Shared>, parts: &[Part]) -> ExitCode {
    start(parts, async |app, traces| {
        let flushed = middleware::from_fn_with_state(traces, flush);
        lambda_http::run(serve(routes, app).layer(flushed)).await
    })
}

/// Runs the sweep as a Lambda function; what the event says does not matter.
#[must_use]
pub fn run_sweep(parts: &[Part]) -> ExitCode {
    start(parts, async |app, _| {
        lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async {
            sweep(&app).await.map_err(Failure::from)
        }))
        .await
    })
}

/// How long an answer may wait for that at most.
const FLUSH: Duration = Duration::from_millis(300);

/// Lambda stops the process once it has answered, so what was noted has to be sent before.
async fn flush(State(traces): State<Option<Exporting>>, request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    if let Some(traces) = traces.filter(|_| answer.headers().contains_key(TRACEPARENT)) {
        // What takes longer is sent with the next, if there is one.
        let _ = tokio::time::timeout(FLUSH, traces.flush()).await;
    }
    answer
}

fn start(
    parts: &[Part],
    serve: impl AsyncFnOnce(App, Option<Exporting>) -> Result<(), Failure>,
) -> ExitCode {
    let env = Env::process();
    if let Err(why) = logs::init(&env)
        .and_then(|()| crash::arm(&env))
        .and_then(|()| clock::set(&env))
    {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    let served = block_on(async {
        let (app, traces) = open(&env, parts).await?;
        serve(app, traces).await
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!(%why, "the function ends");
            ExitCode::FAILURE
        }
    }
}

/// Lambda invokes a function once at a time, so one thread is enough.
fn block_on(served: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(served)
}

/// Reads the settings and opens the stores; the settings come first, so that a wrong one leaves no trace.
async fn open(env: &Env, parts: &[Part]) -> Result<(App, Option<Exporting>), Failure> {
    let settings = Settings::read(env)?;
    let traces = traces::init(settings.traces.clone(), &settings.outbound)?;
    if let Some(fleet) = &settings.fleet {
        let function = Function::open(fleet, settings.outbound.clone(), parts).await?;
        return Ok((settings.app_on_fleet(function), traces));
    }
    Ok((settings.app(in_one_file(env)?), traces))
}

#[cfg(feature = "embedded")]
fn in_one_file(env: &Env) -> Result<Stores, Failure> {
    Ok(embedded::open(&env.data_folder())?)
}

#[cfg(not(feature = "embedded"))]
fn in_one_file(_: &Env) -> Result<Stores, Failure> {
    let reason = "must be set: this program was built for a fleet only";
    Err(ConfigError::new("KAFKA_BROKERS", reason).into())
}

/// What a function can be told.
struct Settings {
    send_rate: Rate,
    room_send_rate: Rate,
    origins: Origins,
    search: Search,
    auth: Authenticator,
    outbound: Outbound,
    traces: Option<TraceSettings>,
    fleet: Option<FleetSettings>,
}

impl Settings {
    fn read(env: &Env) -> Result<Self, Failure> {
        let outbound = Outbound::new();
        let settings = Self {
            send_rate: env.send_rate()?,
            room_send_rate: env.room_send_rate()?,
            origins: env.origins()?,
            search: Search::read(env, &outbound)?,
            auth: Authenticator::new(&env.auth()?, outbound.clone())?,
            outbound,
            traces: TraceSettings::read(env, "roomtone-functions")?,
            fleet: FleetSettings::read(env)?,
        };
        if env.text("AWS_LAMBDA_RUNTIME_API").is_none() {
            let reason =
                "is not set: this program runs under AWS Lambda or a local form of its Runtime API";
            return Err(ConfigError::new("AWS_LAMBDA_RUNTIME_API", reason).into());
        }
        Ok(settings)
    }

    fn app(self, stores: Stores) -> App {
        App {
            stores,
            auth: self.auth,
            search: self.search,
            origins: Arc::new(self.origins),
            sends: SendLimit::new(self.send_rate, self.room_send_rate),
        }
    }

    fn app_on_fleet(self, function: Function) -> App {
        let app = self.app(function.stores);
        App {
            search: app.search.or_topic(function.index),
            sends: app.sends.shared(function.rates),
            ..app
        }
    }
}
