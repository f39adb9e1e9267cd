//! Is there room for one more call? Judged by what the ticks of the last seconds cost.
//!
//! A call that starts where there is no room makes every other call stutter; one that is refused
//! with a reason can be taken by another machine, or a minute later.

use std::collections::VecDeque;

/// How the driver fares at one tick.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tick {
    pub now: f64,
    /// How much later than planned the tick runs, seconds.
    pub late_s: f64,
    /// Processor time its thread has used since its start, seconds.
    pub cpu_s: f64,
    /// How far behind whoever takes the batches is, seconds.
    pub behind_s: f64,
}

impl Tick {
    /// A tick of virtual time: never late, and free.
    pub fn on_time(now: f64) -> Self {
        Tick {
            now,
            ..Tick::default()
        }
    }
}

/// Ticks that are judged: the last 5 s. Before the first second there is no judgement.
const WINDOW: usize = 250;
const LEAST: usize = 50;
/// The thread's share of its core that all calls together may take.
const MAX_SHARE: f64 = 0.8;
/// Lateness that most ticks have to stay below, seconds, and the share of them that need not:
/// a machine that stalls now and then is not full.
const MAX_LATE_S: f64 = 0.01;
const MAY_BE_LATE: f64 = 0.05;
/// The program that takes the batches may be so far behind, seconds.
const MAX_BEHIND_S: f64 = 2.0;
/// Fewer calls than this are not what makes ticks late, and tell nothing about the share of one:
/// then it is taken to be this.
const TELLING_CALLS: f64 = 4.0;
const ASSUMED_SHARE: f64 = 0.005;

/// The cost of the last ticks.
#[derive(Default)]
pub struct Load {
    ticks: VecDeque<(Tick, usize)>,
}

impl Load {
    pub fn note(&mut self, tick: Tick, calls: usize) {
        if self.ticks.len() == WINDOW {
            self.ticks.pop_front();
        }
        self.ticks.push_back((tick, calls));
    }

    /// The thread's share of a core over the window, 0 … 1.
    pub fn share(&self) -> f64 {
        let (Some((first, _)), Some((last, _))) = (self.ticks.front(), self.ticks.back()) else {
            return 0.0;
        };
        let span = last.now - first.now;
        if span > 0.0 {
            (last.cpu_s - first.cpu_s) / span
        } else {
            0.0
        }
    }

    /// Lateness that all but a few of the window's ticks did not exceed, seconds.
    pub fn late_s(&self) -> f64 {
        let worst = (self.ticks.len() as f64 * MAY_BE_LATE) as usize;
        let mut late: Vec<f64> = self.ticks.iter().map(|(tick, _)| tick.late_s).collect();
        if late.is_empty() {
            return 0.0;
        }
        let (_, nth, _) = late.select_nth_unstable_by(worst, |a, b| b.total_cmp(a));
        *nth
    }

    /// Why a call beside the `calls` that run would harm them; `None` if it would not.
    pub fn refusal(&self, calls: usize) -> Option<String> {
        if self.ticks.len() < LEAST || calls == 0 {
            return None;
        }
        let late = self.late_s();
        if late > MAX_LATE_S && calls as f64 >= TELLING_CALLS {
            return Some(format!(
                "this machine is overloaded: {calls} calls are running and their media is up to \
                 {:.0} ms late; try again later",
                late * 1000.0
            ));
        }
        let behind = self.ticks.back().map_or(0.0, |(tick, _)| tick.behind_s);
        if behind > MAX_BEHIND_S {
            return Some(format!(
                "this machine is overloaded: the audio of {calls} calls waits {behind:.1} s to be \
                 listened to; try again later"
            ));
        }
        let before: usize = self.ticks.iter().map(|(_, calls)| calls).sum();
        let before = before as f64 / self.ticks.len() as f64;
        let of_one = if before >= TELLING_CALLS {
            self.share() / before
        } else {
            ASSUMED_SHARE
        };
        (of_one * (calls + 1) as f64 > MAX_SHARE).then(|| {
            format!(
                "{calls} calls are running and take {:.0} % of a processor core, which leaves no \
                 room for one more; try again later",
                of_one * calls as f64 * 100.0
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A load of 5 s of equal ticks with `calls` calls.
    fn steady(calls: usize, share: f64, late: impl Fn(usize) -> f64) -> Load {
        let mut load = Load::default();
        for i in 0..WINDOW * 2 {
            let now = i as f64 * 0.02;
            let tick = Tick {
                now,
                late_s: late(i),
                cpu_s: now * share,
                behind_s: 0.0,
            };
            load.note(tick, calls);
        }
        load
    }

    #[test]
    fn one_more_is_taken_while_it_fits() {
        let load = steady(40, 0.7, |_| 0.001);
        assert!((load.share() - 0.7).abs() < 1e-9);
        assert_eq!(load.refusal(40), None);
        // Calls that have only just come cost as much as the others, though it does not show yet.
        assert_eq!(load.refusal(44), None);
        let reason = load.refusal(45).unwrap();
        assert!(reason.starts_with("45 calls are running and take 79 %"));
    }

    #[test]
    fn late_ticks_refuse_once_they_are_more_than_one_in_twenty() {
        let rare = |i: usize| if i.is_multiple_of(25) { 0.3 } else { 0.0 };
        assert_eq!(steady(10, 0.1, rare).refusal(10), None);
        let often = |i: usize| if i.is_multiple_of(15) { 0.012 } else { 0.0 };
        let reason = steady(10, 0.1, often).refusal(10).unwrap();
        assert!(reason.contains("up to 12 ms late"), "{reason}");
    }

    #[test]
    fn whoever_does_not_listen_gets_no_more_calls() {
        let mut load = steady(10, 0.1, |_| 0.0);
        let tick = Tick {
            behind_s: 2.5,
            ..Tick::on_time(10.0)
        };
        load.note(tick, 10);
        assert!(load.refusal(10).unwrap().contains("2.5 s"));
    }

    #[test]
    fn nothing_is_refused_without_evidence() {
        assert_eq!(Load::default().refusal(100), None);
        // A late machine harms no call if there is none.
        assert_eq!(steady(0, 0.9, |_| 0.5).refusal(0), None);
        // Two calls are not what makes a machine late.
        assert_eq!(steady(2, 0.1, |_| 0.1).refusal(2), None);
        // The handshakes of the first calls say nothing about the calls.
        assert_eq!(steady(2, 0.5, |_| 0.0).refusal(2), None);
        assert!(steady(2, 0.5, |_| 0.0).refusal(160).is_some());
    }

    #[test]
    fn a_load_that_has_passed_is_forgotten() {
        let mut load = steady(10, 0.1, |_| 0.05);
        assert!(load.refusal(10).is_some());
        for i in 0..WINDOW {
            load.note(Tick::on_time(10.0 + i as f64 * 0.02), 10);
        }
        assert_eq!(load.refusal(10), None);
    }
}
