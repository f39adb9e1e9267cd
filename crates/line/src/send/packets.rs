//! Frames to RTP packets: encoded, numbered, with what stands beside them.

use crate::clock::{Clock, TICK_S};
use crate::opus::{says_nothing, Encoder, OpusError, MAX_PACKET};
use crate::random::Random;
use crate::repair::again::{Missing, Note, Sent};
use crate::repair::backlog::kept::Kept;
use crate::seam::plan::SendPlan;
use crate::send::outgoing::{Outgoing, PayloadTypes};
use crate::send::protection::{Beside, Protection};

/// While silent, one packet in so many ticks (400 ms) says so.
const COMFORT_TICKS: u32 = 20;
/// Packets between two that carry their capture time (one second of speech).
const CAPTURE_EVERY: u32 = 50;
/// What left so long before its time, and a round trip, needs no copies: there is time to ask.
const TIME_TO_ASK_S: f64 = 0.1;
/// Discontinuous transmission, as Opus encoders do it: a packet of a table of contents only
/// (SILK, wide band, 20 ms, mono) says that nothing comes for a while, and costs no encoding.
const NOTHING_SAID: [u8; 1] = [9 << 3];

/// When a packet leaves, and to whom.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub now: f64,
    pub clock: &'a Clock,
    pub types: PayloadTypes,
    pub rtt_s: f64,
}

/// What is in a packet of sound.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    /// RTP timestamp of the first of so many frames.
    pub rtp: u64,
    pub frames: usize,
    /// How long before its time it leaves, seconds.
    pub ahead: f64,
    /// There is speech in it, not only the silence after it.
    pub speech: bool,
    pub tail: bool,
}

pub struct Packets {
    encoder: Encoder,
    pub plan: SendPlan,
    packet: Vec<u8>,
    pub protection: Protection,
    seq: u64,
    speaking: bool,
    /// The encoder has said that nothing is said: until it hears something no packet leaves.
    paused: bool,
    /// Ticks since the last packet, and packets since the last with a capture time.
    unsent_ticks: u32,
    uncaptured: u32,
    /// Ticks since the last packet of sound.
    quiet_ticks: u32,
    encodes: u64,
    /// What the other direction lacks.
    missing: Option<Missing>,
    /// What was said, for a far end that may ask for it after an outage.
    pub kept: Option<Box<Kept>>,
    /// The same of the last packets, for a far end that may ask for them in time.
    sent: Option<Box<Sent>>,
}

impl Packets {
    pub fn new(rate: u32, random: &mut Random) -> Result<Self, OpusError> {
        Ok(Packets {
            encoder: Encoder::new(rate)?,
            plan: SendPlan::default(),
            packet: vec![0; MAX_PACKET],
            protection: Protection::default(),
            // Below 2^15: RFC 3711 wants the first numbers far from the roll-over.
            seq: random.next_u64() & 0x7fff,
            speaking: false,
            paused: false,
            unsent_ticks: COMFORT_TICKS,
            uncaptured: CAPTURE_EVERY,
            quiet_ticks: COMFORT_TICKS,
            encodes: 0,
            missing: None,
            kept: None,
            sent: None,
        })
    }

    pub fn set_plan(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        self.encoder.apply(plan)?;
        self.plan.clone_from(plan);
        Ok(())
    }

    pub fn encodes(&self) -> u64 {
        self.encodes
    }

    /// The next tick begins; `missing` is what the other direction lacks.
    pub fn tick(&mut self, missing: Option<Missing>) {
        self.unsent_ticks = self.unsent_ticks.saturating_add(1);
        self.quiet_ticks = self.quiet_ticks.saturating_add(1);
        self.missing = missing;
    }

    /// The far end lacks these packets of ours.
    pub fn asked(&mut self, now: f64, rtt_s: f64, missing: Missing) {
        if let Some(sent) = &mut self.sent {
            sent.asked(now, rtt_s, missing);
        }
    }

    /// What was sent for RTP time `rtp` and after is void; what follows begins anew.
    pub fn cut(&mut self, rtp: u64) -> Result<(), OpusError> {
        if let Some(sent) = &mut self.sent {
            sent.cut(rtp);
        }
        self.protection.cut();
        self.encoder.reset()
    }

