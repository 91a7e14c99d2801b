//! Send: by members who are on, and once for each of the sender's own ids.

use roomtone_shared::domain::message::{Message, MessageType};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::rooms;
use roomtone_shared::store::Stores;
use tokio::task::JoinSet;

use super::{join, room};
use crate::chat::messages;
use crate::forms::Place;
use crate::given;

behaviours![of functions:
    a_message_is_given_as_it_stands_in_history,
    only_members_who_are_on_send,
    a_message_sent_again_is_the_first_one,
    nothing_is_shown_after_the_off_of_its_sender,
];

async fn send(
    stores: &Stores,
    room: RoomId,
    who: &Profile,
    own_id: Option<&str>,
) -> Result<Message> {
    rooms::send(
        stores,
        room,
        who,
        "안녕".into(),
        own_id.map(Into::into),
        None,
        async { Ok(()) },
    )
    .await
}

async fn a_message_is_given_as_it_stands_in_history(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    join(&stores, room, &who).await;
    let sent = send(&stores, room, &who, Some("c-1")).await.unwrap();
    let kept = messages(&stores, room).await.pop().unwrap();
    assert_eq!(kept.message, sent);
    assert_eq!(
        (sent.message_type, &*sent.content),
        (MessageType::Talk, "안녕")
    );
    assert_eq!(
        (&sent.sender_id, &sent.nick_name, &sent.sender_profile_image),
        (&who.uid, &who.nick_name, &who.profile_image)
    );
    assert_eq!(
        (sent.room_id, sent.client_message_id.as_deref()),
        (room, Some("c-1"))
    );
    let playing = crate::rooms::get(&stores, room)
        .await
        .schedule()
        .at(sent.created_at);
    assert_eq!(
        (sent.current_music_id, sent.position_ms),
        (playing.music_id, playing.position_ms)
    );
}

async fn only_members_who_are_on_send(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    let refused =
        |sent: Result<Message>| assert!(matches!(sent, Err(Error::Forbidden(_))), "{sent:?}");
    let unknown = send(&stores, RoomId::new(), &who, None).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
    refused(send(&stores, room, &who, None).await);
    join(&stores, room, &who).await;
    rooms::switch(&stores, room, &who.uid, false).await.unwrap();
    refused(send(&stores, room, &who, Some("c-1")).await);
    rooms::switch(&stores, room, &who.uid, true).await.unwrap();
    // What was refused may be sent again.
    send(&stores, room, &who, Some("c-1")).await.unwrap();
    rooms::exit(&stores, room, &who.uid).await.unwrap();
    refused(send(&stores, room, &who, None).await);
    refused(
        rooms::switch(&stores, room, &who.uid, true)
            .await
            .map(|_| unreachable!()),
    );
    let talks = stores.history.summary(room).await.unwrap().talks;
    assert_eq!(talks, 1);
}

async fn a_message_sent_again_is_the_first_one(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    join(&stores, room, &who).await;
    let mut sending = JoinSet::new();
    for _ in 0..32 {
        let (stores, who) = (stores.clone(), who.clone());
        sending.spawn(async move { send(&stores, room, &who, Some("c-1")).await.unwrap() });
    }
    let mut sent = sending.join_all().await;
    sent.dedup();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(messages(&stores, room).await.len(), 2);
    let other = send(&stores, room, &who, Some("c-2")).await.unwrap();
    assert!(other.id > sent[0].id);
}

async fn nothing_is_shown_after_the_off_of_its_sender(place: impl Place) {
    let stores = place.open().await;
    for round in 0..10 {
        let (room, who) = (room(&stores).await, given::user(&format!("u{round}")));
        join(&stores, room, &who).await;
        let mut sending = JoinSet::new();
        for _ in 0..20 {
            let (stores, who) = (stores.clone(), who.clone());
            sending.spawn(async move { send(&stores, room, &who, None).await });
        }
        let off = rooms::switch(&stores, room, &who.uid, false).await.unwrap();
        let off = off.offset.expect("a place in the log");
        let mut done: Vec<_> = sending
            .join_all()
            .await
            .into_iter()
            .flatten()
            .map(|sent| sent.id)
            .collect();
        done.sort_unstable();
        let kept: Vec<_> = messages(&stores, room)
            .await
            .into_iter()
            .map(|kept| kept.message.id)
            .collect();
        assert_eq!(kept[1..], done, "what is kept is what was not refused");
        assert!(
            kept.iter().all(|id| id.offset < off),
            "{kept:?} after {off}"
        );
    }
}
