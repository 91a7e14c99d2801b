//! The way from a binary to AWS Lambda: settings, stores and logs at init, then one invocation after
//! another. What is wrong is named in the log before anything is answered, and ends the process.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use lambda_runtime::{LambdaEvent, service_fn};
use roomtone_shared::auth::Authenticator;
use roomtone_shared::config::{ConfigError, Env};
use roomtone_shared::outbound::Outbound;
use roomtone_shared::store::embedded;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::reindex_rooms::sweep;
use crate::{App, SendLimit, serve};

/// What can end a function before its first invocation, or its loop.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs these routes as a Lambda function.
#[must_use]
pub fn run(routes: Router<App>) -> ExitCode {
    start(async |app| lambda_http::run(serve(routes, app)).await)
}

/// Runs the sweep as a Lambda function; what the event says does not matter.
#[must_use]
pub fn run_sweep() -> ExitCode {
    start(async |app| {
        lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async {
            sweep(&app).await.map_err(Failure::from)
        }))
        .await
    })
}

fn start(serve: impl AsyncFnOnce(App) -> Result<(), Failure>) -> ExitCode {
    let env = Env::process();
    log(&env);
    let served = block_on(async { serve(open(&env)?).await });
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

/// Logs go to standard output, one JSON object a line. `ROOMTONE_LOG` says how much.
fn log(env: &Env) {
    let filter = EnvFilter::new(env.text("ROOMTONE_LOG").unwrap_or("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .init();
}

/// Reads the settings and opens the stores; the settings come first, so that a wrong one leaves no trace.
fn open(env: &Env) -> Result<App, Failure> {
    let rate = env.send_rate()?;
    let origins = Arc::new(env.origins()?);
    let outbound = Outbound::new();
    let search = env.search(&outbound)?;
    let auth = Authenticator::new(&env.auth()?, outbound)?;
    if env.text("AWS_LAMBDA_RUNTIME_API").is_none() {
        let reason =
            "is not set: this program runs under AWS Lambda or a local form of its Runtime API";
        return Err(ConfigError::new("AWS_LAMBDA_RUNTIME_API", reason).into());
    }
    let stores = embedded::open(&env.data_folder())?;
    Ok(App {
        stores,
        auth,
        search,
        origins,
        sends: SendLimit::new(rate),
    })
}
