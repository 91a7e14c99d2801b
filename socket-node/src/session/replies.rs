//! What goes to one client only: receipts, answers, refusals, holes.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::Session;
use super::fault::Fault;
use crate::entry::Post;
use crate::frame::ServerFrame;
use crate::shard::subscription::{Subscription, Topic};

impl Session {
    /// The frame of a receipt.
    pub(super) fn receipt(&self, receipt_id: &str, message_id: Option<MessageId>) -> Bytes {
        let mut out = BytesMut::new();
        let message_id = message_id.map(|id| id.to_string());
        let receipt = ServerFrame::Receipt {
            receipt_id,
            message_id: message_id.as_deref(),
        };
        receipt.write_ws(self.version.get(), &mut out);
        out.freeze()
    }

    /// Gives a frame its receipt, after all that is due before.
    pub(super) fn give_receipt(self: &Rc<Self>, receipt: Option<String>) {
        if let Some(receipt) = receipt {
            let answer = self.keep_answer();
            let frame = self.receipt(&receipt, None);
            self.answer(answer, vec![frame]);
        }
    }

    /// Gives an answer, and those that waited for it.
    pub(super) fn answer(self: &Rc<Self>, answer: u64, frames: Vec<Bytes>) {
        let given = self.under_way(|under_way| under_way.answers.fill(answer, frames));
        match given.len() {
            0 => {}
            1 => given.into_iter().for_each(|frame| self.send(frame)),
            _ => self.send(given.concat().into()),
        }
    }

    /// The frames of a message to the client's own replies, one for each subscription to them.
    pub(super) fn reply(&self, body: &impl Serialize) -> Vec<Bytes> {
        let number = self.next_reply.get();
        self.next_reply.set(number.wrapping_add(1));
        let id = MessageId {
            epoch: 0,
            offset: number.into(),
            index: 0,
        };
        let body = serde_json::to_vec(body).unwrap_or_default();
        let post = Post {
            id,
            id_text: id.text(),
            body,
            headers: vec![],
        };
        let subscriptions = self.subscriptions.borrow();
        let replies = subscriptions.iter().filter(|s| s.topic == Topic::Replies);
        let frame = |subscription: &Rc<Subscription>| {
            let mut out = BytesMut::new();
            subscription.lane.encode(&post, &mut out);
            subscription.sent(id);
            out.freeze()
        };
        replies.map(frame).collect()
    }

    /// Tells the client that SENDs were refused, in their turn, each by the receipt that it asked for.
    pub(super) fn refuse(
        self: &Rc<Self>,
        answer: u64,
        error: &Error,
        room: Option<RoomId>,
        receipts: &[Option<&str>],
    ) {
        let refusals = receipts
            .iter()
            .flat_map(|receipt| self.refusal(error, room, *receipt));
        self.answer(answer, refusals.collect());
    }

    /// The frames that tell of a SEND that was refused; where the client does not listen it is told with an ERROR, at once.
    pub(super) fn refusal(
        self: &Rc<Self>,
        error: &Error,
        room: Option<RoomId>,
        receipt: Option<&str>,
    ) -> Vec<Bytes> {
        self.counts().refused(error);
        let mut body = json!({
            "type": "REFUSED",
            "status": error.status(),
            "title": error.title(),
            "detail": error.to_string(),
        });
        if let Some(room) = room {
            body["roomId"] = json!(room);
        }
        if let Some(receipt) = receipt {
            body["receipt"] = json!(receipt);
        }
        if let Some(after) = error.retry_after_s() {
            body["retryAfter"] = json!(after);
        }
        let frames = self.reply(&body);
        if frames.is_empty() && !self.is_over() {
            self.fail(&Fault::new(error.title(), error.to_string()).of(receipt));
        }
        frames
    }

    /// Tells a subscription of a hole between two messages.
    pub(crate) fn send_gap(
        self: &Rc<Self>,
        subscription: &Rc<Subscription>,
        after: MessageId,
        before: MessageId,
    ) {
        let Some(room) = subscription.topic.room() else {
            return;
        };
        let body =
            json!({ "messageType": "GAP", "roomId": room, "after": after, "before": before });
        let body = body.to_string().into_bytes();
        let mut out = BytesMut::new();
        let lane = &subscription.lane;
        lane.write_frame(&after.to_string(), [], &body, &mut out);
        subscription.sent(after);
        self.push(out.freeze(), None, Instant::now());
    }
}
