//! The command line: each flag stands for a variable of the environment, and wins over it.

use clap::Parser;
use roomtone_shared::config::Env;

/// All of Roomtone in one process: HTTP, WebSocket and a page at / on one port, everything kept in one
/// folder. For one machine; it hands out tokens to whoever asks.
///
/// Every other setting is a variable of the environment; the README lists them.
#[derive(Parser)]
#[command(name = "roomtone", version)]
pub(crate) struct Arguments {
    /// The port to listen on; 0 for any that is free [default: 18000, or ROOMTONE_PORT]
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen on [default: 127.0.0.1, or ROOMTONE_HOST]
    #[arg(long)]
    host: Option<String>,
    /// The folder that everything is kept in [default: data, or ROOMTONE_DATA]
    #[arg(long)]
    data: Option<String>,
}

impl Arguments {
    /// The environment with these flags over it.
    pub(crate) fn over(self, env: Env) -> Env {
        let port = self.port.map(|port| port.to_string());
        let flags = [
            ("ROOMTONE_PORT", port),
            ("ROOMTONE_HOST", self.host),
            ("ROOMTONE_DATA", self.data),
        ];
        flags
            .into_iter()
            .fold(env, |env, (name, value)| match value {
                Some(value) => env.with(name, &value),
                None => env,
            })
    }
}
