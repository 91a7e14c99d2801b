//! The newest messages: whatever happens to recorders and to Redis, a page that is given has no hole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::given::{self, State, Way};
use crate::domain::event::Partition;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::store::Archived;
use crate::store::redis::recent::{FRESH_MS, generation_key, room_key};
use crate::store::redis::recent_writer::RoomRows;
use crate::store::redis::{Recent, RecentWriter, Redis};

const EPOCH: u16 = 3;
const PART: Partition = Partition(11);
const ROOMS: usize = 3;
/// Few, so that sets are trimmed often.
const KEPT: usize = 8;
const CASES: u32 = 32;
const STEPS: usize = 300;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A record of the log shows these many messages in a room.
    Say(usize, u8),
    /// Records that show nothing.
    Pass(u64),
    /// A recorder goes on by these many records; Redis hears of it or not.
    Record(usize, u64, bool),
    /// A recorder begins again these many records earlier, or where the other one is.
    GoBack(usize, u64),
    TakeOver(usize),
    Renew(usize),
    /// Redis loses a room, or the generation, or everything, or comes back as it was when it was copied.
    LoseRoom(usize),
    LoseGeneration,
    LoseAll,
    Copy,
    ComeBack,
    /// Nobody has said for a while that nothing is missing.
    Age,
    /// Somebody asks for a page of a room: before that many of its messages from the newest on, or the newest.
    Ask(usize, Option<usize>, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let room = 0..ROOMS;
    prop_oneof![
        18 => (room.clone(), 1..4_u8).prop_map(|(room, lines)| Step::Say(room, lines)),
        2 => (1..4_u64).prop_map(Step::Pass),
        16 => (0..2_usize, 1..9_u64, prop::bool::weighted(0.9))
            .prop_map(|(who, records, heard)| Step::Record(who, records, heard)),
        2 => (0..2_usize, 1..12_u64).prop_map(|(who, back)| Step::GoBack(who, back)),
        1 => (0..2_usize).prop_map(Step::TakeOver),
        2 => (0..2_usize).prop_map(Step::Renew),
        1 => room.clone().prop_map(Step::LoseRoom),
        1 => Just(Step::LoseGeneration),
        1 => Just(Step::LoseAll),
        1 => Just(Step::Copy),
        1 => Just(Step::ComeBack),
        1 => Just(Step::Age),
        20 => (room, prop::option::of(0..10_usize), 1..=KEPT + 1)
            .prop_map(|(room, before, size)| Step::Ask(room, before, size)),
    ]
}

struct Recorder {
    writer: RecentWriter,
    next: u64,
}

struct World {
    redis: Redis,
    recent: Recent,
    rooms: [RoomId; ROOMS],
    /// What each record shows: a room and how many messages.
    log: Vec<Option<(usize, u8)>>,
    recorders: [Recorder; 2],
    /// What Redis was when it was copied: keys with their dumps.
    copy: Vec<(String, Vec<u8>)>,
    /// Nobody has said since it aged that nothing is missing.
    aged: bool,
    pages: usize,
}

fn message(room: RoomId, offset: u64, index: u8) -> Archived {
    let mut archived = given::archived(room, EPOCH, offset, &format!("{offset}.{index}"));
    archived.message.id.index = index;
    archived
}

impl World {
    fn new() -> Self {
        let redis = given::at(&given::url(), &given::prefix());
        let recorder = || Recorder {
            writer: RecentWriter::keeping(redis.clone(), KEPT),
            next: 0,
        };
        Self {
            recorders: [recorder(), recorder()],
            recent: Recent::new(redis.clone()),
            redis,
            rooms: std::array::from_fn(|_| RoomId::new()),
            log: vec![],
            copy: vec![],
            aged: true,
            pages: 0,
        }
    }

