//! What a call writes: speech, texts, and what an outage held back.

use super::{Out, Peer};
use crate::clock::Clock;
use crate::opus::OpusError;
use crate::send::mouth::{Mouth, Send};
use crate::send::outgoing::{Outgoing, PayloadTypes};
use crate::send::speaker::QueueFull;

/// Nothing heard for so long from a far end that promised a packet every 400 ms: an outage.
const SILENT_S: f64 = 0.6;
/// Not heard for so long: perhaps one begins. No more is under way then than fits beside a
/// request into the window of one datagram that an outage leaves SCTP.
const FADING_S: f64 = 0.1;
const FADING_ROOM: usize = 900;
/// Texts wait so long after its end.
const BACK_S: f64 = 0.1;

impl Peer {
    /// Queues speech; the first of a talk leaves at once.
    pub fn play(
        &mut self,
        now: f64,
        reply: i64,
        pcm: &[i16],
        out: &mut Out,
    ) -> Result<(), QueueFull> {
        let queued = self.mouth.play(reply, pcm);
        let lead = |mouth: &mut Mouth, clock: &Clock, types, send: Send<'_>| {
            mouth.lead(now, clock, types, send)
        };
        if self.connected && self.mouth.may_lead() && self.write_speech(now, lead) {
            self.timeout(now, out);
        }
        queued
    }

    /// Writes this tick's packets, if there are any.
    pub(super) fn speak(&mut self, now: f64) -> bool {
        let known = (self.ear.lacks(now, self.rtt_s), self.rtt_s);
        self.write_speech(now, |mouth, clock, types, send| {
            mouth.tick(now, clock, types, known, send)
        })
    }

    /// Writes what the mouth says now; was there anything?
    fn write_speech(
        &mut self,
        now: f64,
        say: impl FnOnce(&mut Mouth, &Clock, PayloadTypes, Send<'_>) -> Result<(), OpusError>,
    ) -> bool {
        let Some((mid, types)) = self.audio else {
            return false;
        };
        let wallclock = self.clock.instant(now);
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return false;
        };
        let mut wrote = false;
        let mut send = |packet: Outgoing<'_>| {
            stream.write_rtp(packet.write(wallclock));
            wrote = true;
        };
        if let Err(error) = say(&mut self.mouth, &self.clock, types, &mut send) {
            self.end(format!("error: {error}"));
        }
        wrote
    }

    pub fn send(&mut self, now: f64, text: String, out: &mut Out) {
        match self.texts.queue(text) {
            Ok(()) => self.write_texts(now, out),
            Err(reason) => self.end(format!("error: {reason}")),
        }
    }

    pub(super) fn write_backlog(&mut self, now: f64, out: &mut Out) {
        let kept = self.mouth.kept();
        let rtc = &mut self.rtc;
        match self.resend.write(now, self.rtt_s, rtc, &mut self.ear, kept) {
            Ok(true) => self.drain(now, out),
            Ok(false) => {}
            Err(reason) => self.end(format!("error: {reason}")),
        }
    }

    pub(super) fn write_texts(&mut self, now: f64, out: &mut Out) {
        // What SCTP sends into an outage fills its window, and is repeated only seconds after:
        // nothing would pass soon after the link's return. The backlog goes first then.
        if self.silent(now) || now - self.back_at < BACK_S {
            return;
        }
        let fading = self.resend.is_open() && now - self.last_heard > FADING_S;
        let room = if fading { FADING_ROOM } else { usize::MAX };
        while self.texts.waiting() && self.ended.is_none() {
            match self.texts.write_one(&mut self.rtc, room) {
                Ok(true) => self.drain(now, out),
                Ok(false) => break,
                Err(reason) => self.end(format!("error: {reason}")),
            }
        }
    }

    /// A far end that promised to be heard is not: its link is out.
    pub(super) fn silent(&self, now: f64) -> bool {
        self.resend.is_open() && now - self.last_heard > SILENT_S && !self.ear.mute()
    }
}
