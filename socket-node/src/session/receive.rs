//! From the socket's octets to inputs: what a client sent, decoded, in its order.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::{Context, Poll, ready};

use super::Session;
use crate::frame::{Decoder, Frame, FrameError, FrameLimits, Version};
use crate::settings;
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

/// A socket's octets: decoders are kept only while they are in the middle of something, for most sockets say nothing.
#[derive(Default)]
pub(super) struct Wire {
    /// What CONNECT brought about, once it came.
    version: Option<Version>,
    begun: Option<Box<Decoders>>,
}

/// The decoders of a socket.
struct Decoders {
    reader: Reader,
    decoder: Decoder,
    version: Option<Version>,
}

impl Wire {
    /// Decodes octets. Nothing follows an input that ends the session.
    // A step of its own to tests/load/instructions.
    #[inline(never)]
    pub(super) fn decode(&mut self, octets: &mut [u8], limits: FrameLimits) -> Vec<Input> {
        if let Some(begun) = &mut self.begun {
            let inputs = begun.decode(octets);
            self.version = begun.version;
            if begun.are_idle() {
                self.begun = None;
            }
            return inputs;
        }
        let mut decoders = Decoders::new(limits, self.version);
        let inputs = decoders.decode(octets);
        self.version = decoders.version;
        if !decoders.are_idle() {
            self.begun = Some(Box::new(decoders));
        }
        inputs
    }
}

impl Decoders {
    // Made for each message.
    #[inline]
    fn new(limits: FrameLimits, version: Option<Version>) -> Self {
        let mut decoder = Decoder::new(limits);
        if let Some(version) = version {
            decoder.set_version(version);
        }
        Self {
            reader: Reader::new(settings::MESSAGE_BYTES_MAX),
            decoder,
            version,
        }
    }

    /// Whether others in their place would decode what follows as these do.
    fn are_idle(&self) -> bool {
        self.reader.is_idle() && self.decoder.is_idle()
    }

    fn decode(&mut self, octets: &mut [u8]) -> Vec<Input> {
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
            if frame.command.is_connect()
                && self.version.is_none()
                && let Ok(version) = Version::negotiate(frame.headers.get("accept-version"))
            {
                self.version = Some(version);
                self.decoder.set_version(version);
            }
            inputs.push(Input::Frame(frame));
        }
        Ok(())
    }
}

impl Session {
    /// Waits for octets and decodes them; none where the socket has ended.
    pub(super) fn receive(&self, wire: &mut Wire) -> impl Future<Output = Option<Vec<Input>>> {
        self.read(|octets| wire.decode(octets, self.shard.node.settings.frame))
    }

    /// Waits for octets and hands them on; none where the socket has ended. What waits is small, for most sockets do.
    pub(super) fn read<T>(
        &self,
        mut take: impl FnMut(&mut [u8]) -> T,
    ) -> impl Future<Output = Option<T>> {
        poll_fn(move |cx| self.poll_read(cx, &mut take))
    }

    fn poll_read<T>(
        &self,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(&mut [u8]) -> T,
    ) -> Poll<Option<T>> {
        loop {
            if self.is_over() {
                return Poll::Ready(None);
            }
            self.ended.wait(cx);
            let stream = self.outbox.stream();
            if ready!(stream.poll_read_ready(cx)).is_err() {
                return Poll::Ready(None);
            }
            let mut buffer = self.shard.buffer.borrow_mut();
            match stream.try_read(&mut buffer) {
                Ok(0) => return Poll::Ready(None),
                Ok(count) => {
                    self.heard();
                    return Poll::Ready(Some(take(&mut buffer[..count])));
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(None),
            }
        }
    }

    /// Something came: the client is alive, and has seen what was written before.
    pub(super) fn heard(&self) {
        self.last_read_ms.set(self.shard.node.now_ms());
        self.pinged.set(false);
        for subscription in self.subscriptions.borrow().iter() {
            subscription.seen.set(subscription.written());
        }
    }

    /// After the last was said: waits until the client has closed its side too, or must not be waited for.
    pub(super) async fn linger(&self) {
        if !self.over.get() {
            return;
        }
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
        let _ = tokio::time::timeout_at(self.until.get(), gone).await;
    }
}
