//! The form on the real parts: for each test a topic, tables, a database and keys of its own, all with one name.
//!
//! There are two of it, which differ in who tells an append what became of it. A function waits for the
//! recorder, so what it appended is recorded; a node hears it from its own reader, and the recorder may be behind.

use std::sync::Once;

use async_trait::async_trait;
use roomtone_shared::config::Env;
use roomtone_shared::logs;
use roomtone_shared::outbound::Outbound;
use roomtone_shared::store::Stores;
use roomtone_shared::store::fleet::function::{self, Function};
use roomtone_shared::store::fleet::{Fleet, FleetSettings};
use tokio::sync::{Mutex, OnceCell, Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Place, leftovers};
use crate::deadline;
use crate::reading::{Judges, Reader, beginning};

/// Tests on the same parts at once.
const PLACES_MAX: usize = 4;
/// Parts of each test's log.
const PARTITIONS: &str = "4";
/// Where the parts are.
const ADDRESSES: [&str; 4] = [
    "KAFKA_BROKERS",
    "DYNAMODB_ENDPOINT",
    "MONGO_URI",
    "REDIS_URL",
];

/// Where CloudFormation is to make the tables, if it is; a node makes them otherwise.
const CLOUDFORMATION: &str = "ROOMTONE_TESTS_CLOUDFORMATION";
/// Emulators take any signature, but read from it which service is meant.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0";

/// What the stores have to say, where somebody wants to see it.
static LOGS: Once = Once::new();
static PLACES: Semaphore = Semaphore::const_new(PLACES_MAX);

/// The stores as a function has them, with a node beside it that records.
pub(crate) fn fleet() -> impl Place {
    RealParts::new(As::Function)
}

/// The stores as a node has them, which records as well.
pub(crate) fn fleet_node() -> impl Place {
    RealParts::new(As::Node)
}

#[derive(Clone, Copy)]
enum As {
    Function,
    Node,
}

struct RealParts {
    open_as: As,
    env: Env,
    name: String,
    permit: OnceCell<SemaphorePermit<'static>>,
    running: Mutex<Option<Running>>,
}

/// What runs behind the stores until they are opened again.
struct Running {
    /// Records as long as it is there.
    _node: Fleet,
    _function: Option<Function>,
    answers: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(answers) = &self.answers {
            answers.abort();
        }
    }
}

impl RealParts {
    fn new(open_as: As) -> Self {
        let env = Env::process();
        if env.text("ROOMTONE_LOG").is_some() {
            LOGS.call_once(|| logs::init(&env).expect("a filter of logs"));
        }
        let name = format!("conformance-{}", Uuid::new_v4().simple());
        Self {
            open_as,
            env: settings(&name),
            name,
            permit: OnceCell::new(),
            running: Mutex::default(),
        }
    }
}

/// The environment's settings, with names of this test's own.
fn settings(name: &str) -> Env {
    let mut env = Env::process();
    for address in ADDRESSES {
        let there = env.text(address).is_some();
        assert!(there, "{address} must be set; localstack/up says to what");
    }
    // One broker on one's own machine; more where the environment says so.
    for one in ["ROOMTONE_KAFKA_REPLICATION", "ROOMTONE_KAFKA_MIN_INSYNC"] {
        if env.text(one).is_none() {
            env = env.with(one, "1");
        }
    }
    let mongo = leftovers::with_database(env.text("MONGO_URI").unwrap_or_default(), name);
    env.with("ROOMTONE_KAFKA_TOPIC", name)
        .with("ROOMTONE_KAFKA_PARTITIONS", PARTITIONS)
        .with("DYNAMODB_TABLE_PREFIX", &format!("{name}-"))
        .with("MONGO_URI", &mongo)
        .with("ROOMTONE_REDIS_PREFIX", &format!("{name}:"))
}

/// Deploys the tables as an operator does.
fn deploy_tables(cloudformation: &str, stack: &str) {
    let template = include_str!("../../../../infra/tables.json");
    let prefix = format!("{stack}-");
    let asked = [
        ("Action", "CreateStack"),
        ("Version", "2010-05-15"),
        ("StackName", stack),
        ("TemplateBody", template),
        ("Parameters.member.1.ParameterKey", "Prefix"),
        ("Parameters.member.1.ParameterValue", &prefix),
    ];
    let made = ureq::post(cloudformation)
        .header("Authorization", SIGNATURE)
        .send_form(asked);
    made.expect("a stack of tables");
    // A node would make what is missing.
    for table in ["memberships", "history", "log"] {
        let looked = ureq::post(cloudformation)
            .header(
                "Authorization",
                &SIGNATURE.replace("cloudformation", "dynamodb"),
            )
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", "DynamoDB_20120810.DescribeTable")
            .send(format!(r#"{{"TableName": "{prefix}{table}"}}"#));
        looked.unwrap_or_else(|why| panic!("{table} was not made: {why}"));
    }
}

/// Tells the log's appends what became of them, as a node's reader does.
async fn answer(stores: &Stores) -> JoinHandle<()> {
    let (mut judges, log) = (Judges::new(stores), stores.log.clone());
    let mut reader = Reader::open(stores, &beginning(stores).await).await;
    for record in reader.read_on(stores).await {
        log.judged(&judges.judge(record));
    }
    tokio::spawn(async move {
        loop {
            for record in reader.wait().await {
                log.judged(&judges.judge(record));
            }
        }
    })
}

#[async_trait]
impl Place for RealParts {
    async fn open(&self) -> Stores {
        let permit = || async { PLACES.acquire().await.expect("a semaphore that stays") };
        let first = self.permit.get().is_none();
        self.permit.get_or_init(permit).await;
        if let Some(cloudformation) = self.env.text(CLOUDFORMATION).filter(|_| first) {
            deploy_tables(cloudformation, &self.name);
        }
        let mut running = self.running.lock().await;
        // What ran until now ends before anything new begins, as a process does.
        drop(running.take());
        let settings = FleetSettings::read(&self.env).expect("settings");
        let settings = settings.expect("the real parts are set");
        let opening = Fleet::open_node(&settings);
        let node = deadline::within("a node's stores to open", opening).await;
        let node = node.expect("a node's stores");
        let (stores, function, answers) = match self.open_as {
            As::Node => (node.stores.clone(), None, Some(answer(&node.stores).await)),
            As::Function => {
                let function = Function::open(&settings, Outbound::new(), &function::ALL).await;
                let function = function.expect("a function's stores");
                (function.stores.clone(), Some(function), None)
            }
        };
        *running = Some(Running {
            _node: node,
            _function: function,
            answers,
        });
        stores
    }

    async fn remove(&self) {
        drop(self.running.lock().await.take());
        leftovers::remove(&self.env, &self.name).await;
    }
}
