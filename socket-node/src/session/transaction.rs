//! Transactions: frames that take effect together, or not at all.

use std::rc::Rc;

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;

use super::Session;
use super::asked::{Asked, Request, Talk};
use super::command::Acknowledge;
use super::fault::Fault;
use super::talk::Due;
use super::under_way::UnderWay;
use crate::settings;

/// An open transaction.
pub(super) struct Transaction {
    id: String,
    sends: Vec<(Asked, Option<String>)>,
    acknowledgements: Vec<Acknowledge>,
    bytes: usize,
}

/// Octets that an acknowledgement is counted with.
const ACKNOWLEDGEMENT_BYTES: usize = 128;

fn unknown() -> Fault {
    Fault::new("unknown transaction", "no open transaction has this name")
}

/// Opens one more transaction, of `max` at most.
fn begin(open: &mut Vec<Transaction>, id: String, max: usize) -> Result<(), Fault> {
    if open.iter().any(|t| t.id == id) {
        let detail = "BEGIN names a transaction that is open already";
        return Err(Fault::new("transaction is open", detail));
    }
    if open.len() >= max {
        return Err(Fault::limit("open transactions of a socket", max));
    }
    let (sends, acknowledgements) = (vec![], vec![]);
    open.push(Transaction {
        id,
        sends,
        acknowledgements,
        bytes: 0,
    });
    Ok(())
}

impl Session {
    /// BEGIN.
    pub(super) fn begin(&self, id: String) -> Result<(), Fault> {
        let max = self.shard.node.settings.transactions_max;
        self.under_way(|under_way| begin(&mut under_way.transactions, id, max))
    }

    /// A SEND within a transaction: kept until COMMIT.
    pub(super) fn send_in(
        &self,
        id: &str,
        asked: Asked,
        receipt: Option<String>,
        bytes: usize,
    ) -> Result<(), Fault> {
        let request = self.take_send().and(asked.request);
        let asked = Asked { request, ..asked };
        self.keep(id, bytes, |transaction| {
            // One more than may be is kept, so that COMMIT refuses.
            if transaction.sends.len() <= limits::LINES_MAX {
                transaction.sends.push((asked, receipt));
            }
        })
    }

    /// An ACK or NACK within a transaction: kept until COMMIT.
    pub(super) fn acknowledge_in(&self, id: &str, frame: Acknowledge) -> Result<(), Fault> {
        self.keep(id, ACKNOWLEDGEMENT_BYTES, |transaction| {
            transaction.acknowledgements.push(frame);
        })
    }

    fn keep(
        &self,
        id: &str,
        bytes: usize,
        keep: impl FnOnce(&mut Transaction),
    ) -> Result<(), Fault> {
        self.under_way(|UnderWay { transactions, .. }| {
            let held: usize = transactions.iter().map(|t| t.bytes).sum();
            let transaction = transactions.iter_mut().find(|t| t.id == id);
            let transaction = transaction.ok_or_else(unknown)?;
            let max = settings::TRANSACTION_BYTES_MAX;
            if held + bytes > max {
                return Err(Fault::limit(
                    "bytes in the open transactions of a socket",
                    max,
                ));
            }
            transaction.bytes += bytes;
            keep(transaction);
            Ok(())
        })
    }

    fn take(&self, id: &str) -> Result<Transaction, Fault> {
        self.under_way(|UnderWay { transactions, .. }| {
            let at = transactions.iter().position(|t| t.id == id);
            Ok(transactions.remove(at.ok_or_else(unknown)?))
        })
    }

    /// ABORT.
    pub(super) fn abort(&self, id: &str) -> Result<(), Fault> {
        self.take(id).map(drop)
    }

    /// COMMIT: checked together, sent as one record.
    pub(super) async fn commit(
        self: &Rc<Self>,
        id: &str,
        receipt: Option<String>,
    ) -> Result<(), Fault> {
        let transaction = self.take(id)?;
        for acknowledgement in &transaction.acknowledgements {
            self.take_acknowledgement(acknowledgement)?;
        }
        if transaction.sends.is_empty() {
            self.give_receipt(receipt);
            return Ok(());
        }
        match check(transaction.sends) {
            Ok((talks, receipts)) => {
                let commit = receipt;
                self.talk(talks, Due::Together { commit, receipts }).await;
            }
            Err((why, room)) => {
                let answer = self.keep_answer();
                self.refuse(answer, &why, room, &[receipt.as_deref()]);
            }
        }
        Ok(())
    }
}

/// Messages, and the receipts that some of them asked for.
type Talks = (Vec<Talk>, Vec<(usize, String)>);

fn check(sends: Vec<(Asked, Option<String>)>) -> Result<Talks, (Error, Option<RoomId>)> {
    let against = |reason: String, room| (Error::invalid("transaction", reason), room);
    let max = limits::LINES_MAX;
    if sends.len() > max {
        return Err(against(format!("may have {max} SENDs at most"), None));
    }
    let (mut talks, mut receipts) = (vec![], vec![]);
    for (asked, receipt) in sends {
        match asked.request.map_err(|why| (why, asked.room))? {
            Request::Talk(talk) => {
                receipts.extend(receipt.map(|receipt| (talks.len(), receipt)));
                talks.push(talk);
            }
            _ => {
                let reason = "may have SENDs to /chat/pub/send only".into();
                return Err(against(reason, asked.room));
            }
        }
    }
    let room = talks.first().map(|talk: &Talk| talk.room);
    if talks.iter().any(|talk| Some(talk.room) != room) {
        return Err(against("must be of one room".into(), None));
    }
    Ok((talks, receipts))
}
