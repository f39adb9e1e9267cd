//! Speech on its way out: the queue's next frame, encoded, as one RTP packet a tick; and how much
//! of it the person has probably heard.

use std::time::{Duration, Instant, UNIX_EPOCH};

use str0m::media::Pt;
use str0m::rtp::{AbsCaptureTime, ExtensionValues, RtpWrite};

use crate::batch::Happening;
use crate::clock::Clock;
use crate::config::Config;
use crate::opus::{Encoder, OpusError, MAX_PACKET};
use crate::plan::SendPlan;
use crate::played::Played;
use crate::random::Random;
use crate::speaker::{Outcome, Progress, QueueFull, Speaker};

/// While silent, one packet in so many ticks (400 ms) says so.
const COMFORT_TICKS: u32 = 20;
/// Packets between two that carry their capture time (one second of speech).
const CAPTURE_EVERY: u32 = 50;

/// One RTP packet of ours.
pub struct Outgoing {
    seq: u64,
    rtp: u32,
    marker: bool,
    payload: Vec<u8>,
    /// Seconds since 1970, on some packets.
    captured: Option<f64>,
}

impl Outgoing {
    pub fn write(self, pt: Pt, wallclock: Instant) -> RtpWrite {
        let abs_capture_time = self.captured.map(|unix| AbsCaptureTime {
            capture_time: UNIX_EPOCH + Duration::from_secs_f64(unix.max(0.0)),
            clock_offset: None,
        });
        let values = ExtensionValues {
            abs_capture_time,
            ..ExtensionValues::default()
        };
        RtpWrite::new(pt, self.seq.into(), self.rtp, wallclock, self.payload)
            .marker(self.marker)
            .ext_vals(values)
    }
}

pub struct Mouth {
    speaker: Speaker,
    encoder: Encoder,
    play_rate: u32,
    pcm: Vec<i16>,
    seq: u64,
    speaking: bool,
    /// Ticks since the last packet, and packets since the last with a capture time.
    unsent_ticks: u32,
    uncaptured: u32,
    encodes: u64,
    played: Played,
}

impl Mouth {
    pub fn new(config: &Config, random: &mut Random) -> Result<Self, OpusError> {
        let mut speaker = Speaker::new(config.play_rate, config.max_queue_s);
        speaker.start_rtp(random.next_u64() & 0xffff_ffff);
        Ok(Mouth {
            speaker,
            encoder: Encoder::new(config.play_rate)?,
            play_rate: config.play_rate,
            pcm: vec![0; config.play_rate as usize / 50],
            // Below 2^15: RFC 3711 wants the first numbers far from the roll-over.
            seq: random.next_u64() & 0x7fff,
            speaking: false,
            unsent_ticks: COMFORT_TICKS,
            uncaptured: CAPTURE_EVERY,
            encodes: 0,
            played: Played::default(),
        })
    }

    pub fn play(&mut self, reply: i64, pcm: &[i16]) -> Result<(), QueueFull> {
        self.speaker.play(reply, pcm)
    }

    pub fn finish(&mut self, reply: i64) {
        self.speaker.finish(reply);
    }

    pub fn duck(&mut self, gain: f64, ramp_s: f64) {
        self.speaker.duck(gain as f32, ramp_s);
    }

    pub fn flush(&mut self, fade_s: f64) {
        self.speaker.flush(fade_s);
    }

    pub fn set_plan(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        self.encoder.apply(plan)
    }

    /// Samples queued and not yet sent.
    pub fn queued(&self) -> usize {
        (self.speaker.queued_s() * f64::from(self.play_rate)).round() as usize
    }

    pub fn encodes(&self) -> u64 {
        self.encodes
    }

    /// The packet of this tick, if there is one. Media time goes on whether or not.
    pub fn tick(&mut self, now: f64, clock: &Clock) -> Result<Option<Outgoing>, OpusError> {
        let outcome = self.speaker.next(&mut self.pcm);
        self.unsent_ticks = self.unsent_ticks.saturating_add(1);
        let payload = match outcome {
            Outcome::Speech | Outcome::Tail(_) => {
                let mut packet = vec![0; MAX_PACKET];
                let bytes = self.encoder.encode(&self.pcm, &mut packet)?;
                packet.truncate(bytes);
                self.encodes += 1;
                packet
            }
            Outcome::Silent if self.unsent_ticks >= COMFORT_TICKS => NOTHING_SAID.to_vec(),
            Outcome::Silent => {
                self.speaking = false;
                return Ok(None);
            }
        };
        let speech = outcome == Outcome::Speech;
        let marker = speech && !self.speaking;
        self.speaking = speech || (self.speaking && outcome != Outcome::Silent);
        self.uncaptured += 1;
        let captured = (marker || self.uncaptured >= CAPTURE_EVERY).then(|| clock.unix(now));
        if captured.is_some() {
            self.uncaptured = 0;
        }
        // The first packet of a silence follows the tail of the speech at once.
        self.unsent_ticks = match outcome {
            Outcome::Tail(_) => COMFORT_TICKS,
            Outcome::Speech | Outcome::Silent => 0,
        };
        let seq = self.seq;
        self.seq += 1;
        Ok(Some(Outgoing {
            seq,
            rtp: self.speaker.rtp() as u32,
            marker,
            payload,
            captured,
        }))
    }

    /// What the person has probably heard by now.
    pub fn progress(&mut self, now: f64, rtt_s: f64) -> Vec<Happening> {
        while let Some(progress) = self.speaker.pop_progress() {
            self.played.sent(now, rtt_s, progress);
        }
        self.played.estimate(now)
    }

    /// The far end reports that it has played up to this RTP timestamp.
    pub fn heard(&mut self, now: f64, rtp: u32) -> Option<Happening> {
        let (reply, samples, done) = self.speaker.heard(rtp)?;
        let progress = Progress {
            reply,
            samples,
            done,
        };
        self.played.reported(now, progress)
    }
}

/// Discontinuous transmission, as Opus encoders do it: a packet of a table of contents only
/// (SILK, wide band, 20 ms, mono) says that nothing comes for a while, and costs no encoding.
const NOTHING_SAID: [u8; 1] = [9 << 3];
