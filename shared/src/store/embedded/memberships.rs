//! Memberships on redb: each change is one job of the writer, so changes never meet.

use async_trait::async_trait;

use super::rows::{self, Fault};
use super::settled::Settled;
use super::snapshot::Reader;
use super::tables::{self, Tables};
use super::writer::Writer;
use crate::domain::membership::{
    self, Change, MemberCursor, Membership, Placed, Planned, UserRooms,
};
use crate::domain::message::MessageId;
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::store::{Changed, Memberships, Told, failed};

/// Memberships on redb.
pub(super) struct EmbeddedMemberships {
    reader: Reader,
    writer: Writer,
    settled: Settled,
}

impl EmbeddedMemberships {
    pub(super) fn new(reader: Reader, writer: Writer, settled: Settled) -> Self {
        Self {
            reader,
            writer,
            settled,
        }
    }

    fn read(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>, Fault> {
        self.reader.newest()?.membership(room, uid)
    }

    /// What there is, where a change changes nothing.
    fn already(
        &self,
        room: RoomId,
        uid: &Uid,
        wanted: &Change,
        now: Timestamp,
    ) -> Result<Option<Changed>, Fault> {
        let there = self.read(room, uid)?;
        let planned = membership::plan(&UserRooms::default(), room, there, None, wanted, now);
        Ok(match planned {
            Planned::Already(there) => Some(Changed::Already(there)),
            Planned::Blocked(_) | Planned::Write(_) => None,
        })
    }

    fn read_user(&self, uid: &Uid) -> Result<UserRooms, Fault> {
        let table = self.reader.newest()?.table(tables::USERS)?;
        Ok(rows::get(&table, uid.as_str())?.unwrap_or_default())
    }

    fn read_pending(&self, before: Timestamp, size: usize) -> Result<Vec<Placed>, Fault> {
        let newest = self.reader.newest()?;
        let memberships = newest.table(tables::MEMBERSHIPS)?;
        let mut found = vec![];
        for key in newest
            .table(tables::PENDING)?
            .range(..(before.ms(), [0; 16], ""))?
            .take(size)
        {
            let key = key?.0;
            let (_, room, uid) = key.value();
            let membership = rows::get(&memberships, (room, uid))?;
            found.extend(membership.map(|m| (RoomId::from_bytes(room), m)));
        }
        Ok(found)
    }
}

/// Writes a membership over what was there, with the keys that lead to it.
fn write(tables: &mut Tables<'_>, room: RoomId, new: &Membership) -> Result<(), Fault> {
    let (room, uid) = (room.to_bytes(), new.who.uid.as_str());
    if let Some(old) = rows::get::<_, Membership>(&tables.memberships, (room, uid))? {
        tables.entered.remove((room, old.entered_at.ms(), uid))?;
        if let Some(event) = old.pending {
            tables.pending.remove((event.at.ms(), room, uid))?;
        }
    }
    if new.joined {
        tables
            .entered
            .insert((room, new.entered_at.ms(), uid), ())?;
    }
    if let Some(event) = &new.pending {
        tables.pending.insert((event.at.ms(), room, uid), ())?;
    }
    rows::put(&mut tables.memberships, (room, uid), new)
}

fn change(
    tables: &mut Tables<'_>,
    room: RoomId,
    uid: &Uid,
    change: &Change,
    now: Timestamp,
) -> Result<Changed, Fault> {
    let user: UserRooms = rows::get(&tables.users, uid.as_str())?.unwrap_or_default();
    let target = rows::get(&tables.memberships, (room.to_bytes(), uid.as_str()))?;
    let oldest = match membership::to_evict(&user, room) {
        Some(id) => rows::get(&tables.memberships, (id.to_bytes(), uid.as_str()))?.map(|m| (id, m)),
        None => None,
    };
    let plan = match membership::plan(&user, room, target, oldest, change, now) {
        Planned::Already(there) => return Ok(Changed::Already(there)),
        Planned::Blocked(pending) => return Ok(Changed::Blocked(pending)),
        Planned::Write(plan) => plan,
    };
    rows::put(&mut tables.users, uid.as_str(), &plan.user)?;
    write(tables, room, &plan.membership)?;
    if let Some((left, gone)) = &plan.evicted {
        write(tables, *left, gone)?;
    }
    Ok(Changed::Done {
        membership: plan.membership,
        evicted: plan.evicted,
    })
}

fn settle(
    tables: &mut Tables<'_>,
    room: RoomId,
    uid: &Uid,
    version: u64,
    mark: Option<MessageId>,
) -> Result<(), Fault> {
    let there: Option<Membership> =
        rows::get(&tables.memberships, (room.to_bytes(), uid.as_str()))?;
    let Some(was) = there.filter(|m| m.version == version) else {
        return Ok(());
    };
    let mut is = was.clone();
    is.pending = None;
    if is.joined {
        is.mark = is.mark.max(mark);
    }
    if is == was {
        return Ok(());
    }
    write(tables, room, &is)
}

fn mark(
    tables: &mut Tables<'_>,
    room: RoomId,
    uid: &Uid,
    sequence: u64,
    mark: MessageId,
) -> Result<(), Fault> {
    let there: Option<Membership> =
        rows::get(&tables.memberships, (room.to_bytes(), uid.as_str()))?;
    match there.filter(|m| m.joined && m.sequence == sequence && m.mark < Some(mark)) {
        Some(mut membership) => {
            membership.mark = Some(mark);
            rows::put(
                &mut tables.memberships,
                (room.to_bytes(), uid.as_str()),
                &membership,
            )
        }
        None => Ok(()),
    }
}

#[async_trait]
impl Memberships for EmbeddedMemberships {
    async fn get(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>> {
        self.read(room, uid)
            .map_err(|why| failed("the membership store", &why))
    }

    async fn of_user(&self, uid: &Uid) -> Result<UserRooms> {
        self.read_user(uid)
            .map_err(|why| failed("the membership store", &why))
    }

    async fn change(
        &self,
        room: RoomId,
        uid: &Uid,
        wanted: Change,
        now: Timestamp,
    ) -> Result<Changed> {
        // What is so already keeps nobody waiting for the disk.
        if let Some(already) = self
            .already(room, uid, &wanted, now)
            .map_err(|why| failed("the membership store", &why))?
        {
            return Ok(already);
        }
        let uid = uid.clone();
        self.writer
            .write(move |tables| change(tables, room, &uid, &wanted, now))
            .await
    }

    async fn settle(
        &self,
        room: RoomId,
        uid: &Uid,
        version: u64,
        mark: Option<MessageId>,
    ) -> Result<()> {
        let uid = uid.clone();
        self.writer
            .write(move |tables| settle(tables, room, &uid, version, mark))
            .await
    }

    /// The recorder's own word.
    async fn told(&self, room: RoomId, uid: &Uid) -> Result<Told> {
        self.settled.wait().await?;
        let read = || -> Result<Standing, Fault> {
            let table = self.reader.newest()?.table(tables::STANDINGS)?;
            Ok(rows::get(&table, (room.to_bytes(), uid.as_str()))?.unwrap_or_default())
        };
        let standing = read().map_err(|why| failed("the membership store", &why))?;
        Ok(Told {
            version: standing.version,
            entered: standing.entered,
        })
    }

    async fn mark(&self, room: RoomId, uid: &Uid, sequence: u64, to: MessageId) -> Result<()> {
        let uid = uid.clone();
        self.writer
            .write(move |tables| mark(tables, room, &uid, sequence, to))
            .await
    }

    async fn page(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>> {
        let newest = self.reader.newest();
        newest
            .and_then(|newest| newest.members(room, after, size))
            .map_err(|why| failed("the membership store", &why))
    }

    async fn pending(&self, before: Timestamp, size: usize) -> Result<Vec<Placed>> {
        self.read_pending(before, size)
            .map_err(|why| failed("the membership store", &why))
    }
}
