//! Speech on its way out: the queue's next frames, encoded, as one RTP packet of 20, 40 or 60 ms,
//! with copies of earlier packets if the plan wants them; and how much of it the person has
//! probably heard.

use crate::clock::{Clock, TICK_S};
use crate::opus::{says_nothing, Encoder, OpusError, MAX_PACKET};
use crate::random::Random;
use crate::repair::backlog::kept::Kept;
use crate::seam::batch::Happening;
use crate::seam::config::Config;
use crate::seam::plan::SendPlan;
use crate::send::outgoing::{Outgoing, PayloadTypes};
use crate::send::played::Played;
use crate::send::protection::Protection;
use crate::send::speaker::{Outcome, Progress, QueueFull, Speaker};

/// While silent, one packet in so many ticks (400 ms) says so.
const COMFORT_TICKS: u32 = 20;
/// Packets between two that carry their capture time (one second of speech).
const CAPTURE_EVERY: u32 = 50;
/// Most ticks of speech in one packet.
const MAX_FRAMES: usize = 3;
/// A server's speech begins between two ticks if so much of it is there, seconds: this frame, the
/// next tick's, and one to spare.
const LEAD_S: f64 = 0.06;
/// Discontinuous transmission, as Opus encoders do it: a packet of a table of contents only
/// (SILK, wide band, 20 ms, mono) says that nothing comes for a while, and costs no encoding.
const NOTHING_SAID: [u8; 1] = [9 << 3];

/// Frames that wait to be one packet.
#[derive(Default)]
struct Gathered {
    frames: usize,
    /// RTP timestamp of the first.
    rtp: u64,
    /// There is speech among them, not only the silence after it.
    speech: bool,
    tail: bool,
}

pub struct Mouth {
    speaker: Speaker,
    encoder: Encoder,
    plan: SendPlan,
    play_rate: u32,
    frame: usize,
    pcm: Vec<i16>,
    gathered: Gathered,
    /// What is said is made ahead of time, not by a microphone.
    made: bool,
    /// The talk began before its tick: packets leave a tick earlier than their media time says.
    leading: bool,
    packet: Vec<u8>,
    protection: Protection,
    seq: u64,
    speaking: bool,
    /// The encoder has said that nothing is said: until it hears something no packet leaves.
    paused: bool,
    /// Ticks since the last packet, and packets since the last with a capture time.
    unsent_ticks: u32,
    uncaptured: u32,
    /// How much later than the first frame of the last packet its last one is heard, seconds.
    span_s: f64,
    encodes: u64,
    played: Played,
    /// What was said, for a far end that may ask for it again.
    pub kept: Option<Box<Kept>>,
}

impl Mouth {
    pub fn new(config: &Config, random: &mut Random) -> Result<Self, OpusError> {
        let mut speaker = Speaker::new(config.play_rate, config.max_queue_s);
        speaker.start_rtp(random.next_u64() & 0xffff_ffff);
        let frame = config.play_rate as usize / 50;
        Ok(Mouth {
            speaker,
            encoder: Encoder::new(config.play_rate)?,
            plan: SendPlan::default(),
            play_rate: config.play_rate,
            frame,
            pcm: vec![0; MAX_FRAMES * frame],
            gathered: Gathered::default(),
            made: !config.playout,
            leading: false,
            packet: vec![0; MAX_PACKET],
            protection: Protection::default(),
            // Below 2^15: RFC 3711 wants the first numbers far from the roll-over.
            seq: random.next_u64() & 0x7fff,
            speaking: false,
            paused: false,
            unsent_ticks: COMFORT_TICKS,
            uncaptured: CAPTURE_EVERY,
            span_s: 0.0,
            encodes: 0,
            played: Played::default(),
            kept: None,
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
        self.encoder.apply(plan)?;
        self.plan.clone_from(plan);
        Ok(())
    }

    /// Samples queued and not yet sent.
    pub fn queued(&self) -> usize {
        (self.speaker.queued_s() * f64::from(self.play_rate)).round() as usize
    }

    pub fn encodes(&self) -> u64 {
        self.encodes
    }

    /// The copies and repairs that were sent.
    pub fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Is there a talk to begin that need not wait for the next tick?
    pub fn may_lead(&self) -> bool {
        let first = self.speaker.quiet() && !self.leading && self.gathered.frames == 0;
        self.made && first && self.plan.frame_ms == 20 && self.speaker.queued_s() >= LEAD_S
    }

    /// The first packet of a talk, between two ticks.
    pub fn lead(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
    ) -> Result<Option<Outgoing<'_>>, OpusError> {
        self.leading = true;
        self.next(now, clock, types)
    }

    /// The packet of this tick, if there is one. Media time goes on whether or not.
    pub fn tick(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
    ) -> Result<Option<Outgoing<'_>>, OpusError> {
        if self.leading && self.speaker.quiet() && !self.speaker.speaking() {
            // The frame that was sent early is made up for where nobody hears it.
            self.leading = false;
            return Ok(None);
        }
        self.next(now, clock, types)
    }

