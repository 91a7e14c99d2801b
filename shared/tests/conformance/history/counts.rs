//! What lists need of a room without reading its messages: the summary, and what is unread.

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::limits;
use roomtone_shared::store::{Stores, Summary};

use crate::chat::Chat;
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    a_summary_is_what_the_room_comes_to,
    unread_is_what_others_said_after_the_mark,
    a_mark_between_messages_parts_them,
    unread_is_counted_to_a_limit,
];

async fn summary(stores: &Stores, room: RoomId) -> Summary {
    stores.history.summary(room).await.unwrap()
}

async fn unread(chat: &Chat<'_>, who: &Profile, mark: Option<MessageId>) -> u64 {
    let unread = chat.stores.history.unread(chat.room, &who.uid, mark);
    unread.await.unwrap()
}

async fn a_summary_is_what_the_room_comes_to(place: impl Place) {
    let mut stores = place.open().await;
    let (one, two) = (given::user("u1"), given::user("u2"));
    let chat = Chat::new(&stores);
    let room = chat.room;
    assert_eq!(summary(&stores, room).await, Summary::default());
    chat.append(facts::joined_silently(&one, 1)).await;
    assert_eq!(
        summary(&stores, room).await,
        Summary {
            user_count: 1,
            ..Summary::default()
        }
    );
    let enter = chat.append(facts::joined(&two, 1)).await.notice;
    assert_eq!(
        summary(&stores, room).await,
        Summary {
            user_count: 2,
            last: enter,
            ..Summary::default()
        }
    );
    let said = chat
        .say_lines(&one, vec![facts::line("1"), facts::named("2", "c-1")])
        .await;
    let last_talk = stores
        .history
        .get(room, said[1])
        .await
        .unwrap()
        .map(|archived| archived.message);
    let talked = Summary {
        user_count: 2,
        last: Some(said[1]),
        last_talk,
        talks: 2,
    };
    assert_eq!(summary(&stores, room).await, talked);
    // Neither a repeat nor an event that the log had already counts again, nor does another room's.
    let repeat = facts::said(said[1].offset + 1, &one, vec![facts::named("3", "c-1")]);
    chat.append(repeat).await;
    chat.append(facts::joined(&two, 1)).await;
    chat.beside().say(&one, "elsewhere").await;
    assert_eq!(summary(&stores, room).await, talked);
    let exit = chat.append(facts::exited(&two, 2)).await.notice;
    let left = Summary {
        user_count: 1,
        last: exit,
        ..talked
    };
    assert_eq!(summary(&stores, room).await, left);
    drop(stores);
    stores = place.open().await;
    assert_eq!(summary(&stores, room).await, left);
    let chat = Chat {
        stores: &stores,
        room,
    };
    let again = chat.append(facts::joined(&two, 3)).await.notice;
    assert_eq!(
        summary(&stores, room).await,
        Summary {
            user_count: 2,
            last: again,
            ..left
        }
    );
}

async fn unread_is_what_others_said_after_the_mark(place: impl Place) {
    let mut stores = place.open().await;
    let (me, other, third) = (given::user("u1"), given::user("u10"), given::user("u2"));
    let chat = Chat::new(&stores);
    let room = chat.room;
    assert_eq!(unread(&chat, &me, None).await, 0);
    let enter = chat.append(facts::joined(&me, 1)).await.notice.unwrap();
    let a = chat.say(&other, "a").await;
    let b = chat.say(&me, "b").await;
    let c = chat
        .say_lines(&third, vec![facts::line("c"), facts::line("d")])
        .await;
    let exit = chat.append(facts::exited(&third, 1)).await.notice.unwrap();
    let e = chat.say(&me, "e").await;
    chat.beside().say(&other, "elsewhere").await;
    drop(stores);
    stores = place.open().await;
    let chat = Chat {
        stores: &stores,
        room,
    };
    for (mark, mine, others) in [
        (None, 3, 4),
        (Some(enter), 3, 4),
        (Some(a), 2, 4),
        (Some(b), 2, 3),
        (Some(c[0]), 1, 2),
        (Some(c[1]), 0, 1),
        (Some(exit), 0, 1),
        (Some(e), 0, 0),
    ] {
        assert_eq!(unread(&chat, &me, mark).await, mine, "mine after {mark:?}");
        assert_eq!(
            unread(&chat, &other, mark).await,
            others,
            "another's after {mark:?}"
        );
    }
    assert_eq!(unread(&chat, &given::user("nobody"), None).await, 5);
}

async fn a_mark_between_messages_parts_them(place: impl Place) {
    let stores = place.open().await;
    let (me, other) = (given::user("u1"), given::user("u2"));
    let chat = Chat::new(&stores);
    let nothing = chat.append(facts::numbered(0)).await;
    let before = MessageId {
        epoch: stores.log.epoch(),
        offset: nothing.offset,
        index: 9,
    };
    let first = chat
        .say_lines(&other, vec![facts::line("1"), facts::line("2")])
        .await;
    let elsewhere = chat.beside().say(&other, "elsewhere").await;
    let last = chat.say(&other, "3").await;
    let earlier = first[0].epoch.checked_sub(1).map(|epoch| MessageId {
        epoch,
        offset: u64::MAX,
        index: 9,
    });
    for (mark, count) in [
        // Of an epoch before this one, or before all that is in the first one.
        (earlier.unwrap_or(before), 3),
        (before, 3),
        (
            MessageId {
                index: 7,
                ..first[1]
            },
            1,
        ),
        (elsewhere, 1),
        (MessageId { index: 7, ..last }, 0),
        (
            MessageId {
                epoch: u16::MAX,
                offset: 0,
                index: 0,
            },
            0,
        ),
    ] {
        assert_eq!(unread(&chat, &me, Some(mark)).await, count, "after {mark}");
        assert_eq!(
            unread(&chat, &other, Some(mark)).await,
            0,
            "own after {mark}"
        );
    }
}

async fn unread_is_counted_to_a_limit(place: impl Place) {
    let stores = place.open().await;
    let (me, other) = (given::user("u1"), given::user("u2"));
    let chat = Chat::new(&stores);
    let mut said = vec![];
    for _ in 0..4 {
        said.extend(chat.say_lines(&other, vec![facts::line("hello"); 80]).await);
        chat.say_lines(&me, vec![facts::line("mine"); 80]).await;
    }
    assert_eq!(unread(&chat, &me, None).await, limits::UNREAD_MAX);
    assert_eq!(unread(&chat, &me, Some(said[18])).await, limits::UNREAD_MAX);
    assert_eq!(unread(&chat, &me, Some(said[19])).await, 300);
    assert_eq!(unread(&chat, &me, Some(said[20])).await, 299);
    assert_eq!(unread(&chat, &me, Some(said[319])).await, 0);
}
