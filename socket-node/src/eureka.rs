//! The node's place in Eureka, the registry by which the Spring services around it find it: registered once it can be sent
//! sockets, renewed, and given back as soon as it is to stop.
//!
//! The registry is never waited for: where it does not answer, the node serves all the same, and asks again.
//! Its operations are those of [Eureka's REST API](https://github.com/Netflix/eureka/wiki/Eureka-REST-operations).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use roomtone_shared::config::{ConfigError, Env};
use roomtone_shared::outbound::{Endpoint, Method, Outbound, OutboundError};
use roomtone_socket_node::SocketNode;
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::sync::OnceCell;

/// What the node is called there.
const APP: &str = "CHATTING-SERVER";
/// Between two renewals, and after one that failed.
const RENEWAL: Duration = Duration::from_secs(10);
/// Seconds without a renewal after which the registry drops the node.
const LEASE_S: u64 = 30;
/// How long a call may take.
const CALL: Duration = Duration::from_secs(2);
/// The registry's words for what it does not know.
const NOT_FOUND: u16 = 404;

/// Where the registry is, and how the node is found.
#[derive(Clone, Debug)]
pub(crate) struct EurekaSettings {
    /// Registries that know each other; the first that answers is told.
    urls: Vec<String>,
    /// `ROOMTONE_ADVERTISED_HOST`, or where the node listens; none for the address that leads to the registry.
    host: Option<String>,
}

impl EurekaSettings {
    /// Reads them; none without `EUREKA_URL`.
    ///
    /// # Errors
    /// Where a URL is none, or has a login in it.
    pub(crate) fn read(env: &Env, listens: IpAddr) -> Result<Option<Self>, ConfigError> {
        let Some(listed) = env.text("EUREKA_URL") else {
            return Ok(None);
        };
        let mut urls = vec![];
        for url in listed.split(',').map(str::trim) {
            let checked = Endpoint::parse(url);
            checked.map_err(|why| ConfigError::new("EUREKA_URL", why.to_string()))?;
            urls.push(url.trim_end_matches('/').to_owned());
        }
        let advertised = env.text("ROOMTONE_ADVERTISED_HOST").map(str::to_owned);
        let anywhere = listens.is_unspecified();
        let host = advertised.or_else(|| (!anywhere).then(|| listens.to_string()));
        Ok(Some(Self { urls, host }))
    }
}

/// The node as the registry knows it.
struct Instance {
    urls: Vec<String>,
    outbound: Outbound,
    id: String,
    told: Value,
}

/// Keeps the node registered until it stops. `ports` are where sockets come in, and its own.
pub(crate) async fn keep(
    settings: EurekaSettings,
    outbound: Outbound,
    ports: (u16, u16),
    node: SocketNode,
) {
    let found = OnceCell::new();
    tokio::select! {
        () = stay_registered(&settings, &outbound, ports, &found) => {}
        () = node.stopping() => {}
    }
    let Some(instance) = found.get() else {
        return;
    };
    match instance.each(Method::DELETE).await {
        Ok(()) => tracing::info!(id = instance.id, "left the registry"),
        Err(why) => tracing::warn!(%why, "the registry will find that this node is gone"),
    }
}

/// Finds out where this node is found, and stays registered as that; for good.
async fn stay_registered(
    settings: &EurekaSettings,
    outbound: &Outbound,
    ports: (u16, u16),
    found: &OnceCell<Instance>,
) {
    loop {
        let host = match &settings.host {
            Some(host) => Ok(host.clone()),
            None => towards(&settings.urls)
                .await
                .map(|address| address.to_string()),
        };
        match host {
            Ok(host) => {
                let instance = async || Instance::new(settings, outbound, &host, ports);
                return found.get_or_init(instance).await.stay_registered().await;
            }
            Err(why) => {
                tracing::warn!(%why, "no way leads to the registry, and this node is not told of")
            }
        }
        tokio::time::sleep(RENEWAL).await;
    }
}

impl Instance {
    fn new(
        settings: &EurekaSettings,
        outbound: &Outbound,
        host: &str,
        (port, own_port): (u16, u16),
    ) -> Self {
        let id = format!("{host}:{}:{port}", APP.to_lowercase());
        let own = format!("http://{host}:{own_port}");
        let told = json!({ "instance": {
            "instanceId": id,
            "app": APP,
            "hostName": host,
            "ipAddr": host,
            "vipAddress": APP,
            "secureVipAddress": APP,
            "status": "UP",
            "port": { "$": port, "@enabled": "true" },
            "securePort": { "$": 443, "@enabled": "false" },
            "healthCheckUrl": format!("{own}/readyz"),
            "statusPageUrl": format!("{own}/metrics"),
            "homePageUrl": format!("http://{host}:{port}/"),
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "leaseInfo": {
                "renewalIntervalInSecs": RENEWAL.as_secs(),
                "durationInSecs": LEASE_S,
            },
            "metadata": { "management.port": own_port.to_string() },
        }});
        Self {
            urls: settings.urls.clone(),
            outbound: outbound.clone(),
            id,
            told,
        }
    }

