//! Requests: one operation asked for again and again, on connections that are kept, each with one request under way.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Map, Value, json};

use crate::figures::{print, round};
use crate::http::Http;
use crate::{Failure, http1, process};

const BUFFER_BYTES: usize = 1 << 16;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages in the room whose history is read.
const SAID: usize = 50;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operation {
    /// The room of a playlist that has one: JSON in, JSON out.
    Create,
    /// A room.
    Room,
    /// The newest page of a room's history.
    History,
}

/// A run.
#[derive(Args)]
pub(crate) struct RequestsPlan {
    /// Where the server is.
    #[arg(long)]
    at: SocketAddr,
    /// Whether it is Roomtone; any other server is sent the same, with a token that nobody signed.
    #[arg(long)]
    roomtone: bool,
    /// What is asked for.
    #[arg(long, value_enum, default_value = "create")]
    operation: Operation,
    /// The server's processes, whose CPU time is measured.
    #[arg(long)]
    pid: Vec<u32>,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// Seconds before that.
    #[arg(long, default_value_t = 1.0)]
    warm_up_secs: f64,
    /// What the line of figures calls this run.
    #[arg(long, default_value = "")]
    label: String,
}

/// What every connection says, and what every answer has in it.
struct Exchange {
    request: Vec<u8>,
    wanted: String,
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    asked: Instant,
}

/// What was counted.
struct Counted {
    answers: u64,
    answer_bytes: u64,
    latency_us: Histogram<u64>,
}

pub(crate) fn run(plan: &RequestsPlan) -> Result<(), Failure> {
    let exchange = exchange(plan)?;
    let mut crowd = Crowd::open(plan, &exchange)?;
    crowd.until(Duration::from_secs_f64(plan.warm_up_secs), &exchange)?;
    crowd.counted = Counted::new()?;
    let begun = Moment::now(&plan.pid)?;
    crowd.until(Duration::from_secs_f64(plan.secs), &exchange)?;
    print(figures(
        plan,
        &begun,
        &Moment::now(&plan.pid)?,
        &crowd.counted,
    ));
    Ok(())
}

/// Makes what the operation needs, where there is anything to be made.
fn exchange(plan: &RequestsPlan) -> Result<Exchange, Failure> {
    let (owner, id) = ("owner", "7d444840-9dc0-11d1-b245-5ffdce74fad2");
    let (mut service, mut user) = (".".repeat(200), ".".repeat(200));
    let (mut room, mut wanted) = (id.to_owned(), "{".to_owned());
    if plan.roomtone {
        let http = Http::new(plan.at, None);
        service = http.token("load", Some("service"))?;
        user = http.token(owner, None)?;
        room = http.create(&service, owner)?;
        if plan.operation == Operation::History {
            for number in 0..SAID {
                http.say(&user, &room, &format!("message {number}"))?;
            }
        }
        wanted.clone_from(&room);
    }
    let (line, token, body) = match plan.operation {
        Operation::Create => {
            let body = Http::creation(owner).to_string();
            ("POST /v1/api/rooms/create".into(), service, body)
        }
        Operation::Room => (format!("GET /v1/api/rooms/{room}"), user, String::new()),
        Operation::History => {
            let line = format!("GET /v1/api/chat/history?roomId={room}");
            (line, user, String::new())
        }
    };
    let mut request = vec![];
    http1::put_request(&line, Some(&token), &body, &mut request);
    Ok(Exchange { request, wanted })
}

/// All connections, on one thread.
struct Crowd {
    poll: Poll,
    connections: Vec<Connection>,
    counted: Counted,
    buffer: Box<[u8]>,
}

