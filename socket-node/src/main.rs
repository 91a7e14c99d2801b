//! `socket-node`: one node of a fleet. Reads the settings, opens the real parts, serves sockets, and ends on a
//! signal, or when the log can be read no more.

mod admin;
mod node_settings;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;

use roomtone_shared::auth::Authenticator;
use roomtone_shared::config::Env;
use roomtone_shared::logs;
use roomtone_shared::store::fleet::Fleet;
use roomtone_shared::{clock, crash};
use roomtone_socket_node::{SocketNode, routes, shutdown};
use tokio::net::TcpListener;

use node_settings::NodeSettings;

/// Most of what a server allocates is small and soon gone, which this does in less time than the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How far the runtime's threads, which record and ask stores, come behind the shards' and the log's on a core that both want
/// (nice(2)): they are left about a quarter of it. What is done behind a message gives way to it.
const BEHIND: i32 = 5;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match start(&Env::process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("socket-node: {why}");
            ExitCode::FAILURE
        }
    }
}

fn start(env: &Env) -> Result<(), Failure> {
    let settings = NodeSettings::read(env)?;
    crash::arm(env)?;
    clock::set(env)?;
    logs::init(env)?;
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
    let admin = listen(settings.admin_address, "ROOMTONE_ADMIN_PORT").await?;
    let ready = admin::Ready::default();
    tokio::spawn(admin::serve(admin, ready.clone()));
    let auth = Authenticator::new(&settings.auth, settings.outbound)?;
    let mut shutdown = pin!(shutdown);
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
    ready.set(node.clone(), fleet.recorder_lag());
    tracing::info!(address = %listener.local_addr()?, "listening");
    let cut_off = node.serve(listener, routes(node.clone()), shutdown).await;
    fleet.stop();
    if cut_off {
        return Err("the log can be read no more; its errors stand in the log above".into());
    }
    Ok(())
}

async fn listen(at: SocketAddr, port: &str) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(at).await;
    listener.map_err(|why| format!("cannot listen on {at}: {why}; choose another {port}").into())
}
