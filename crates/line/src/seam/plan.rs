//! What the conversation asks of the sender: the Rust side of `visavis.seam.SendPlan`.

use crate::repair::fec::MAX_WINDOW;
use crate::repair::red::{MAX_COPIES, MAX_DISTANCE};

/// How to send speech from the next packet on. Policy makes it, the line obeys it.
#[derive(Clone, Debug, PartialEq)]
pub struct SendPlan {
    /// Opus bits a second, 6 000 … 128 000.
    pub bitrate: i32,
    /// Opus encoder complexity, 0 … 10.
    pub complexity: i32,
    /// In-band FEC (LBRR).
    pub fec: bool,
    /// Loss the encoder is told to expect, 0 … 1.
    pub expected_loss: f32,
    /// Deep redundancy kept in each packet, milliseconds; 0 turns it off.
    pub dred_ms: u32,
    /// RED (RFC 2198): copies of the packets that lie so many packets before each one; at most 4,
    /// ascending, each 1 … 17. Not sent to a far end that did not agree to RED.
    pub red: Vec<u32>,
    /// Sliding-window FEC (see `fec`): one in so many packets carries a repair, 0 … 16; 0 for none.
    /// Not sent to a far end that did not agree to it and to RED.
    pub repair_every: u32,
    /// Packets that a repair covers, 1 … 32, and no fewer than `repair_every`.
    pub repair_window: u32,
    /// Milliseconds of speech in one packet: 20, 40 or 60.
    pub frame_ms: u32,
    /// Made speech is sent up to so many milliseconds before its time, 0 … 2000, to a far end that
    /// agreed to it (see `repair::again`): in that time what is lost can be asked for again.
    pub ahead_ms: u32,
    /// How much faster than real time it gets there, 0 … 8: 2 sends two packets more in each tick.
    pub pace: f32,
    /// Send (almost) nothing while a continuous microphone hears no speech. Off until a plan asks
    /// for it: Opus takes a steady tone for noise.
    pub dtx: bool,
}

impl Default for SendPlan {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 5,
            fec: true,
            expected_loss: 0.1,
            dred_ms: 0,
            red: Vec::new(),
            repair_every: 0,
            repair_window: 16,
            frame_ms: 20,
            ahead_ms: 800,
            pace: 2.0,
            dtx: false,
        }
    }
}

/// What libopus can carry: 104 units of 10 ms.
pub const MAX_DRED_MS: u32 = 1040;
/// Farthest that speech is sent before its time.
pub const MAX_AHEAD_MS: u32 = 2000;
/// Packets in a tick beyond its own, at most.
pub const MAX_PACE: f32 = 8.0;
/// Packets from one repair to the next at most.
pub const MAX_REPAIR_EVERY: u32 = 16;

impl SendPlan {
    /// The plan itself if every figure is one that Opus takes; otherwise a sentence saying which
    /// is not and what would be right.
    pub fn validated(self) -> Result<Self, String> {
        if !(6_000..=128_000).contains(&self.bitrate) {
            return Err(format!(
                "bitrate is {}; it must be 6000 to 128000 bits a second",
                self.bitrate
            ));
        }
        if !(0..=10).contains(&self.complexity) {
            return Err(format!(
                "complexity is {}; it must be 0 to 10",
                self.complexity
            ));
        }
        if !(0.0..=1.0).contains(&self.expected_loss) {
            return Err(format!(
                "expected_loss is {}; it must be 0 to 1",
                self.expected_loss
            ));
        }
        if self.dred_ms > MAX_DRED_MS {
            return Err(format!(
                "dred_ms is {}; it must be 0 to {MAX_DRED_MS}",
                self.dred_ms
            ));
        }
        if ![20, 40, 60].contains(&self.frame_ms) {
            return Err(format!(
                "frame_ms is {}; it must be 20, 40 or 60",
                self.frame_ms
            ));
        }
        if self.ahead_ms > MAX_AHEAD_MS {
            return Err(format!(
                "ahead_ms is {}; it must be 0 to {MAX_AHEAD_MS}",
                self.ahead_ms
            ));
        }
        if !(0.0..=MAX_PACE).contains(&self.pace) {
            return Err(format!("pace is {}; it must be 0 to {MAX_PACE}", self.pace));
        }
        let rising = self.red.windows(2).all(|pair| pair[0] < pair[1]);
        let near = self.red.iter().all(|d| (1..=MAX_DISTANCE).contains(d));
        if self.red.len() > MAX_COPIES || !rising || !near {
            return Err(format!(
                "red is {:?}; it must be at most {MAX_COPIES} distances in packets, ascending, \
                 each 1 to {MAX_DISTANCE}",
                self.red
            ));
        }
        if self.repair_every > MAX_REPAIR_EVERY {
            return Err(format!(
                "repair_every is {}; it must be 0 to {MAX_REPAIR_EVERY} packets",
                self.repair_every
            ));
        }
        let least = self.repair_every.max(1);
        if !(least..=MAX_WINDOW as u32).contains(&self.repair_window) {
            return Err(format!(
                "repair_window is {}; it must be {least} to {MAX_WINDOW} packets: at least \
                 repair_every, so that every packet is covered",
                self.repair_window
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_valid() {
        assert_eq!(SendPlan::default().validated(), Ok(SendPlan::default()));
    }

    fn with_red(distances: &[u32]) -> SendPlan {
        SendPlan {
            red: distances.to_vec(),
            ..SendPlan::default()
        }
    }

    #[test]
    fn four_spread_copies_are_valid() {
        let plan = with_red(&[1, 4, 10, 17]);
        assert_eq!(plan.clone().validated(), Ok(plan));
    }

    fn with_repairs(repair_every: u32, repair_window: u32) -> SendPlan {
        SendPlan {
            repair_every,
            repair_window,
            ..SendPlan::default()
        }
    }

    #[test]
    fn each_figure_out_of_range_is_named() {
        let base = SendPlan::default;
        for (plan, name) in [
            (
                SendPlan {
                    bitrate: 0,
                    ..base()
                },
                "bitrate",
            ),
            (
                SendPlan {
                    complexity: 11,
                    ..base()
                },
                "complexity",
            ),
            (
                SendPlan {
                    expected_loss: f32::NAN,
                    ..base()
                },
                "expected_loss",
            ),
            (
                SendPlan {
                    expected_loss: 1.5,
                    ..base()
                },
                "expected_loss",
            ),
            (
                SendPlan {
                    dred_ms: 2000,
                    ..base()
                },
                "dred_ms",
            ),
            (
                SendPlan {
                    frame_ms: 30,
                    ..base()
                },
                "frame_ms",
            ),
            (with_repairs(17, 32), "repair_every"),
            (with_repairs(0, 0), "repair_window"),
            (with_repairs(4, 3), "repair_window"),
            (with_repairs(2, 33), "repair_window"),
            (with_red(&[0]), "red"),
            (with_red(&[18]), "red"),
            (with_red(&[2, 1]), "red"),
            (with_red(&[1, 1]), "red"),
            (with_red(&[1, 2, 3, 4, 5]), "red"),
        ] {
            assert!(plan.validated().unwrap_err().starts_with(name));
        }
    }
}
