//! What the conversation asks of the sender: the Rust side of `visavis.seam.SendPlan`.

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
}

impl Default for SendPlan {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 5,
            fec: true,
            expected_loss: 0.1,
            dred_ms: 0,
        }
    }
}

/// What libopus can carry: 104 units of 10 ms.
pub const MAX_DRED_MS: u32 = 1040;

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
        ] {
            assert!(plan.validated().unwrap_err().starts_with(name));
        }
    }
}