    /// Registers, and renews that; where the registry has forgotten it, registers again. For good.
    async fn stay_registered(&self) {
        let (mut registered, mut answers) = (false, true);
        loop {
            let told = if registered {
                self.each(Method::PUT).await
            } else {
                self.register().await
            };
            match told {
                Ok(()) => {
                    if !registered {
                        tracing::info!(id = self.id, "registered");
                    }
                    (registered, answers) = (true, true);
                }
                Err(OutboundError::Status { status, .. }) if registered && status == NOT_FOUND => {
                    registered = false;
                    continue;
                }
                Err(why) => {
                    if answers {
                        tracing::warn!(%why, "the registry does not take this node, and is asked again");
                    }
                    answers = false;
                }
            }
            tokio::time::sleep(RENEWAL).await;
        }
    }

    async fn register(&self) -> Result<(), OutboundError> {
        let mut told = Ok(());
        for url in &self.urls {
            let to = Endpoint::parse(&format!("{url}/apps/{APP}"))?;
            told = self.outbound.post_json(&to, &self.told, CALL).await;
            if told.is_ok() {
                break;
            }
        }
        told
    }

    /// Says this of the instance to the first registry that answers; one that does not know it has answered.
    async fn each(&self, method: Method) -> Result<(), OutboundError> {
        let mut told = Ok(());
        for url in &self.urls {
            let to = Endpoint::parse(&format!("{url}/apps/{APP}/{}", self.id))?;
            told = self.outbound.tell(method.clone(), &to, CALL).await;
            if matches!(
                told,
                Ok(())
                    | Err(OutboundError::Status {
                        status: NOT_FOUND,
                        ..
                    })
            ) {
                break;
            }
        }
        told
    }
}

/// This machine's address on the way to the first registry. Nothing is sent.
async fn towards(urls: &[String]) -> std::io::Result<IpAddr> {
    let at = urls.first().and_then(|url| url.split_once("://"));
    let at = at.map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let has_port = at
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port {
        at.to_owned()
    } else {
        format!("{at}:80")
    };
    let registry = tokio::net::lookup_host(with_port).await?.next();
    let registry = registry.ok_or_else(|| std::io::Error::other("its name has no address"))?;
    let any: IpAddr = match registry {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(registry).await?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    #[test]
    fn urls_are_checked_at_the_start_and_without_one_there_is_no_registry() {
        let read =
            |value: &str| EurekaSettings::read(&Env::default().with("EUREKA_URL", value), ANY);
        assert!(read("").unwrap().is_none());
        let two = read("http://a:8761/eureka/, https://b/eureka")
            .unwrap()
            .unwrap();
        assert_eq!(two.urls, ["http://a:8761/eureka", "https://b/eureka"]);
        for wrong in [
            "eureka:8761",
            "http://",
            "http://name:word@a/eureka",
            "http://a,,http://b",
        ] {
            assert_eq!(read(wrong).unwrap_err().name, "EUREKA_URL", "{wrong}");
        }
    }

    #[test]
    fn a_node_is_found_by_what_it_is_told_or_where_it_listens() {
        let env = Env::default().with("EUREKA_URL", "http://127.0.0.1:8761/eureka");
        let host = |env: &Env, listens| EurekaSettings::read(env, listens).unwrap().unwrap().host;
        assert_eq!(host(&env, ANY), None);
        assert_eq!(
            host(&env, [10, 0, 0, 7].into()).as_deref(),
            Some("10.0.0.7")
        );
        let told = env.with("ROOMTONE_ADVERTISED_HOST", "node-1.example");
        assert_eq!(host(&told, ANY).as_deref(), Some("node-1.example"));
    }

    #[tokio::test]
    async fn the_way_to_the_registry_tells_the_address() {
        for (url, address) in [
            ("http://127.0.0.1:1/eureka", Some("127.0.0.1")),
            ("http://127.0.0.1/eureka", Some("127.0.0.1")),
            ("http://nowhere.invalid/eureka", None),
        ] {
            let found = towards(&[url.into()]).await.ok();
            assert_eq!(
                found.map(|found| found.to_string()).as_deref(),
                address,
                "{url}"
            );
        }
    }
}
