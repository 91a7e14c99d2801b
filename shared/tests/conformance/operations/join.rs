//! Join: one membership and one ENTER, however often and however many at once.

use roomtone_shared::domain::message::MessageType;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;
use roomtone_shared::rooms;
use roomtone_shared::store::Stores;
use tokio::task::JoinSet;

use super::{join, room, told};
use crate::chat::all_recorded;
use crate::forms::Place;
use crate::member::Member;

behaviours![
    a_first_join_tells_the_room_and_marks_it_as_read,
    joining_again_tells_nothing,
    joining_again_turns_the_switch_on,
    there_must_be_a_room,
    of_many_joins_at_once_one_tells,
];

async fn user_count(stores: &Stores, room: RoomId) -> u64 {
    all_recorded(stores, room).await;
    stores.history.summary(room).await.unwrap().user_count
}

async fn a_first_join_tells_the_room_and_marks_it_as_read(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    let joined = rooms::join(&stores, room, &user.who).await.unwrap();
    assert_eq!((joined.room.id, joined.evicted), (room, None));
    assert!(joined.membership.joined);
    let enter = joined.notice.expect("an ENTER");
    assert_eq!(joined.offset, Some(enter.offset));
    assert_eq!(
        told(&stores, room).await,
        [(MessageType::Enter, "u1".to_owned())]
    );
    let message = stores
        .history
        .get(room, enter)
        .await
        .unwrap()
        .expect("an ENTER")
        .message;
    assert_eq!(&*message.content, "하늘-u1님이 입장하였습니다.");
    assert_eq!(message.created_at, joined.membership.entered_at);
    assert_eq!(&*message.sender_id.to_string(), "u1");
    let playing = crate::rooms::get(&stores, room)
        .await
        .schedule()
        .at(message.created_at);
    assert_eq!(
        (message.current_music_id, message.position_ms),
        (playing.music_id, playing.position_ms)
    );
    let member = user.get(room).await;
    assert_eq!((member.mark, member.pending), (Some(enter), None));
    assert!(crate::rooms::get(&stores, room).await.live);
}

async fn joining_again_tells_nothing(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    join(&stores, room, &user.who).await;
    let before = user.get(room).await;
    for _ in 0..3 {
        let again = rooms::join(&stores, room, &user.who).await.unwrap();
        assert_eq!(
            (again.offset, again.notice, again.evicted),
            (None, None, None)
        );
        assert_eq!(again.membership, before);
    }
    assert_eq!(user.get(room).await, before);
    assert_eq!(told(&stores, room).await.len(), 1);
    assert_eq!(user_count(&stores, room).await, 1);
}

async fn joining_again_turns_the_switch_on(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    join(&stores, room, &user.who).await;
    assert!(
        rooms::switch(&stores, room, &user.who.uid, false)
            .await
            .unwrap()
            .offset
            .is_some()
    );
    assert_eq!(
        rooms::switch(&stores, room, &user.who.uid, false)
            .await
            .unwrap()
            .offset,
        None
    );
    let again = rooms::join(&stores, room, &user.who).await.unwrap();
    assert!(
        again.membership.switch && again.offset.is_some() && again.notice.is_none(),
        "{again:?}"
    );
    assert_eq!(told(&stores, room).await.len(), 1);
    assert_eq!(user.get(room).await.pending, None);
}

async fn there_must_be_a_room(place: impl Place) {
    let stores = place.open().await;
    let (unknown, user) = (RoomId::new(), Member::new(&stores, "u1"));
    let joined = rooms::join(&stores, unknown, &user.who).await;
    assert!(matches!(joined, Err(Error::NotFound(_))), "{joined:?}");
    assert_eq!(user.find(unknown).await, None);
}

async fn of_many_joins_at_once_one_tells(place: impl Place) {
    let stores = place.open().await;
    // Who comes first differs from round to round.
    for round in 0..20 {
        let (room, user) = (
            room(&stores).await,
            Member::new(&stores, &format!("u{round}")),
        );
        let mut joining = JoinSet::new();
        for _ in 0..64 {
            let (stores, who) = (stores.clone(), user.who.clone());
            joining.spawn(async move { rooms::join(&stores, room, &who).await.unwrap() });
        }
        let joined = joining.join_all().await;
        assert!(
            joined
                .iter()
                .all(|joined| joined.membership.joined && joined.evicted.is_none())
        );
        let notices: Vec<_> = joined.iter().filter_map(|joined| joined.notice).collect();
        assert_eq!(notices.len(), 1, "round {round}");
        assert_eq!(
            told(&stores, room).await,
            [(MessageType::Enter, user.who.uid.to_string())]
        );
        assert_eq!(user_count(&stores, room).await, 1);
        let member = user.get(room).await;
        assert_eq!(
            (member.version, member.mark, member.pending),
            (1, Some(notices[0]), None),
            "round {round}"
        );
    }
}
