//! One call of DynamoDB by itself, again and again on one connection: what the call of a function is measured beside. The
//! signature is nobody's, which only an emulator takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use clap::Args;
use hdrhistogram::Histogram;
use serde_json::{Map, json};

use crate::figures::{print, round};
use crate::{Failure, http1};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=load/20260101/us-east-1/dynamodb/aws4_request, \
     SignedHeaders=host, Signature=0";

/// A run.
#[derive(Args)]
pub(crate) struct BareCallPlan {
    /// Where DynamoDB is.
    #[arg(long)]
    at: SocketAddr,
    /// The operation, such as Query.
    #[arg(long)]
    operation: String,
    /// What it is told, as JSON.
    #[arg(long)]
    body: String,
    /// How often it is called, after as many calls that do not count.
    #[arg(long, default_value_t = 500)]
    calls: usize,
}

pub(crate) fn run(plan: &BareCallPlan) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(plan.at)?;
    stream.set_nodelay(true)?;
    let request = request(plan);
    let mut latency_us = Histogram::<u64>::new(3)?;
    for number in 0..2 * plan.calls {
        let asked = Instant::now();
        call(&mut stream, &request)?;
        if number >= plan.calls {
            latency_us.record(u64::try_from(asked.elapsed().as_micros())?)?;
        }
    }
    let mut figures = Map::new();
    figures.insert("operation".into(), json!(plan.operation));
    for (name, quantile) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
        let us = u32::try_from(latency_us.value_at_quantile(quantile))?;
        figures.insert(name.into(), round(f64::from(us) / 1e3, 3));
    }
    print(figures);
    Ok(())
}

fn request(plan: &BareCallPlan) -> Vec<u8> {
    let (operation, length) = (&plan.operation, plan.body.len());
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: DynamoDB_20120810.{operation}\r\nAuthorization: {SIGNED}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), plan.body.as_bytes()].concat()
}

fn call(stream: &mut TcpStream, request: &[u8]) -> Result<(), Failure> {
    stream.write_all(request)?;
    let (mut input, mut buffer) = (vec![], [0; 1 << 16]);
    while http1::find(&input)?.is_none() {
        match stream.read(&mut buffer)? {
            0 => return Err("the connection was closed".into()),
            count => input.extend(&buffer[..count]),
        }
    }
    if input.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&input).into())
}
