//! What a session has begun and not ended: answers that are due, messages on their way, open transactions. An idle socket
//! has none of it.

use roomtone_shared::domain::room::RoomId;

use super::Session;
use super::answers::Answers;
use super::talk::Sent;
use super::transaction::Transaction;

/// What is under way.
#[derive(Default)]
pub(super) struct UnderWay {
    pub(super) answers: Answers,
    pub(super) in_flight: Vec<Sent>,
    /// Whether a task waits for what the log makes of these.
    pub(super) watching: bool,
    pub(super) transactions: Vec<Transaction>,
    pub(super) coming: Option<Coming>,
}

/// A frame that brings the socket into a room; there is one at a time.
pub(super) struct Coming {
    pub(super) room: RoomId,
    /// The last of what the log said meanwhile of its user's leaving.
    pub(super) left_at: Option<u64>,
}

impl UnderWay {
    fn is_over(&self) -> bool {
        let due = self.answers.len() + self.in_flight.len() + self.transactions.len();
        due == 0 && !self.watching && self.coming.is_none()
    }
}

impl Session {
    /// Looks at what is under way, or changes it.
    pub(super) fn under_way<T>(&self, take: impl FnOnce(&mut UnderWay) -> T) -> T {
        take(self.under_way.borrow_mut().get_or_insert_default())
    }

    /// Keeps the place of an answer that is not known yet.
    pub(super) fn keep_answer(&self) -> u64 {
        let next = self.next_answer.get();
        self.next_answer.set(next.wrapping_add(1));
        let id = next.into();
        self.under_way(|under_way| under_way.answers.keep(id));
        id
    }

    /// Lets go of memory that nothing is under way in.
    pub(super) fn rest(&self) {
        let mut under_way = self.under_way.borrow_mut();
        if under_way
            .as_ref()
            .is_some_and(|under_way| under_way.is_over())
        {
            *under_way = None;
        }
    }
}
