//! Datagrams of the far end, and the path they come by.

use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Input};

use super::{Out, Peer};
use crate::connect::route::Path;
use crate::connect::stun;
use crate::peer::limits::Kind;

/// The largest candidate priority (RFC 8445, section 5.1.2).
const HIGHEST_PRIORITY: u32 = (1 << 31) - 1;
/// The least that looks like RTP.
const PROBE: [u8; 12] = [0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// SSRCs by which a call is found on an unknown path.
const MAX_SOURCES: usize = 4;

impl Peer {
    /// One datagram for this call. False if it was nothing that we understand. One from a path
    /// that is not `known` counts only if it turns out to be media of the far end.
    pub fn receive(
        &mut self,
        now: f64,
        path: Path,
        known: bool,
        packet: &[u8],
        out: &mut Out,
    ) -> bool {
        let known_source = |ssrc| self.source == Some(ssrc) || self.sources.contains(&ssrc);
        let kind = Kind::of(packet, known_source);
        if kind.is_some_and(|kind| !self.limits.allows(now, kind)) {
            return false;
        }
        let Ok(received) = Receive::new(Protocol::Udp, path.1, path.0, packet) else {
            return false;
        };
        if !self.connected && stun::is_success(packet) {
            self.checks.on_answer(packet);
        }
        self.arriving = Some(path);
        self.authentic = false;
        let silent = self.silent(now);
        if known {
            self.ear.heard(now);
        }
        // An error here is a packet that is no good (a stranger can send anything), not a call
        // that is: what ends a call shows when the output is drained.
        let input = Input::Receive(self.clock.instant(now), received);
        let mut understood = self.rtc.handle_input(input).is_ok();
        let before = out.packets.len();
        self.drain(now, out);
        self.arriving = None;
        if let Some(kind) = kind {
            let answered = || {
                out.packets[before..]
                    .iter()
                    .any(|p| stun::is_success(&p.contents))
            };
            let counts = match kind {
                Kind::Media => self.authentic,
                Kind::Check => answered(),
                Kind::Report | Kind::OtherReport => true,
            };
            if counts {
                self.limits.spend(kind);
            }
        }
        understood &= known || self.authentic;
        if understood {
            if silent {
                self.back_at = now;
            }
            self.last_heard = now;
            self.link.on_received(packet);
        }
        if self.route.unchecked().is_some_and(|(_, far)| far == path.1) {
            self.confirm(now);
        }
        self.write_texts(now, out);
        understood
    }

    /// Authentic media came, sent `ahead` seconds before its time: what it says about the network,
    /// and about where the far end is.
    pub(super) fn heard_from(
        &mut self,
        now: f64,
        ssrc: u32,
        packet: &RtpPacket,
        ahead: f64,
        out: &mut Out,
    ) {
        if self.source.replace(ssrc) != Some(ssrc) {
            self.route.on_new_stream();
            self.link.on_new_stream();
            if self.sources.len() < MAX_SOURCES && !self.sources.contains(&ssrc) {
                self.sources.push(ssrc);
                out.sources.push(ssrc);
            }
        }
        self.link
            .on_speech(now, ahead, *packet.seq_no, packet.time.numer());
        if let Some(path) = self.arriving {
            if self.route.on_media(now, path, *packet.seq_no) {
                self.follow(now, path);
            }
        }
    }

    /// The far end's media comes on another path than ICE sends on: have that one checked.
    fn follow(&mut self, now: f64, path: Path) {
        // Of the highest priority a candidate can have, and each higher than the one before, so
        // that ICE prefers it once the far end has nominated it.
        let priority = HIGHEST_PRIORITY - 1000 + self.route.moves();
        let (ip, port) = (path.1.ip(), path.1.port());
        let candidate = format!("candidate:moved 1 udp {priority} {ip} {port} typ host");
        if let Ok(candidate) = Candidate::from_sdp_string(&candidate) {
            self.rtc.add_remote_candidate(candidate);
        }
        self.confirm(now);
    }

    /// Has ICE succeeded in checking the path the far end has moved to?
    fn confirm(&mut self, now: f64) {
        let Some((ours, theirs)) = self.route.unchecked() else {
            return;
        };
        // `accepts` says of a packet that is not STUN whether a checked pair goes with it.
        let Ok(probe) = Receive::new(Protocol::Udp, theirs, ours, &PROBE) else {
            return;
        };
        let probe = Input::Receive(self.clock.instant(now), probe);
        if self.rtc.accepts(&probe) {
            self.route.on_checked();
            self.consent.on_given(now);
        }
    }
}
