//! `socket-node`: one node of a fleet. Reads the settings, opens the real parts, serves sockets, and ends on a
//! signal, or when the log can be read no more.

mod eureka;
mod node_settings;
mod own_port;

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use roomtone_shared::auth::Authenticator;
use roomtone_shared::config::Env;
use roomtone_shared::logs;
use roomtone_shared::store::fleet::Fleet;
use roomtone_shared::{clock, crash, traces};
use roomtone_socket_node::{SocketNode, admin, routes, shutdown};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use node_settings::NodeSettings;

/// Most of what a server allocates is small and soon gone, which this does in less time than the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How far the runtime's threads, which record and ask stores, come behind the shards' and the log's on a core that both want
/// (nice(2)): they are left about a quarter of it. What is done behind a message gives way to it.
const BEHIND: i32 = 5;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "socket-node: one node of Roomtone's fleet. It takes no arguments: its settings are variables of the \
    environment, which README.md and .env.example list.";

fn main() -> ExitCode {
    if let Some(argument) = std::env::args_os().nth(1) {
        if argument == "--help" || argument == "-h" {
            let told = writeln!(std::io::stdout(), "{USAGE}");
            return told.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
        }
        eprintln!(
            "socket-node: unknown argument {}\n{USAGE}",
            argument.display()
        );
        return ExitCode::from(2);
    }
    match start(&Env::process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // For whoever started it, and for whoever reads its log.
            eprintln!("socket-node: {why}");
            tracing::error!(%why, "the node ends");
            ExitCode::FAILURE
        }
    }
}

fn start(env: &Env) -> Result<(), Failure> {
    logs::init(env)?;
    let settings = NodeSettings::read(env)?;
    crash::arm(env)?;
    clock::set(env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(|| {
            // Of the thread alone, which is how Linux has it; another system has it of the process, and all come alike there.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, BEHIND);
        })
        .build()?;
    runtime.block_on(async {
        let shutdown = shutdown::asked()?;
        run(settings, shutdown).await
    })
}

async fn run(
    settings: NodeSettings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    let listener = listen(settings.address, "ROOMTONE_PORT").await?;
    let own_port = listen(settings.admin_address, "ROOMTONE_ADMIN_PORT").await?;
    let own_port_at = own_port.local_addr()?;
    let ready = own_port::Ready::default();
    tokio::spawn(own_port::serve(own_port, ready.clone()));
    let traces = traces::init(settings.traces, &settings.outbound)?;
    let auth = Authenticator::new(&settings.auth, settings.outbound.clone())?;
    let drain = Arc::new(Notify::new());
    let mut shutdown = pin!(async {
        tokio::select! {
            () = shutdown => {}
            () = drain.notified() => {}
        }
    });
    let opening = async {
        let fleet = Fleet::open_node(&settings.fleet).await?;
        let node = SocketNode::start(settings.socket, fleet.stores.clone(), auth).await?;
        Ok::<_, Failure>((fleet, node))
    };
    let (fleet, node) = tokio::select! {
        opened = opening => opened?,
        () = &mut shutdown => {
            tracing::info!("asked to stop before it had started");
            return Ok(());
        }
    };
    let admin = settings
        .admin_credential
        .map(|credential| admin::routes(node.clone(), credential, drain.clone()));
    ready.set(node.clone(), fleet.recorder_lag(), admin);
    let address = listener.local_addr()?;
    let registration = settings.eureka.map(|eureka| {
        let at = (address.port(), own_port_at.port());
        tokio::spawn(eureka::keep(eureka, settings.outbound, at, node.clone()))
    });
    tracing::info!(%address, node = %node.id(), "listening");
    let cut_off = node.serve(listener, routes(node.clone()), shutdown).await;
    if let Some(registration) = registration {
        // It ends by itself, for the node has stopped.
        let _ = registration.await;
    }
    fleet.stop();
    if let Some(traces) = traces {
        traces.flush().await;
    }
    if cut_off {
        return Err("the log can be read no more; its errors stand in the log above".into());
    }
    Ok(())
}

async fn listen(at: SocketAddr, port: &str) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(at).await;
    listener.map_err(|why| format!("cannot listen on {at}: {why}; choose another {port}").into())
}
