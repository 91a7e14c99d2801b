//! STOMP frames as a client writes and reads them, in each version. It knows no destination.

use serde_json::Value;

/// A version of STOMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.0: no escapes, no heart-beats.
    V1_0,
    /// 1.1: no `\r`.
    V1_1,
    /// 1.2.
    V1_2,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    /// As `accept-version` writes it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    fn escapes(self) -> &'static [(char, &'static str)] {
        let all = &[('\\', "\\\\"), ('\n', "\\n"), (':', "\\c"), ('\r', "\\r")];
        match self {
            Self::V1_0 => &[],
            Self::V1_1 => &all[..3],
            Self::V1_2 => all,
        }
    }

    fn escape(self, text: &str) -> String {
        let written = |c: char| {
            self.escapes()
                .iter()
                .find(|(from, _)| *from == c)
                .map_or_else(|| c.to_string(), |(_, to)| (*to).to_owned())
        };
        text.chars().map(written).collect()
    }

    fn unescape(self, text: &str) -> String {
        if !text.contains('\\') {
            return text.to_owned();
        }
        let mut meant = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let escape = self
                .escapes()
                .iter()
                .find(|(_, written)| rest.starts_with(written));
            let broken = escape.is_none() && c == '\\' && self != Self::V1_0;
            assert!(!broken, "the server wrote an undefined escape: {text}");
            meant.push(escape.map_or(c, |(from, _)| *from));
            rest = &rest[escape.map_or(c.len_utf8(), |(_, written)| written.len())..];
        }
        meant
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The command.
    pub command: String,
    /// The headers in their order, decoded.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame without headers or a body.
    #[must_use]
    pub fn new(command: &str) -> Self {
        Self {
            command: command.into(),
            headers: vec![],
            body: vec![],
        }
    }

    /// A SEND of JSON.
    #[must_use]
    pub fn send(destination: &str, body: &Value) -> Self {
        Self::new("SEND")
            .with("destination", destination)
            .json(body)
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self
    }

    /// The first header of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is not JSON.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("no JSON ({why}): {self:?}"))
    }

    /// As octets, its NUL included.
    #[must_use]
    pub fn encode(&self, version: Version) -> Vec<u8> {
        let escape = |text: &str| {
            if self.is_plain() {
                text.to_owned()
            } else {
                version.escape(text)
            }
        };
        let mut bytes = format!("{}\n", self.command).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{}:{}\n", escape(name), escape(value)).as_bytes());
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes.push(0);
        bytes
    }

    /// CONNECT and CONNECTED are written without escapes.
    fn is_plain(&self) -> bool {
        matches!(self.command.as_str(), "CONNECT" | "STOMP" | "CONNECTED")
    }

    /// Reads the one frame that a message holds; none where it is a heart-beat.
    ///
    /// # Panics
    /// Where it is anything else.
    #[must_use]
    pub fn decode(bytes: &[u8], version: Version) -> Option<Self> {
        if bytes == b"\n" {
            return None;
        }
        let fail = |what: &str| -> ! { panic!("{what}: {:?}", String::from_utf8_lossy(bytes)) };
        let end = bytes
            .windows(2)
            .position(|two| two == b"\n\n")
            .unwrap_or_else(|| fail("no end of headers"));
        let head =
            std::str::from_utf8(&bytes[..end]).unwrap_or_else(|_| fail("headers not in UTF-8"));
        let mut lines = head.split('\n');
        let mut frame = Self::new(lines.next().unwrap_or_default());
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .unwrap_or_else(|| fail("a header without a colon"));
            let meant = |text: &str| {
                if frame.is_plain() {
                    text.to_owned()
                } else {
                    version.unescape(text)
                }
            };
            let header = (meant(name), meant(value));
            frame.headers.push(header);
        }
        let [body @ .., 0] = &bytes[end + 2..] else {
            fail("no NUL at the end")
        };
        let length = frame
            .get("content-length")
            .map(|length| length.parse::<usize>().expect("a length is a number"));
        let whole = length.map_or_else(|| !body.contains(&0), |length| length == body.len());
        if !whole {
            fail("not exactly one frame");
        }
        frame.body = body.to_vec();
        Some(frame)
    }
}
