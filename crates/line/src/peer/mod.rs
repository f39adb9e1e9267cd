//! One call: a str0m session with a way in for speech, a way out, and text messages.
//!
//! No clock and no socket: every entry takes `now` (seconds) and writes what is to be sent and
//! told into an `Out`. str0m demands that every change is followed by a drain of its output; each
//! entry here ends in one.

mod agreed;
mod events;
mod limits;
mod receive;
mod restart;
mod setup;
mod text;
mod write;

use std::net::SocketAddr;

use str0m::change::SdpPendingOffer;
use str0m::media::Mid;
use str0m::net::Transmit;
use str0m::{Input, Output, Rtc};

use crate::clock::Clock;
use crate::connect::checks::Checks;
use crate::connect::route::{Consent, Path, Route};
use crate::connect::stun;
use crate::peer::limits::Limits;
use crate::peer::text::Texts;
use crate::receive::ear::Ear;
use crate::repair::backlog::channel::Resend;
use crate::report::LinkStats;
use crate::seam::batch::{Batch, Event, Happening};
use crate::send::mouth::Mouth;
use crate::send::outgoing::PayloadTypes;

pub use setup::Birth;

/// What a call sends and tells.
#[derive(Default)]
pub struct Out {
    pub packets: Vec<Transmit>,
    pub events: Vec<Event>,
    /// SSRCs of authentic media that the call had not sent before.
    pub sources: Vec<u32>,
}

/// Seconds between two link reports.
const REPORT_S: f64 = 0.1;
/// Seconds without any packet after the data channel closed that mean the far end hung up.
const CHANNEL_LOST_S: f64 = 3.0;
/// Errors in one drain that mean the session is beyond repair.
const MAX_FAULTS: usize = 100;

pub struct Peer {
    call: i64,
    clock: Clock,
    rtc: Rtc,
    ufrag: String,
    pending: Option<(SdpPendingOffer, bool)>,
    our_offer: String,
    audio: Option<(Mid, PayloadTypes)>,
    /// The far end's, if it made the call: its ICE may change, the rest is what was agreed.
    their_offer: String,
    /// Our candidates, the newest last.
    locals: Vec<SocketAddr>,
    /// The far end resends what it is told was lost.
    nack: bool,
    connected: bool,
    /// When the handshake has to be done, then never.
    connect_by: f64,
    end_by: f64,
    max_call_s: f64,
    silence_timeout_s: f64,
    last_heard: f64,
    /// When the far end was heard again after an outage.
    back_at: f64,
    channel_lost: bool,
    due: f64,
    ended: Option<String>,
    ear: Ear,
    pub(crate) mouth: Mouth,
    texts: Texts,
    resend: Resend,
    link: LinkStats,
    report_at: f64,
    rtt_s: f64,
    simulated: bool,
    checks: Checks,
    route: Route,
    consent: Consent,
    limits: Limits,
    /// Where the datagram in hand came from, and whether it was media of the far end.
    arriving: Option<Path>,
    authentic: bool,
    /// The SSRC heard last, and those by which the call is found.
    source: Option<u32>,
    sources: Vec<u32>,
}

impl Peer {
    /// The part of a STUN USERNAME that names this call.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Our addresses, the newest last.
    pub fn locals(&self) -> &[SocketAddr] {
        &self.locals
    }

    pub fn connected(&self) -> bool {
        self.connected
    }

    /// When something of this call's protocols is due, seconds.
    pub fn due(&self) -> f64 {
        self.due.min(self.checks.due())
    }

    /// Packets that came as RED.
    pub fn red_in(&self) -> u64 {
        self.ear.red()
    }

    /// Repairs that came, and packets they made whole.
    pub fn repairs_in(&self) -> (u64, u64) {
        self.ear.repairs()
    }

    /// When a packet of the far end last came.
    pub fn last_heard(&self) -> f64 {
        self.last_heard
    }

