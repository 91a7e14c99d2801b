//! Answers to a session's frames, in the order of the frames however late each is known.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;

/// One frame's answer.
struct Answer {
    id: u64,
    /// Frames to send, once known.
    ready: Option<Vec<Bytes>>,
}

/// The answers of a session that are not given yet.
#[derive(Default)]
pub(super) struct Answers {
    waiting: VecDeque<Answer>,
    /// Who waits for one of them to be given: the session's task, if anybody.
    awaiting: Option<Waker>,
}

impl Answers {
    /// Keeps the place of an answer that is not known yet.
    pub(super) fn keep(&mut self, id: u64) {
        self.waiting.push_back(Answer { id, ready: None });
    }

    /// An answer is known. Gives all that can be given now, in order.
    pub(super) fn fill(&mut self, id: u64, frames: Vec<Bytes>) -> Vec<Bytes> {
        if let Some(answer) = self.waiting.iter_mut().find(|a| a.id == id)
            && answer.ready.is_none()
        {
            answer.ready = Some(frames);
        }
        let mut given = vec![];
        while let Some(frames) = self.waiting.front_mut().and_then(|a| a.ready.take()) {
            given.extend(frames);
            self.waiting.pop_front();
        }
        if let Some(awaiting) = self.awaiting.take() {
            awaiting.wake();
        }
        given
    }

    /// Wakes this task with the next answer.
    pub(super) fn wake(&mut self, waker: &Waker) {
        self.awaiting = Some(waker.clone());
    }

    /// How many are not given yet.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_frames() {
        let mut answers = Answers::default();
        (0..3).for_each(|id| answers.keep(id));
        let text = |t: &'static str| vec![Bytes::from(t)];
        assert!(answers.fill(2, text("c")).is_empty());
        assert_eq!(answers.fill(0, text("a")), ["a"]);
        assert_eq!(answers.fill(1, text("b")), ["b", "c"]);
        assert_eq!(answers.len(), 0);
    }
}
