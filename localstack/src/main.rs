//! `cargo local`: all of Roomtone in one process. Reads the settings, binds, runs, and ends on a signal.

mod arguments;
mod dev_token;
mod local;
mod page;
mod settings;
mod signing_key;
mod sweeps;

use std::process::ExitCode;

use clap::Parser;
use roomtone_shared::config::{ConfigError, Env};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use arguments::Arguments;
use settings::Settings;

fn main() -> ExitCode {
    let env = Arguments::parse().over(Env::process());
    match run(&env) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("roomtone: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(env: &Env) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(env.text("ROOMTONE_LOG").unwrap_or("info"));
    let filter = filter.map_err(|_| {
        ConfigError::new(
            "ROOMTONE_LOG",
            "must be a filter such as info, or roomtone=debug",
        )
    })?;
    let settings = Settings::read(env)?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        local::run(settings, shutdown).await?;
        Ok(())
    })
}
