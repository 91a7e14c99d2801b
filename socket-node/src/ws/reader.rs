//! Client frames out of a read buffer, unmasked in place. Knows the order frames may come in and
//! how long a message may be, and nothing of what it holds but that text is UTF-8.

use std::borrow::Cow;

use super::close::{Close, WsError};
use super::header::{Header, HeaderReader};
use super::mask::Mask;
use super::opcode::Opcode;
use super::utf8::Utf8Check;

/// What a client sent. It borrows from the buffer it was read from where it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The next octets of a message. Messages are not gathered: a chunk is what was at hand.
    Data {
        /// Unmasked; of text, what has come is the beginning of UTF-8 text, and a character may
        /// go on in the next chunk. Empty only where `last` is true.
        chunk: &'a [u8],
        /// Whether the message is text.
        text: bool,
        /// Whether the message ends with this chunk.
        last: bool,
    },
    /// To be answered with a pong of this payload, of at most 125 octets.
    Ping(Cow<'a, [u8]>),
    /// An answer to a ping, or a sign of life.
    Pong(Cow<'a, [u8]>),
    /// The client's last frame; what follows it is not read.
    Close(Close<'a>),
}

/// Reads the frames of one client. While nothing is split it holds no memory but its own.
pub struct Reader {
    message_bytes_max: u64,
    header: HeaderReader,
    frame: Option<FrameRest>,
    message: Option<Message>,
    /// The payload of a control frame that came in pieces.
    control: Vec<u8>,
    closed: bool,
}

/// A frame whose header was read, and whose payload was not to its end.
struct FrameRest {
    opcode: Opcode,
    fin: bool,
    payload_left: u64,
    mask: Mask,
}

/// A message whose first frame has begun, and whose last has not ended.
struct Message {
    bytes: u64,
    /// Present for text.
    utf8: Option<Utf8Check>,
}

impl Reader {
    /// A reader at the beginning of a connection. Messages have at most `message_bytes_max`
    /// octets, over all their fragments.
    pub fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max: message_bytes_max as u64,
            header: HeaderReader::default(),
            frame: None,
            message: None,
            control: Vec::new(),
            closed: false,
        }
    }

    /// The next event, or none once `input` is used up.
    ///
    /// Call it until it gives none. It moves `input` past what it took. After a close frame, and
    /// after an error, everything is dropped.
    ///
    /// # Errors
    ///
    /// The client broke RFC 6455, its text is not UTF-8, or a message is beyond the limit. It is
    /// found at the octet that makes it certain, a message's length by its headers.
    pub fn next<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Event<'a>>, WsError> {
        let taken = if self.closed {
            Ok(None)
        } else {
            self.take(input)
        };
        if taken.is_err() {
            self.closed = true;
        }
        if self.closed {
            *input = &mut [];
            self.control = Vec::new();
        }
        taken
    }

    /// Whether it stands between messages, where a new reader would read on as it does.
    pub fn is_idle(&self) -> bool {
        let begun = self.frame.is_some() || self.message.is_some() || self.header.has_begun();
        !begun && !self.closed
    }

    fn take<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Event<'a>>, WsError> {
        loop {
            if self.frame.is_none() {
                let Some(header) = self.header.take(input)? else {
                    return Ok(None);
                };
                self.begin(header)?;
            }
            let Some(frame) = &mut self.frame else {
                return Ok(None);
            };
            let part = frame.take(input);
            let whole = frame.payload_left == 0;
            let (opcode, last) = (frame.opcode, whole && frame.fin);
            if whole {
                self.frame = None;
            }
            if opcode.is_control() {
                return self.control(opcode, part, whole);
            }
            if let Some(event) = self.data(part, last)? {
                return Ok(Some(event));
            }
            if !whole {
                return Ok(None);
            }
        }
    }

    /// A frame begins: it must be one that may follow, and its message must stay in its bound.
    fn begin(&mut self, header: Header) -> Result<(), WsError> {
        let Header {
            fin,
            opcode,
            payload_len,
            mask,
        } = header;
        if !opcode.is_control() {
            let message = match (opcode, self.message.take()) {
                (Opcode::Continuation, None) => {
                    return Err(WsError::protocol("continuation of no message"));
                }
                (Opcode::Continuation, Some(message)) => message,
                (_, Some(_)) => return Err(WsError::protocol("message within a message")),
                (_, None) => Message::new(opcode),
            };
            self.message = Some(message.grown(payload_len, self.message_bytes_max)?);
        }
        self.frame = Some(FrameRest {
            opcode,
            fin,
            payload_left: payload_len,
            mask,
        });
        Ok(())
    }

    /// The next octets of the open message; no event where there are none and more must come.
    fn data<'a>(&mut self, chunk: &'a [u8], last: bool) -> Result<Option<Event<'a>>, WsError> {
        let Some(message) = &mut self.message else {
            return Ok(None);
        };
        let text = message.utf8.is_some();
        message.check(chunk, last)?;
        if last {
            self.message = None;
        }
        let event = Event::Data { chunk, text, last };
        Ok((last || !chunk.is_empty()).then_some(event))
    }

    fn control<'a>(
        &mut self,
        opcode: Opcode,
        part: &'a [u8],
        whole: bool,
    ) -> Result<Option<Event<'a>>, WsError> {
        if !whole || !self.control.is_empty() {
            self.control.extend_from_slice(part);
        }
        if !whole {
            return Ok(None);
        }
        let split = !self.control.is_empty();
        let gathered = std::mem::take(&mut self.control);
        let payload = if split {
            Cow::Owned(gathered)
        } else {
            Cow::Borrowed(part)
        };
        Ok(Some(match opcode {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => {
                self.closed = true;
                Event::Close(Close::parse(payload)?)
            }
        }))
    }
}

impl FrameRest {
    /// Takes and unmasks what `input` has of the payload.
    fn take<'a>(&mut self, input: &mut &'a mut [u8]) -> &'a [u8] {
        let left = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
        let count = left.min(input.len());
        let (part, rest) = std::mem::take(input).split_at_mut(count);
        *input = rest;
        self.mask.apply(part);
        self.payload_left -= count as u64;
        part
    }
}

impl Message {
    fn new(opcode: Opcode) -> Self {
        let utf8 = (opcode == Opcode::Text).then(Utf8Check::default);
        Self { bytes: 0, utf8 }
    }

    /// The message with another frame's payload announced.
    fn grown(self, payload_len: u64, bytes_max: u64) -> Result<Self, WsError> {
        let bytes = self.bytes.saturating_add(payload_len);
        if bytes > bytes_max {
            return Err(WsError::too_big("message beyond the limit"));
        }
        Ok(Self { bytes, ..self })
    }

    fn check(&mut self, chunk: &[u8], last: bool) -> Result<(), WsError> {
        let not_utf8 = WsError::not_utf8("text is not UTF-8");
        let Some(utf8) = &mut self.utf8 else {
            return Ok(());
        };
        utf8.push(chunk).map_err(|_| not_utf8)?;
        if last && !utf8.is_whole() {
            Err(not_utf8)
        } else {
            Ok(())
        }
    }
}
