//! What came in on a connection and was not looked at yet. It knows no transport.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::deadline::within;
use crate::frame::Frame;

/// What a close says: its code and its reason.
pub type Close = (u16, String);

/// Frames in the order they came, and how the connection ended.
#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    beats: usize,
    ended: Option<Option<Close>>,
}

impl Inbox {
    /// Takes in a frame, or a heart-beat.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    pub fn push(&self, frame: Option<Frame>) {
        let mut state = self.state.lock().unwrap();
        match frame {
            Some(frame) => state.frames.push_back(frame),
            None => state.beats += 1,
        }
        self.changed.notify_waiters();
    }

    /// Notes that nothing more comes, and what the close said, if one did.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    pub fn end(&self, close: Option<Close>) {
        self.state.lock().unwrap().ended.get_or_insert(close);
        self.changed.notify_waiters();
    }

    /// Takes the first frame that fits, and leaves the others; waits for it to come.
    ///
    /// # Panics
    /// Naming `what`, where none comes before the deadline or the connection's end.
    pub async fn take(&self, what: &str, fits: impl Fn(&Frame) -> bool) -> Frame {
        self.wait(what, |state| {
            let at = state.frames.iter().position(&fits);
            let frame = at.and_then(|at| state.frames.remove(at));
            let lost = frame.is_none() && state.ended.is_some();
            assert!(!lost, "the connection ended before {what} came: {state:?}");
            frame
        })
        .await
    }

    /// Takes all frames that fit, of those that came already.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    pub fn drain(&self, fits: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut state = self.state.lock().unwrap();
        let (taken, left) = std::mem::take(&mut state.frames)
            .into_iter()
            .partition(fits);
        state.frames = left;
        Vec::from(taken)
    }

    /// Waits for the end, and gives the code of the close.
    ///
    /// # Panics
    /// Where it does not come.
    pub async fn ended(&self) -> Option<u16> {
        let close = |state: &mut State| state.ended.clone();
        let close = self.wait("the end of the connection", close).await;
        close.map(|(code, _)| code)
    }

    /// Waits for this many heart-beats, counted from the beginning.
    ///
    /// # Panics
    /// Where they do not come.
    pub async fn beats(&self, count: usize) {
        self.wait("heart-beats", |state| (state.beats >= count).then_some(()))
            .await;
    }

    async fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let found = async {
            loop {
                // Listening begins before the look, so that nothing slips in between.
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if let Some(found) = look(&mut self.state.lock().unwrap()) {
                    return found;
                }
                changed.await;
            }
        };
        within(what, found).await
    }
}
