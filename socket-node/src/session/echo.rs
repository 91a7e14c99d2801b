//! An echo on the same WebSocket layer, for conformance suites; there only where it is asked for.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};

use super::Session;
use crate::settings;
use crate::ws::{self, Event, Opcode, Reader, WsError};

impl Session {
    /// Sends every message back, until the socket ends.
    pub(super) async fn run_echo(self: &Rc<Self>, mut read: Vec<u8>) {
        let mut reader = Reader::new(settings::MESSAGE_BYTES_MAX);
        let mut message = BytesMut::new();
        loop {
            if let Err(broken) = self.echo(&mut reader, &mut read, &mut message) {
                self.close(Bytes::new(), broken.code, broken.reason);
            }
            self.drained().await;
            if self.is_over() {
                return;
            }
            let Some(next) = self.read(|octets| octets.to_vec()).await else {
                return;
            };
            read = next;
        }
    }

    fn echo(
        self: &Rc<Self>,
        reader: &mut Reader,
        read: &mut [u8],
        message: &mut BytesMut,
    ) -> Result<(), WsError> {
        let mut rest = read;
        while let Some(event) = reader.next(&mut rest)? {
            let mut out = BytesMut::new();
            match event {
                Event::Data { chunk, text, last } => {
                    message.extend_from_slice(chunk);
                    if last {
                        let opcode = if text { Opcode::Text } else { Opcode::Binary };
                        ws::put_frame(&mut out, opcode, |out| out.extend_from_slice(message));
                        message.clear();
                    }
                }
                Event::Ping(payload) => ws::put_pong(&mut out, &payload),
                Event::Pong(_) => {}
                Event::Close(close) => {
                    self.close(
                        Bytes::new(),
                        close.code.unwrap_or(ws::close_code::NORMAL),
                        "",
                    );
                    return Ok(());
                }
            }
            if !out.is_empty() {
                self.send(out.freeze());
            }
        }
        Ok(())
    }
}
