//! What a sender keeps of its speech, to send again what an outage swallowed.
//!
//! The newest [`KEPT_S`] seconds of encoded packets, and the answers that are being given. An
//! answer is paced: as fast as it takes to be done in about a second, but one message of less
//! than a datagram a tick at most, so that live speech always has the greater part of the link.

use std::collections::VecDeque;

use crate::opus::{says_nothing, RTP_RATE};
use crate::repair::backlog::{Missing, Writer, KEPT_S};

const KEPT_TICKS: u32 = KEPT_S as u32 * RTP_RATE;
/// Bounds of what is kept: 2.5 ms packets for the whole time would be more.
const MAX_FRAMES: usize = 3000;
const MAX_BYTES: usize = 256 * 1024;
/// Answers that wait; more are not given.
const MAX_ANSWERS: usize = 16;
/// Bytes of one message: with all headers less than one datagram.
const MESSAGE_ROOM: usize = 1100;
/// Least and most frames in one message, and ticks in which a long answer shall be done.
const FRAMES: (usize, usize) = (4, 12);
const ANSWER_TICKS: usize = 50;

#[derive(Clone, Copy)]
struct Frame {
    rtp: u32,
    len: usize,
}

struct Answer {
    missing: Missing,
    total: usize,
    given: usize,
    /// Number of the frame from which to look on.
    next: u64,
    frames_a_message: usize,
}

/// See the module.
#[derive(Default)]
pub struct Kept {
    frames: VecDeque<Frame>,
    bytes: VecDeque<u8>,
    /// How many frames have been dropped in all: a frame's number is its place and that.
    dropped: u64,
    answers: VecDeque<Answer>,
    /// The newest requests: each may come several times.
    known: VecDeque<Missing>,
    scratch: Vec<u8>,
}

impl Kept {
    /// Keep a packet that is being sent. Timestamps grow, and wrap.
    pub fn keep(&mut self, rtp: u32, packet: &[u8]) {
        if says_nothing(packet) {
            return; // nor can anything be lost by it
        }
        self.frames.push_back(Frame {
            rtp,
            len: packet.len(),
        });
        self.bytes.extend(packet);
        while let Some(oldest) = self.frames.front() {
            let aged = rtp.wrapping_sub(oldest.rtp) > KEPT_TICKS;
            if !aged && self.frames.len() <= MAX_FRAMES && self.bytes.len() <= MAX_BYTES {
                break;
            }
            self.bytes.drain(..oldest.len);
            self.frames.pop_front();
            self.dropped += 1;
        }
    }

    /// Take a request. Beyond [`MAX_ANSWERS`] requests that wait it is not answered, and one that
    /// comes again not a second time.
    pub fn ask(&mut self, missing: Missing) {
        if self.answers.len() >= MAX_ANSWERS || self.known.contains(&missing) {
            return;
        }
        if self.known.len() == 2 * MAX_ANSWERS {
            self.known.pop_front();
        }
        self.known.push_back(missing);
        let total = self
            .frames
            .iter()
            .filter(|f| within(&missing, f.rtp))
            .count();
        let answer = Answer {
            missing,
            total,
            given: 0,
            next: self.dropped,
            frames_a_message: total.div_ceil(ANSWER_TICKS).clamp(FRAMES.0, FRAMES.1),
        };
        self.answers.push_back(answer);
    }

