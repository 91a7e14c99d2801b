//! WebSocket (RFC 6455) as octets, the server's side: handshake, reading, writing.
//!
//! Pure: no socket, no clock, no task. No extension is spoken, so compression is off. It knows
//! nothing of what messages hold; STOMP is named only where the handshake chooses it.
//!
//! In: [`Reader`] unmasks a read buffer in place and lends [`Event`]s from it, so that nothing is
//! gathered but the few octets of a split header or control frame.
//! Out: [`put_header`], [`put_frame`] and the control frames. Server frames carry no mask, so the
//! same octets serve every client.

mod close;
mod encode;
mod handshake;
mod header;
mod mask;
mod opcode;
mod reader;
mod utf8;

#[cfg(test)]
mod tests;

pub use close::{Close, WsError, close_code};
pub use encode::{put_close, put_frame, put_header, put_ping, put_pong};
pub use handshake::{Handshake, HandshakeError, accept_key, choose_protocol};
pub use opcode::Opcode;
pub use reader::{Event, Reader};
