//! The stores as one node has them: slow, sometimes away, and gone with the node.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use roomtone_shared::domain::event::{Fact, NodeId, Partition, Record};
use roomtone_shared::domain::judge::Judge;
use roomtone_shared::domain::membership::{
    self, Change, MemberCursor, Membership, Placed, Planned, UserRooms,
};
use roomtone_shared::domain::message::{MessageId, MessageType};
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{
    Appending, Archived, Batch, Begin, Changed, Created, Following, History, Log, Memberships,
    Presence, Records, RoomCursor, Rooms, Stores, Summary, Which,
};

use crate::random::Random;
use crate::world::{EPOCH, PARTITIONS, World};

/// Milliseconds that a store takes at most.
const SLOW_MS: u64 = 25;

/// One node's.
pub struct OfNode {
    world: Arc<World>,
    number: u64,
    seed: u64,
    gone: AtomicBool,
    /// What the node calls itself, once it has said so.
    id: Mutex<Option<NodeId>>,
    followed: AtomicU64,
}

impl OfNode {
    pub fn new(world: Arc<World>, seed: u64, number: u64) -> Arc<Self> {
        Arc::new(Self {
            world,
            number,
            seed,
            gone: AtomicBool::new(false),
            id: Mutex::default(),
            followed: AtomicU64::new(0),
        })
    }

    pub fn stores(self: &Arc<Self>) -> Stores {
        Stores {
            rooms: self.clone(),
            memberships: self.clone(),
            history: self.clone(),
            presence: self.clone(),
            log: self.clone(),
        }
    }

    /// The node is no more: what it still had in mind comes to nothing.
    pub fn lose(&self) {
        self.gone.store(true, Ordering::Relaxed);
        let id = *self.id.lock().expect("nobody panics with it");
        id.into_iter().for_each(|id| self.world.lose(id));
    }

    /// Waits as for a store, which never answers a node that is gone.
    async fn asked(&self, away: bool, store: &'static str) -> Result<()> {
        if self.gone.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.world.pause(SLOW_MS).await;
        if away {
            Err(Error::Unavailable(store))
        } else {
            Ok(())
        }
    }

    async fn history(&self) -> Result<()> {
        self.asked(self.world.away().history, "history").await
    }

    async fn memberships(&self) -> Result<()> {
        self.asked(self.world.away().memberships, "the membership store")
            .await
    }

    async fn presence(&self) -> Result<()> {
        self.asked(self.world.away().presence, "presence").await
    }

    async fn log(&self) -> Result<()> {
        self.asked(self.world.away().log, "the log").await
    }
}