impl Crowd {
    fn open(plan: &RequestsPlan, exchange: &Exchange) -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let mut connections = vec![];
        for number in 0..plan.connections {
            let stream = std::net::TcpStream::connect(plan.at)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let token = Token(number);
            poll.registry()
                .register(&mut stream, token, Interest::READABLE)?;
            stream.write_all(&exchange.request)?;
            connections.push(Connection {
                stream,
                input: vec![],
                asked: Instant::now(),
            });
        }
        Ok(Self {
            poll,
            connections,
            counted: Counted::new()?,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
        })
    }

    fn until(&mut self, time: Duration, exchange: &Exchange) -> Result<(), Failure> {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1_024);
        while Instant::now() < end {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(why) if why.kind() == ErrorKind::Interrupted => continue,
                Err(why) => return Err(why.into()),
                Ok(()) if events.is_empty() => return Err("no answer came".into()),
                Ok(()) => {}
            }
            let ready: HashSet<usize> = events.iter().map(|event| event.token().0).collect();
            for number in ready {
                self.connections[number].read(&mut self.buffer, exchange, &mut self.counted)?;
            }
        }
        Ok(())
    }
}

impl Connection {
    fn read(
        &mut self,
        buffer: &mut [u8],
        exchange: &Exchange,
        counted: &mut Counted,
    ) -> Result<(), Failure> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err("the connection was closed".into()),
                Ok(count) => count,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why.into()),
            };
            self.input.extend(&buffer[..count]);
            if let Some(found) = http1::find(&self.input)? {
                check(&self.input, &found, &exchange.wanted)?;
                counted.add(found.body.len(), self.asked)?;
                self.input.clear();
                self.asked = Instant::now();
                self.stream.write_all(&exchange.request)?;
            }
            if count < buffer.len() {
                return Ok(());
            }
        }
    }
}

/// Sees that an answer is the one that was asked for.
fn check(input: &[u8], found: &http1::Found, wanted: &str) -> Result<(), Failure> {
    let good = input.starts_with(b"HTTP/1.1 200 ")
        && memchr::memmem::find(&input[found.body.clone()], wanted.as_bytes()).is_some();
    if good {
        return Ok(());
    }
    Err(format!("another answer: {}", String::from_utf8_lossy(input)).into())
}

impl Counted {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            answers: 0,
            answer_bytes: 0,
            latency_us: Histogram::new(3)?,
        })
    }

    fn add(&mut self, bytes: usize, asked: Instant) -> Result<(), Failure> {
        self.answers += 1;
        self.answer_bytes += u64::try_from(bytes)?;
        let us = u64::try_from(asked.elapsed().as_micros())?;
        self.latency_us.record(us)?;
        Ok(())
    }
}

/// The CPU time that was had at one moment.
struct Moment {
    server_s: f64,
    client_s: f64,
    all_s: f64,
    at: Instant,
}

impl Moment {
    fn now(pids: &[u32]) -> Result<Self, Failure> {
        Ok(Self {
            server_s: process::cpu_s(pids)?,
            client_s: process::cpu_s(&[std::process::id()])?,
            all_s: process::all_cpu_s()?,
            at: Instant::now(),
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of a run fit")]
fn figures(
    plan: &RequestsPlan,
    from: &Moment,
    to: &Moment,
    counted: &Counted,
) -> Map<String, Value> {
    let secs = (to.at - from.at).as_secs_f64();
    let (server_s, client_s) = (to.server_s - from.server_s, to.client_s - from.client_s);
    let elsewhere_s = (to.all_s - from.all_s - server_s - client_s).max(0.0);
    let answers = counted.answers.max(1) as f64;
    let operation = format!("{:?}", plan.operation).to_lowercase();
    let quantile = |quantile| json!(counted.latency_us.value_at_quantile(quantile));
    let figures = [
        ("label", json!(plan.label)),
        ("operation", json!(operation)),
        ("connections", json!(plan.connections)),
        ("secs", round(secs, 2)),
        ("requests_per_s", round(answers / secs, 0)),
        (
            "server_cpu_us_per_request",
            round(server_s * 1e6 / answers, 3),
        ),
        (
            "answer_bytes",
            round(counted.answer_bytes as f64 / answers, 0),
        ),
        ("server_cpu", round(server_s / secs, 3)),
        ("client_cpu", round(client_s / secs, 3)),
        ("elsewhere_cpu", round(elsewhere_s / secs, 3)),
        ("p50_us", quantile(0.5)),
        ("p99_us", quantile(0.99)),
    ];
    figures
        .map(|(name, value)| (name.into(), value))
        .into_iter()
        .collect()
}
