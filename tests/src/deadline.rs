//! Waiting: for a condition, never for a time. It knows nothing of what is waited for.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::settings;

/// Pause between two looks at a condition that nobody announces.
const PROBE_PAUSE: Duration = Duration::from_millis(20);

/// What `future` gives.
///
/// # Panics
/// Naming `what`, where it gives nothing before the deadline.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    within_time(settings::deadline(), what, future).await
}

/// The same, with a time of its own.
///
/// # Panics
/// Naming `what`, where it gives nothing in that time.
pub async fn within_time<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}

/// Looks again and again, until `probe` gives something.
///
/// # Panics
/// Naming `what`, where it gives nothing before the deadline.
pub async fn until<T, Fut: Future<Output = Option<T>>>(
    what: &str,
    mut probe: impl FnMut() -> Fut,
) -> T {
    until_after(Duration::ZERO, what, || {
        let probing = probe();
        async { probing.await.ok_or_else(|| "it is not there".into()) }
    })
    .await
}

/// The same for what comes only after some time of its own, where `probe` can say what is still wrong.
///
/// # Panics
/// Naming `what`, and what was wrong last, where probing gives nothing before the deadline that follows that time.
pub async fn until_after<T, Fut: Future<Output = Result<T, String>>>(
    own_time: Duration,
    what: &str,
    mut probe: impl FnMut() -> Fut,
) -> T {
    let end = Instant::now() + own_time + settings::deadline();
    loop {
        let wrong = match probe().await {
            Ok(value) => return value,
            Err(wrong) => wrong,
        };
        assert!(Instant::now() < end, "waited too long for {what}: {wrong}");
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}
