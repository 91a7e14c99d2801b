//! The stores of a process that has no need of them: they know nobody, and refuse everything. That one is asked all the
//! same is a fault of ours, and is logged.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Appending, Archived, Begin, Changed, Created, Following, History, Log, Memberships, Presence,
    Records, RoomCursor, Rooms, Stores, Summary, Which, failed,
};
use crate::domain::event::{Fact, NodeId, Partition};
use crate::domain::membership::{Change, MemberCursor, Membership, Placed, UserRooms};
use crate::domain::message::MessageId;
use crate::domain::presence::Standing;
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::Result;

/// A store that there is not.
#[derive(Clone, Copy)]
struct Unconnected;

/// None of the stores.
pub(super) fn stores() -> Stores {
    Stores {
        rooms: Arc::new(Unconnected),
        memberships: Arc::new(Unconnected),
        history: Arc::new(Unconnected),
        presence: Arc::new(Unconnected),
        log: Arc::new(Unconnected),
    }
}

fn refused<T>(store: &'static str) -> Result<T> {
    Err(failed(store, &"this process was not given it"))
}

#[async_trait]
impl Rooms for Unconnected {
    async fn get(&self, _: RoomId) -> Result<Option<Room>> {
        refused("the room store")
    }
    async fn by_playlist(&self, _: &str) -> Result<Option<Room>> {
        refused("the room store")
    }
    async fn create(&self, _: &Room) -> Result<Created> {
        refused("the room store")
    }
    async fn restart(&self, _: &Room, _: Timestamp) -> Result<bool> {
        refused("the room store")
    }
    async fn page(&self, _: Which, _: Option<RoomCursor>, _: usize) -> Result<Vec<Room>> {
        refused("the room store")
    }
    async fn unindexed(&self, _: Option<RoomId>, _: usize) -> Result<Vec<Room>> {
        refused("the room store")
    }
    async fn indexed(&self, _: RoomId, _: Timestamp) -> Result<()> {
        refused("the room store")
    }
}

#[async_trait]
impl Memberships for Unconnected {
    async fn get(&self, _: RoomId, _: &Uid) -> Result<Option<Membership>> {
        refused("the membership store")
    }
    async fn of_user(&self, _: &Uid) -> Result<UserRooms> {
        refused("the membership store")
    }
    async fn change(&self, _: RoomId, _: &Uid, _: Change, _: Timestamp) -> Result<Changed> {
        refused("the membership store")
    }
    async fn settle(&self, _: RoomId, _: &Uid, _: u64, _: Option<MessageId>) -> Result<()> {
        refused("the membership store")
    }
    async fn mark(&self, _: RoomId, _: &Uid, _: u64, _: MessageId) -> Result<()> {
        refused("the membership store")
    }
    async fn page(&self, _: RoomId, _: Option<MemberCursor>, _: usize) -> Result<Vec<Membership>> {
        refused("the membership store")
    }
    async fn pending(&self, _: Timestamp, _: usize) -> Result<Vec<Placed>> {
        refused("the membership store")
    }
}

#[async_trait]
impl History for Unconnected {
    async fn get(&self, _: RoomId, _: MessageId) -> Result<Option<Archived>> {
        refused("history")
    }
    async fn after(
        &self,
        _: RoomId,
        _: Option<MessageId>,
        _: Option<MessageId>,
        _: usize,
    ) -> Result<Vec<Archived>> {
        refused("history")
    }
    async fn before(&self, _: RoomId, _: Option<MessageId>, _: usize) -> Result<Vec<Archived>> {
        refused("history")
    }
    async fn summary(&self, _: RoomId) -> Result<Summary> {
        refused("history")
    }
    async fn unread(&self, _: RoomId, _: &Uid, _: Option<MessageId>) -> Result<u64> {
        refused("history")
    }
    async fn covered(&self, _: RoomId) -> Result<u64> {
        refused("history")
    }
}

#[async_trait]
impl Presence for Unconnected {
    async fn of(&self, _: RoomId, _: &Uid) -> Result<Standing> {
        refused("presence")
    }
    async fn room(&self, _: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)> {
        refused("presence")
    }
    async fn hold(&self, _: NodeId, _: RoomId, _: &Uid, _: bool) -> Result<()> {
        refused("presence")
    }
    async fn renew(&self, _: NodeId) -> Result<bool> {
        refused("presence")
    }
    async fn lost(&self) -> Result<Vec<NodeId>> {
        refused("presence")
    }
    async fn forget(&self, _: NodeId) -> Result<()> {
        refused("presence")
    }
}

/// It has one part, so that every room is in one.
#[async_trait]
impl Log for Unconnected {
    fn epoch(&self) -> u16 {
        0
    }
    fn partitions(&self) -> u16 {
        1
    }
    fn append_to(&self, _: Partition, _: Fact) -> Appending {
        failed("the log", &"this process was not given it");
        Appending::refused()
    }
    async fn end(&self, _: RoomId) -> Result<u64> {
        refused("the log")
    }
    async fn ends(&self) -> Result<Vec<u64>> {
        refused("the log")
    }
    async fn first_since(&self, _: &[(Partition, Timestamp)]) -> Result<Vec<u64>> {
        refused("the log")
    }
    async fn times_before(&self, _: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>> {
        refused("the log")
    }
    async fn open(&self, _: &[(Partition, u64)]) -> Result<Records> {
        refused("the log")
    }
    async fn follow(&self, _: Begin) -> Result<Following> {
        refused("the log")
    }
}
