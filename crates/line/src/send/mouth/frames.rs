//! Which frames leave when: each in its tick, and made speech before it.

use std::ops::Range;

use super::Mouth;
use crate::clock::{Clock, TICK_S};
use crate::opus::OpusError;
use crate::repair::again::Missing;
use crate::send::outgoing::{Outgoing, PayloadTypes};
use crate::send::packets::{Moment, Sound};
use crate::send::speaker::Outcome;

/// Most ticks of speech in one packet.
pub(super) const MAX_FRAMES: usize = 3;
/// A server's speech begins between two ticks if so much of it is there, seconds: this frame, the
/// next tick's, and one to spare.
const LEAD_S: f64 = 0.06;

/// Where packets go.
pub type Send<'a> = &'a mut dyn FnMut(Outgoing<'_>);

/// Frames that wait to be one packet.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) frames: usize,
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

impl Mouth {
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
        self.tell_cut()?;
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
        self.tell_cut()?;
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
    fn tell_cut(&mut self) -> Result<(), OpusError> {
        if !self.speaker.take_cut() {
            return Ok(());
        }
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
}
