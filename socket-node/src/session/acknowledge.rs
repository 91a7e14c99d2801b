//! ACK and NACK. The log is there to resume from, so nothing is sent again, and they come to the same.

use super::Session;
use super::command::Acknowledge;
use super::fault::Fault;

impl Session {
    /// Takes an acknowledgement of a message that one is waited for.
    pub(super) fn acknowledge(&self, frame: &Acknowledge) -> Result<(), Fault> {
        if let Some(transaction) = &frame.transaction {
            self.must_be_open(transaction)?;
        }
        let unknown = || Fault::new("unknown message", "ACK and NACK name a message that was sent and is not acknowledged yet");
        let message = frame.message.ok_or_else(unknown)?;
        let subscriptions = self.subscriptions.borrow();
        let mut asked = subscriptions.iter().filter(|s| frame.subscription.as_ref().is_none_or(|id| *id == s.id));
        if asked.any(|subscription| subscription.acknowledge(message)) { Ok(()) } else { Err(unknown()) }
    }
}