    /// All that history has of a room, or of part of the log, oldest first.
    fn history(&self, room: usize, from: u64, to: u64) -> Vec<Archived> {
        let records = (from..to).zip(&self.log[usize::try_from(from).unwrap()..]);
        let lines = records.flat_map(|(offset, shown)| {
            let lines = shown
                .filter(|(of, _)| *of == room)
                .map_or(0, |(_, lines)| lines);
            (0..lines).map(move |index| (offset, index))
        });
        let id = self.rooms[room];
        lines
            .map(|(offset, index)| message(id, offset, index))
            .collect()
    }

    fn end(&self) -> u64 {
        self.log.len() as u64
    }

    async fn record(&mut self, who: usize, records: u64, heard: bool) {
        let from = self.recorders[who].next;
        let to = (from + records).min(self.end());
        self.recorders[who].next = to;
        if !heard || to == from {
            return;
        }
        let rows: Vec<RoomRows> = (0..ROOMS)
            .map(|room| {
                let row = |a: Archived| (a.message.id, serde_json::to_vec(&a).unwrap());
                let rows = self.history(room, from, to).into_iter().map(row).collect();
                (self.rooms[room], rows)
            })
            .collect();
        if self.recorders[who]
            .writer
            .apply(PART, EPOCH, from, to, &rows)
            .await
        {
            self.aged = false;
        }
    }

    async fn ask(&mut self, room: usize, before: Option<usize>, size: usize) {
        let all = self.history(room, 0, self.end());
        // Also before what is not there yet.
        let ahead = MessageId {
            epoch: EPOCH,
            offset: self.end(),
            index: 1,
        };
        let before = before.map(|back| {
            let at = all.len().checked_sub(back);
            at.and_then(|at| all.get(at))
                .map_or(ahead, |a| a.message.id)
        });
        let id = self.rooms[room];
        let Some(page) = self.recent.before(id, PART, EPOCH, before, size).await else {
            return;
        };
        self.pages += 1;
        assert!(!self.aged, "nobody answers for {page:?}");
        assert_eq!(page.len(), size);
        let newest = page[0].message.id;
        let upto = all.iter().rposition(|a| match before {
            Some(before) => a.message.id < before,
            None => a.message.id <= newest,
        });
        let expected = all[..=upto.unwrap()].iter().rev().take(size);
        assert!(expected.eq(&page), "{page:?} before {before:?} of {all:?}");
        // The newest page ends where a record ends.
        let next = MessageId {
            index: newest.index + 1,
            ..newest
        };
        let cut = before.is_none() && all.iter().any(|a| a.message.id == next);
        assert!(!cut, "{page:?} of {all:?}");
    }

    fn keys(&self) -> Vec<String> {
        let rooms = self
            .rooms
            .iter()
            .map(|room| room_key(&self.redis, PART, *room));
        rooms.chain([generation_key(&self.redis, PART)]).collect()
    }

    async fn lose(&self, keys: &[String]) {
        given::command(&self.redis, redis::cmd("DEL").arg(keys)).await;
    }

    async fn copy(&mut self) {
        self.copy.clear();
        for key in self.keys() {
            let dump = given::command(&self.redis, redis::cmd("DUMP").arg(&key)).await;
            if let redis::Value::BulkString(dump) = dump {
                self.copy.push((key, dump));
            }
        }
    }

    async fn come_back(&mut self) {
        self.lose(&self.keys()).await;
        for (key, dump) in &self.copy {
            let mut restore = redis::cmd("RESTORE");
            restore.arg(key).arg(0).arg(dump.as_slice()).arg("REPLACE");
            given::command(&self.redis, &restore).await;
        }
        // What it was when it was copied was fresh then.
        self.age().await;
    }

