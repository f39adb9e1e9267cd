//! Packets to samples, and samples for those that are lost: by in-band FEC, deep redundancy or
//! concealment.

use super::Stream;
use crate::opus::{self, says_nothing, Mark, FRAME_TICKS, RTP_RATE};

/// Concealed in a row before nothing is guessed any more (100 ms).
const MAX_CONCEAL_TICKS: u64 = 5 * FRAME_TICKS;
/// What one call of [`Stream::bridge`] guesses.
pub const BRIDGE_TICKS: u64 = FRAME_TICKS / 2;
/// Smallest piece Opus conceals.
const OPUS_STEP: u64 = 120;

/// What one packet rebuilds of the time before it, RTP ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redundancy {
    /// By in-band FEC: the frame before it.
    frame: u64,
    /// By deep redundancy: all of so much before it.
    reach: u64,
}

impl Redundancy {
    /// Does it rebuild the `lost` ticks before the packet, or their start?
    pub fn covers(self, lost: u64) -> bool {
        lost > 0 && (lost == self.frame || lost <= self.reach)
    }
}

/// Ticks before `packet` that its in-band FEC covers, 0 if it has none.
fn fec_ticks(packet: &[u8]) -> u64 {
    let covered = || opus::frame_samples(packet, RTP_RATE).ok();
    let samples = opus::has_lbrr(packet).then(covered).flatten();
    samples.map_or(0, |n| n as u64)
}

/// Does in-band FEC in `packet` rebuild the `lost` ticks before it?
pub fn covered_by_fec(packet: &[u8], lost: u64) -> bool {
    lost > 0 && fec_ticks(packet) == lost
}

impl Stream {
    /// Decode the packet at the cursor. What of it lies behind the cursor is left out.
    pub fn decode(&mut self) -> (&[i16], Mark) {
        let Some(packet) = self.queue.pop() else {
            return (&[], Mark::Missing);
        };
        let mut samples = self.samples(packet.ticks);
        let mut mark = if packet.redundant {
            Mark::Recovered
        } else {
            Mark::Received
        };
        let nothing = says_nothing(&packet.payload);
        match self.decoder.decode(&packet.payload, &mut self.scratch) {
            // Opus makes of it what it makes of a loss: more of what was last, however loud.
            Ok(_) if nothing && self.concealed_run >= MAX_CONCEAL_TICKS => {
                self.scratch[..samples].fill(0);
            }
            Ok(n) => {
                samples = n.min(samples);
                let run = self.concealed_run + packet.ticks;
                self.concealed_run = if nothing { run } else { 0 };
            }
            Err(_) => {
                // Its header was right and its body is not: as good as lost.
                self.stats.rejected += 1;
                self.guess(samples);
                mark = Mark::Concealed;
            }
        }
        let behind = self
            .samples(self.cursor.saturating_sub(packet.rtp))
            .min(samples);
        self.cursor = self.cursor.max(packet.end());
        self.floor = self.floor.max(self.cursor);
        self.leave(packet);
        (&self.scratch[behind..samples], mark)
    }

    /// Conceal `samples` into scratch; zeros if Opus will not.
    fn guess(&mut self, samples: usize) {
        let out = &mut self.scratch[..samples];
        if !self.decoder.conceal(out).is_ok_and(|n| n == samples) {
            out.fill(0);
        }
    }

    /// What the next packet's redundancy rebuilds of the time before it.
    pub fn redundancy(&mut self) -> Redundancy {
        let Some(front) = self.queue.front() else {
            return Redundancy::default();
        };
        let reach = self.decoder.dred_reach(&front.payload).unwrap_or(0);
        Redundancy {
            frame: fec_ticks(&front.payload),
            reach: self.ticks(reach),
        }
    }

    /// Can redundancy in the next packet rebuild the `lost` ticks before it, or their start?
    pub fn recoverable(&mut self, lost: u64) -> bool {
        let front = self.queue.front();
        // Deep redundancy takes a network to be read: only if it is needed.
        let fec = front.is_some_and(|packet| covered_by_fec(&packet.payload, lost));
        fec || self.redundancy().covers(lost)
    }

    /// Ticks of the next piece of a hole of `lost` ticks: what FEC of the next packet covers is
    /// left for a piece of its own.
    fn piece(&self, lost: u64) -> u64 {
        let front = self.queue.front();
        let fec = front.map_or(0, |packet| fec_ticks(&packet.payload));
        if lost == fec {
            return lost;
        }
        let room = if lost > fec { lost - fec } else { lost }.min(FRAME_TICKS);
        // Whole steps of Opus, or the odd rest.
        (room - room % OPUS_STEP).max(room.min(OPUS_STEP))
    }

    /// Leave out a piece of the hole of `lost` ticks; how long it is.
    pub fn skip_piece(&mut self, lost: u64) -> u64 {
        let piece = self.piece(lost);
        self.skip(piece);
        piece
    }

    /// Make the next piece of a hole of `lost` ticks before the next packet.
    pub fn repair(&mut self, lost: u64) -> (&[i16], Mark) {
        let piece = self.piece(lost);
        let samples = self.samples(piece);
        let back = self.samples(lost);
        let mut mark = None;
        if piece.is_multiple_of(OPUS_STEP) {
            if let Some(front) = self.queue.front() {
                let out = &mut self.scratch[..samples];
                let recovered = if piece == lost && lost == fec_ticks(&front.payload) {
                    self.decoder
                        .decode_fec(&front.payload, out)
                        .is_ok_and(|n| n == samples)
                } else {
                    self.decoder
                        .decode_dred_at(&front.payload, back, out)
                        .unwrap_or(false)
                };
                mark = recovered.then_some(Mark::Recovered);
            }
        }
        let mark = mark.unwrap_or_else(|| self.guess_on(piece));
        if mark == Mark::Recovered {
            self.concealed_run = 0;
        }
        self.skip(piece);
        (&self.scratch[..samples], mark)
    }

    /// Conceal `ticks` into scratch while that is credible, then zeros.
    fn guess_on(&mut self, ticks: u64) -> Mark {
        let samples = self.samples(ticks);
        if self.concealed_run >= MAX_CONCEAL_TICKS {
            self.scratch[..samples].fill(0);
            return Mark::Missing;
        }
        self.concealed_run += ticks;
        self.guess(samples);
        Mark::Concealed
    }

    /// Conceal 10 ms without moving the cursor: the ear needs sound now. The last piece that is
    /// guessed fades out.
    pub fn bridge(&mut self) -> (&[i16], Mark) {
        let mark = self.guess_on(BRIDGE_TICKS);
        let samples = self.samples(BRIDGE_TICKS);
        let out = &mut self.scratch[..samples];
        if self.concealed_run >= MAX_CONCEAL_TICKS {
            fade(out, false);
        }
        (out, mark)
    }
}

/// Bring samples up from silence, or down to it.
pub fn fade(pcm: &mut [i16], up: bool) {
    let n = pcm.len();
    for (i, sample) in pcm.iter_mut().enumerate() {
        let way = if up { i + 1 } else { n - i };
        *sample = (f32::from(*sample) * way as f32 / (n + 1) as f32) as i16;
    }
}
