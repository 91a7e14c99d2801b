//! Leave: the mark moves, never beyond what there is; and who may not.

use roomtone_shared::domain::event::{Event, Fact};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;
use roomtone_shared::rooms;

use super::{join, room};
use crate::chat::Chat;
use crate::forms::Place;
use crate::given;
use crate::member::Member;
use crate::reading::{self, Reader};

behaviours![
    leaving_stores_the_mark_and_never_moves_it_back,
    a_mark_beyond_the_newest_message_is_refused,
    only_a_member_leaves_a_room_that_is_there,
];

async fn leaving_stores_the_mark_and_never_moves_it_back(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    let enter = join(&stores, room, &user.who).await;
    let chat = Chat {
        stores: &stores,
        room,
    };
    let first = chat.say(&given::user("u2"), "first").await;
    let last = chat.say(&given::user("u2"), "last").await;
    let from = stores.log.ends().await.unwrap();
    let mut reader = Reader::open(&stores, &from).await;
    for (mark, stays) in [(first, first), (enter, first), (last, last), (first, last)] {
        rooms::leave(&stores, room, &user.who.uid, mark)
            .await
            .unwrap();
        assert_eq!(user.get(room).await.mark, Some(stays));
        // Every socket of the user hears of it, by the log.
        let told = reader.read_on(&stores).await;
        assert_eq!(
            reading::facts_of(&told),
            [Fact::In(room, Event::Left(user.who.uid.clone()))]
        );
    }
    assert!(user.get(room).await.joined);
}

async fn a_mark_beyond_the_newest_message_is_refused(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    let enter = join(&stores, room, &user.who).await;
    // What comes next in this part of the log is of another room.
    let chat = Chat {
        stores: &stores,
        room,
    };
    chat.beside().say(&user.who, "elsewhere").await;
    for beyond in [
        MessageId {
            index: enter.index + 1,
            ..enter
        },
        MessageId {
            offset: enter.offset + 1,
            ..enter
        },
        MessageId {
            offset: enter.offset + 1_000,
            ..enter
        },
        MessageId {
            offset: u64::MAX,
            ..enter
        },
        MessageId {
            epoch: enter.epoch + 1,
            offset: 0,
            index: 0,
        },
    ] {
        let end = stores.log.end(room).await.unwrap();
        let left = rooms::leave(&stores, room, &user.who.uid, beyond).await;
        assert!(
            matches!(&left, Err(Error::Invalid { field, .. }) if field == "lastReadMessageId"),
            "{left:?}"
        );
        assert_eq!(user.get(room).await.mark, Some(enter));
        assert_eq!(
            stores.log.end(room).await.unwrap(),
            end,
            "a refused leave leaves no trace"
        );
    }
}

async fn only_a_member_leaves_a_room_that_is_there(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    let enter = join(&stores, room, &given::user("u2")).await;
    let left = rooms::leave(&stores, room, &user.who.uid, enter).await;
    assert!(matches!(left, Err(Error::Forbidden(_))), "{left:?}");
    let left = rooms::leave(&stores, RoomId::new(), &user.who.uid, enter).await;
    assert!(matches!(left, Err(Error::NotFound(_))), "{left:?}");
    join(&stores, room, &user.who).await;
    rooms::exit(&stores, room, &user.who.uid).await.unwrap();
    let left = rooms::leave(&stores, room, &user.who.uid, enter).await;
    assert!(matches!(left, Err(Error::Forbidden(_))), "{left:?}");
}
