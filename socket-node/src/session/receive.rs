//! From the socket's octets to inputs: what a client sent, decoded, in its order.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Session;
use crate::frame::{Decoder, Frame, FrameError, Version};
use crate::settings::{self, SocketSettings};
use crate::ws::{Event, Reader, WsError};

/// What a client sent.
pub(super) enum Input {
    Frame(Frame),
    /// To be answered with the same octets.
    Ping(Vec<u8>),
    /// It wants to close, or did without a word of why.
    Close,
    /// Its octets are no STOMP.
    BrokenFrame(FrameError),
    /// Its octets are no WebSocket.
    BrokenSocket(WsError),
}

/// The decoders of a socket.
pub(super) struct Wire {
    reader: Reader,
    decoder: Decoder,
    connected: bool,
}

impl Wire {
    pub(super) fn new(settings: &SocketSettings) -> Self {
        Self {
            reader: Reader::new(settings::MESSAGE_BYTES_MAX),
            decoder: Decoder::new(settings.frame),
            connected: false,
        }
    }

    /// Decodes octets. Nothing follows an input that ends the session.
    // A step of its own to tests/load/instructions.
    #[inline(never)]
    pub(super) fn decode(&mut self, octets: &mut [u8]) -> Vec<Input> {
        let (mut inputs, mut rest) = (vec![], octets);
        loop {
            match self.reader.next(&mut rest) {
                Ok(None) => return inputs,
                Ok(Some(Event::Data { chunk, .. })) => {
                    if let Err(broken) = self.frames(chunk, &mut inputs) {
                        inputs.push(Input::BrokenFrame(broken));
                        return inputs;
                    }
                }
                Ok(Some(Event::Ping(payload))) => inputs.push(Input::Ping(payload.into_owned())),
                Ok(Some(Event::Pong(_))) => {}
                Ok(Some(Event::Close(_))) => {
                    inputs.push(Input::Close);
                    return inputs;
                }
                Err(broken) => {
                    inputs.push(Input::BrokenSocket(broken));
                    return inputs;
                }
            }
        }
    }

    fn frames(&mut self, mut chunk: &[u8], inputs: &mut Vec<Input>) -> Result<(), FrameError> {
        while let Some(frame) = self.decoder.next(&mut chunk)? {
            // What follows CONNECT, even at once, is read by the version that it brings about.
            if frame.command.is_connect() && !self.connected {
                self.connected = true;
                if let Ok(version) = Version::negotiate(frame.headers.get("accept-version")) {
                    self.decoder.set_version(version);
                }
            }
            inputs.push(Input::Frame(frame));
        }
        Ok(())
    }
}

impl Session {
    /// Waits for octets and decodes them; none where the socket has ended.
    pub(super) async fn receive(&self, wire: &mut Wire) -> Option<Vec<Input>> {
        self.read(|octets| wire.decode(octets)).await
    }

    /// Waits for octets and hands them on; none where the socket has ended. What waits is small, for most sockets do.
    pub(super) async fn read<T>(&self, mut take: impl FnMut(&mut [u8]) -> T) -> Option<T> {
        loop {
            poll_fn(|cx| self.poll_readable(cx)).await?;
            let mut buffer = self.shard.buffer.borrow_mut();
            match self.outbox.stream().try_read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => {
                    self.heard();
                    return Some(take(&mut buffer[..count]));
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        match self.ended.poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => self.outbox.stream().poll_read_ready(cx).map(Result::ok),
        }
    }

    /// Something came: the client is alive, and has seen what was written before.
    pub(super) fn heard(&self) {
        self.last_read.set(Instant::now());
        self.pinged.set(false);
        for subscription in self.subscriptions.borrow().iter() {
            subscription.seen.set(subscription.written.get());
        }
    }

    /// After the last was said: waits until the client has closed its side too, or must not be waited for.
    pub(super) async fn linger(&self) {
        let Some(until) = self.over.get() else { return };
        let gone = async {
            let mut scrap = [0; 512];
            while self.outbox.stream().readable().await.is_ok() {
                match self.outbox.stream().try_read(&mut scrap) {
                    Ok(0) => return,
                    Err(why) if why.kind() != ErrorKind::WouldBlock => return,
                    Ok(_) | Err(_) => {}
                }
            }
        };
        // Whichever comes first; there is nothing to do about either.
        let _ = tokio::time::timeout_at(until.into(), gone).await;
    }
}
