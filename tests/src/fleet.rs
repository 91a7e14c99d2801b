//! What a fleet is started with: where the real parts are, and in them a topic, tables, a database and keys of its
//! own, all with one name. It knows nothing of processes.
//!
//! The name is kept in the folder of the fleet, so that one that is started on it again finds what was kept. What is
//! kept in the parts goes with the parts' data.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the parts are.
const ADDRESSES: [&str; 4] = [
    "KAFKA_BROKERS",
    "MONGO_URI",
    "DYNAMODB_ENDPOINT",
    "REDIS_URL",
];
/// Copies of the log, which are one on one's own machine.
const COPIES: [&str; 2] = ["ROOMTONE_KAFKA_REPLICATION", "ROOMTONE_KAFKA_MIN_INSYNC"];
/// Partitions of a fleet's log.
const PARTITIONS: &str = "4";
/// Milliseconds after which Redis counts as away: more than by itself, for on a busy machine it is late and not away.
/// Where Redis being away is what is tested, the value is the default.
const REDIS_MS: &str = "2500";
/// The file in a fleet's folder that has its name.
const NAME: &str = "fleet";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// The environment of the fleet in this folder, which is a new one where the folder has none.
///
/// # Panics
/// Where an address is missing, or the folder can't be used.
#[must_use]
pub fn environment(folder: &Path) -> Vec<(String, String)> {
    let name = name(folder);
    let mut environment: Vec<(String, String)> = vec![];
    for address in ADDRESSES {
        environment.push((address.into(), part(address)));
    }
    for copies in COPIES {
        environment.push((copies.into(), outer(copies).unwrap_or_else(|| "1".into())));
    }
    let mongo = with_database(&environment[1].1, &name);
    environment[1].1 = mongo;
    // How much is logged is the business of whoever looks for a fault.
    environment.extend(outer("ROOMTONE_LOG").map(|log| ("ROOMTONE_LOG".into(), log)));
    let own = [
        ("ROOMTONE_KAFKA_TOPIC", name.clone()),
        ("ROOMTONE_KAFKA_PARTITIONS", PARTITIONS.into()),
        ("ROOMTONE_SEARCH_TOPIC", format!("{name}-search")),
        ("DYNAMODB_TABLE_PREFIX", format!("{name}-")),
        ("ROOMTONE_REDIS_PREFIX", format!("{name}:")),
        ("ROOMTONE_REDIS_TIMEOUT_MS", REDIS_MS.into()),
        (
            "AUTH_HS256_SECRET",
            format!("a secret of the fleet {name} alone"),
        ),
    ];
    environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
    environment
}

/// Where a real part is, by the name of its setting.
///
/// # Panics
/// Where that is not set.
#[must_use]
pub fn part(address: &str) -> String {
    outer(address).unwrap_or_else(|| panic!("{address} must be set; localstack/up says to what"))
}

/// A setting of a fleet's. The last one counts.
///
/// # Panics
/// Where it has none of this name.
#[must_use]
pub fn setting<'a>(environment: &'a [(String, String)], name: &str) -> &'a str {
    let found = environment.iter().rev().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("{name} is not set")).1
}

/// A variable of the test's own environment.
fn outer(variable: &str) -> Option<String> {
    let value = std::env::var_os(variable)?.into_string().ok()?;
    Some(value).filter(|value| !value.is_empty())
}

fn name(folder: &Path) -> String {
    let file = folder.join(NAME);
    if let Ok(name) = std::fs::read_to_string(&file) {
        return name;
    }
    let began = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let name = format!(
        "tests-{}-{:x}-{}",
        std::process::id(),
        began.expect("a clock that was set").as_micros(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    std::fs::write(&file, &name).expect("the folder can be written to");
    name
}

/// A MongoDB address with another database.
fn with_database(uri: &str, database: &str) -> String {
    let (scheme, rest) = uri.split_once("://").expect("mongodb://…");
    let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = before.split('/').next().unwrap_or_default();
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{scheme}://{hosts}/{database}{mark}{options}")
}
