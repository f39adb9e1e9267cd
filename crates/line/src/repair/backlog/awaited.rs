//! What a receiver has asked its far end to send again, and what has come of it.
//!
//! Time stands still here while the link is out: `pass` says how much of it counts. The channel
//! gives a message up soon, because what SCTP repeats comes a second or more later and holds up
//! what follows it; so what does not come is asked for once more here, gap by gap.

use std::collections::{BTreeMap, VecDeque};

use crate::opus::RTP_RATE;
use crate::receive::queue::ticks_of;
use crate::repair::backlog::{Missing, Resent, KEPT_S};

/// Requests open at a time; holes beyond them are not asked for.
const MAX_HOLES: usize = 16;
/// Requests whose answers are known.
const MAX_REQUESTS: usize = 128;
/// Frames, and bytes of them, that wait here for their turn.
const MAX_FRAMES: usize = 3000;
const MAX_BYTES: usize = 512 * 1024;
/// A hole is waited for as long as it lasted, within these, and two round trips.
const WAIT_S: (f64, f64) = (0.4, 1.0);
/// … or while something of it came within so long and one round trip,
const PROGRESS_S: f64 = 0.4;
/// but never longer than this.
const MAX_WAIT_S: f64 = 6.0;
/// After so long and two round trips it is asked again for what did not come, so many times, and
/// for so many gaps each time.
const AGAIN_S: f64 = 0.2;
const AGAIN: usize = 5;
const GAPS: usize = 8;
/// A longer round trip is not believed.
const MAX_RTT_S: f64 = 2.0;

/// How it stands with a stretch of time that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// More of it may come.
    Waited,
    /// All that was sent of it is here.
    Answered,
    /// It has been waited for long enough.
    GivenUp,
}

#[derive(Debug)]
struct Hole {
    from: u64,
    to: u64,
    first_asked_at: f64,
    asked_at: f64,
    progress_at: f64,
    times_asked: usize,
    /// Packets that came, timestamp and ticks, and how many there are in all.
    had: BTreeMap<u64, u64>,
    total: Option<usize>,
}

impl Hole {
    fn answered(&self) -> bool {
        self.total.is_some_and(|total| self.had.len() >= total)
    }

    /// What did not come before the last packet that did, or, if `all`, before the end.
    fn gaps(&self, all: bool) -> Vec<(u64, u64)> {
        let mut at = self.from;
        let mut gaps = Vec::new();
        for (rtp, ticks) in &self.had {
            if *rtp > at {
                gaps.push((at, *rtp));
            }
            at = at.max(rtp + ticks);
        }
        if all && at < self.to {
            gaps.push((at, self.to));
        }
        gaps.truncate(GAPS);
        gaps
    }

    fn standing(&self, now: f64, rtt: f64) -> Standing {
        let lasted = (self.to - self.from) as f64 / f64::from(RTP_RATE);
        let waited = now - self.first_asked_at;
        let moving = now - self.progress_at < PROGRESS_S + rtt;
        if self.answered() {
            Standing::Answered
        } else if waited < MAX_WAIT_S
            && (moving || waited < lasted.clamp(WAIT_S.0, WAIT_S.1) + 2.0 * rtt)
        {
            Standing::Waited
        } else {
            Standing::GivenUp
        }
    }
}

#[derive(Debug)]
struct Request {
    number: u16,
    /// Where the hole that it is for starts, and whether it is for all of it.
    start: u64,
    all: bool,
}

/// A packet that was sent again.
#[derive(Debug)]
pub struct Again {
    pub rtp: u64,
    pub payload: Vec<u8>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Awaited {
    /// In order of time.
    holes: VecDeque<Hole>,
    frames: VecDeque<Again>,
    bytes: usize,
    unsent: VecDeque<Missing>,
    next_request: u16,
    requests: VecDeque<Request>,
    /// RTP time before which nothing more is asked for.
    pub asked_to: u64,
    /// Seconds that the link was up, and the time they were last counted.
    clock: f64,
    passed_at: Option<f64>,
    rtt: f64,
}

impl Awaited {
    /// Forget everything: another stream begins.
    pub fn clear(&mut self) {
        *self = Awaited {
            next_request: self.next_request,
            rtt: self.rtt,
            ..Awaited::default()
        };
    }

    /// Time goes on; `up`: the link is there. `rtt`: round trip, seconds.
    pub fn pass(&mut self, now: f64, up: bool, rtt: f64) {
        let before = self.passed_at.replace(now).unwrap_or(now);
        if up && now > before {
            self.clock += now - before;
        }
        if rtt.is_finite() {
            self.rtt = rtt.clamp(0.0, MAX_RTT_S);
        }
        let patience = AGAIN_S + 2.0 * self.rtt;
        for at in 0..self.holes.len() {
            let hole = &mut self.holes[at];
            let due = self.clock - hole.asked_at >= patience;
            if !due || hole.times_asked > AGAIN || hole.answered() {
                continue;
            }
            hole.asked_at = self.clock;
            // Packets come in order but for what is lost; the end may still be on its way.
            let quiet = self.clock - hole.progress_at >= patience;
            let gaps = hole.gaps(quiet);
            if gaps.is_empty() {
                continue;
            }
            hole.times_asked += 1;
            let (start, end) = (hole.from, hole.to);
            if hole.total.is_none() {
                self.request(start, (start, end), true);
                continue;
            }
            for gap in gaps {
                self.request(start, gap, false);
            }
        }
    }

