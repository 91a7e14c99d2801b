//! What a crash between a change and its event leaves undone is done later, once.

use roomtone_shared::domain::event::Event;
use roomtone_shared::domain::membership::{Change, Membership};
use roomtone_shared::domain::message::MessageType::{self, Enter, Exit};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::rooms;
use roomtone_shared::store::Stores;
use tokio::task::JoinSet;

use super::{join, room, told};
use crate::chat::all_recorded;
use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    a_join_asked_again_brings_its_enter_in,
    a_sweep_brings_an_enter_in,
    a_sweep_leaves_what_may_still_be_under_way,
    an_event_that_was_logged_and_not_noted_is_not_told_again,
    an_exit_asked_again_brings_its_exit_in,
    who_comes_back_brings_the_exit_in_first,
    a_sweep_brings_in_both_sides_of_a_fifth_room,
    a_switch_asked_again_is_brought_in,
    many_sweeps_and_joins_at_once_tell_once,
    a_sweep_goes_through_all_that_is_left,
];

/// Longer ago than a sweep waits.
fn long_ago() -> Timestamp {
    Timestamp::now().minus_ms(3_600_000)
}

async fn of(stores: &Stores, room: RoomId) -> Vec<MessageType> {
    told(stores, room)
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect()
}

/// Leaves a join behind that was committed, as a process does that is cut off then; and opens the stores again.
async fn cut_off_joining(place: &impl Place, now: Timestamp) -> (Stores, RoomId, Member) {
    let stores = place.open().await;
    let room = room(&stores).await;
    let user = Member::new(&stores, "u1");
    user.change_only(room, user.joining(), now).await;
    drop((user, stores));
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    assert_eq!(of(&stores, room).await, []);
    (stores, room, user)
}

async fn no_more_to_do(stores: &Stores) {
    assert_eq!(rooms::sweep_pending(stores).await, Ok(0));
}

async fn a_join_asked_again_brings_its_enter_in(place: impl Place) {
    let (stores, room, user) = cut_off_joining(&place, long_ago()).await;
    let joined = rooms::join(&stores, room, &user.who).await.unwrap();
    let enter = joined.notice.expect("an ENTER");
    assert_eq!(joined.offset, Some(enter.offset));
    let again = rooms::join(&stores, room, &user.who).await.unwrap();
    assert_eq!(again.notice, None);
    no_more_to_do(&stores).await;
    assert_eq!(of(&stores, room).await, [Enter]);
    let member = user.get(room).await;
    assert_eq!((member.mark, member.pending), (Some(enter), None));
}

async fn a_sweep_brings_an_enter_in(place: impl Place) {
    let (stores, room, user) = cut_off_joining(&place, long_ago()).await;
    assert_eq!(rooms::sweep_pending(&stores).await, Ok(1));
    no_more_to_do(&stores).await;
    assert_eq!(
        rooms::join(&stores, room, &user.who).await.unwrap().notice,
        None
    );
    assert_eq!(of(&stores, room).await, [Enter]);
    let member = user.get(room).await;
    let last = stores.history.summary(room).await.unwrap().last;
    assert_eq!((member.mark, member.pending), (last, None));
    assert!(crate::rooms::get(&stores, room).await.live);
}

async fn a_sweep_leaves_what_may_still_be_under_way(place: impl Place) {
    let (stores, room, user) = cut_off_joining(&place, Timestamp::now()).await;
    let pending = user.get(room).await;
    no_more_to_do(&stores).await;
    assert_eq!(of(&stores, room).await, []);
    assert_eq!(user.get(room).await, pending);
}

async fn an_event_that_was_logged_and_not_noted_is_not_told_again(place: impl Place) {
    for by_sweep in [true, false] {
        let (stores, room, user) = cut_off_joining(&place, long_ago()).await;
        let event = user.get(room).await.pending.expect("an event");
        let appended = stores.log.append(room, Event::Member(event)).await;
        let enter = appended.unwrap().notice.expect("an ENTER");
        assert_eq!(of(&stores, room).await, [Enter]);
        let end = stores.log.end(room).await.unwrap();
        // A recorder of its own may have noted it by now, so that there is nothing left to sweep.
        let left = usize::from(user.get(room).await.pending.is_some());
        if by_sweep {
            assert_eq!(rooms::sweep_pending(&stores).await, Ok(left));
        } else {
            assert_eq!(
                rooms::join(&stores, room, &user.who).await.unwrap().notice,
                None
            );
        }
        no_more_to_do(&stores).await;
        assert_eq!(of(&stores, room).await, [Enter]);
        let member = user.get(room).await;
        assert_eq!(
            (member.mark, member.pending),
            (Some(enter), None),
            "by sweep: {by_sweep}"
        );
        assert_eq!(stores.log.end(room).await.unwrap(), end, "logged again");
        rooms::exit(&stores, room, &user.who.uid).await.unwrap();
    }
}

