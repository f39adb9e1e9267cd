//! Speech on its way in: received packets and the copies in them, through the buffer of a server
//! or of a client, to 20 ms frames with their media time.

mod beside;

use std::time::UNIX_EPOCH;

use str0m::rtp::{RtpPacket, Ssrc};

use crate::opus::{OpusError, RTP_RATE};
use crate::receive::ingest::{Ingest, IngestOptions, MIN_LOST};
use crate::receive::playout::{Playout, PlayoutOptions};
use crate::receive::queue::ticks_of;
use crate::repair::again::Holes;
use crate::repair::backlog::{Missing, Resent};
use crate::repair::fec;
use crate::repair::numbering::Numbering;
use crate::repair::red;
use crate::report::BufferStats;
use crate::seam::batch::Batch;
use crate::seam::config::Config;
use crate::send::outgoing::PayloadTypes;

enum Buffer {
    /// A server's: a recogniser can wait for what is late.
    Ingest(Box<Ingest>),
    /// A client's: an ear cannot.
    Playout(Box<Playout>),
}

impl Buffer {
    fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        match self {
            Buffer::Ingest(buffer) => buffer.push_redundant(now, seq, rtp, payload),
            Buffer::Playout(buffer) => buffer.push_redundant(now, seq, rtp, payload),
        }
    }
}

pub struct Ear {
    buffer: Buffer,
    frame: usize,
    ssrc: Option<Ssrc>,
    numbering: Numbering,
    /// Packets that came as RED, and those whose RED was no good.
    red: u64,
    /// From the first repair on.
    fec: Option<Box<fec::Decoder>>,
    /// Repairs that came, and packets that were solved for.
    repairs: u64,
    repaired: u64,
    malformed: u64,
    /// What is lacking, if the far end reads notes.
    holes: Option<Box<Holes>>,
    /// Extended RTP timestamp and unix time of one sample, as the far end last said.
    captured: Option<(u64, f64)>,
}

impl Ear {
    pub fn new(config: &Config) -> Result<Self, OpusError> {
        let rate = config.receive_rate;
        let buffer = if config.playout {
            Buffer::Playout(Box::new(Playout::new(rate, PlayoutOptions::default())?))
        } else {
            Buffer::Ingest(Box::new(Ingest::new(rate, IngestOptions::default())?))
        };
        Ok(Ear {
            buffer,
            frame: config.receive_rate as usize / 50,
            ssrc: None,
            numbering: Numbering::default(),
            red: 0,
            fec: None,
            repairs: 0,
            repaired: 0,
            malformed: 0,
            holes: None,
            captured: None,
        })
    }

    /// Takes a packet of one of the two payload types, sent `ahead` seconds before its time; of
    /// another type there is nothing to hear.
    pub fn push(&mut self, now: f64, packet: &RtpPacket, ahead: f64, types: PayloadTypes) {
        let payload = &packet.payload[..];
        if types.notes && self.holes.is_none() {
            // For a recogniser the backlog asks for what is long.
            let long = match self.buffer {
                Buffer::Ingest(_) => MIN_LOST,
                Buffer::Playout(_) => u64::MAX,
            };
            self.holes = Some(Box::new(Holes::new(long)));
        }
        if packet.header.payload_type == types.opus {
            self.push_primary(now, packet, ahead, payload);
        } else if Some(packet.header.payload_type) == types.red {
            self.red += 1;
            match red::parse(payload) {
                Ok(red) if red.primary().pt == *types.opus => {
                    self.push_primary(now, packet, ahead, red.primary().payload);
                    self.push_copies(now, packet.time.numer(), red);
                    if types.notes {
                        self.push_again(now, *packet.seq_no, packet.time.numer(), red);
                    }
                    if types.repairs {
                        self.push_repair(now, *packet.seq_no, red);
                    }
                }
                Ok(_) | Err(_) => self.malformed += 1,
            }
        }
    }

