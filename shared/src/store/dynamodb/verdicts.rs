//! What the recorder made of a record, for functions, which do not read the log.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Covered, Rows};
use crate::domain::event::{Event, Fact, Partition};
use crate::domain::judge::Verdict;
use crate::domain::message::MessageId;
use crate::error::Result;
use crate::store::kafka::RecordedVerdicts;

/// How long a function waits for the recorder.
const WAIT: Duration = Duration::from_secs(10);
/// The first pause between two looks; it grows by half each time.
const PAUSE: Duration = Duration::from_millis(3);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// The recorder's word, from history.
pub(in crate::store) struct Verdicts {
    rows: Rows,
    covered: Covered,
    epoch: u16,
}

impl Verdicts {
    pub(in crate::store) fn new(rows: Rows, covered: Covered, epoch: u16) -> Self {
        Self {
            rows,
            covered,
            epoch,
        }
    }

    /// Waits until a record is recorded; false where that takes too long.
    async fn recorded(&self, partition: Partition, offset: u64) -> Result<bool> {
        let (until, mut pause) = (Instant::now() + WAIT, PAUSE);
        while self.covered.get(partition).await? <= offset {
            if Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSE_MAX);
        }
        Ok(true)
    }
}

#[async_trait]
impl RecordedVerdicts for Verdicts {
    async fn of(
        &self,
        partition: Partition,
        offset: u64,
        fact: &Fact,
    ) -> Result<(Vec<Verdict>, Option<MessageId>)> {
        let nothing = (vec![], None);
        // The record is in the log: that its verdict is not known is no failure of the append.
        if !self.recorded(partition, offset).await.unwrap_or(false) {
            return Ok(nothing);
        }
        let id = |index: usize| MessageId {
            epoch: self.epoch,
            offset,
            index: u8::try_from(index).unwrap_or(u8::MAX),
        };
        match fact {
            Fact::In(room, Event::Said(said)) => {
                let mut verdicts = vec![];
                for index in 0..said.lines.len() {
                    let id = id(index);
                    let verdict = match self.rows.message(*room, id).await? {
                        Some(_) => Some(Verdict::Shown(id)),
                        None => self.rows.verdict(*room, id).await?,
                    };
                    verdicts.extend(verdict);
                }
                Ok((verdicts, None))
            }
            Fact::In(room, Event::Member(_)) => {
                let notice = self.rows.message(*room, id(0)).await?;
                Ok((vec![], notice.map(|archived| archived.message.id)))
            }
            _ => Ok(nothing),
        }
    }
}
