//! ACK and NACK. The log is there to resume from, so nothing is sent again, and they come to the same.

use super::Session;
use super::command::Acknowledge;
use super::fault::Fault;

impl Session {
    /// Takes an acknowledgement, or keeps it for its transaction's COMMIT.
    pub(super) fn acknowledge(&self, frame: Acknowledge) -> Result<(), Fault> {
        match frame.transaction.clone() {
            Some(transaction) => self.acknowledge_in(&transaction, frame),
            None => self.take_acknowledgement(&frame),
        }
    }

    /// Takes an acknowledgement of a message that one is waited for.
    pub(super) fn take_acknowledgement(&self, frame: &Acknowledge) -> Result<(), Fault> {
        let unknown = || {
            Fault::new(
                "unknown message",
                "ACK and NACK name a message that was sent and is not acknowledged yet",
            )
        };
        let message = frame.message.ok_or_else(unknown)?;
        let subscriptions = self.subscriptions.borrow();
        let named = |id: &str| {
            frame
                .subscription
                .as_deref()
                .is_none_or(|named| named == id)
        };
        let mut asked = subscriptions.iter().filter(|s| named(s.id()));
        if asked.any(|subscription| subscription.acknowledge(message)) {
            Ok(())
        } else {
            Err(unknown())
        }
    }
}
