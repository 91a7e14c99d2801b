//! SUBSCRIBE and UNSUBSCRIBE.

use std::rc::Rc;

use roomtone_shared::domain::room::RoomId;
use tokio::time::Instant;

use super::Session;
use super::command::{AckMode, Subscribe};
use super::fault::Fault;
use crate::shard::lane::LaneKey;
use crate::shard::subscription::{State, Subscription, Topic};

impl Session {
    /// Registers the subscription first, and then reads the membership: what changes in between is heard.
    pub(super) async fn subscribe(self: &Rc<Self>, wanted: Subscribe) -> Result<(), Fault> {
        let max = self.shard.node.settings.subscriptions_max;
        if self
            .subscriptions
            .borrow()
            .iter()
            .any(|s| s.id() == wanted.id)
        {
            return Err(Fault::new(
                "subscription exists",
                "SUBSCRIBE's id is used by another subscription",
            ));
        }
        if self.subscriptions.borrow().len() >= max {
            return Err(Fault::limit("subscriptions of a socket", max));
        }
        // What was sent before this frame took effect before it.
        self.answered_all().await;
        let subscription = self.register(&wanted);
        match wanted.topic {
            Topic::Replies => Ok(()),
            Topic::Presence(room) => {
                self.watch(room).await?;
                self.begin_hearing(room, &subscription).await
            }
            Topic::Chat(room) => {
                let heard = self.begin_hearing(room, &subscription).await;
                self.came();
                heard
            }
        }
    }

    fn register(self: &Rc<Self>, wanted: &Subscribe) -> Rc<Subscription> {
        let key = LaneKey {
            version: self.version.get(),
            subscription: wanted.id.clone(),
            acknowledged: wanted.ack != AckMode::Auto,
        };
        let lane = self
            .shard
            .rooms
            .borrow_mut()
            .enter(wanted.topic, &wanted.destination, key);
        let subscription = Subscription::new(wanted.topic, wanted.ack, lane, Rc::downgrade(self));
        subscription.turn(|detour| detour.since = wanted.since);
        let mut subscriptions = self.subscriptions.borrow_mut();
        // Most sockets have one or two.
        subscriptions.reserve_exact(1);
        subscriptions.push(subscription.clone());
        drop(subscriptions);
        subscription
    }

    async fn begin_hearing(
        self: &Rc<Self>,
        room: RoomId,
        subscription: &Rc<Subscription>,
    ) -> Result<(), Fault> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.uid().cloned());
        let Some(uid) = uid else { return Ok(()) };
        let chat = subscription.topic == Topic::Chat(room);
        let asked = async move { stores.memberships.get(room, &uid).await };
        let asked = self.shard.node.ask(asked);
        let membership = if chat {
            self.coming(room, asked).await
        } else {
            self.with_place(room, |_| ());
            asked.await
        };
        let membership = membership.map_err(|why| Fault::new("unavailable", why.to_string()))?;
        let member = self.with_place(room, |place| {
            place.read(membership.as_ref());
            place.left &= !(chat && place.joined);
            place.joined
        });
        if !member {
            return Ok(());
        }
        if chat && let Some(told) = self.enter(room) {
            // A failure is told again in the background.
            let _ = told.await;
        }
        // The log may have started it meanwhile, or silenced it again.
        let still = self
            .place(room)
            .is_some_and(|p| p.joined && !(chat && p.left));
        if still && subscription.state.get() == State::Silent {
            self.shard
                .start(subscription, self.shard.position(room), Instant::now());
        }
        Ok(())
    }

    /// Waits until no change of the room's presence is missed any more.
    async fn watch(&self, room: RoomId) -> Result<(), Fault> {
        let watched = self.shard.node.watched.begin(room);
        let unavailable = |_| Fault::new("unavailable", "presence is not available right now");
        watched.await.map_err(unavailable)
    }

    /// One fewer watches.
    pub(super) fn unwatch(&self, subscription: &Subscription) {
        if let Topic::Presence(room) = subscription.topic {
            self.shard.node.watched.end(room);
        }
    }

    /// UNSUBSCRIBE: no message comes after its receipt; the last subscription to a room takes the socket
    /// out of it.
    pub(super) async fn unsubscribe(self: &Rc<Self>, id: &str) -> Result<(), Fault> {
        let found = self
            .subscriptions
            .borrow()
            .iter()
            .find(|s| s.id() == id)
            .cloned();
        let unknown = || {
            Fault::new(
                "unknown subscription",
                "UNSUBSCRIBE's id is used by no subscription",
            )
        };
        let subscription = found.ok_or_else(unknown)?;
        self.shard.silence(&subscription, State::Ended);
        self.shard.rooms.borrow_mut().leave(&subscription);
        self.unwatch(&subscription);
        let others = |room| {
            self.subscriptions
                .borrow()
                .iter()
                .any(|s| s.topic == Topic::Chat(room) && s.id() != id)
        };
        let told = match subscription.topic {
            Topic::Chat(room) if !others(room) => self.go_out(room),
            _ => None,
        };
        self.subscriptions.borrow_mut().retain(|s| s.id() != id);
        self.forget_places();
        if let Some(told) = told {
            // A failure is told again in the background.
            let _ = told.await;
        }
        Ok(())
    }
}
