//! `cargo local`: all of Roomtone in one process. Reads the settings, binds, runs, and ends on a signal.

mod api_pages;
mod arguments;
mod dev_token;
mod kept;
mod local;
mod page;
mod run_error;
mod settings;
mod signing_key;
mod sweeps;

use std::process::ExitCode;

use clap::Parser;
use roomtone_shared::config::Env;
use roomtone_shared::logs;
use roomtone_shared::{clock, crash};
use roomtone_socket_node::shutdown;

use arguments::Arguments;
use settings::Settings;

/// Most of what a server allocates is small and soon gone, which this does in less time than the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let settings = Settings::read(env)?;
    crash::arm(env)?;
    clock::set(env)?;
    logs::init(env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        local::run(settings, shutdown::asked()?).await?;
        Ok(())
    })
}
