//! What a run came to, as one line of JSON and as a few words for people.

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::check::Tally;
use crate::plan::Plan;
use crate::process;

/// The CPU time that was had at one moment.
pub(crate) struct Moment {
    server_s: f64,
    client_s: f64,
    beside_s: f64,
    all_s: f64,
    tally: Tally,
    at: std::time::Instant,
}

impl Moment {
    pub(crate) fn now(plan: &Plan, tally: Tally) -> Result<Self, Failure> {
        Ok(Self {
            server_s: process::cpu_s(&plan.pid)?,
            client_s: process::cpu_s(&[std::process::id()])?,
            beside_s: process::cpu_s(&plan.beside_pid)?,
            all_s: process::all_cpu_s()?,
            tally,
            at: std::time::Instant::now(),
        })
    }
}

impl Moment {
    /// Notes what is known of losses only in the end.
    pub(crate) fn settle(&mut self, last: Tally, outstanding: u64) {
        self.tally.lost = last.lost + outstanding;
        self.tally.again = last.again;
        self.tally.refused = last.refused;
    }
}

/// What was measured between two moments.
#[allow(clippy::cast_precision_loss, reason = "counts of a run fit")]
pub(crate) fn between(
    plan: &Plan,
    from: &Moment,
    to: &Moment,
    latency_us: &Histogram<u64>,
) -> Map<String, Value> {
    let secs = (to.at - from.at).as_secs_f64();
    let deliveries = (to.tally.deliveries - from.tally.deliveries) as f64;
    let server_s = to.server_s - from.server_s;
    let client_s = to.client_s - from.client_s;
    let beside_s = to.beside_s - from.beside_s;
    let elsewhere = (to.all_s - from.all_s - server_s - client_s - beside_s).max(0.0);
    let mut figures = Map::new();
    let mut put = |name: &str, value: Value| figures.insert(name.into(), value);
    put("label", json!(plan.label));
    put("target", json!(format!("{:?}", plan.target).to_lowercase()));
    put("rooms", json!(plan.rooms));
    put("members", json!(plan.members));
    match (plan.rate, plan.in_turn) {
        (Some(rate), _) => put("rate", json!(rate)),
        (None, Some(under_way)) => put("in_turn", json!(under_way)),
        (None, None) => put("window", json!(plan.window)),
    };
    put("secs", round(secs, 2));
    put("deliveries_per_s", round(deliveries / secs, 0));
    let bytes = (to.tally.bytes - from.tally.bytes) as f64;
    put("frame_bytes", round(bytes / deliveries.max(1.0), 0));
    put(
        "server_cpu_us_per_delivery",
        round(server_s * 1e6 / deliveries.max(1.0), 4),
    );
    put("server_cpu", round(server_s / secs, 3));
    put("client_cpu", round(client_s / secs, 3));
    put("beside_cpu", round(beside_s / secs, 3));
    put("elsewhere_cpu", round(elsewhere / secs, 3));
    for (name, quantile) in [
        ("p50_us", 0.5),
        ("p90_us", 0.9),
        ("p99_us", 0.99),
        ("max_us", 1.0),
    ] {
        put(name, json!(latency_us.value_at_quantile(quantile)));
    }
    put("lost", json!(to.tally.lost));
    put("again", json!(to.tally.again));
    put("refused", json!(to.tally.refused));
    figures
}

pub(crate) fn round(value: f64, digits: i32) -> Value {
    let scale = 10_f64.powi(digits);
    json!((value * scale).round() / scale)
}

/// Prints the line that programs read.
#[allow(clippy::print_stdout, reason = "this is what the program is for")]
pub(crate) fn print(figures: Map<String, Value>) {
    println!("{}", Value::Object(figures));
}