async fn an_exit_asked_again_brings_its_exit_in(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    join(&stores, room, &user.who).await;
    user.change_only(room, Change::Exit, Timestamp::now()).await;
    assert_eq!(of(&stores, room).await, [Enter]);
    let exited = rooms::exit(&stores, room, &user.who.uid).await.unwrap();
    assert_eq!(of(&stores, room).await, [Enter, Exit]);
    assert_eq!(exited.offset, exited.notice.map(|id| id.offset));
    assert!(exited.notice.is_some());
    assert_eq!(user.get(room).await.pending, None);
    let again = rooms::exit(&stores, room, &user.who.uid).await.unwrap();
    assert_eq!((again.offset, again.notice), (None, None));
    assert_eq!(of(&stores, room).await, [Enter, Exit]);
}

async fn who_comes_back_brings_the_exit_in_first(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    join(&stores, room, &user.who).await;
    user.change_only(room, Change::Exit, long_ago()).await;
    join(&stores, room, &user.who).await;
    no_more_to_do(&stores).await;
    assert_eq!(of(&stores, room).await, [Enter, Exit, Enter]);
    assert_eq!(stores.history.summary(room).await.unwrap().user_count, 1);
}

async fn a_sweep_brings_in_both_sides_of_a_fifth_room(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let mut rooms = vec![];
    for n in 0..5 {
        rooms.push(room(&stores).await);
        if n < 4 {
            user.change_only(rooms[n], user.joining(), long_ago()).await;
            assert_eq!(rooms::sweep_pending(&stores).await, Ok(1));
        }
    }
    user.change_only(rooms[4], user.joining(), long_ago()).await;
    assert_eq!(rooms::sweep_pending(&stores).await, Ok(2));
    no_more_to_do(&stores).await;
    assert_eq!(of(&stores, rooms[0]).await, [Enter, Exit]);
    for room in &rooms[1..] {
        assert_eq!(of(&stores, *room).await, [Enter]);
    }
}

async fn a_switch_asked_again_is_brought_in(place: impl Place) {
    let stores = place.open().await;
    let (room, user) = (room(&stores).await, Member::new(&stores, "u1"));
    let enter = join(&stores, room, &user.who).await;
    user.change_only(room, Change::Switch { on: false }, long_ago())
        .await;
    let standing = || async {
        let standing = stores.presence.of(room, &user.who.uid).await.unwrap();
        (standing.version, standing.joined && standing.switch)
    };
    // What is not in the log yet is no news to presence, or whoever asks would not bring it in.
    assert_eq!(standing().await.0, 1);
    let switched = rooms::switch(&stores, room, &user.who.uid, false)
        .await
        .unwrap();
    assert!(switched.offset.is_some());
    all_recorded(&stores, room).await;
    assert_eq!(standing().await, (2, false));
    no_more_to_do(&stores).await;
    let member = user.get(room).await;
    assert_eq!((member.mark, member.pending), (Some(enter), None));
}

async fn many_sweeps_and_joins_at_once_tell_once(place: impl Place) {
    let stores = place.open().await;
    for round in 0..20 {
        let (room, user) = (
            room(&stores).await,
            Member::new(&stores, &format!("u{round}")),
        );
        user.change_only(room, user.joining(), long_ago()).await;
        let mut busy = JoinSet::new();
        for n in 0..16 {
            let (stores, who) = (stores.clone(), user.who.clone());
            busy.spawn(async move {
                match n % 2 {
                    0 => drop(rooms::sweep_pending(&stores).await.unwrap()),
                    _ => drop(rooms::join(&stores, room, &who).await.unwrap()),
                }
            });
        }
        busy.join_all().await;
        no_more_to_do(&stores).await;
        assert_eq!(of(&stores, room).await, [Enter]);
        let last = stores.history.summary(room).await.unwrap().last;
        let Membership { mark, pending, .. } = user.get(room).await;
        assert_eq!((mark, pending), (last, None), "round {round}");
    }
}

async fn a_sweep_goes_through_all_that_is_left(place: impl Place) {
    let stores = place.open().await;
    /// More than one sweep does.
    const COUNT: usize = 110;
    let room = room(&stores).await;
    for n in 0..COUNT {
        let user = Member::new(&stores, given::numbered(n).uid.as_str());
        user.change_only(room, user.joining(), long_ago()).await;
    }
    let mut swept = 0;
    while swept < COUNT {
        let now = rooms::sweep_pending(&stores).await.unwrap();
        assert!(now > 0, "stopped at {swept}");
        swept += now;
    }
    no_more_to_do(&stores).await;
    assert_eq!(of(&stores, room).await, [Enter; COUNT]);
}
