//! History: always a whole beginning of a room's order, and what lists need of it.

mod counts;
mod pages;

use roomtone_shared::domain::event::{Event, Line};
use roomtone_shared::domain::judge::Verdict;
use roomtone_shared::domain::message::{self, Message, MessageId, MessageType};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Archived;

use crate::chat::{Chat, messages, recorded};
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    a_message_is_kept_as_it_was_said,
    who_comes_and_goes_is_told_once,
    what_is_not_shown_is_not_kept,
    history_covers_what_was_appended,
];

async fn a_message_is_kept_as_it_was_said(place: impl Place) {
    let mut stores = place.open().await;
    let sender = given::user("u1");
    let headers = vec![("mood".into(), "좋음".into()), ("mood".into(), "".into())];
    let line = Line {
        headers: headers.clone(),
        ..facts::named("안녕 <b>\"&\n\u{1F3B5}", "c-1")
    };
    let chat = Chat::new(&stores);
    let room = chat.room;
    let lines = vec![facts::line("first"), line.clone()];
    let ids = chat.say_lines(&sender, lines).await;
    assert!(ids[0] < ids[1], "{ids:?}");
    let message = Message {
        id: ids[1],
        room_id: room,
        message_type: MessageType::Talk,
        sender_id: sender.uid,
        nick_name: sender.nick_name,
        sender_profile_image: sender.profile_image,
        content: line.content,
        created_at: line.at,
        current_music_id: line.playing.music_id,
        position_ms: line.playing.position_ms,
        client_message_id: line.client_message_id,
    };
    let expected = Archived { message, headers };
    assert_eq!(
        stores.history.get(room, ids[1]).await.unwrap(),
        Some(expected.clone())
    );
    drop(stores);
    stores = place.open().await;
    assert_eq!(
        stores.history.get(room, ids[1]).await.unwrap(),
        Some(expected.clone())
    );
    assert_eq!(messages(&stores, room).await[1], expected);
    let elsewhere = stores.history.get(RoomId::new(), ids[1]).await.unwrap();
    assert_eq!(elsewhere, None);
    let unknown = MessageId { index: 2, ..ids[1] };
    assert_eq!(stores.history.get(room, unknown).await.unwrap(), None);
}

async fn who_comes_and_goes_is_told_once(place: impl Place) {
    let stores = place.open().await;
    let chat = Chat::new(&stores);
    let (one, owner) = (given::user("u1"), given::user("owner"));
    let mut told = vec![];
    for (event, tells) in [
        (facts::joined_silently(&owner, 1), false),
        (facts::joined(&one, 1), true),
        (facts::joined(&one, 1), false),
        (facts::switched(&one, 2, false), false),
        (facts::exited(&one, 3), true),
        (facts::joined(&one, 1), false),
        (facts::exited(&one, 3), false),
        (Event::Left(one.uid.clone()), false),
        (facts::held(&one, 1, true), false),
        (facts::exited(&owner, 2), true),
    ] {
        let notice = chat.append(event.clone()).await.notice;
        assert_eq!(notice.is_some(), tells, "{event:?}");
        told.extend(notice);
    }
    let kept = messages(&stores, chat.room).await;
    let read = |m: &Archived| {
        (
            m.message.id,
            m.message.message_type,
            m.message.content.clone(),
        )
    };
    let expected = [
        (told[0], MessageType::Enter, message::enter_text(&one)),
        (told[1], MessageType::Exit, message::exit_text(&one)),
        (told[2], MessageType::Exit, message::exit_text(&owner)),
    ];
    assert_eq!(kept.iter().map(read).collect::<Vec<_>>(), expected);
    let enter = &kept[0].message;
    assert_eq!(
        (&enter.sender_id, enter.created_at),
        (&one.uid, given::at(3))
    );
    assert_eq!(
        (&enter.nick_name, &enter.sender_profile_image),
        (&one.nick_name, &one.profile_image)
    );
    assert_eq!((&*enter.current_music_id, enter.position_ms), ("m1", 1_234));
}

async fn what_is_not_shown_is_not_kept(place: impl Place) {
    let stores = place.open().await;
    let chat = Chat::new(&stores);
    let one = given::user("u1");
    let first = chat
        .say_lines(&one, vec![facts::named("first", "c-1")])
        .await[0];
    let off = chat.append(facts::switched(&one, 1, false)).await.offset;
    let void = chat
        .append(facts::said(off, &one, vec![facts::line("void")]))
        .await;
    assert_eq!(void.verdicts, [Verdict::Void]);
    let on = chat.append(facts::switched(&one, 2, true)).await.offset;
    let lines = vec![
        facts::named("repeat", "c-1"),
        facts::named("second", "c-2"),
        facts::named("repeat", "c-2"),
    ];
    let said = chat.append(facts::said(on + 1, &one, lines)).await;
    let second = MessageId {
        offset: said.offset,
        index: 1,
        ..first
    };
    assert_eq!(
        said.verdicts,
        [
            Verdict::Repeat(first),
            Verdict::Shown(second),
            Verdict::Repeat(second)
        ]
    );
    let kept: Vec<_> = messages(&stores, chat.room)
        .await
        .into_iter()
        .map(|m| (m.message.id, m.message.content))
        .collect();
    assert_eq!(kept, [(first, "first".into()), (second, "second".into())]);
}

async fn history_covers_what_was_appended(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    let mut last = 0;
    for n in 0..20 {
        let chat = Chat {
            stores: &stores,
            room,
        };
        let id = chat.say(&given::numbered(n), "hello").await;
        // `say` has waited for this; what is covered is there.
        assert!(stores.history.covered(room).await.unwrap() > id.offset);
        assert!(stores.history.get(room, id).await.unwrap().is_some());
        last = id.offset;
    }
    drop(stores);
    stores = place.open().await;
    recorded(&stores, room, last + 1).await;
    // It never promises what the log does not have.
    assert!(stores.history.covered(room).await.unwrap() <= stores.log.end(room).await.unwrap());
}
