//! Pages of history: in order, within their bounds, with no hole and no repeat.

use std::sync::Arc;

use roomtone_shared::domain::event::{Event, Fact, Line};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::limits;
use roomtone_shared::store::{Archived, Stores};

use crate::chat::{Chat, messages};
use crate::forms::Place;
use crate::reading::read_all;
use crate::{facts, given};

behaviours![
    history_is_read_in_the_order_of_the_log_from_either_end,
    a_page_lies_between_its_bounds,
    bounds_need_not_be_messages,
    a_page_ends_early_at_its_byte_limit,
    the_largest_record_there_can_be_is_kept_whole,
];

fn ids(page: &[Archived]) -> Vec<MessageId> {
    page.iter().map(|archived| archived.message.id).collect()
}

/// Reads all of a room, oldest first, in pages of `size`; gives the pages.
async fn walk_up(stores: &Stores, room: RoomId, size: usize) -> Vec<Vec<Archived>> {
    let (mut pages, mut after): (Vec<Vec<Archived>>, _) = (vec![], None);
    loop {
        let page = stores.history.after(room, after, None, size).await.unwrap();
        assert!(page.len() <= size, "{} of {size}", page.len());
        let Some(last) = page.last() else {
            return pages;
        };
        assert!(
            page.iter().all(|m| Some(m.message.id) > after),
            "before {after:?}"
        );
        after = Some(last.message.id);
        pages.push(page);
    }
}

/// The same, newest first.
async fn walk_down(stores: &Stores, room: RoomId, size: usize) -> Vec<Vec<Archived>> {
    let (mut pages, mut before): (Vec<Vec<Archived>>, _) = (vec![], None);
    loop {
        let page = stores.history.before(room, before, size).await.unwrap();
        assert!(page.len() <= size, "{} of {size}", page.len());
        let Some(last) = page.last() else {
            return pages;
        };
        let further = |m: &Archived| before.is_none_or(|before| m.message.id < before);
        assert!(page.iter().all(further), "not before {before:?}");
        before = Some(last.message.id);
        pages.push(page);
    }
}

/// Says things in two rooms by turns, some of them several in one record; gives the first room's ids.
async fn talk(chat: &Chat<'_>, other: &Chat<'_>) -> Vec<MessageId> {
    let mut said = vec![];
    // The very first place in the log is no message, so that there is an id before all of them.
    chat.append(facts::numbered(0)).await;
    for n in 0..12 {
        let lines = (0..=n % 3).map(|m| facts::line(&format!("{n}.{m}")));
        said.extend(chat.say_lines(&given::numbered(n), lines.collect()).await);
        other.say(&given::numbered(n), "elsewhere").await;
    }
    said
}

async fn history_is_read_in_the_order_of_the_log_from_either_end(place: impl Place) {
    let mut stores = place.open().await;
    let chat = Chat::new(&stores);
    let other = chat.beside();
    let room = chat.room;
    assert!(walk_up(&stores, room, 5).await.is_empty());
    assert!(walk_down(&stores, room, 5).await.is_empty());
    let said = talk(&chat, &other).await;
    assert!(said.is_sorted_by(|a, b| a < b), "{said:?}");
    drop(stores);
    stores = place.open().await;
    for size in [1, 2, 7, 24, 1_000] {
        let up = walk_up(&stores, room, size).await.concat();
        assert_eq!(ids(&up), said, "{size} a page");
        let mut down = walk_down(&stores, room, size).await.concat();
        down.reverse();
        assert_eq!(down, up, "{size} a page");
    }
}

async fn a_page_lies_between_its_bounds(place: impl Place) {
    let stores = place.open().await;
    let chat = Chat::new(&stores);
    let other = chat.beside();
    let (room, history) = (chat.room, &stores.history);
    let said = talk(&chat, &other).await;
    for (low, high) in [(0, 23), (3, 4), (3, 9), (9, 9), (22, 23)] {
        let (after, until) = (Some(said[low]), Some(said[high]));
        let page = history.after(room, after, until, 100).await.unwrap();
        assert_eq!(ids(&page), said[low + 1..=high], "after {low} until {high}");
        let page = history.after(room, None, until, 100).await.unwrap();
        assert_eq!(ids(&page), said[..=high], "until {high}");
        let page = history.after(room, after, None, 3).await.unwrap();
        assert_eq!(
            ids(&page),
            said[low + 1..said.len().min(low + 4)],
            "after {low}"
        );
        let mut page = ids(&history.before(room, Some(said[high]), 100).await.unwrap());
        page.reverse();
        assert_eq!(page, said[..high], "before {high}");
    }
    let nothing = history
        .after(room, Some(said[9]), Some(said[3]), 100)
        .await
        .unwrap();
    assert_eq!(ids(&nothing), []);
    let nothing = history.before(room, Some(said[0]), 100).await.unwrap();
    assert_eq!(ids(&nothing), []);
}

