//! Speech on its way out: the queue's next frames as RTP packets of 20, 40 or 60 ms, some of them
//! before their time; and how much of it the person has probably heard.

use std::ops::Range;

use crate::clock::{Clock, TICK_S};
use crate::opus::OpusError;
use crate::random::Random;
use crate::repair::again::Missing;
use crate::repair::backlog::kept::Kept;
use crate::seam::batch::Happening;
use crate::seam::config::Config;
use crate::seam::plan::SendPlan;
use crate::send::outgoing::{Outgoing, PayloadTypes};
use crate::send::packets::{Moment, Packets, Sound};
use crate::send::played::Played;
use crate::send::protection::Protection;
use crate::send::speaker::{Outcome, Progress, QueueFull, Speaker};

/// Most ticks of speech in one packet.
const MAX_FRAMES: usize = 3;
/// A server's speech begins between two ticks if so much of it is there, seconds: this frame, the
/// next tick's, and one to spare.
const LEAD_S: f64 = 0.06;

/// Where packets go.
pub type Send<'a> = &'a mut dyn FnMut(Outgoing<'_>);

/// Frames that wait to be one packet.
#[derive(Default)]
struct Gathered {
    frames: usize,
    /// RTP timestamp of the first.
    rtp: u64,
    speech: bool,
    tail: bool,
}

impl Gathered {
    /// Where the samples of the next frame go.
    fn room(&self, frame: usize) -> Range<usize> {
        let at = self.frames.min(MAX_FRAMES - 1) * frame;
        at..at + frame
    }
}

/// A frame that was taken from the queue, `ahead` seconds before its turn.
#[derive(Clone, Copy)]
struct Taken {
    rtp: u64,
    ahead: f64,
    speech: bool,
}

pub struct Mouth {
    speaker: Speaker,
    packets: Packets,
    play_rate: u32,
    frame: usize,
    pcm: Vec<i16>,
    gathered: Gathered,
    /// What is said is made ahead of time, not by a microphone.
    made: bool,
    /// The talk began before its tick, and stays a frame ahead of it.
    leading: bool,
    /// When the last tick was, seconds.
    ticked_at: f64,
    /// Packets that may be sent before their time now.
    credit: f32,
    /// Cuts of the speaker that the far end was told of.
    cuts: u64,
    rtt_s: f64,
    /// How much later than the first frame of the last packet its last one is heard, seconds.
    span_s: f64,
    played: Played,
}

impl Mouth {
    pub fn new(config: &Config, random: &mut Random) -> Result<Self, OpusError> {
        let mut speaker = Speaker::new(config.play_rate, config.max_queue_s);
        speaker.start_rtp(random.next_u64() & 0xffff_ffff);
        let frame = config.play_rate as usize / 50;
        Ok(Mouth {
            speaker,
            packets: Packets::new(config.play_rate, random)?,
            play_rate: config.play_rate,
            frame,
            pcm: vec![0; MAX_FRAMES * frame],
            gathered: Gathered::default(),
            made: !config.playout,
            leading: false,
            ticked_at: 0.0,
            credit: 0.0,
            cuts: 0,
            rtt_s: 0.0,
            span_s: 0.0,
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
        let early = self.speaker.ahead();
        self.speaker.duck(gain as f32, ramp_s);
        self.drop_early(early);
    }

    pub fn flush(&mut self, fade_s: f64) {
        let early = self.speaker.ahead();
        self.speaker.flush(fade_s);
        self.drop_early(early);
    }

    /// Of `early` frames, those that became void are not to be part of a packet.
    fn drop_early(&mut self, early: usize) {
        let kept = self
            .gathered
            .frames
            .saturating_sub(early - self.speaker.ahead());
        if kept == 0 {
            self.gathered = Gathered::default();
        }
        self.gathered.frames = kept;
    }

    pub fn set_plan(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        self.packets.set_plan(plan)
    }

    /// Samples queued whose turn has not come.
    pub fn queued(&self) -> usize {
        (self.speaker.queued_s() * f64::from(self.play_rate)).round() as usize
    }

    pub fn encodes(&self) -> u64 {
        self.packets.encodes()
    }

    /// The copies and repairs that were sent.
    pub fn protection(&self) -> &Protection {
        &self.packets.protection
    }

    /// What was said, for a far end that may ask for it after an outage; `None` for one that
    /// may not.
    pub fn kept(&mut self) -> &mut Option<Box<Kept>> {
        &mut self.packets.kept
    }

    /// The far end lacks these packets of ours; a round trip takes so many seconds.
    pub fn asked(&mut self, now: f64, rtt_s: f64, missing: Missing) {
        self.packets.asked(now, rtt_s, missing);
    }

    /// Is there a talk to begin that need not wait for the next tick?
    pub fn may_lead(&self) -> bool {
        let first = self.speaker.quiet() && self.speaker.ahead() == 0 && self.gathered.frames == 0;
        let plain = self.packets.plan.frame_ms == 20;
        self.made && first && plain && self.speaker.queued_s() >= LEAD_S
    }

    /// The first packets of a talk, between two ticks.
    pub fn lead(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
        send: Send<'_>,
    ) -> Result<(), OpusError> {
        self.leading = true;
        self.credit = 1.0 + self.packets.plan.pace;
        let moment = self.moment(now, clock, types);
        self.tell_cuts()?;
        self.run_ahead(moment, send).map(|_| ())
    }

    fn moment<'a>(&self, now: f64, clock: &'a Clock, types: PayloadTypes) -> Moment<'a> {
        Moment {
            now,
            clock,
            types,
            rtt_s: self.rtt_s,
        }
    }

    /// The packets of this tick. Media time goes on whether or not there are any. `missing`: what
    /// the other direction lacks; `rtt_s`: seconds of a round trip.
    pub fn tick(
        &mut self,
        now: f64,
        clock: &Clock,
        types: PayloadTypes,
        (missing, rtt_s): (Option<Missing>, f64),
        send: Send<'_>,
    ) -> Result<(), OpusError> {
        (self.ticked_at, self.rtt_s) = (now, rtt_s);
        let moment = self.moment(now, clock, types);
        self.packets.tick(missing);
        self.tell_cuts()?;
        let outcome = self
            .speaker
            .next(&mut self.pcm[self.gathered.room(self.frame)]);
        let frame = Taken {
            rtp: self.speaker.rtp(),
            ahead: 0.0,
            speech: outcome == Outcome::Speech,
        };
        // In each tick its own packet, and as many more as the pace allows.
        let most = 1.0 + self.packets.plan.pace;
        self.credit = (self.credit + most).min(most + 1.0);
        match outcome {
            Outcome::Sent => {}
            Outcome::Silent if self.gathered.frames == 0 => {
                self.leading = false;
                let silence = self.packets.silence(moment, frame.rtp, None);
                silence.into_iter().for_each(send);
                return Ok(());
            }
            // The talk ended within a packet; it is as long as what there is.
            Outcome::Silent => return self.encode(moment, 0.0, send),
            Outcome::Speech | Outcome::Tail(_) => {
                self.leading &= outcome == Outcome::Speech;
                self.credit -= 1.0;
                self.gather(moment, frame, send)?;
            }
        }
        let early = self.run_ahead(moment, send)?;
        if outcome == Outcome::Sent && early == 0 && self.gathered.frames == 0 {
            let next = self.speaker.early_rtp();
            let ahead = (self.speaker.ahead() + 1) as f64 * TICK_S;
            let silence = self.packets.silence(moment, next, Some(ahead));
            silence.into_iter().for_each(send);
        }
        Ok(())
    }

    /// What was sent early and is void must not be repaired or sent again.
    fn tell_cuts(&mut self) -> Result<(), OpusError> {
        if self.cuts == self.speaker.cuts() {
            return Ok(());
        }
        self.cuts = self.speaker.cuts();
        self.packets.cut(self.speaker.next_rtp())
    }

    /// Send frames before their turn, as far as plan and pace allow; how many.
    fn run_ahead(&mut self, moment: Moment<'_>, send: Send<'_>) -> Result<usize, OpusError> {
        let limit = match (self.made, moment.types.notes) {
            (true, true) => self.packets.plan.ahead_ms as usize / 20,
            _ => usize::from(self.leading),
        };
        let mut frames = 0;
        while self.speaker.ahead() < limit && self.credit >= 1.0 {
            let room = self.gathered.room(self.frame);
            let Some(rtp) = self.speaker.early(&mut self.pcm[room]) else {
                break;
            };
            self.credit -= 1.0;
            frames += 1;
            let ahead = self.speaker.ahead() as f64 * TICK_S - (moment.now - self.ticked_at);
            let frame = Taken {
                rtp,
                ahead: ahead.max(0.0),
                speech: true,
            };
            self.gather(moment, frame, send)?;
        }
        let early = self.gathered.frames > 0 && self.gathered.frames <= self.speaker.ahead();
        if early && self.speaker.complete() {
            // The talk ends within a packet.
            let ahead = self.speaker.ahead() as f64 * TICK_S;
            self.encode(moment, ahead, send)?;
        }
        Ok(frames)
    }

    /// One frame more, which lies in `pcm`; a packet if that makes it one.
    fn gather(
        &mut self,
        moment: Moment<'_>,
        frame: Taken,
        send: Send<'_>,
    ) -> Result<(), OpusError> {
        if self.gathered.frames == 0 {
            self.gathered.rtp = frame.rtp;
        }
        self.gathered.frames += 1;
        self.gathered.speech |= frame.speech;
        self.gathered.tail = !frame.speech;
        if self.gathered.frames < self.packets.plan.frame_ms as usize / 20 {
            return Ok(());
        }
        self.encode(moment, frame.ahead, send)
    }

    /// What was gathered, as one packet.
    fn encode(&mut self, moment: Moment<'_>, ahead: f64, send: Send<'_>) -> Result<(), OpusError> {
        let gathered = std::mem::take(&mut self.gathered);
        self.span_s = (gathered.frames - 1) as f64 * TICK_S;
        let sound = Sound {
            rtp: gathered.rtp,
            frames: gathered.frames,
            ahead,
            speech: gathered.speech,
            tail: gathered.tail,
        };
        let pcm = &self.pcm[..gathered.frames * self.frame];
        let packet = self.packets.sound(moment, sound, pcm)?;
        packet.into_iter().for_each(send);
        Ok(())
    }

    /// What the person has probably heard by now.
    pub fn progress(&mut self, now: f64) -> Vec<Happening> {
        // What waits to be a packet has not left; of a long packet the end is heard later.
        while self.gathered.frames <= self.speaker.ahead() {
            let Some(progress) = self.speaker.pop_progress() else {
                break;
            };
            self.played.sent(now + self.span_s, self.rtt_s, progress);
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
