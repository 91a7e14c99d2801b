//! Answers to a session's frames, in the order of the frames however late each is known.

use std::collections::VecDeque;

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
    next: u64,
}

impl Answers {
    /// Keeps the place of an answer that is not known yet.
    pub(super) fn keep(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        self.waiting.push_back(Answer { id, ready: None });
        id
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
        given
    }

    /// Lets go of memory that nothing waits in.
    pub(super) fn rest(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
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
        let (a, b, c) = (answers.keep(), answers.keep(), answers.keep());
        let text = |t: &'static str| vec![Bytes::from(t)];
        assert!(answers.fill(c, text("c")).is_empty());
        assert_eq!(answers.fill(a, text("a")), ["a"]);
        assert_eq!(answers.fill(b, text("b")), ["b", "c"]);
        assert_eq!(answers.len(), 0);
    }
}
