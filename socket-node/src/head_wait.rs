//! How long a connection may take for the head of a request: at the price of one timer for each connection, and not of one for
//! each request, as hyper's own (3 of 100 of what a request costs).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(2_500);
/// Looks in a row, without anything, after which nobody is waited for any more: the head had at least 10 s then, and at
/// most a look more.
const LOOKS_MAX: u32 = 5;

/// Whether a connection waits for a head, and signs that it does not do so in vain. Octets of a head are none: who sends one now
/// and then would be waited for without end.
pub(crate) struct HeadWait {
    is_awaited: AtomicBool,
    // Counted by the connection's own task alone, so that nothing need be added in one step.
    signs: AtomicU32,
}

impl HeadWait {
    pub(crate) fn new() -> Self {
        Self {
            is_awaited: AtomicBool::new(true),
            signs: AtomicU32::new(0),
        }
    }

    /// A head has come; its answer may take as long as it takes.
    pub(crate) fn came(&self) {
        self.is_awaited.store(false, Ordering::Relaxed);
    }

    /// Its answer is there, and the next head is awaited once that is written.
    pub(crate) fn answered(&self) {
        self.is_awaited.store(true, Ordering::Relaxed);
        self.sign();
    }

    fn sign(&self) {
        let signs = self.signs.load(Ordering::Relaxed);
        self.signs.store(signs.wrapping_add(1), Ordering::Relaxed);
    }

    /// Returns once a head has not come, and no octet of an answer was taken, for longer than there is time.
    pub(crate) async fn is_in_vain(&self) {
        let mut looks = Looks::default();
        while looks.without < LOOKS_MAX {
            sleep(LOOK).await;
            self.look(&mut looks);
        }
    }

    fn look(&self, looks: &mut Looks) {
        let signs = self.signs.load(Ordering::Relaxed);
        let nothing = signs == looks.seen && self.is_awaited.load(Ordering::Relaxed);
        looks.without = if nothing { looks.without + 1 } else { 0 };
        looks.seen = signs;
    }
}

/// What looks have seen.
#[derive(Default)]
struct Looks {
    /// The signs there were.
    seen: u32,
    /// How many in a row saw none since.
    without: u32,
}

/// A stream on which an octet that is taken is a sign.
pub(crate) struct Noting<S> {
    stream: S,
    wait: Arc<HeadWait>,
}

impl<S> Noting<S> {
    pub(crate) fn new(stream: S, wait: Arc<HeadWait>) -> Self {
        Self { stream, wait }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.wait.sign();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Looks so often, and says how many of the last saw nothing.
    fn look(wait: &HeadWait, looks: &mut Looks, times: u32) -> u32 {
        (0..times).for_each(|_| wait.look(looks));
        looks.without
    }

    #[test]
    fn a_request_has_its_time_and_the_next_head_the_whole_of_its_own() {
        let (wait, mut looks) = (HeadWait::new(), Looks::default());
        assert_eq!(look(&wait, &mut looks, 4), 4);
        wait.came();
        assert_eq!(look(&wait, &mut looks, 100), 0);
        wait.answered();
        assert_eq!(look(&wait, &mut looks, 1), 0);
        assert_eq!(look(&wait, &mut looks, LOOKS_MAX), LOOKS_MAX);
    }

    #[tokio::test]
    async fn what_is_taken_of_an_answer_is_a_sign() {
        let (wait, mut looks) = (Arc::new(HeadWait::new()), Looks::default());
        let (mut reader, stream) = duplex(1);
        let mut stream = Noting::new(stream, wait.clone());
        for _ in 0..3 {
            assert_eq!(look(&wait, &mut looks, 4), 4);
            stream.write_all(b"x").await.unwrap();
            reader.read_u8().await.unwrap();
            assert_eq!(look(&wait, &mut looks, 1), 0);
        }
    }
}