    /// Ask for a range of the hole that starts there.
    fn request(&mut self, start: u64, range: (u64, u64), all: bool) {
        let number = self.next_request;
        self.next_request = number.wrapping_add(1);
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(Request { number, start, all });
        self.unsent.push_back(Missing {
            request: number,
            from: range.0 as u32,
            to: range.1 as u32,
        });
    }

    /// Ask for `from` … `to`, which lies after all that was asked for before. What is longer
    /// than what a far end keeps is asked for from where that begins.
    pub fn ask(&mut self, from: u64, to: u64) {
        self.asked_to = self.asked_to.max(to);
        let from = from.max(to.saturating_sub(KEPT_S as u64 * u64::from(RTP_RATE)));
        if self.holes.len() >= MAX_HOLES || from >= to {
            return;
        }
        self.request(from, (from, to), true);
        self.holes.push_back(Hole {
            from,
            to,
            first_asked_at: self.clock,
            asked_at: self.clock,
            progress_at: f64::NEG_INFINITY,
            times_asked: 1,
            had: BTreeMap::new(),
            total: None,
        });
    }

    /// The next request to be sent.
    pub fn next_missing(&mut self) -> Option<Missing> {
        self.unsent.pop_front()
    }

    /// Take an answer. What was not asked for, or is there already, is left out.
    pub fn receive(&mut self, resent: &Resent<'_>) {
        let clock = self.clock;
        let request = self.requests.iter().find(|r| r.number == resent.request);
        let Some(request) = request else {
            return;
        };
        let Some(hole) = self.holes.iter_mut().find(|h| h.from == request.start) else {
            return;
        };
        if request.all {
            hole.total = Some(usize::from(resent.total));
        }
        for (rtp, payload) in resent.frames() {
            let rtp = hole.from + u64::from(rtp.wrapping_sub(hole.from as u32));
            let Ok(ticks) = ticks_of(payload) else {
                continue;
            };
            let full = self.frames.len() >= MAX_FRAMES || self.bytes + payload.len() > MAX_BYTES;
            if full || rtp >= hole.to || hole.had.contains_key(&rtp) {
                continue;
            }
            hole.had.insert(rtp, ticks);
            hole.progress_at = clock;
            self.bytes += payload.len();
            let at = self.frames.partition_point(|f| f.rtp < rtp);
            let payload = payload.to_vec();
            self.frames.insert(at, Again { rtp, payload });
        }
    }

    /// The earliest packet that waits here.
    pub fn pop(&mut self) -> Option<Again> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.payload.len();
        Some(frame)
    }

    /// Everything before this RTP time is done with.
    pub fn done(&mut self, cursor: u64) {
        while self.holes.front().is_some_and(|h| h.to <= cursor) {
            self.holes.pop_front();
        }
    }

