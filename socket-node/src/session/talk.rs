//! Messages: admitted here, ordered by the log, answered when this shard has read them back.

use std::rc::Rc;
use std::sync::Arc;

use roomtone_shared::domain::event::{Event, Line, Origin, Playing, Said};
use roomtone_shared::domain::judge::Verdict;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::playlist::Schedule;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use roomtone_shared::rooms;
use roomtone_shared::store::Appending;
use roomtone_shared::traces::{Kind, Span};

use super::Session;
use super::asked::Talk;
use super::under_way::UnderWay;

/// What messages of one record ask to be answered with.
pub(super) enum Due {
    /// A COMMIT's: it is answered, and the messages that asked for a receipt, each by its place.
    Together {
        commit: Option<String>,
        receipts: Vec<(usize, String)>,
    },
    /// Those of a burst: each is answered by itself.
    Each(Vec<Option<String>>),
}

impl Due {
    /// The receipts that refusals name, one for each refusal.
    fn of_refusals(&self) -> Vec<Option<&str>> {
        match self {
            Self::Together { commit, receipts } => {
                let first = receipts.first().map(|(_, receipt)| receipt);
                vec![commit.as_ref().or(first).map(String::as_str)]
            }
            Self::Each(receipts) => receipts.iter().map(Option::as_deref).collect(),
        }
    }

    /// What each is told: its receipt, and the id that its message is shown under; none where it was void.
    fn answers(&self, verdicts: &[Verdict]) -> Vec<(Option<&str>, Option<MessageId>)> {
        let id = |at: usize| match verdicts.get(at)? {
            Verdict::Shown(id) | Verdict::Repeat(id) => Some(*id),
            Verdict::Void => None,
        };
        match self {
            Self::Together { .. } if verdicts.contains(&Verdict::Void) => {
                let refused = self.of_refusals().into_iter();
                refused.map(|receipt| (receipt, None)).collect()
            }
            Self::Together { commit, receipts } => {
                let own = receipts.iter().map(|(at, receipt)| (*at, receipt));
                let last = verdicts.len().saturating_sub(1);
                let commit = commit.iter().map(|receipt| (last, receipt));
                own.chain(commit)
                    .map(|(at, receipt)| (Some(receipt.as_str()), id(at)))
                    .collect()
            }
            Self::Each(receipts) => {
                let asked = receipts.iter().enumerate();
                asked
                    .map(|(at, receipt)| (receipt.as_deref(), id(at)))
                    .collect()
            }
        }
    }
}

/// A record on its way through the log.
pub(super) struct Sent {
    answer: u64,
    pub(super) room: RoomId,
    due: Due,
    /// What tells whether the log took it, until somebody waits for that.
    appending: Option<Appending>,
    /// Until it is answered.
    span: Span,
}

/// Messages of one room that came at once, one behind the other: the log takes them as one record, which is far less work for
/// everybody who reads it than one for each. They stand alone all the same, and each is answered.
#[derive(Default)]
pub(super) struct Burst {
    talks: Vec<Talk>,
    receipts: Vec<Option<String>>,
}

impl Burst {
    /// Whether a message is one of these. One in a trace of its own stands alone, for a record is in one trace.
    pub(super) fn takes(&self, talk: &Talk) -> bool {
        let fits =
            |last: &Talk| last.room == talk.room && last.trace.is_none() && talk.trace.is_none();
        self.talks.last().is_none_or(fits) && self.talks.len() < limits::LINES_MAX
    }

    pub(super) fn push(&mut self, talk: Talk, receipt: Option<String>) {
        self.talks.push(talk);
        self.receipts.push(receipt);
    }
}

impl Session {
    /// Sends what has come, if anything has.
    pub(super) async fn send_burst(self: &Rc<Self>, burst: &mut Burst) {
        if !burst.talks.is_empty() {
            let Burst { talks, receipts } = std::mem::take(burst);
            self.talk(talks, Due::Each(receipts)).await;
        }
    }

    /// Sends messages of one room as one record.
    pub(super) async fn talk(self: &Rc<Self>, talks: Vec<Talk>, due: Due) {
        let Some(room) = talks.first().map(|talk| talk.room) else {
            return;
        };
        let answer = self.keep_answer();
        let parent = talks.iter().find_map(|talk| talk.trace);
        let sent = Sent {
            answer,
            room,
            due,
            appending: None,
            span: Span::begin("SEND /chat/pub/send", Kind::Server, parent),
        };
        match self.admit(room, talks).await {
            Ok(said) => self.append(sent, said),
            Err(why) => self.refuse_sent(sent, &why),
        }
    }

    fn refuse_sent(self: &Rc<Self>, mut sent: Sent, why: &Error) {
        sent.span.fail(why.kind());
        self.refuse(sent.answer, why, Some(sent.room), &sent.due.of_refusals());
    }

    async fn admit(&self, room: RoomId, talks: Vec<Talk>) -> Result<Said> {
        let place = self.place(room).filter(|p| p.inside);
        // What this shard has taken of the log is what the check rests on.
        let as_of = self.shard.position(room);
        match place {
            Some(place) if !place.joined => return Err(rooms::not_a_member()),
            Some(place) if !place.switch => return Err(rooms::off()),
            Some(_) => {}
            None => Box::pin(self.check_elsewhere(room)).await?,
        }
        let node = &self.shard.node;
        // Whoever may not talk here takes nothing from those who may.
        node.room_rates.take(room, talks.len(), node.now_ms())?;
        let schedule = self.schedule(room).await?;
        let sender = self.user.get().map(|user| user.profile.clone());
        let sender = sender.ok_or_else(rooms::not_a_member)?;
        let at = Timestamp::now();
        let now = schedule.at(at);
        let line = |talk: Talk| Line {
            content: talk.content,
            client_message_id: talk.client_message_id,
            at,
            playing: Playing {
                music_id: now.music_id.clone(),
                position_ms: now.position_ms,
            },
            headers: talk.headers,
        };
        Ok(Said {
            sender,
            as_of,
            lines: talks.into_iter().map(line).collect(),
            origin: None,
            trace: None,
        })
    }

