//! What the network did to one call: the accounts behind `visavis.seam.LinkReport`.

mod losses;
mod trend;

use crate::report::losses::Losses;
use crate::report::trend::Trend;
use crate::seam::batch::LinkReport;

/// IPv4 and UDP headers of a datagram; figures count every bit on the wire.
pub const IP_UDP_BYTES: usize = 28;

/// A receiver report is the last word on losses for so long, seconds.
const REPORTED_S: f64 = 1.5;

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
    /// Packets that came after a later one.
    pub reordered: u64,
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
    losses: Losses,
    trend: Trend,
    bytes_up: u64,
    bytes_down: u64,
    rtt_s: Option<f64>,
    loss_down: Option<f64>,
    /// When a receiver report last came.
    reported_at: Option<f64>,
    estimate_down: Option<f64>,
}

impl LinkStats {
    /// A datagram came from the far end.
    pub fn on_received(&mut self, datagram: &[u8]) {
        self.bytes_up += counted(datagram);
    }

    /// A datagram was sent.
    pub fn on_sent(&mut self, datagram: &[u8]) {
        self.bytes_down += counted(datagram);
    }

    /// A packet of speech came at `now`; extended sequence number and RTP time (48 kHz).
    pub fn on_speech(&mut self, now: f64, ahead: f64, seq: u64, rtp: u64) {
        self.losses.on_packet(now, seq);
        // As if it had been sent in time.
        self.trend.on_packet(now + ahead, rtp);
    }

    /// Another stream follows: its numbers and its clock are its own.
    pub fn on_new_stream(&mut self) {
        self.losses = Losses::default();
        self.trend = Trend::default();
    }

    /// A round trip was measured, seconds. Nonsense is ignored.
    pub fn on_rtt(&mut self, seconds: f64) {
        if (0.0..60.0).contains(&seconds) {
            self.rtt_s = Some(seconds);
        }
    }

    /// A receiver report told at `now` which fraction of our packets was lost, 0 … 1.
    pub fn on_reported_loss(&mut self, now: f64, fraction: f64) {
        if (0.0..=1.0).contains(&fraction) {
            self.loss_down = Some(fraction);
            self.reported_at = Some(now);
        }
    }

    /// Transport-wide feedback says the same of the last second. It is more frequent than some
    /// receiver reports (Chromium's come every five seconds), but a lost feedback is a hole in it
    /// where the losses are: it counts only while no reports come.
    pub fn on_transport_loss(&mut self, now: f64, fraction: f64) {
        let reported = self.reported_at.is_some_and(|at| now - at < REPORTED_S);
        if !reported && (0.0..=1.0).contains(&fraction) {
            self.loss_down = Some(fraction);
        }
    }

    /// The way down is estimated to carry so many bits a second.
    pub fn on_estimate_down(&mut self, bits: f64) {
        if bits.is_finite() && bits > 0.0 {
            self.estimate_down = Some(bits);
        }
    }

    /// Close the window at `now` and give its report. `buffer` is the receive buffer's account;
    /// anything of the far end last came at `heard`.
    pub fn take(&mut self, now: f64, buffer: BufferStats, heard: f64) -> LinkReport {
        let window = self.since.map_or(0.0, |since| now - since);
        let rate = |bytes: u64| {
            if window > 0.0 {
                bytes as f64 * 8.0 / window
            } else {
                0.0
            }
        };
        let old = self.before;
        let losses = self.losses.take(now);
        let report = LinkReport {
            window_ms: window * 1e3,
            quiet_ms: (now - heard).max(0.0) * 1e3,
            rtt_ms: self.rtt_s.map(|s| s * 1e3),
            jitter_ms: buffer.jitter * 1e3,
            received: losses.received,
            lost: losses.lost,
            late: losses.late,
            reordered: losses.reordered,
            loss_runs: losses.runs,
            longest_loss: losses.longest,
            queue_ms: self.trend.queueing() * 1e3,
            gradient: self.trend.gradient(now).map(|slope| slope * 1e3),
            recovered: buffer.recovered.saturating_sub(old.recovered),
            concealed: buffer.concealed.saturating_sub(old.concealed),
            buffer_ms: buffer.depth * 1e3,
            bitrate_up: rate(self.bytes_up),
            bitrate_down: rate(self.bytes_down),
            loss_down: self.loss_down.take(),
            estimate_down: self.estimate_down,
        };
        self.since = Some(now);
        self.before = buffer;
        (self.bytes_up, self.bytes_down) = (0, 0);
        report
    }
}

/// Bytes on the wire; the handshake (RFC 7983: DTLS, and not application data) is no part of a
/// call's rate.
fn counted(datagram: &[u8]) -> u64 {
    match datagram.first() {
        Some(20..=22) => 0,
        _ => (datagram.len() + IP_UDP_BYTES) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_of_the_window_only() {
        let mut stats = LinkStats::default();
        stats.take(10.0, BufferStats::default(), 10.0);
        stats.on_received(&[128; 72]);
        stats.on_sent(&[128; 22]);
        stats.on_sent(&[22; 1200]);
        stats.on_rtt(0.05);
        stats.on_rtt(-1.0);
        stats.on_transport_loss(10.5, 0.5);
        stats.on_reported_loss(11.0, 0.25);
        stats.on_reported_loss(11.0, f64::NAN);
        stats.on_transport_loss(11.5, 0.5);
        stats.on_estimate_down(90_000.0);
        for seq in [1, 2, 4, 5, 6, 7] {
            stats.on_speech(10.0 + seq as f64 * 0.02, 0.0, seq, seq * 960);
        }
        let first = BufferStats {
            recovered: 5,
            concealed: 2,
            jitter: 0.003,
            depth: 0.04,
            ..Default::default()
        };
        let report = stats.take(12.0, first, 11.5);
        assert_eq!((report.received, report.lost), (6, 1));
        assert_eq!((report.loss_runs, report.longest_loss), ([1, 0, 0, 0], 1));
        assert_eq!((report.recovered, report.concealed), (5, 2));
        assert_eq!((report.bitrate_up, report.bitrate_down), (400.0, 200.0));
        assert_eq!((report.rtt_ms, report.loss_down), (Some(50.0), Some(0.25)));
        assert_eq!((report.window_ms, report.quiet_ms), (2000.0, 500.0));
        assert_eq!(report.estimate_down, Some(90_000.0));
        assert!((report.jitter_ms - 3.0).abs() < 1e-9);
        assert!((report.buffer_ms - 40.0).abs() < 1e-9);
        let report = stats.take(13.0, first, 13.0);
        assert_eq!((report.received, report.lost), (0, 0));
        assert_eq!((report.recovered, report.loss_down), (0, None));
        assert_eq!((report.loss_runs, report.longest_loss), ([0; 4], 0));
        // What is a state and no count stays known.
        assert_eq!(report.rtt_ms, Some(50.0));
        assert_eq!(report.estimate_down, Some(90_000.0));
    }

    #[test]
    fn another_stream_is_no_loss_and_no_delay() {
        let mut stats = LinkStats::default();
        stats.on_speech(1.0, 0.0, 10, 9600);
        stats.on_new_stream();
        stats.on_speech(1.02, 0.0, 900, 48_000_000);
        let report = stats.take(2.0, BufferStats::default(), 2.0);
        assert_eq!((report.received, report.lost), (1, 0));
        assert_eq!(report.queue_ms, 0.0);
    }
}