    /// How it stands with the hole at this RTP time, if it was asked for.
    pub fn standing(&self, rtp: u64) -> Option<Standing> {
        let hole = self.holes.iter().find(|h| (h.from..h.to).contains(&rtp))?;
        Some(hole.standing(self.clock, self.rtt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::backlog::Writer;
    use proptest::prelude::*;

    const OPUS: [u8; 3] = [9 << 3, 1, 2];

    fn answer(request: u16, total: u16, times: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, request, total);
        for rtp in times {
            assert!(writer.add(10_000, *rtp as u32, &OPUS));
        }
        bytes
    }

    fn receive(awaited: &mut Awaited, bytes: &[u8]) {
        awaited.receive(&Resent::parse(bytes).unwrap());
    }

    #[test]
    fn a_hole_is_answered_when_all_of_it_has_come_in_any_order() {
        let mut awaited = Awaited::default();
        let from = (1 << 32) - 960; // timestamps wrap inside
        awaited.ask(from, from + 4 * 960);
        let asked = awaited.next_missing().unwrap();
        assert_eq!((asked.from, asked.to), (u32::MAX - 959, 3 * 960));
        receive(&mut awaited, &answer(0, 3, &[from + 1920, from + 2880]));
        assert_eq!(awaited.standing(from), Some(Standing::Waited));
        receive(&mut awaited, &answer(0, 3, &[from + 1920]));
        assert_eq!(awaited.standing(from), Some(Standing::Waited));
        receive(&mut awaited, &answer(0, 3, &[from]));
        assert_eq!(awaited.standing(from + 3839), Some(Standing::Answered));
        let times: Vec<u64> = std::iter::from_fn(|| awaited.pop())
            .map(|f| f.rtp)
            .collect();
        assert_eq!(times, [from, from + 1920, from + 2880]);
        awaited.done(from + 4 * 960);
        assert_eq!(awaited.standing(from), None);
    }

    #[test]
    fn what_was_not_asked_for_is_left_out() {
        let mut awaited = Awaited::default();
        receive(&mut awaited, &answer(0, 1, &[960]));
        awaited.ask(48_000, 96_000);
        receive(&mut awaited, &answer(9, 1, &[48_000]));
        receive(&mut awaited, &answer(0, 9, &[0, 47_999, 96_000, 1 << 40]));
        assert!(awaited.pop().is_none());
        assert_eq!(awaited.standing(47_999), None);
    }

    #[test]
    fn it_is_waited_for_as_long_as_it_lasted_and_longer_while_it_comes() {
        let mut awaited = Awaited::default();
        awaited.pass(0.0, true, 0.1);
        awaited.ask(0, 24_000);
        awaited.pass(0.65, true, 0.1);
        assert_eq!(awaited.standing(0), Some(Standing::Waited));
        awaited.pass(0.8, true, 0.1);
        assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
        receive(&mut awaited, &answer(0, 20, &[0]));
        awaited.pass(1.2, true, 0.1);
        assert_eq!(awaited.standing(0), Some(Standing::Waited));
        // One packet now and then holds nobody up for ever.
        for i in 0..60 {
            receive(&mut awaited, &answer(0, 200, &[960 + i]));
            awaited.pass(1.2 + i as f64 * 0.1, true, 0.1);
        }
        assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
    }

    #[test]
    fn while_the_link_is_out_no_time_passes() {
        let mut awaited = Awaited::default();
        awaited.pass(0.0, true, 0.0);
        awaited.ask(0, 24_000);
        awaited.next_missing();
        awaited.pass(0.1, true, 0.0);
        awaited.pass(20.0, false, 0.0);
        assert_eq!(awaited.standing(0), Some(Standing::Waited));
        assert_eq!(awaited.next_missing(), None);
        awaited.pass(20.2, true, 0.0);
        assert_eq!(awaited.next_missing().map(|m| m.request), Some(1));
        awaited.pass(21.0, true, 0.0);
        assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
    }

    #[test]
    fn what_got_lost_again_is_asked_for_again_gap_by_gap() {
        let mut awaited = Awaited::default();
        awaited.pass(0.0, true, 0.0);
        awaited.ask(0, 960 * 20);
        awaited.next_missing();
        receive(&mut awaited, &answer(0, 20, &[0, 960, 4800, 9600]));
        awaited.pass(0.21, true, 0.0);
        let next = |a: &mut Awaited| a.next_missing().map(|m| (m.request, m.from, m.to));
        // The packets came just now, so what follows them may still come.
        receive(&mut awaited, &answer(0, 20, &[960 * 11]));
        assert_eq!(next(&mut awaited), Some((1, 1920, 4800)));
        assert_eq!(next(&mut awaited), Some((2, 5760, 9600)));
        let rest = next(&mut awaited);
        assert!(
            rest.is_none_or(|r| r == (3, 960 * 11, 960 * 20)),
            "{rest:?}"
        );
        let missing: Vec<u64> = (0..20).map(|i| i * 960).collect();
        receive(&mut awaited, &answer(2, 4, &missing));
        assert_eq!(awaited.standing(0), Some(Standing::Answered));
    }

    #[test]
    fn a_far_end_that_kept_nothing_is_not_waited_for() {
        let mut awaited = Awaited::default();
        awaited.ask(0, 24_000);
        receive(&mut awaited, &answer(0, 0, &[]));
        assert_eq!(awaited.standing(0), Some(Standing::Answered));
    }

    proptest! {
        /// Whatever a stranger answers: bounded, in order, inside what was asked for.
        #[test]
        fn any_answers(ops in prop::collection::vec(
            (0u8..6, any::<u16>(), any::<u16>(), prop::collection::vec(any::<u64>(), 0..50)), 1..300)) {
            let mut awaited = Awaited::default();
            let (mut now, mut to) = (0.0, 0u64);
            for (kind, a, b, times) in ops {
                match kind {
                    0 => {
                        awaited.ask(to + u64::from(a % 9), to + u64::from(b) * 50);
                        to = to.max(to + u64::from(b) * 50);
                    }
                    1 => { now += f64::from(a) / 20_000.0; awaited.pass(now, b % 3 > 0, f64::from(a) / 10_000.0); }
                    2 => awaited.done(to.saturating_sub(u64::from(a) * 100)),
                    _ => {
                        let times: Vec<u64> = times.iter().map(|t| t % (to + 1000)).collect();
                        receive(&mut awaited, &answer(a % 40, b, &times));
                    }
                }
                prop_assert!(awaited.holes.len() <= MAX_HOLES && awaited.frames.len() <= MAX_FRAMES);
                prop_assert!(awaited.unsent.len() <= MAX_HOLES * GAPS + 1);
                prop_assert!(awaited.frames.iter().zip(awaited.frames.iter().skip(1)).all(|(x, y)| x.rtp <= y.rtp));
                while awaited.next_missing().is_some() {}
            }
        }
    }
}