    /// Is there something to say?
    pub fn asked(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Write the next message, of one tick, into `out`; false if there is none.
    pub fn answer(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(answer) = self.answers.front_mut() else {
            return false;
        };
        let total = u16::try_from(answer.total).unwrap_or(u16::MAX);
        let mut writer = Writer::new(out, answer.missing.request, total);
        let mut at = answer.next.saturating_sub(self.dropped) as usize;
        let mut start: usize = self.frames.iter().take(at).map(|f| f.len).sum();
        let mut written = 0;
        while let Some(frame) = self.frames.get(at) {
            if within(&answer.missing, frame.rtp) {
                self.scratch.clear();
                self.scratch
                    .extend(self.bytes.range(start..start + frame.len));
                let room = if written == 0 {
                    usize::MAX
                } else {
                    MESSAGE_ROOM
                };
                if written == answer.frames_a_message || !writer.add(room, frame.rtp, &self.scratch)
                {
                    break;
                }
                written += 1;
            }
            start += frame.len;
            at += 1;
        }
        answer.given += written;
        answer.next = self.dropped + at as u64;
        if answer.given >= answer.total || at >= self.frames.len() {
            self.answers.pop_front();
        }
        true
    }
}

fn within(missing: &Missing, rtp: u32) -> bool {
    rtp.wrapping_sub(missing.from) < missing.to.wrapping_sub(missing.from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::backlog::Resent;
    use proptest::prelude::*;

    /// Request, total, and the frames of a message.
    type Message = (u16, u16, Vec<(u32, Vec<u8>)>);

    fn answers(kept: &mut Kept) -> Vec<Message> {
        let mut bytes = Vec::new();
        let mut messages = Vec::new();
        while kept.answer(&mut bytes) {
            let resent = Resent::parse(&bytes).unwrap();
            let frames = resent.frames().map(|(rtp, p)| (rtp, p.to_vec()));
            messages.push((resent.request, resent.total, frames.collect()));
        }
        messages
    }

    fn missing(request: u16, from: u32, to: u32) -> Missing {
        Missing { request, from, to }
    }

    #[test]
    fn the_range_asked_for_is_given_once_in_order_and_no_more() {
        let mut kept = Kept::default();
        let start = u32::MAX - 50 * 960; // wraps in the middle
        for i in 0..100u32 {
            kept.keep(start.wrapping_add(i * 960), &[i as u8; 80]);
        }
        kept.ask(missing(
            7,
            start.wrapping_add(20 * 960),
            start.wrapping_add(90 * 960),
        ));
        let messages = answers(&mut kept);
        assert!(messages.iter().all(|m| m.0 == 7 && m.1 == 70));
        assert!(messages.iter().all(|m| (1..=FRAMES.1).contains(&m.2.len())));
        let frames: Vec<_> = messages.into_iter().flat_map(|m| m.2).collect();
        let wanted: Vec<_> = (20..90u32)
            .map(|i| (start.wrapping_add(i * 960), vec![i as u8; 80]))
            .collect();
        assert_eq!(frames, wanted);
        assert!(!kept.asked());
    }

    #[test]
    fn a_request_that_comes_again_is_answered_once() {
        let mut kept = Kept::default();
        kept.keep(960, &[9; 40]);
        for given in [1, 0, 0] {
            kept.ask(missing(1, 0, 1920));
            assert_eq!(answers(&mut kept).len(), given);
        }
        kept.ask(missing(2, 0, 1920));
        assert_eq!(answers(&mut kept).len(), 1);
    }

    #[test]
    fn nothing_kept_is_said_at_once() {
        let mut kept = Kept::default();
        kept.keep(960, &[9; 40]);
        kept.keep(1920, &[9; 1]); // discontinuous transmission
        kept.ask(missing(1, 1920, 96_000));
        assert_eq!(answers(&mut kept), [(1, 0, vec![])]);
    }

    #[test]
    fn a_long_answer_is_done_in_about_a_second_and_a_short_one_is_slow() {
        for (seconds, messages) in [(1u32, 13), (8, 50)] {
            let mut kept = Kept::default();
            for i in 0..seconds * 50 {
                kept.keep(i * 960, &[1; 80]);
            }
            kept.ask(missing(1, 0, seconds * 48_000));
            assert_eq!(answers(&mut kept).len(), messages);
        }
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        let mut kept = Kept::default();
        for i in 0..5000u32 {
            kept.keep(i * 960, &[1; 80]);
        }
        kept.ask(missing(1, 0, 5000 * 960));
        let first = answers(&mut kept)[0].2[0].0;
        assert_eq!(first, 4999 * 960 - KEPT_TICKS);
    }

    proptest! {
        /// Whatever is kept and asked for, in whatever order: bounds hold, answers end.
        #[test]
        fn any_use(ops in prop::collection::vec((any::<u32>(), 0usize..1275, 0u8..6), 1..600)) {
            let mut kept = Kept::default();
            let (mut rtp, mut bytes) = (0u32, Vec::new());
            for (value, len, kind) in ops {
                match kind {
                    0..=2 => {
                        rtp = rtp.wrapping_add(if kind == 0 { value } else { 960 });
                        kept.keep(rtp, &vec![1; len]);
                    }
                    3 => kept.ask(missing(value as u16, value, rtp)),
                    _ => {
                        if kept.answer(&mut bytes) {
                            prop_assert!(Resent::parse(&bytes).is_ok());
                            prop_assert!(bytes.len() < MESSAGE_ROOM + 300);
                        }
                    }
                }
                prop_assert!(kept.frames.len() <= MAX_FRAMES && kept.bytes.len() <= MAX_BYTES);
                prop_assert!(kept.answers.len() <= MAX_ANSWERS);
            }
            let mut rounds = 0;
            while kept.answer(&mut bytes) {
                rounds += 1;
                prop_assert!(rounds < 20_000);
            }
        }
    }
}
