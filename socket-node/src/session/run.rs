//! A session's task: octets → inputs → what they ask for, until the socket ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};

use super::Session;
use super::command::{self, Command};
use super::fault::Fault;
use super::receive::{Input, Wire};
use super::talk::Burst;
use crate::frame::{ErrorFrame, Frame, ServerFrame};
use crate::settings;
use crate::shard::subscription::State;
use crate::ws;

impl Session {
    /// Runs the session; `read` came behind the upgrade already. What is kept while it waits is small, for most sockets do.
    pub(crate) async fn run(self: Rc<Self>, read: Vec<u8>) {
        if self.echo {
            Box::pin(self.run_echo(read)).await;
        } else {
            let mut wire = Wire::default();
            let first = wire.decode(&mut { read }, self.shard.node.settings.frame);
            if let Some(work) = self.work_off(first) {
                work.await;
            }
            while let Some(inputs) = self.receive(&mut wire).await {
                if let Some(work) = self.work_off(inputs) {
                    work.await;
                }
            }
        }
        self.end();
        Box::pin(self.linger()).await;
        self.outbox.abandon();
        self.shard.gone(self.id, self.uid());
    }

    /// Does what inputs ask for. What that needs is large, and there only while it is done: a socket is mostly idle.
    fn work_off(self: &Rc<Self>, inputs: Vec<Input>) -> Option<Pin<Box<impl Future<Output = ()>>>> {
        (!inputs.is_empty()).then(|| Box::pin(self.work(inputs)))
    }

    async fn work(self: &Rc<Self>, inputs: Vec<Input>) {
        self.busy.set(true);
        let mut burst = Burst::default();
        for input in inputs {
            if self.is_over() {
                break;
            }
            match input {
                Input::Frame(frame) => {
                    let receipt = frame.headers.get("receipt").map(str::to_owned);
                    if let Err(fault) = self.frame(frame, receipt.clone(), &mut burst).await {
                        self.send_burst(&mut burst).await;
                        self.fail(&fault.of(receipt.as_deref()));
                    }
                }
                Input::Ping(payload) => {
                    let mut out = BytesMut::new();
                    ws::put_pong(&mut out, &payload);
                    self.send(out.freeze());
                }
                Input::Close => {
                    self.send_burst(&mut burst).await;
                    self.close(Bytes::new(), ws::close_code::NORMAL, "");
                }
                Input::BrokenFrame(broken) => {
                    self.send_burst(&mut burst).await;
                    self.fail(&broken.into());
                }
                Input::BrokenSocket(broken) => {
                    self.send_burst(&mut burst).await;
                    self.close(Bytes::new(), broken.code, broken.reason);
                }
            }
        }
        self.send_burst(&mut burst).await;
        self.busy.set(false);
    }

    async fn frame(
        self: &Rc<Self>,
        frame: Frame,
        receipt: Option<String>,
        burst: &mut Burst,
    ) -> Result<(), Fault> {
        if self.user.get().is_none() {
            return Box::pin(self.connect(&frame)).await;
        }
        self.room_for_answers().await;
        // What is awaited here is part of every frame's future. What few frames need is in a box of its own, for a message's
        // future is made and moved for each of them.
        let command = command::read(&frame, self.version.get())?;
        if !matches!(command, Command::Send { .. }) {
            // What was sent before takes effect before, and may have been the end.
            self.send_burst(burst).await;
            if self.is_over() {
                return Ok(());
            }
        }
        match command {
            Command::Send {
                transaction: Some(transaction),
                asked,
            } => {
                return self.send_in(&transaction, asked, receipt, frame.body.len());
            }
            Command::Send {
                transaction: None,
                asked,
            } => {
                self.request(asked, receipt, burst).await;
                return Ok(());
            }
            Command::Commit { transaction } => {
                return Box::pin(self.commit(&transaction, receipt)).await;
            }
            Command::Subscribe(subscribe) => Box::pin(self.subscribe(subscribe)).await?,
            Command::Unsubscribe { id } => Box::pin(self.unsubscribe(&id)).await?,
            Command::Begin { transaction } => self.begin(transaction)?,
            Command::Abort { transaction } => self.abort(&transaction)?,
            Command::Acknowledge(acknowledge) => self.acknowledge(acknowledge)?,
            Command::Disconnect => {
                self.answered_all().await;
                let receipt = receipt.map(|receipt| self.receipt(&receipt, None));
                self.close(receipt.unwrap_or_default(), ws::close_code::NORMAL, "");
                return Ok(());
            }
        }
        self.give_receipt(receipt);
        Ok(())
    }

    /// Says what is wrong, and closes.
    pub(super) fn fail(self: &Rc<Self>, fault: &Fault) {
        self.counts().errors.add(1);
        let mut out = BytesMut::new();
        let error = ErrorFrame {
            message: fault.message,
            receipt_id: fault.receipt.as_deref(),
            version: fault.version,
            body: &fault.detail,
        };
        ServerFrame::Error(error).write_ws(self.version.get(), &mut out);
        tracing::debug!(
            session = self.id,
            message = fault.message,
            "closed with an error"
        );
        self.close(out.freeze(), ws::close_code::PROTOCOL_ERROR, fault.message);
    }

    /// Waits while too many answers are due, which slows a client down to what can be done.
    async fn room_for_answers(&self) {
        self.fewer_answers(settings::ANSWERS_MAX).await;
    }

    /// Waits until every answer that is due was given.
    pub(super) async fn answered_all(&self) {
        self.fewer_answers(1).await;
    }

    /// Waits until fewer answers than this are due, or the session is over.
    async fn fewer_answers(&self, count: usize) {
        poll_fn(|cx| {
            if self.is_over() {
                return Poll::Ready(());
            }
            match &mut *self.under_way.borrow_mut() {
                Some(under_way) if under_way.answers.len() >= count => {
                    under_way.answers.wake(cx.waker());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        })
        .await;
    }

    /// The socket is out of every room, and nothing reaches it any more.
    fn end(&self) {
        let rooms: Vec<_> = self
            .places
            .borrow()
            .iter()
            .filter(|p| p.inside)
            .map(|p| p.room)
            .collect();
        for room in rooms {
            drop(self.go_out(room));
        }
        // What is silenced may still be sent something, and then the others have to be found.
        let subscriptions = self.subscriptions.borrow().clone();
        for subscription in &subscriptions {
            self.shard.silence(subscription, State::Ended);
            self.shard.rooms.borrow_mut().leave(subscription);
            self.unwatch(subscription);
        }
        self.subscriptions.borrow_mut().clear();
        if let Some(under_way) = &mut *self.under_way.borrow_mut() {
            under_way.transactions.clear();
        }
        if let Some(uid) = self.uid() {
            let node = &self.shard.node;
            node.accounts
                .leave(uid, node.settings.send_rate, node.now_ms());
        }
    }
}