    /// Is there something to tell that does not wait for speech?
    fn urgent(&self) -> bool {
        self.missing.is_some() || self.sent.as_ref().is_some_and(|sent| sent.wanted())
    }

    /// The packet of silence at RTP time `rtp`, when it is time for one. `early`: it would be sent
    /// so many seconds before its time, and what follows it is not known yet.
    pub fn silence(
        &mut self,
        moment: Moment<'_>,
        rtp: u64,
        early: Option<f64>,
    ) -> Option<Outgoing<'_>> {
        // What was lost of the last of a talk, or the word that it was cut, is missed only when
        // something follows it.
        let probe = self.quiet_ticks.is_power_of_two() && self.quiet_ticks < COMFORT_TICKS;
        let probe = probe && self.sent.is_some();
        if self.unsent_ticks < COMFORT_TICKS && !probe && !self.urgent() {
            return None;
        }
        self.unsent_ticks = 0;
        if early.is_none() {
            (self.speaking, self.paused) = (false, false);
        }
        self.packet[..NOTHING_SAID.len()].copy_from_slice(&NOTHING_SAID);
        let sound = Sound {
            rtp,
            frames: 1,
            ahead: early.unwrap_or(0.0),
            speech: false,
            tail: false,
        };
        Some(self.outgoing(moment, sound, NOTHING_SAID.len(), false))
    }

    /// The packet of `pcm`, if one leaves.
    pub fn sound(
        &mut self,
        moment: Moment<'_>,
        sound: Sound,
        pcm: &[i16],
    ) -> Result<Option<Outgoing<'_>>, OpusError> {
        self.encodes += 1;
        self.quiet_ticks = 0;
        self.encoder.idle(!sound.speech)?;
        let bytes = self.encoder.encode(pcm, &mut self.packet)?;
        // Of a run of packets that say nothing, the first is sent, and one now and then.
        let nothing = self.plan.dtx && says_nothing(&self.packet[..bytes]);
        if nothing && self.paused && self.unsent_ticks < COMFORT_TICKS && !self.urgent() {
            self.speaking = false;
            return Ok(None);
        }
        self.paused = nothing;
        let marker = sound.speech && !self.speaking && !nothing;
        self.speaking = (self.speaking || sound.speech) && !nothing;
        // The first packet of a silence follows the tail of the speech at once.
        self.unsent_ticks = if sound.tail { COMFORT_TICKS } else { 0 };
        Ok(Some(self.outgoing(moment, sound, bytes, marker)))
    }

    /// The first `bytes` of `packet` with all that belongs to them.
    fn outgoing(
        &mut self,
        moment: Moment<'_>,
        sound: Sound,
        bytes: usize,
        marker: bool,
    ) -> Outgoing<'_> {
        let Moment { now, types, .. } = moment;
        if types.notes && self.sent.is_none() {
            self.sent = Some(Box::default());
        }
        let seq = self.seq;
        self.seq += 1;
        self.uncaptured += 1;
        let captured = (marker || self.uncaptured >= CAPTURE_EVERY).then(|| {
            self.uncaptured = 0;
            moment.clock.unix(now) + sound.ahead - (sound.frames - 1) as f64 * TICK_S
        });
        let primary = &self.packet[..bytes];
        let time_to_ask = types.notes && sound.ahead >= moment.rtt_s + TIME_TO_ASK_S;
        let beside = Beside {
            plan: &self.plan,
            types,
            copies: if time_to_ask { &[] } else { &self.plan.red },
            sent: self.sent.as_deref_mut(),
        };
        let red = (self.protection).protect(now, beside, seq, sound.rtp, primary);
        if let Some(kept) = &mut self.kept {
            kept.keep(sound.rtp as u32, primary);
        }
        if let Some(sent) = &mut self.sent {
            sent.keep(now, seq, sound.rtp, primary);
        }
        let (pt, payload) = red.unwrap_or((types.opus, primary));
        let note = Note {
            ahead: sound.ahead,
            missing: self.missing,
        };
        Outgoing {
            pt,
            seq,
            rtp: sound.rtp as u32,
            marker,
            payload,
            captured,
            note: if types.notes { note } else { Note::default() },
        }
    }
}
