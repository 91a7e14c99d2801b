//! `roomtone-load`: many connections that log in, join and talk as clients do, and what that costs the server.
//!
//! `talk` measures deliveries, `idle` the memory of connections that only listen, and `limit` is the server that no other
//! can beat: it writes what it gets to every subscriber and knows no protocol. Each run ends with one line of JSON.
//! These know nothing of the server's code but how a token is signed. `scale` puts no load on anything: it works out what
//! fleets would cost, by the domain's own records and partitions.

mod check;
mod connection;
mod enter;
mod figures;
mod http;
mod idle;
mod limit;
mod plan;
mod process;
mod protocol;
mod scale;
mod talk;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use plan::Plan;

/// What can go wrong ends the run; this says what it was.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "roomtone-load", about = "Puts load on a chat server, and says what that costs it", long_about = None)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Talks, and counts what is delivered: in a closed loop (--window) or an open one (--rate).
    Talk(Plan),
    /// Connects, joins and listens, and measures the server's memory.
    Idle(Plan),
    /// Serves as the limit: what it is sent goes to every subscriber as it is.
    Limit {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:0")]
        at: std::net::SocketAddr,
    },
    /// Works out what many people would cost, on paper: the tables of docs/scale.md.
    Scale(scale::Scale),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Talk(plan) => talk::run(&plan),
        What::Idle(plan) => idle::run(&plan),
        What::Limit { at } => limit::serve(at),
        What::Scale(scale) => scale::run(&scale),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("roomtone-load: {why}");
            ExitCode::FAILURE
        }
    }
}
