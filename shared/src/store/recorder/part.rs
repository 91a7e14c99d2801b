//! One part of the log, recorded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{MissedTickBehavior, interval};

use super::lag::Share;
use super::live::Lives;
use super::sheet;
use super::sums::Sums;
use super::{Desk, PAUSE, all, longer, unreadable};
use crate::domain::event::{Event, Fact, Partition, Record};
use crate::domain::judge::{Judge, Judged};
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::Log;
use crate::store::redis::{RECENT_RENEWAL_MS, RoomRows};
use crate::traces::{Kind, Span};

/// A part as it is being recorded.
struct Part<'d> {
    desk: &'d Desk,
    partition: Partition,
    judge: Judge,
    sums: Sums,
    lives: Lives,
    share: Share,
    /// Everything before this is recorded.
    covered: u64,
    /// What the group was told of that last.
    committed: u64,
}

/// Records until something fails.
///
/// # Errors
/// `Unavailable`, where it has to begin again.
pub(super) async fn record(desk: &Desk, partition: Partition) -> Result<Infallible> {
    let covered = desk.covered.get(partition).await?;
    let from = desk.log.pre_roll(&[(partition, covered)]).await?;
    let from = from.first().copied().unwrap_or(covered);
    tracing::debug!(
        partition = partition.0,
        from,
        covered,
        "a part of the log is recorded here"
    );
    let mut records = desk.log.open(&[(partition, from)]).await?;
    let mut part = Part {
        desk,
        partition,
        judge: Judge::new(desk.epoch),
        sums: Sums::new(desk.epoch),
        lives: Lives::open(desk, partition).await?,
        share: Share::new(desk.lag.clone(), partition),
        covered,
        committed: covered,
    };
    let mut renewal = interval(Duration::from_millis(RECENT_RENEWAL_MS));
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            batch = records.next() => part.take(batch.ok_or_else(unreadable)?.records).await,
            _ = renewal.tick() => part.renew().await,
        }
    }
}

/// The records of a batch that somebody looks at.
fn spans(judged: &[Judged]) -> Vec<Span> {
    let traces = judged
        .iter()
        .filter_map(|judged| judged.record.fact.trace());
    let begin = |trace| Span::begin("record", Kind::Consumer, Some(trace));
    traces.map(begin).collect()
}

impl Part<'_> {
    /// Judges a batch and records it, however long the stores take.
    async fn take(&mut self, batch: Vec<Arc<Record>>) {
        let judged: Vec<Judged> = batch
            .into_iter()
            .map(|record| self.judge.judge(record))
            .collect();
        let new = judged.partition_point(|j| j.record.offset < self.covered);
        let judged = &judged[new..];
        let (Some(first), Some(last)) = (judged.first(), judged.last()) else {
            return;
        };
        self.share.waits_since(Some(first.record.at));
        // Over when all of it is written, and told.
        let _spans = spans(judged);
        let (to, at) = (last.record.offset + 1, last.record.at);
        let mut pause = PAUSE.0;
        while let Err(why) = self.write(judged, to, at).await {
            tracing::debug!(partition = self.partition.0, %why, "the recorder waits");
            longer(&mut pause).await;
        }
        self.publish(judged, to).await;
        self.covered = to;
        self.share.waits_since(None);
    }

    async fn write(&mut self, judged: &[Judged], to: u64, at: Timestamp) -> Result<()> {
        self.set_aside(judged).await?;
        let mut sheet = self.sums.open(&self.desk.rows, judged).await?;
        judged.iter().for_each(|judged| sheet.add(judged));
        let rows = &self.desk.rows;
        rows.put_all(sheet.rows()).await?;
        let sums = sheet.changed().map(|(room, sum)| rows.put_sum(room, sum));
        all(sums.collect()).await?;
        // A membership that waits no more is one whose room is live, to whoever creates that room again.
        self.lives.note(self.desk, sheet.lives()).await?;
        self.settle(judged).await?;
        self.desk.covered.forward(self.partition, to, at).await?;
        self.sums.close(sheet);
        Ok(())
    }

    /// What cannot be read is put where somebody may look at it.
    async fn set_aside(&self, judged: &[Judged]) -> Result<()> {
        for Record { offset, fact, .. } in judged.iter().map(|judged| &*judged.record) {
            if let Fact::Unreadable(octets) = fact {
                let letters = &self.desk.dead_letters;
                letters.put(self.partition, *offset, octets).await?;
            }
        }
        Ok(())
    }

    /// Memberships whose change is in the log wait no more for somebody to bring it in.
    async fn settle(&self, judged: &[Judged]) -> Result<()> {
        let mut settling = vec![];
        for judged in judged.iter().filter(|judged| judged.fresh) {
            if let Fact::In(room, Event::Member(event)) = &judged.record.fact {
                let (uid, version) = (&event.who.uid, event.version);
                let memberships = &self.desk.memberships;
                settling.push(memberships.settle(*room, uid, version, judged.notice()));
            }
        }
        all(settling).await.map(|_| ())
    }

    /// Says what is recorded now to those who need not have heard.
    async fn publish(&self, judged: &[Judged], to: u64) {
        let mut rooms: Vec<RoomRows> = vec![];
        for shown in judged.iter().flat_map(|judged| &judged.shown) {
            let (room, id) = (shown.message.room_id, shown.message.id);
            let row = (
                id,
                serde_json::to_vec(&sheet::archived(shown)).unwrap_or_default(),
            );
            match rooms.iter_mut().find(|(of, _)| *of == room) {
                Some((_, rows)) => rows.push(row),
                None => rooms.push((room, vec![row])),
            }
        }
        let desk = self.desk;
        desk.recent
            .apply(self.partition, desk.epoch, self.covered, to, &rooms)
            .await;
    }

    /// Where nothing came, and the log itself says so, the newest messages in Redis stay the newest. What rooms
    /// could not be told is told.
    async fn renew(&mut self) {
        self.lives.pay(self.desk).await;
        if self.committed < self.covered {
            self.desk.group.commit(self.partition, self.covered);
            self.committed = self.covered;
        }
        let end = self.desk.log.end_in(self.partition).await;
        if end == Ok(self.covered) {
            self.desk.recent.renew(self.partition).await;
        }
    }
}