    /// Why the call is over, once it is.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Ends the call for `reason` (the first reason stays); says goodbye at the next drain.
    pub fn end(&mut self, reason: String) {
        self.ended.get_or_insert(reason);
    }

    /// Lets protocol timers due by `now` run.
    pub fn timeout(&mut self, now: f64, out: &mut Out) {
        if let Err(error) = self
            .rtc
            .handle_input(Input::Timeout(self.clock.instant(now)))
        {
            self.end(format!("error: {error}"));
        }
        self.checks.repeat(now, &mut out.packets);
        self.drain(now, out);
    }

    /// One 20 ms tick: speech in, speech out, what has to be told.
    pub fn tick(&mut self, now: f64, batch: &mut Batch, out: &mut Out) {
        if self.connected {
            self.write_backlog(now, out);
            self.ear.pull(now, self.call, batch);
        }
        // What is written leaves when str0m is next told the time.
        let spoke = self.connected && self.speak(now);
        if spoke || self.due <= now {
            self.timeout(now, out);
        }
        self.write_texts(now, out);
        if self.connected {
            for what in self.mouth.progress(now) {
                self.tell(what, out);
            }
            if now >= self.report_at {
                self.report_at = now + REPORT_S;
                let report = self.link.take(now, self.ear.stats(), self.last_heard);
                self.tell(Happening::Report(report), out);
            }
        }
        self.watch(now);
    }

    /// Ends the call if it has lasted too long or the far end has vanished.
    fn watch(&mut self, now: f64) {
        if !self.connected && now >= self.connect_by {
            self.end("timeout".to_owned());
        } else if now >= self.end_by {
            self.end(format!("error: call longer than {} s", self.max_call_s));
        } else if self.connected && now - self.last_heard >= self.silence_timeout_s {
            let reason = if self.channel_lost {
                "hangup"
            } else {
                "timeout"
            };
            self.end(reason.to_owned());
        } else if self.channel_lost && now - self.last_heard >= CHANNEL_LOST_S {
            self.end("hangup".to_owned());
        }
    }

    /// The far end reports that it has played up to this RTP timestamp of ours.
    pub fn heard(&mut self, now: f64, rtp: u32, out: &mut Out) {
        if let Some(what) = self.mouth.heard(now, rtp) {
            self.tell(what, out);
        }
    }

    /// Says goodbye to the far end and to Python. The call is over.
    pub fn close(&mut self, now: f64, out: &mut Out) {
        // A call that never connected has nobody to say goodbye to, and str0m then says so.
        if self.rtc.close().is_ok() {
            self.drain(now, out);
        }
        let reason = self.ended.clone().unwrap_or_else(|| "local".to_owned());
        self.tell(Happening::Closed(reason), out);
    }

    fn tell(&self, what: Happening, out: &mut Out) {
        out.events.push(Event {
            call: self.call,
            what,
        });
    }

    /// Takes everything out of str0m until it only waits.
    fn drain(&mut self, now: f64, out: &mut Out) {
        let mut faults = 0;
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.due = self.clock.seconds(at);
                    break;
                }
                Ok(Output::Transmit(mut packet)) => {
                    if !self.connected {
                        self.checks.on_sent(now, &packet);
                    }
                    if !stun::is_stun(&packet.contents) {
                        let path = (packet.source, packet.destination);
                        (packet.source, packet.destination) = self.route.redirect(path);
                        if self.connected && !self.consent.given(now) {
                            continue;
                        }
                    }
                    self.link.on_sent(&packet.contents);
                    out.packets.push(packet);
                }
                Ok(Output::Event(event)) => self.on_event(now, event, out),
                Err(error) => {
                    // A packet that decrypts to nonsense is dropped; a session that keeps
                    // failing, or that str0m has given up, is over.
                    faults += 1;
                    if faults > MAX_FAULTS || !self.rtc.is_alive() {
                        self.end(format!("error: {error}"));
                        break;
                    }
                }
            }
        }
    }
}
