//! Transactions: SENDs that take effect together, or not at all.

use std::rc::Rc;

use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;

use super::Session;
use super::command::{Request, Talk};
use super::fault::Fault;
use crate::settings;

/// An open transaction.
pub(super) struct Transaction {
    id: String,
    sends: Vec<(Result<Request>, Option<String>)>,
    bytes: usize,
}

fn unknown() -> Fault {
    Fault::new("unknown transaction", "no open transaction has this name")
}

impl Session {
    /// BEGIN.
    pub(super) fn begin(&self, id: String) -> Result<(), Fault> {
        let mut open = self.transactions.borrow_mut();
        let max = self.shard.node.settings.transactions_max;
        if open.iter().any(|t| t.id == id) {
            return Err(Fault::new("transaction is open", "BEGIN names a transaction that is open already"));
        }
        if open.len() >= max {
            return Err(Fault::limit("open transactions of a socket", max));
        }
        open.push(Transaction { id, sends: vec![], bytes: 0 });
        Ok(())
    }

    /// A SEND within a transaction: kept until COMMIT.
    pub(super) fn send_in(&self, id: &str, request: Result<Request>, receipt: Option<String>, bytes: usize) -> Result<(), Fault> {
        let request = self.take_send().and(request);
        let mut open = self.transactions.borrow_mut();
        let held: usize = open.iter().map(|t| t.bytes).sum();
        if held + bytes > settings::TRANSACTION_BYTES_MAX {
            return Err(Fault::limit("bytes in the open transactions of a socket", settings::TRANSACTION_BYTES_MAX));
        }
        let transaction = open.iter_mut().find(|t| t.id == id).ok_or_else(unknown)?;
        transaction.bytes += bytes;
        // One more than may be is kept, so that COMMIT refuses.
        if transaction.sends.len() <= limits::LINES_MAX {
            transaction.sends.push((request, receipt));
        }
        Ok(())
    }

    /// Sees that a transaction is open.
    pub(super) fn must_be_open(&self, id: &str) -> Result<(), Fault> {
        let open = self.transactions.borrow().iter().any(|t| t.id == id);
        if open { Ok(()) } else { Err(unknown()) }
    }

    fn take(&self, id: &str) -> Result<Transaction, Fault> {
        let mut open = self.transactions.borrow_mut();
        let at = open.iter().position(|t| t.id == id).ok_or_else(unknown)?;
        Ok(open.remove(at))
    }

    /// ABORT.
    pub(super) fn abort(&self, id: &str) -> Result<(), Fault> {
        self.take(id).map(drop)
    }

    /// COMMIT: checked together, sent as one record.
    pub(super) async fn commit(self: &Rc<Self>, id: &str, receipt: Option<String>) -> Result<(), Fault> {
        let transaction = self.take(id)?;
        if transaction.sends.is_empty() {
            self.give_receipt(receipt);
            return Ok(());
        }
        match check(transaction) {
            Ok(talks) => self.talk(talks, receipt).await,
            Err((why, room_of)) => {
                let answer = self.answers.borrow_mut().keep();
                self.refuse(answer, &why, room_of, receipt.as_deref());
            }
        }
        Ok(())
    }
}

type Refused = (Error, Option<roomtone_shared::domain::room::RoomId>);

fn check(transaction: Transaction) -> Result<Vec<(Talk, Option<String>)>, Refused> {
    let max = limits::LINES_MAX;
    if transaction.sends.len() > max {
        return Err((Error::invalid("transaction", format!("may have {max} SENDs at most")), None));
    }
    let mut talks: Vec<(Talk, Option<String>)> = vec![];
    for (request, receipt) in transaction.sends {
        match request.map_err(|why| (why, None))? {
            Request::Talk(talk) => talks.push((talk, receipt)),
            _ => return Err((Error::invalid("transaction", "may have SENDs to /chat/pub/send only"), None)),
        }
    }
    let room = talks.first().map(|(talk, _)| talk.room);
    if talks.iter().any(|(talk, _)| Some(talk.room) != room) {
        return Err((Error::invalid("transaction", "must be of one room"), None));
    }
    Ok(talks)
}
