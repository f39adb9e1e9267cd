//! What is told of how much of each reply has left.

use std::collections::VecDeque;

/// How much of a reply has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub reply: i64,
    /// Samples of it sent so far, at the play rate.
    pub samples: u64,
    /// Nothing more of it will be sent: finished and spoken, or cut by a flush.
    pub done: bool,
}

/// What was not read yet, the oldest first.
#[derive(Debug, Default)]
pub struct Reports(VecDeque<Progress>);

impl Reports {
    pub fn push(&mut self, progress: Progress) {
        match self.0.back_mut() {
            // Unread progress of the same reply is replaced, so the queue stays short.
            Some(last) if last.reply == progress.reply && !last.done && !progress.done => {
                *last = progress;
            }
            _ => self.0.push_back(progress),
        }
    }

    pub fn pop(&mut self) -> Option<Progress> {
        self.0.pop_front()
    }
}
