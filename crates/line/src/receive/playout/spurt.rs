//! When a spurt of talk begins, and what is too old to be played in it.

use super::Playout;
use crate::receive::stream::Next;

impl Playout {
    /// Is there a spurt of talk to be started in this frame?
    pub(super) fn due(&mut self, now: f64) -> bool {
        loop {
            match self.stream.next() {
                Next::Empty => return false,
                Next::Silent(ticks) => self.stream.skip(ticks),
                Next::Hole(_) if self.coming_again(now) => return false,
                Next::Hole(lost) if !self.spoken_in(now, lost) => {}
                Next::Hole(_) | Next::Here => break,
            }
        }
        self.debt = 0;
        // Times are sums of floats: a microsecond is no reason to wait for another frame.
        self.delay_at_cursor(now) > self.wait - 1e-6
    }

    /// Is what is missing before a spurt of talk asked for, and perhaps soon here? A reply that
    /// begins a little later is better than one without its first words.
    fn coming_again(&self, now: f64) -> bool {
        let front = self.stream.queue.front();
        front.is_some_and(|packet| now - packet.arrived < self.again_s)
    }

    /// Is there something to recover in a hole before a spurt of talk? What cannot be recovered is
    /// left out, for it cannot be told from the silence before it; and what could be had only for
    /// more delay than is right.
    fn spoken_in(&mut self, now: f64, mut lost: u64) -> bool {
        let redundancy = self.stream.redundancy();
        while lost > 0 {
            if redundancy.covers(lost) {
                self.stream.note_rescue(lost);
                if !self.too_late(now) {
                    return true;
                }
            }
            lost -= self.stream.skip_piece(lost);
        }
        false
    }

    /// Drop what is too old to be played at all.
    pub(super) fn drop_old(&mut self, now: f64) {
        let mut dropped = false;
        while self.delay_at_cursor(now) > self.wait + self.options.max_backlog {
            match self.stream.next() {
                Next::Here => self.stream.discard(),
                Next::Silent(ticks) => self.stream.skip(ticks),
                Next::Hole(lost) => {
                    self.stream.skip_piece(lost);
                }
                Next::Empty => break,
            }
            dropped = true;
        }
        if dropped {
            self.debt = 0;
            self.break_off();
        }
    }
}