    /// This socket is not in the room; another one of the user's may be.
    async fn check_elsewhere(&self, room: RoomId) -> Result<()> {
        let stores = self.shard.node.stores.clone();
        let uid = self.uid().cloned().ok_or_else(rooms::not_a_member)?;
        let check = async move {
            let member = stores
                .memberships
                .get(room, &uid)
                .await?
                .filter(|m| m.joined);
            rooms::may_send(&member.ok_or_else(rooms::not_a_member)?)?;
            if stores.presence.of(room, &uid).await?.is_on() {
                Ok(())
            } else {
                Err(rooms::off())
            }
        };
        self.shard.node.ask(check).await
    }

    async fn schedule(&self, room: RoomId) -> Result<Arc<Schedule>> {
        if let Some(known) = self.shard.rooms.borrow().schedule(room) {
            return Ok(known);
        }
        let stores = self.shard.node.stores.clone();
        let found = self
            .shard
            .node
            .ask(async move { rooms::get(&stores, room).await })
            .await?;
        let schedule = Arc::new(found.schedule());
        self.shard
            .rooms
            .borrow_mut()
            .keep_schedule(room, schedule.clone());
        Ok(schedule)
    }

    fn append(self: &Rc<Self>, mut sent: Sent, mut said: Said) {
        let node = &self.shard.node;
        said.origin = Some(Origin {
            node: node.id,
            shard: self.shard.index,
            session: self.id,
            answer: sent.answer,
        });
        said.trace = sent.span.context();
        sent.appending = Some(node.stores.log.append(sent.room, Event::Said(said)));
        let watched = self.under_way(|under_way| {
            under_way.in_flight.push(sent);
            std::mem::replace(&mut under_way.watching, true)
        });
        if !watched {
            tokio::task::spawn_local(self.clone().watch_appends());
        }
    }

    /// Waits for one append after the other, as the log takes them in their order, and refuses those it does not take. The
    /// others are answered when they are read back.
    async fn watch_appends(self: Rc<Self>) {
        while let Some((answer, appending)) = self.next_append() {
            if let Err(why) = appending.await {
                self.not_appended(answer, &why);
            }
        }
        self.under_way(|under_way| under_way.watching = false);
    }

    fn next_append(&self) -> Option<(u64, Appending)> {
        let next = |sent: &mut Sent| Some((sent.answer, sent.appending.take()?));
        self.under_way(|under_way| under_way.in_flight.iter_mut().find_map(next))
    }

    fn take_sent(&self, answer: u64) -> Option<Sent> {
        self.under_way(|UnderWay { in_flight, .. }| {
            let at = in_flight.iter().position(|sent| sent.answer == answer)?;
            Some(in_flight.remove(at))
        })
    }

    fn not_appended(self: &Rc<Self>, answer: u64, why: &Error) {
        if let Some(sent) = self.take_sent(answer) {
            self.refuse_sent(sent, why);
        }
    }

    /// This shard has read the record back: it is durable, and this is what became of it.
    pub(crate) fn read_back(self: &Rc<Self>, answer: u64, verdicts: &[Verdict]) {
        let Some(sent) = self.take_sent(answer) else {
            return;
        };
        let mut frames = vec![];
        for (receipt, id) in sent.due.answers(verdicts) {
            match (id, receipt) {
                (None, _) => frames.extend(self.refusal(&rooms::off(), Some(sent.room), receipt)),
                (Some(id), Some(receipt)) => frames.push(self.receipt(receipt, Some(id))),
                (Some(_), None) => {}
            }
        }
        self.answer(answer, frames);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: MessageId = MessageId {
        epoch: 1,
        offset: 2,
        index: 0,
    };
    const SECOND: MessageId = MessageId { index: 1, ..FIRST };

    #[test]
    fn each_of_a_burst_is_told_what_became_of_itself() {
        let due = Due::Each(vec![Some("a".into()), None, Some("c".into())]);
        let verdicts = [
            Verdict::Repeat(FIRST),
            Verdict::Shown(SECOND),
            Verdict::Void,
        ];
        let told = [
            (Some("a"), Some(FIRST)),
            (None, Some(SECOND)),
            (Some("c"), None),
        ];
        assert_eq!(due.answers(&verdicts), told);
    }

    #[test]
    fn a_transaction_is_shown_or_refused_as_one() {
        let due = |commit: Option<&str>| Due::Together {
            commit: commit.map(str::to_owned),
            receipts: vec![(1, "b".into())],
        };
        let shown = [Verdict::Shown(FIRST), Verdict::Shown(SECOND)];
        let void = [Verdict::Shown(FIRST), Verdict::Void];
        let told = [(Some("b"), Some(SECOND)), (Some("t"), Some(SECOND))];
        assert_eq!(due(Some("t")).answers(&shown), told);
        assert_eq!(due(Some("t")).answers(&void), [(Some("t"), None)]);
        assert_eq!(due(None).answers(&shown), told[..1]);
        assert_eq!(due(None).answers(&void), [(Some("b"), None)]);
    }
}
