//! When nothing gets through: outages and the gaps of handovers.

use crate::events::Events;
use crate::handover::Grid;
use crate::range::Reason;
use crate::scenario::Mode;

/// Those blocks that drop, or those that hold.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    outages: Option<Events>,
    /// Which of the states' outages count.
    counts: Vec<bool>,
    until: f64,
    handovers: Option<Grid>,
}

impl Blocks {
    /// `modes` are those of the states' outages, where they have any.
    pub fn new(
        mode: Mode,
        outages: Option<Events>,
        modes: &[Option<Mode>],
        handovers: Option<Grid>,
    ) -> Self {
        let counts: Vec<bool> = modes.iter().map(|&own| own == Some(mode)).collect();
        Blocks {
            outages: outages.filter(|_| counts.contains(&true)),
            counts,
            until: 0.0,
            handovers: handovers.filter(|grid| grid.mode() == mode),
        }
    }

    /// Until when nothing gets through, and why; None if it does. `time` is not before the last
    /// one asked for.
    pub fn at(&mut self, time: f64) -> Option<(f64, Reason)> {
        if let Some(outages) = &mut self.outages {
            while let Some(event) = outages.next_by(time) {
                if self.counts[event.state] {
                    self.until = self.until.max(event.begin + event.size * 1e-3);
                }
            }
        }
        if time < self.until {
            return Some((self.until, Reason::Outage));
        }
        let gap = self.handovers.as_mut()?.at(time);
        (time < gap.until).then_some((gap.until, Reason::Handover))
    }
}