    async fn age(&mut self) {
        let mut age = redis::cmd("EVAL");
        age.arg("if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'fresh', 0) end");
        age.arg(1).arg(generation_key(&self.redis, PART));
        given::command(&self.redis, &age).await;
        self.aged = true;
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Say(room, lines) => self.log.push(Some((room, lines))),
            Step::Pass(records) => self.log.extend((0..records).map(|_| None)),
            Step::Record(who, records, heard) => self.record(who, records, heard).await,
            Step::GoBack(who, back) => {
                let next = &mut self.recorders[who].next;
                *next = next.saturating_sub(back);
            }
            Step::TakeOver(who) => self.recorders[who].next = self.recorders[1 - who].next,
            Step::Renew(who) => {
                self.recorders[who].writer.renew(PART).await;
                self.aged = false;
            }
            Step::LoseRoom(room) => self.lose(&self.keys()[room..=room]).await,
            Step::LoseGeneration => self.lose(&self.keys()[ROOMS..]).await,
            Step::LoseAll => self.lose(&self.keys()).await,
            Step::Copy => self.copy().await,
            Step::ComeBack => self.come_back().await,
            Step::Age => self.age().await,
            Step::Ask(room, before, size) => self.ask(room, before, size).await,
        }
    }
}

#[test]
#[ignore = "needs the real parts: localstack/up"]
fn no_page_has_a_hole_whatever_recorders_and_redis_go_through() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pages = AtomicUsize::new(0);
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let run = TestRunner::new(config).run(&prop::collection::vec(step(), STEPS), |steps| {
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
            }
            pages.fetch_add(world.pages, Ordering::Relaxed);
            given::lose_all(&world.redis).await;
        });
        Ok(())
    });
    run.unwrap();
    // Else nothing was seen.
    let pages = pages.into_inner();
    assert!(pages > 10 * CASES as usize, "{pages} pages");
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_page_is_given_while_a_recorder_answers_for_it() {
    let mut world = World::new();
    for n in 0..40 {
        world.take(Step::Say(n % 2, 1)).await;
    }
    let (recent, room) = (world.recent.clone(), world.rooms[0]);
    let newest = async |size| recent.before(room, PART, EPOCH, None, size).await;
    let offsets = |page: Option<Vec<Archived>>| -> Option<Vec<u64>> {
        Some(page?.iter().map(|a| a.message.id.offset).collect())
    };
    // Said again with each try, for it counts for a moment only.
    let renewed = async |world: &World| {
        given::sure(async || {
            world.recorders[0].writer.renew(PART).await;
            offsets(newest(3).await)
        })
        .await
    };
    let end = world.end();
    let record = async |world: &mut World, records| {
        given::sure(async || {
            let before = world.recorders[0].next;
            world.aged = true;
            world.record(0, records, true).await;
            if world.aged {
                world.recorders[0].next = before;
            }
            (!world.aged).then_some(())
        })
        .await;
    };
    assert_eq!(newest(1).await, None, "nothing is known");
    record(&mut world, 30).await;
    let page = renewed(&world).await;
    assert_eq!(page, [28, 26, 24]);
    assert_eq!(newest(KEPT + 1).await, None, "more than are kept");
    record(&mut world, end).await;
    let page = renewed(&world).await;
    assert_eq!(page, [38, 36, 34]);
    // Before a message, also one that this room never had; not before what is not covered.
    let before = async |offset, index| {
        let (epoch, index) = (EPOCH, index);
        let id = MessageId {
            epoch,
            offset,
            index,
        };
        offsets(recent.before(room, PART, EPOCH, Some(id), 2).await)
    };
    for (offset, page) in [(40, [38, 36]), (38, [36, 34]), (37, [36, 34])] {
        assert_eq!(given::sure(async || before(offset, 0).await).await, page);
    }
    for (offset, index) in [(40, 1), (41, 0), (u64::MAX, u8::MAX)] {
        assert_eq!(before(offset, index).await, None, "{offset} {index}");
    }
    let other = recent.before(room, PART, EPOCH + 1, None, 2).await;
    assert_eq!(other, None, "of another epoch");
    // Fresh only by the word of one who is as far; what one says that is behind changes nothing.
    world.age().await;
    assert_eq!(newest(3).await, None);
    world.record(1, 10, true).await;
    world.recorders[1].writer.renew(PART).await;
    assert_eq!(newest(3).await, None);
    given::sure(async || {
        world.recorders[0].writer.renew(PART).await;
        newest(3).await
    })
    .await;
    given::lose_all(&world.redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_new_epoch_begins_anew_and_an_old_one_changes_nothing_more() {
    let redis = given::at(&given::url(), &given::prefix());
    let (writer, recent) = (RecentWriter::new(redis.clone()), Recent::new(redis.clone()));
    let room = RoomId::new();
    let put = async |epoch, from: u64, to: u64| {
        let row = |offset| {
            let archived = given::archived(room, epoch, offset, "hi");
            (archived.message.id, serde_json::to_vec(&archived).unwrap())
        };
        let rows = [(room, (from..to).map(row).collect())];
        given::sure(async || {
            writer
                .apply(PART, epoch, from, to, &rows)
                .await
                .then_some(())
        })
        .await;
    };
    let page = async |epoch, size| {
        let page = recent.before(room, PART, epoch, None, size).await?;
        let id = |a: Archived| (a.message.id.epoch, a.message.id.offset);
        Some(page.into_iter().map(id).collect::<Vec<_>>())
    };
    // Said again with each try, for it counts for a moment only.
    let fresh = async || {
        writer.apply(PART, 2, 2, 2, &[]).await;
        writer.renew(PART).await;
        page(2, 2).await
    };
    put(1, 0, 5).await;
    put(2, 0, 2).await;
    let newest = given::sure(fresh).await;
    assert_eq!(newest, [(2, 1), (2, 0)]);
    put(1, 5, 9).await;
    assert_eq!(page(1, 2).await, None);
    assert_eq!(page(2, 3).await, None, "the third is of before");
    let again = given::sure(fresh).await;
    assert_eq!(again, newest);
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_message_in_other_bytes_takes_the_place_of_the_first() {
    let redis = given::at(&given::url(), &given::prefix());
    let (writer, recent) = (RecentWriter::new(redis.clone()), Recent::new(redis.clone()));
    let room = RoomId::new();
    let last = "another form of the same";
    for (to, content) in [(2, "short"), (3, last)] {
        let row = |offset| {
            let archived = given::archived(room, EPOCH, offset, content);
            (archived.message.id, serde_json::to_vec(&archived).unwrap())
        };
        let rows = [(room, (0..to).map(row).collect())];
        given::sure(async || {
            let applied = writer.apply(PART, EPOCH, 0, to, &rows).await;
            applied.then_some(())
        })
        .await;
    }
    let page = given::sure(async || {
        writer.renew(PART).await;
        recent.before(room, PART, EPOCH, None, 3).await
    })
    .await;
    let page: Vec<_> = page
        .iter()
        .map(|a| (a.message.id.offset, &*a.message.content))
        .collect();
    assert_eq!(page, [(2, last), (1, last), (0, last)]);
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn who_could_not_reach_redis_leaves_the_newest_page_to_history_while_it_may_be_behind() {
    let (way, prefix) = (Way::new(State::Open).await, given::prefix());
    let redis = given::at(&given::url(), &prefix);
    let (writer, recent) = (
        RecentWriter::new(redis.clone()),
        Recent::new(given::at(&way.url(), &prefix)),
    );
    let room = RoomId::new();
    let archived = given::archived(room, EPOCH, 0, "hi");
    let row = (archived.message.id, serde_json::to_vec(&archived).unwrap());
    let rows = [(room, vec![row])];
    // All the while it counts as fresh.
    let newest = async || {
        writer.apply(PART, EPOCH, 0, 1, &rows).await;
        writer.renew(PART).await;
        recent.before(room, PART, EPOCH, None, 1).await
    };
    given::sure(newest).await;
    way.set(State::Cut);
    let begun = Instant::now();
    assert_eq!(newest().await, None);
    way.set(State::Open);
    given::sure(newest).await;
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(FRESH_MS), "{took:?}");
    given::lose_all(&redis).await;
}
