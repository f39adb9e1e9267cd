//! What a call writes: speech, texts, and what an outage held back.

use super::{Out, Peer};
use crate::repair::again::Missing;
use crate::send::outgoing::Outgoing;
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
        if self.connected && self.mouth.may_lead() && self.write_speech(now, None) {
            self.timeout(now, out);
        }
        queued
    }

    /// Writes this tick's packets, if there are any.
    pub(super) fn speak(&mut self, now: f64) -> bool {
        let missing = self.ear.lacks(now, self.rtt_s);
        self.write_speech(now, Some(missing))
    }

    /// Writes the packets of a tick, in which the ear is `missing` some, or those of a talk that
    /// begins between two.
    fn write_speech(&mut self, now: f64, tick: Option<Option<Missing>>) -> bool {
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
        let clock = &self.clock;
        let written = match tick {
            Some(missing) => (self.mouth).tick(now, clock, types, (missing, self.rtt_s), &mut send),
            None => self.mouth.lead(now, clock, types, &mut send),
        };
        if let Err(error) = written {
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
        let kept = self.mouth.kept().as_deref_mut();
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