#[async_trait]
impl Rooms for OfNode {
    async fn get(&self, id: RoomId) -> Result<Option<Room>> {
        self.asked(false, "the room store").await?;
        Ok(self.world.room(id))
    }
    async fn by_playlist(&self, _: &str) -> Result<Option<Room>> {
        Ok(None)
    }
    async fn create(&self, _: &Room) -> Result<Created> {
        Err(Error::Unavailable("the room store"))
    }
    async fn restart(&self, _: &Room, _: Timestamp) -> Result<bool> {
        Ok(false)
    }
    async fn page(&self, _: Which, _: Option<RoomCursor>, _: usize) -> Result<Vec<Room>> {
        Ok(vec![])
    }
    async fn unindexed(&self, _: Option<RoomId>, _: usize) -> Result<Vec<Room>> {
        Ok(vec![])
    }
    async fn indexed(&self, _: RoomId, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Memberships for OfNode {
    async fn get(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>> {
        self.memberships().await?;
        let found = self
            .world
            .memberships(|all, _| all.get(&(room, uid.clone())).cloned());
        // What was read may be old by the time it is known.
        self.world.pause(SLOW_MS).await;
        Ok(found)
    }

    async fn of_user(&self, uid: &Uid) -> Result<UserRooms> {
        self.memberships().await?;
        Ok(self
            .world
            .memberships(|_, users| users.get(uid).cloned().unwrap_or_default()))
    }

    async fn change(
        &self,
        room: RoomId,
        uid: &Uid,
        change: Change,
        now: Timestamp,
    ) -> Result<Changed> {
        self.memberships().await?;
        let changed = self.world.memberships(|all, users| {
            let user = users.get(uid).cloned().unwrap_or_default();
            let of = |room: RoomId| all.get(&(room, uid.clone())).cloned();
            let oldest = membership::to_evict(&user, room).and_then(|id| Some((id, of(id)?)));
            let plan = match membership::plan(&user, room, of(room), oldest, &change, now) {
                Planned::Already(there) => return Changed::Already(there),
                Planned::Blocked(pending) => return Changed::Blocked(pending),
                Planned::Write(plan) => plan,
            };
            users.insert(uid.clone(), plan.user);
            all.insert((room, uid.clone()), plan.membership.clone());
            if let Some((left, gone)) = &plan.evicted {
                all.insert((*left, uid.clone()), gone.clone());
            }
            Changed::Done {
                membership: plan.membership,
                evicted: plan.evicted,
            }
        });
        self.world.pause(SLOW_MS).await;
        Ok(changed)
    }

    async fn settle(
        &self,
        room: RoomId,
        uid: &Uid,
        version: u64,
        mark: Option<MessageId>,
    ) -> Result<()> {
        self.memberships().await?;
        self.world.memberships(|all, _| {
            let there = all.get_mut(&(room, uid.clone()));
            if let Some(membership) = there.filter(|membership| membership.version == version) {
                membership.pending = None;
                if membership.joined {
                    membership.mark = membership.mark.max(mark);
                }
            }
        });
        Ok(())
    }

    async fn mark(&self, room: RoomId, uid: &Uid, sequence: u64, mark: MessageId) -> Result<()> {
        self.memberships().await?;
        self.world.memberships(|all, _| {
            let there = all.get_mut(&(room, uid.clone()));
            let there =
                there.filter(|membership| membership.joined && membership.sequence == sequence);
            if let Some(membership) = there {
                membership.mark = membership.mark.max(Some(mark));
            }
        });
        Ok(())
    }

    async fn page(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>> {
        self.memberships().await?;
        Ok(self.world.memberships(|all, _| {
            let of_room = all
                .iter()
                .filter(|((of, _), membership)| *of == room && membership.joined);
            let mut found: Vec<Membership> =
                of_room.map(|(_, membership)| membership.clone()).collect();
            found.sort_by(|a, b| (a.entered_at, &a.who.uid).cmp(&(b.entered_at, &b.who.uid)));
            let after = after.map(|after| (after.entered_at, after.uid));
            found.retain(|m| {
                after
                    .as_ref()
                    .is_none_or(|(at, uid)| (m.entered_at, &m.who.uid) > (*at, uid))
            });
            found.truncate(size);
            found
        }))
    }

    async fn pending(&self, _: Timestamp, _: usize) -> Result<Vec<Placed>> {
        Ok(vec![])
    }
}

#[async_trait]
impl History for OfNode {
    async fn get(&self, room: RoomId, id: MessageId) -> Result<Option<Archived>> {
        self.history().await?;
        Ok(self
            .world
            .archived(room)
            .into_iter()
            .find(|archived| archived.message.id == id))
    }

    async fn after(
        &self,
        room: RoomId,
        after: Option<MessageId>,
        until: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        self.history().await?;
        let mut found = self.world.archived(room);
        found.retain(|a| after.is_none_or(|after| a.message.id > after));
        found.retain(|a| until.is_none_or(|until| a.message.id <= until));
        // A page may be cut short by its octets.
        let shorter = self.world.decide(|random| random.among(1..size as u64 + 1)) as usize;
        found.truncate(if self.world.decide(|random| random.percent(20)) {
            shorter
        } else {
            size
        });
        Ok(found)
    }

    async fn before(
        &self,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        self.history().await?;
        let mut found = self.world.archived(room);
        found.retain(|a| before.is_none_or(|before| a.message.id < before));
        found.reverse();
        found.truncate(size);
        Ok(found)
    }

    async fn summary(&self, room: RoomId) -> Result<Summary> {
        self.history().await?;
        let archived = self.world.archived(room);
        let talks = archived
            .iter()
            .filter(|a| a.message.message_type == MessageType::Talk);
        let standings = self.world.standings(room);
        Ok(Summary {
            user_count: standings
                .values()
                .filter(|standing| standing.joined)
                .count() as u64,
            last: archived.last().map(|a| a.message.id),
            last_talk: talks.clone().next_back().map(|a| a.message.clone()),
            talks: talks.count() as u64,
        })
    }

    async fn unread(&self, _: RoomId, _: &Uid, _: Option<MessageId>) -> Result<u64> {
        self.history().await?;
        Ok(0)
    }

    async fn covered(&self, room: RoomId) -> Result<u64> {
        self.history().await?;
        Ok(self.world.recorded(room.partition(PARTITIONS)))
    }
}

#[async_trait]
impl Presence for OfNode {
    async fn of(&self, room: RoomId, uid: &Uid) -> Result<Standing> {
        self.presence().await?;
        Ok(self.world.standings(room).remove(uid).unwrap_or_default())
    }

    async fn room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)> {
        self.presence().await?;
        let end = self.world.ends()[room.partition(PARTITIONS).index()];
        Ok((end, self.world.standings(room).into_iter().collect()))
    }

    async fn hold(&self, _: NodeId, _: RoomId, _: &Uid, _: bool) -> Result<()> {
        self.presence().await
    }

    async fn renew(&self, node: NodeId) -> Result<bool> {
        self.presence().await?;
        *self.id.lock().expect("nobody panics with it") = Some(node);
        Ok(false)
    }

    async fn lost(&self) -> Result<Vec<NodeId>> {
        self.presence().await?;
        Ok(self.world.lost())
    }

    async fn forget(&self, node: NodeId) -> Result<()> {
        self.presence().await?;
        self.world.forget(node);
        Ok(())
    }
}

#[async_trait]
impl Log for OfNode {
    fn epoch(&self) -> u16 {
        EPOCH
    }

    fn partitions(&self) -> u16 {
        PARTITIONS
    }

    fn append_to(&self, partition: Partition, fact: Fact) -> Appending {
        if self.gone.load(Ordering::Relaxed) {
            return Appending::refused();
        }
        Appending::new(self.world.ask(partition, fact))
    }

    async fn end(&self, room: RoomId) -> Result<u64> {
        self.log().await?;
        Ok(self.world.ends()[room.partition(PARTITIONS).index()])
    }

    async fn ends(&self) -> Result<Vec<u64>> {
        self.log().await?;
        Ok(self.world.ends())
    }

    async fn first_since(&self, times: &[(Partition, Timestamp)]) -> Result<Vec<u64>> {
        self.log().await?;
        let first = |(partition, since): &(Partition, Timestamp)| {
            let records = self.world.records(*partition, 0);
            records.partition_point(|record| record.at < *since) as u64
        };
        Ok(times.iter().map(first).collect())
    }

    async fn times_before(&self, offsets: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>> {
        self.log().await?;
        let before = |(partition, offset): &(Partition, u64)| {
            let before = offset.checked_sub(1)?;
            Some(self.world.records(*partition, before).first()?.at)
        };
        Ok(offsets.iter().map(before).collect())
    }

    async fn open(&self, from: &[(Partition, u64)]) -> Result<Records> {
        self.log().await?;
        let reading = Reading {
            world: self.world.clone(),
            random: Random::of(
                self.seed,
                1_000_000 + self.followed.fetch_add(1, Ordering::Relaxed),
            ),
            from: from.to_vec(),
        };
        Ok(unfold(reading, |mut reading| async {
            let records = reading.next().await?;
            Some((
                Batch {
                    read_at: std::time::Instant::now(),
                    records,
                },
                reading,
            ))
        })
        .boxed())
    }

    async fn follow(&self, begin: Begin) -> Result<Following> {
        self.log().await?;
        let from = Partition::of_each(self.world.ends());
        let mut judge = Judge::new(EPOCH);
        for (partition, end) in &from {
            for record in self.world.records(*partition, 0) {
                if record.offset < *end {
                    judge.judge(record);
                }
            }
        }
        let mut sink = begin(from.iter().map(|(_, offset)| *offset).collect());
        let random = Random::of(self.seed, 2_000_000 + self.number);
        let mut reading = Reading {
            world: self.world.clone(),
            random,
            from,
        };
        let following = tokio::spawn(async move {
            while let Some(records) = reading.next().await {
                let records = records
                    .into_iter()
                    .map(|record| Arc::new(judge.judge(record)));
                sink(Batch {
                    read_at: std::time::Instant::now(),
                    records: records.collect(),
                });
            }
        });
        Ok(Following::new(move || following.abort()))
    }
}

/// Somebody who reads the log, some records at a time, of each part in its order.
struct Reading {
    world: Arc<World>,
    random: Random,
    from: Vec<(Partition, u64)>,
}

impl Reading {
    async fn next(&mut self) -> Option<Vec<Arc<Record>>> {
        let mut length = self.world.length();
        loop {
            let there =
                |world: &World, from: &(Partition, u64)| world.ends()[from.0.index()] > from.1;
            if self.from.iter().any(|from| there(&self.world, from)) {
                break;
            }
            length.changed().await.ok()?;
        }
        let slow = self.random.percent(2);
        let ms = self.random.among(0..if slow { 1_500 } else { 12 });
        tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
        let mut records = vec![];
        for (partition, offset) in &mut self.from {
            let mut new = self.world.records(*partition, *offset);
            let take = self
                .random
                .among(0..new.len() as u64 + 1)
                .max(u64::from(records.is_empty()));
            new.truncate(take as usize);
            *offset += new.len() as u64;
            records.extend(new);
        }
        if records.is_empty() {
            Box::pin(self.next()).await
        } else {
            Some(records)
        }
    }
}
