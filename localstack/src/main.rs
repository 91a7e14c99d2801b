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
use roomtone_shared::config::Env;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use arguments::Arguments;
use settings::Settings;

fn main() -> ExitCode {
    let env = Arguments::parse().over(Env::process());
    let filter = EnvFilter::new(env.text("ROOMTONE_LOG").unwrap_or("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .init();
    match run(&env) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("roomtone: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(env: &Env) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(env)?;
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
