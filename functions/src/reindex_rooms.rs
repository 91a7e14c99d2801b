//! What runs on a schedule: rooms that the search server has not acknowledged are sent again, and events
//! that were left out of the log are brought in. It answers no HTTP.

use roomtone_shared::error::Result;
use roomtone_shared::rooms;
use serde::Serialize;

use crate::App;

/// What one run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Rooms that the search server has acknowledged now.
    pub indexed: usize,
    /// Events that were found pending.
    pub pending: usize,
}

/// Sweeps once.
///
/// # Errors
/// `Unavailable`; the next run goes on.
pub async fn sweep(app: &App) -> Result<Swept> {
    let pending = rooms::sweep_pending(&app.stores).await?;
    let indexed = rooms::sweep_unindexed(&app.stores, &app.search).await?;
    Ok(Swept { indexed, pending })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Town;

    #[tokio::test]
    async fn a_room_is_acknowledged_once() {
        let town = Town::new();
        town.room("u1", "p1").await;
        assert_eq!(
            sweep(town.app()).await,
            Ok(Swept {
                indexed: 0,
                pending: 0
            })
        );
        let (search, asked) = crate::testing::search_server().await;
        let app = App {
            search,
            ..town.app().clone()
        };
        assert_eq!(
            sweep(&app).await,
            Ok(Swept {
                indexed: 1,
                pending: 0
            })
        );
        assert_eq!(
            sweep(&app).await,
            Ok(Swept {
                indexed: 0,
                pending: 0
            })
        );
        let asked = asked.lock().unwrap();
        assert_eq!(
            (asked.len(), &asked[0]["roomName"], &asked[0]["playlistId"]),
            (1, &"Night drive".into(), &"p1".into())
        );
    }
}
