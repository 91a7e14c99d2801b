//! Waiting: for a condition, never for a time.

use std::time::Duration;

use tokio::time::Instant;

/// How long a condition may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// Pause between two looks at a condition that nobody announces.
const PROBE_PAUSE: Duration = Duration::from_millis(2);

/// Looks again and again, until `probe` gives something.
pub(crate) async fn until<T, Probe: Future<Output = Option<T>>>(
    what: &str,
    mut probe: impl FnMut() -> Probe,
) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}

/// What `future` gives.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let given = tokio::time::timeout(DEADLINE, future).await;
    given.unwrap_or_else(|_| panic!("waited too long for {what}"))
}
