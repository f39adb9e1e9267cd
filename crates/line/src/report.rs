//! What the network did to one call: the accounts behind `visavis.seam.LinkReport`.

use crate::batch::LinkReport;

/// IPv4 and UDP headers of a datagram; figures count every bit on the wire.
pub const IP_UDP_BYTES: usize = 28;

/// Counts of a receive buffer since the call began, and its present state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BufferStats {
    /// Packets taken, without duplicates and redundant copies.
    pub received: u64,
    /// Packets given up: not there when their turn came, before repair.
    pub lost: u64,
    /// 20 ms frames rebuilt from redundancy.
    pub recovered: u64,
    /// 20 ms frames guessed.
    pub concealed: u64,
    /// Packets that came after they were given up.
    pub late: u64,
    pub duplicates: u64,
    /// Packets that are no Opus, or far outside of the stream.
    pub rejected: u64,
    /// RFC 3550 interarrival jitter, seconds.
    pub jitter: f64,
    /// Seconds of audio that wait in the buffer.
    pub depth: f64,
}

/// One call's link, windowed from report to report.
#[derive(Debug, Default)]
pub struct LinkStats {
    since: Option<f64>,
    before: BufferStats,
    bytes_up: u64,
    bytes_down: u64,
    rtt_s: Option<f64>,
    loss_down: Option<f64>,
}

impl LinkStats {
    /// A datagram of `payload` bytes came from the far end.
    pub fn on_received(&mut self, payload: usize) {
        self.bytes_up += (payload + IP_UDP_BYTES) as u64;
    }

    /// A datagram of `payload` bytes was sent.
    pub fn on_sent(&mut self, payload: usize) {
        self.bytes_down += (payload + IP_UDP_BYTES) as u64;
    }

    /// A round trip was measured, seconds. Nonsense is ignored.
    pub fn on_rtt(&mut self, seconds: f64) {
        if (0.0..60.0).contains(&seconds) {
            self.rtt_s = Some(seconds);
        }
    }

    /// The far end's receiver report: fraction of our packets lost, 0 … 1.
    pub fn on_loss_down(&mut self, fraction: f64) {
        if (0.0..=1.0).contains(&fraction) {
            self.loss_down = Some(fraction);
        }
    }

    /// Close the window at `now` and give its report. `buffer` is the receive buffer's account.
    pub fn take(&mut self, now: f64, buffer: BufferStats) -> LinkReport {
        let window = self.since.map_or(0.0, |since| now - since);
        let rate = |bytes: u64| {
            if window > 0.0 {
                bytes as f64 * 8.0 / window
            } else {
                0.0
            }
        };
        let old = self.before;
        let report = LinkReport {
            rtt_ms: self.rtt_s.map(|s| s * 1e3),
            jitter_ms: buffer.jitter * 1e3,
            received: buffer.received.saturating_sub(old.received),
            lost: buffer.lost.saturating_sub(old.lost),
            recovered: buffer.recovered.saturating_sub(old.recovered),
            concealed: buffer.concealed.saturating_sub(old.concealed),
            loss_down: self.loss_down.take(),
            bitrate_up: rate(self.bytes_up),
            bitrate_down: rate(self.bytes_down),
            buffer_ms: buffer.depth * 1e3,
        };
        self.since = Some(now);
        self.before = buffer;
        (self.bytes_up, self.bytes_down) = (0, 0);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_of_the_window_only() {
        let mut stats = LinkStats::default();
        stats.take(10.0, BufferStats::default());
        stats.on_received(72);
        stats.on_sent(22);
        stats.on_rtt(0.05);
        stats.on_rtt(-1.0);
        stats.on_loss_down(0.25);
        stats.on_loss_down(f64::NAN);
        let first = BufferStats {
            received: 50,
            lost: 2,
            jitter: 0.003,
            ..Default::default()
        };
        let report = stats.take(12.0, first);
        assert_eq!((report.received, report.lost), (50, 2));
        assert_eq!((report.bitrate_up, report.bitrate_down), (400.0, 200.0));
        assert_eq!((report.rtt_ms, report.loss_down), (Some(50.0), Some(0.25)));
        assert!((report.jitter_ms - 3.0).abs() < 1e-9);
        let report = stats.take(
            13.0,
            BufferStats {
                received: 60,
                lost: 2,
                ..first
            },
        );
        assert_eq!(
            (report.received, report.lost, report.loss_down),
            (10, 0, None)
        );
        assert_eq!(report.rtt_ms, Some(50.0));
    }
}
