//! What becomes of messages: the same before and after the stores were opened again.

use roomtone_shared::domain::judge::Verdict;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Stores;

use crate::chat::{Chat, messages};
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    a_message_is_shown_under_its_place_in_the_log,
    a_repeat_is_known_after_opening_again,
    an_off_is_known_after_opening_again,
    an_event_that_was_logged_is_no_news_after_opening_again,
    of_an_event_logged_many_times_one_tells,
];

/// The verdicts on one message of `u1` with its own id.
async fn verdict(chat: &Chat<'_>, own_id: &str, as_of: u64) -> Verdict {
    let lines = vec![facts::named("hello", own_id)];
    let appended = chat
        .append(facts::said(as_of, &given::user("u1"), lines))
        .await;
    assert_eq!(appended.verdicts.len(), 1);
    appended.verdicts[0]
}

async fn end(stores: &Stores, room: RoomId) -> u64 {
    stores.log.end(room).await.unwrap()
}

async fn a_message_is_shown_under_its_place_in_the_log(place: impl Place) {
    let stores = place.open().await;
    let (chat, epoch) = (Chat::new(&stores), stores.log.epoch());
    let lines: Vec<_> = (0..100).map(|n| facts::line(&n.to_string())).collect();
    let appended = chat.append(facts::said(0, &given::user("u1"), lines)).await;
    let expected = (0..100).map(|index| MessageId {
        epoch,
        offset: appended.offset,
        index,
    });
    assert_eq!(
        appended.verdicts,
        Vec::from_iter(expected.map(Verdict::Shown))
    );
    assert_eq!(appended.notice, None);
    let enter = chat.append(facts::joined(&given::user("u1"), 1)).await;
    assert_eq!(
        enter.notice,
        Some(MessageId {
            epoch,
            offset: enter.offset,
            index: 0
        })
    );
    assert_eq!(enter.verdicts, []);
}

async fn a_repeat_is_known_after_opening_again(place: impl Place) {
    let mut stores = place.open().await;
    let (room, other) = (RoomId::new(), RoomId::new());
    let chat = Chat {
        stores: &stores,
        room,
    };
    let Verdict::Shown(first) = verdict(&chat, "c-1", 0).await else {
        panic!("not shown")
    };
    for round in 0..3 {
        let chat = Chat {
            stores: &stores,
            room,
        };
        assert_eq!(
            verdict(&chat, "c-1", 0).await,
            Verdict::Repeat(first),
            "{round}"
        );
        // Another id, another room and another sender make another message.
        let new = format!("new-{round}");
        assert!(matches!(verdict(&chat, &new, 0).await, Verdict::Shown(_)));
        let elsewhere = Chat {
            stores: &stores,
            room: other,
        };
        let there = verdict(&elsewhere, "c-1", 0).await;
        assert_eq!(matches!(there, Verdict::Shown(_)), round == 0, "{there:?}");
        let lines = vec![facts::named("mine", "c-1")];
        let theirs = chat
            .append(facts::said(0, &given::user(&format!("v{round}")), lines))
            .await;
        assert!(
            matches!(theirs.verdicts[..], [Verdict::Shown(_)]),
            "{theirs:?}"
        );
        drop(stores);
        stores = place.open().await;
    }
    assert_eq!(messages(&stores, room).await.len(), 1 + 2 * 3);
}

async fn an_off_is_known_after_opening_again(place: impl Place) {
    let mut stores = place.open().await;
    let (room, who) = (RoomId::new(), given::user("u1"));
    for (n, off) in [facts::switched(&who, 2, false), facts::exited(&who, 4)]
        .into_iter()
        .enumerate()
    {
        let chat = Chat {
            stores: &stores,
            room,
        };
        let before = end(&stores, room).await;
        let off = chat.append(off).await.offset;
        drop(stores);
        stores = place.open().await;
        let chat = Chat {
            stores: &stores,
            room,
        };
        // Whoever let it in knew of the off, or did not.
        assert_eq!(
            verdict(&chat, &format!("{n}-a"), before).await,
            Verdict::Void
        );
        assert_eq!(verdict(&chat, &format!("{n}-b"), off).await, Verdict::Void);
        let known = verdict(&chat, &format!("{n}-c"), off + 1).await;
        assert!(matches!(known, Verdict::Shown(_)), "{known:?}");
        let other = Chat {
            stores: &stores,
            room: RoomId::new(),
        };
        let elsewhere = verdict(&other, "c", before).await;
        assert!(matches!(elsewhere, Verdict::Shown(_)), "{elsewhere:?}");
        chat.append(facts::joined(&who, 3 + 2 * n as u64)).await;
        drop(stores);
        stores = place.open().await;
        let chat = Chat {
            stores: &stores,
            room,
        };
        let on_again = verdict(&chat, &format!("{n}-d"), before).await;
        assert!(matches!(on_again, Verdict::Shown(_)), "{on_again:?}");
        // A message that was refused can be sent again.
        let again = verdict(&chat, &format!("{n}-a"), before).await;
        assert!(matches!(again, Verdict::Shown(_)), "{again:?}");
    }
}

async fn an_event_that_was_logged_is_no_news_after_opening_again(place: impl Place) {
    let mut stores = place.open().await;
    let (room, who) = (RoomId::new(), given::user("u1"));
    for (event, old) in [
        (facts::joined(&who, 1), facts::joined(&who, 1)),
        (facts::exited(&who, 5), facts::joined(&who, 4)),
    ] {
        let chat = Chat {
            stores: &stores,
            room,
        };
        assert!(
            chat.append(event.clone()).await.notice.is_some(),
            "{event:?}"
        );
        drop(stores);
        stores = place.open().await;
        let chat = Chat {
            stores: &stores,
            room,
        };
        assert_eq!(chat.append(old.clone()).await.notice, None, "{old:?}");
        assert_eq!(chat.append(event.clone()).await.notice, None, "{event:?}");
    }
    assert_eq!(messages(&stores, room).await.len(), 2);
}

async fn of_an_event_logged_many_times_one_tells(place: impl Place) {
    let stores = place.open().await;
    let (chat, who) = (Chat::new(&stores), given::user("u1"));
    let appending: Vec<_> = (0..64)
        .map(|_| stores.log.append(chat.room, facts::joined(&who, 1)))
        .collect();
    let appended = futures_util::future::try_join_all(appending).await.unwrap();
    let told: Vec<_> = appended
        .iter()
        .filter_map(|appended| appended.notice)
        .collect();
    assert_eq!(told.len(), 1);
    let kept: Vec<_> = messages(&stores, chat.room)
        .await
        .iter()
        .map(|m| m.message.id)
        .collect();
    assert_eq!(kept, told);
}