    fn next(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
    ) -> Result<Option<Outgoing<'_>>, OpusError> {
        let at = self.gathered.frames * self.frame;
        let outcome = self.speaker.next(&mut self.pcm[at..at + self.frame]);
        self.unsent_ticks = self.unsent_ticks.saturating_add(1);
        if outcome == Outcome::Silent {
            if self.gathered.frames == 0 {
                return Ok(self.nothing_said(now, clock, types));
            }
            // The talk ended within a packet; it is as long as what there is.
        } else {
            let first = self.gathered.frames == 0;
            self.gathered = Gathered {
                frames: self.gathered.frames + 1,
                rtp: if first {
                    self.speaker.rtp()
                } else {
                    self.gathered.rtp
                },
                speech: self.gathered.speech || outcome == Outcome::Speech,
                tail: outcome != Outcome::Speech,
            };
            if self.gathered.frames < self.plan.frame_ms as usize / 20 {
                return Ok(None);
            }
        }
        self.encoded(now, clock, types)
    }

    /// The packet of silence, when it is time for one.
    fn nothing_said(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
    ) -> Option<Outgoing<'_>> {
        (self.speaking, self.paused) = (false, false);
        if self.unsent_ticks < COMFORT_TICKS {
            return None;
        }
        self.unsent_ticks = 0;
        self.span_s = 0.0;
        self.packet[..NOTHING_SAID.len()].copy_from_slice(&NOTHING_SAID);
        let rtp = self.speaker.rtp();
        Some(self.outgoing(now, clock, types, rtp, NOTHING_SAID.len(), false))
    }

    /// What was gathered, as one packet.
    fn encoded(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
    ) -> Result<Option<Outgoing<'_>>, OpusError> {
        let gathered = std::mem::take(&mut self.gathered);
        self.span_s = (gathered.frames - 1) as f64 * TICK_S;
        self.encodes += 1;
        self.encoder.idle(!gathered.speech)?;
        let pcm = &self.pcm[..gathered.frames * self.frame];
        let bytes = self.encoder.encode(pcm, &mut self.packet)?;
        // Of a run of packets that say nothing, the first is sent, and one now and then.
        let nothing = self.plan.dtx && says_nothing(&self.packet[..bytes]);
        if nothing && self.paused && self.unsent_ticks < COMFORT_TICKS {
            self.speaking = false;
            return Ok(None);
        }
        self.paused = nothing;
        let marker = gathered.speech && !self.speaking && !nothing;
        self.speaking = (self.speaking || gathered.speech) && !nothing;
        // The first packet of a silence follows the tail of the speech at once.
        self.unsent_ticks = if gathered.tail { COMFORT_TICKS } else { 0 };
        Ok(Some(self.outgoing(
            now,
            clock,
            types,
            gathered.rtp,
            bytes,
            marker,
        )))
    }

    /// The first `bytes` of `packet` with all that belongs to them.
    fn outgoing(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
        rtp: u64,
        bytes: usize,
        marker: bool,
    ) -> Outgoing<'_> {
        let seq = self.seq;
        self.seq += 1;
        self.uncaptured += 1;
        let captured = (marker || self.uncaptured >= CAPTURE_EVERY).then(|| {
            self.uncaptured = 0;
            clock.unix(now) - self.span_s
        });
        let primary = &self.packet[..bytes];
        let red = (self.protection).protect(&self.plan, types, seq, rtp, primary);
        if let Some(kept) = &mut self.kept {
            kept.keep(rtp as u32, primary);
        }
        let (pt, payload) = red.unwrap_or((types.opus, primary));
        Outgoing {
            pt,
            seq,
            rtp: rtp as u32,
            marker,
            payload,
            captured,
        }
    }

    /// What the person has probably heard by now.
    pub fn progress(&mut self, now: f64, rtt_s: f64) -> Vec<Happening> {
        // What waits to be a packet has not left; of a long packet the end is heard later.
        while self.gathered.frames == 0 {
            let Some(progress) = self.speaker.pop_progress() else {
                break;
            };
            self.played.sent(now + self.span_s, rtt_s, progress);
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