async fn bounds_need_not_be_messages(place: impl Place) {
    let stores = place.open().await;
    let chat = Chat::new(&stores);
    let other = chat.beside();
    let (room, history) = (chat.room, &stores.history);
    let said = talk(&chat, &other).await;
    let lowest = MessageId {
        epoch: 0,
        offset: 0,
        index: 0,
    };
    let highest = MessageId {
        epoch: u16::MAX,
        offset: u64::MAX,
        index: u8::MAX,
    };
    // A record with three messages, and what lies around them.
    let at = said.iter().position(|id| id.index == 2).unwrap();
    let (in_between, behind) = (
        said[at - 1],
        MessageId {
            index: 9,
            ..said[at]
        },
    );
    for (after, until, expected) in [
        (Some(lowest), Some(highest), &said[..]),
        (Some(highest), None, &[]),
        (None, Some(lowest), &[]),
        (Some(lowest), Some(lowest), &[]),
        (Some(highest), Some(highest), &[]),
        (Some(behind), None, &said[at + 1..]),
        (Some(in_between), Some(behind), &said[at..=at]),
        (
            Some(behind),
            Some(MessageId {
                index: 10,
                ..behind
            }),
            &[],
        ),
    ] {
        let page = history.after(room, after, until, 100).await.unwrap();
        assert_eq!(ids(&page), expected, "after {after:?} until {until:?}");
    }
    for (before, count) in [(lowest, 0), (highest, said.len()), (behind, at + 1)] {
        let page = history.before(room, Some(before), 100).await.unwrap();
        assert_eq!(page.len(), count, "before {before}");
    }
}

/// Bytes of the texts in a page.
fn bytes(page: &[Archived]) -> usize {
    page.iter()
        .map(|archived| archived.message.content.len())
        .sum()
}

async fn a_page_ends_early_at_its_byte_limit(place: impl Place) {
    let stores = place.open().await;
    let chat = Chat::new(&stores);
    // As long as a message gets: 2,000 characters of four bytes each.
    let text = "\u{1F3B5}".repeat(limits::CONTENT_CHARS_MAX);
    let mut said = vec![];
    for _ in 0..12 {
        let lines = vec![facts::line(&text); 100];
        said.extend(chat.say_lines(&given::user("u1"), lines).await);
    }
    let up = walk_up(&stores, chat.room, 1_000).await;
    let mut down = walk_down(&stores, chat.room, 1_000).await;
    for (way, pages) in [("up", &up), ("down", &down)] {
        let (last, full) = pages.split_last().unwrap();
        assert!(!full.is_empty(), "{way}");
        for page in full {
            assert!(page.len() < 1_000, "{way}: {}", page.len());
            assert!(
                bytes(page) > limits::PAGE_BYTES_MAX / 2,
                "{way}: {}",
                bytes(page)
            );
        }
        assert!(
            full.iter()
                .chain([last])
                .all(|page| bytes(page) <= limits::PAGE_BYTES_MAX)
        );
    }
    assert_eq!(ids(&up.concat()), said);
    down.reverse();
    let down: Vec<_> = down
        .into_iter()
        .flat_map(|page| page.into_iter().rev())
        .collect();
    assert_eq!(ids(&down), said);
}

/// As many lines as a record has, each as long as it gets where it is written with escapes.
fn largest() -> Vec<Line> {
    let longest = |max: usize| -> Arc<str> { "\u{1}".repeat(max).into() };
    let line = |n: usize| {
        let own_id = format!(
            "{n:\u{1F3B5}>width$}",
            width = limits::CLIENT_MESSAGE_ID_CHARS_MAX
        );
        let mood = "mood";
        Line {
            content: longest(limits::CONTENT_CHARS_MAX),
            headers: vec![(
                mood.into(),
                longest(limits::OWN_HEADERS_BYTES_MAX - mood.len()),
            )],
            ..facts::named("", &own_id)
        }
    };
    (0..limits::LINES_MAX).map(line).collect()
}

async fn the_largest_record_there_can_be_is_kept_whole(place: impl Place) {
    let mut stores = place.open().await;
    let chat = Chat::new(&stores);
    let room = chat.room;
    let said = chat.say_lines(&given::user("u1"), largest()).await;
    // The room goes on behind it, and so does whoever reads the log.
    let last = chat.say(&given::user("u2"), "after it").await;
    drop(stores);
    stores = place.open().await;
    let kept = messages(&stores, room).await;
    assert_eq!(ids(&kept), [said, vec![last]].concat());
    for (kept, line) in kept.iter().zip(largest()) {
        assert_eq!(kept.message.content, line.content);
        assert_eq!(kept.message.client_message_id, line.client_message_id);
        assert_eq!(kept.headers, line.headers);
    }
    let read = read_all(&stores).await;
    let Fact::In(_, Event::Said(record)) = &read[0].fact else {
        panic!("{:?}", read[0]);
    };
    assert_eq!(record.lines, largest());
}
