//! Exit: for good, told once, and by the last one the end of the room.

use roomtone_shared::domain::message::MessageType::{Enter, Exit};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms::{self, Exited};
use roomtone_shared::store::Which;
use tokio::task::JoinSet;

use super::{join, room, told};
use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    an_exit_is_told_once,
    who_was_never_a_member_exits_without_a_word,
    a_room_lives_until_its_last_member_exits,
    of_many_exits_at_once_one_tells,
];

const NOTHING: Exited = Exited {
    offset: None,
    notice: None,
};

async fn an_exit_is_told_once(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    join(&stores, room, &user.who).await;
    let exited = rooms::exit(&stores, room, &user.who.uid).await.unwrap();
    let exit = exited.notice.expect("an EXIT");
    assert_eq!(exited.offset, Some(exit.offset));
    for _ in 0..3 {
        assert_eq!(rooms::exit(&stores, room, &user.who.uid).await, Ok(NOTHING));
    }
    assert_eq!(
        told(&stores, room).await,
        [(Enter, "u1".to_owned()), (Exit, "u1".to_owned())]
    );
    let message = stores
        .history
        .get(room, exit)
        .await
        .unwrap()
        .expect("an EXIT")
        .message;
    assert_eq!(&*message.content, "하늘-u1님이 퇴장하였습니다.");
    assert_eq!(user.rooms().await.rooms, []);
    join(&stores, room, &user.who).await;
    assert_eq!(told(&stores, room).await.len(), 3);
}

async fn who_was_never_a_member_exits_without_a_word(place: impl Place) {
    let stores = place.open().await;
    for room in [room(&stores).await, RoomId::new()] {
        let exited = rooms::exit(&stores, room, &given::uid("u1")).await;
        assert_eq!(exited, Ok(NOTHING));
        assert_eq!(told(&stores, room).await, []);
    }
}

async fn a_room_lives_until_its_last_member_exits(place: impl Place) {
    let stores = place.open().await;
    let room = room(&stores).await;
    let users = [given::user("u1"), given::user("u2")];
    for user in &users {
        join(&stores, room, user).await;
    }
    for (user, lives) in users.iter().zip([true, false]) {
        rooms::exit(&stores, room, &user.uid).await.unwrap();
        told(&stores, room).await;
        assert_eq!(crate::rooms::get(&stores, room).await.live, lives);
        let listed = stores.rooms.page(Which::Live, None, 10).await.unwrap();
        assert_eq!(listed.len(), usize::from(lives));
    }
}

async fn of_many_exits_at_once_one_tells(place: impl Place) {
    let stores = place.open().await;
    for round in 0..10 {
        let (room, user) = (
            room(&stores).await,
            Member::new(&stores, &format!("u{round}")),
        );
        join(&stores, room, &user.who).await;
        let mut exiting = JoinSet::new();
        for _ in 0..32 {
            let (stores, uid) = (stores.clone(), user.who.uid.clone());
            exiting.spawn(async move { rooms::exit(&stores, room, &uid).await.unwrap() });
        }
        let exited = exiting.join_all().await;
        assert_eq!(
            exited
                .iter()
                .filter(|exited| exited.notice.is_some())
                .count(),
            1
        );
        let told: Vec<_> = told(&stores, room)
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        assert_eq!(told, [Enter, Exit]);
        assert_eq!(stores.history.summary(room).await.unwrap().user_count, 0);
        let gone = user.get(room).await;
        assert_eq!((gone.joined, gone.pending, gone.version), (false, None, 2));
    }
}
