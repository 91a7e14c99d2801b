//! `roomtone-load`: many connections that log in, join and talk as clients do, and what that costs the server.
//!
//! `talk` measures deliveries, `idle` the memory of connections that only listen, and `limit` is the server that no other
//! can beat: it writes what it gets to every subscriber and knows no protocol. `requests` and `constant` are the same for
//! HTTP, beside which `axum` is what its libraries cost, and `cold-start` starts functions. Each run ends with one line of JSON.
//! These know nothing of the server's code but how a token is signed. `scale` puts no load on anything: it works out what
//! fleets would cost, by the domain's own records and partitions.

mod bare_axum;
mod bare_call;
mod bare_log;
mod check;
mod cold_start;
mod connection;
mod constant;
mod enter;
mod figures;
mod fill;
mod http;
mod http1;
mod idle;
mod limit;
mod plan;
mod process;
mod protocol;
mod requests;
mod runtime_api;
mod scale;
mod talk;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use bare_call::BareCallPlan;
use bare_log::BareLogPlan;
use cold_start::ColdStartPlan;
use fill::FillPlan;
use plan::Plan;
use requests::RequestsPlan;

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
        /// A file, made anew, that what it is sent is made durable in first.
        #[arg(long)]
        durable: Option<std::path::PathBuf>,
    },
    /// Works out what many people would cost, on paper: the tables of docs/scale.md.
    Scale(scale::Scale),
    /// Asks for one HTTP operation again and again, on connections that are kept.
    Requests(RequestsPlan),
    /// Serves as the limit of that: the same answer to every request.
    Constant {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:0")]
        at: std::net::SocketAddr,
        /// Bytes of the answer's body.
        #[arg(long, default_value_t = 600)]
        answer_bytes: usize,
    },
    /// Serves by the libraries that Roomtone serves HTTP by, with nothing around them: JSON in, JSON out.
    Axum {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:0")]
        at: std::net::SocketAddr,
        /// Bytes of the answer's body.
        #[arg(long, default_value_t = 600)]
        answer_bytes: usize,
    },
    /// Starts a Lambda function, and measures how long it takes to its first poll, and its first calls.
    ColdStart(ColdStartPlan),
    /// Writes records into Kafka, that nobody said and no room is known of.
    Fill(FillPlan),
    /// Calls DynamoDB by itself, which is what a function's call is measured beside.
    BareCall(BareCallPlan),
    /// Puts records through Kafka by itself, which is what a message's way is measured beside.
    BareLog(BareLogPlan),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Talk(plan) => talk::run(&plan),
        What::Idle(plan) => idle::run(&plan),
        What::Limit { at, durable } => limit::serve(at, durable.as_deref()),
        What::Scale(scale) => scale::run(&scale),
        What::Requests(plan) => requests::run(&plan),
        What::Constant { at, answer_bytes } => constant::serve(at, answer_bytes),
        What::Axum { at, answer_bytes } => bare_axum::serve(at, answer_bytes),
        What::ColdStart(plan) => cold_start::run(&plan),
        What::Fill(plan) => fill::run(&plan),
        What::BareCall(plan) => bare_call::run(&plan),
        What::BareLog(plan) => bare_log::run(&plan),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("roomtone-load: {why}");
            ExitCode::FAILURE
        }
    }
}