    fn push_primary(&mut self, now: f64, packet: &RtpPacket, ahead: f64, payload: &[u8]) {
        let (seq, rtp) = (*packet.seq_no, packet.time.numer());
        if self.ssrc.replace(packet.header.ssrc) != Some(packet.header.ssrc) {
            // Another microphone, say. Its numbers have nothing to do with those before; its
            // capture times neither.
            self.captured = None;
            self.numbering.clear();
            self.fec = None;
            if let Some(holes) = &mut self.holes {
                holes.clear();
            }
            match &mut self.buffer {
                Buffer::Ingest(buffer) => buffer.expect_another(),
                Buffer::Playout(buffer) => buffer.expect_another(),
            }
        }
        if let Some(said) = &packet.header.ext_vals.abs_capture_time {
            let since_1970 = said.capture_time.duration_since(UNIX_EPOCH);
            self.captured = since_1970.ok().map(|since| (rtp, since.as_secs_f64()));
        }
        if let Ok(ticks) = ticks_of(payload) {
            self.numbering.received(seq, rtp, ticks);
        }
        match &mut self.buffer {
            Buffer::Ingest(buffer) => buffer.push(now, seq, rtp, payload),
            Buffer::Playout(buffer) => buffer.push_ahead(now, ahead, seq, rtp, payload),
        }
        if let Some(holes) = &mut self.holes {
            holes.came(now, seq);
        }
        if let Some(fec) = &mut self.fec {
            fec.received(seq, rtp, payload);
            self.push_repaired(now);
        }
    }

    /// The far end keeps what it sends, and can be asked for it. An ear has no use for that.
    pub fn keeps(&mut self) {
        if let Buffer::Ingest(buffer) = &mut self.buffer {
            buffer.keeps();
        }
    }

    /// Any datagram came, speech or not.
    pub fn heard(&mut self, now: f64) {
        if let Buffer::Ingest(buffer) = &mut self.buffer {
            buffer.heard(now);
        }
    }

    /// Does the far end's microphone send nothing, although its link is there?
    pub fn mute(&self) -> bool {
        matches!(&self.buffer, Buffer::Ingest(buffer) if buffer.mute())
    }

    /// What the far end is to be asked for now; call it every tick until `None`.
    pub fn missing(&mut self, now: f64, rtt_s: f64) -> Option<Missing> {
        match &mut self.buffer {
            Buffer::Ingest(buffer) => buffer.missing(now, rtt_s),
            Buffer::Playout(_) => None,
        }
    }

    /// An answer to that.
    pub fn resent(&mut self, now: f64, resent: &Resent<'_>) {
        if let Buffer::Ingest(buffer) = &mut self.buffer {
            buffer.resent(now, resent);
        }
    }

    /// Adds the rows of this tick.
    pub fn pull(&mut self, now: f64, call: i64, batch: &mut Batch) {
        let ready = match &self.buffer {
            Buffer::Ingest(buffer) => buffer.ready(now).min(buffer.frames_a_tick()),
            Buffer::Playout(_) => usize::from(self.ssrc.is_some()),
        };
        for _ in 0..ready {
            let start = batch.pcm.len();
            batch.pcm.resize(start + self.frame, 0);
            let out = &mut batch.pcm[start..];
            let frame = match &mut self.buffer {
                Buffer::Ingest(buffer) => buffer.pull(now, out),
                Buffer::Playout(buffer) => buffer.pull(now, out),
            };
            batch.calls.push(call);
            batch.positions.push(frame.position);
            batch.rtp.push(frame.rtp as i64);
            batch.captured.push(self.captured_at(frame.rtp));
            batch.marks.push(frame.mark as u8);
        }
    }

    /// Unix time of the sample with this RTP timestamp, NaN if the far end never said.
    fn captured_at(&self, rtp: u64) -> f64 {
        self.captured.map_or(f64::NAN, |(anchor, unix)| {
            unix + rtp.wrapping_sub(anchor) as i64 as f64 / f64::from(RTP_RATE)
        })
    }

    pub fn stats(&self) -> BufferStats {
        let stats = match &self.buffer {
            Buffer::Ingest(buffer) => buffer.stats(),
            Buffer::Playout(buffer) => buffer.stats(),
        };
        BufferStats {
            rejected: stats.rejected + self.malformed,
            ..stats
        }
    }

    /// Packets that came as RED.
    pub fn red(&self) -> u64 {
        self.red
    }

    /// Repairs that came, and packets they made whole.
    pub fn repairs(&self) -> (u64, u64) {
        (self.repairs, self.repaired)
    }
}
