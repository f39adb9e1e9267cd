//! How calls begin: offers and answers, and ICE begun anew.

use std::net::{IpAddr, SocketAddr};
use std::panic::{catch_unwind, AssertUnwindSafe};

use super::Calls;
use crate::peer::{Birth, Out, Peer};
use crate::random::Source;
use crate::seam::error::LineError;

impl Calls {
    /// Takes an SDP offer; returns the call and the SDP answer.
    pub fn accept(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
        offer: &str,
    ) -> Result<(i64, String), LineError> {
        self.admit(now, locals, publics, max_call_s, |birth, out| {
            Peer::accept(birth, offer, out)
        })
    }

    /// Starts a call of our own from `locals`; returns it and the SDP offer. The addresses must
    /// differ from those of every other call to the same far end: DTLS has no other name.
    pub fn offer(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
    ) -> Result<(i64, String), LineError> {
        self.admit(now, locals, publics, max_call_s, Peer::offer)
    }

    fn admit(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
        make: impl FnOnce(Birth<'_>, &mut Out) -> Result<(Peer, String), LineError>,
    ) -> Result<(i64, String), LineError> {
        if self.peers.len() >= self.config.max_calls {
            return Err(LineError::new(
                "busy",
                format!(
                    "{} calls are running, as many as this server takes; try again later",
                    self.peers.len()
                ),
            ));
        }
        if let Some(reason) = self.load.refusal(self.peers.len()) {
            return Err(LineError::new("busy", reason));
        }
        let call = self.next;
        let birth = Birth {
            call,
            now,
            max_call_s,
            clock: self.clock,
            config: &self.config,
            certificate: &self.certificate,
            credentials: self.random.credentials(),
            random: self.random.draw(),
            simulated: matches!(self.random, Source::Seed(_)),
            locals,
            publics,
        };
        // What a call writes before it is known to be good goes nowhere.
        let mut out = Out::default();
        let made = catch_unwind(AssertUnwindSafe(|| make(birth, &mut out)));
        let (peer, sdp) = made.unwrap_or_else(|_| {
            Err(LineError::invalid_sdp(
                "the SDP cannot be used: it broke an assumption of the WebRTC library",
            ))
        })?;
        self.next += 1;
        self.directory.name(call, peer.ufrag());
        self.peers.insert(call, peer);
        self.connecting.push(call);
        let before = self.out.packets.len();
        self.out.packets.append(&mut out.packets);
        self.out.events.append(&mut out.events);
        self.learn_paths(call, before);
        Ok((call, sdp))
    }

    /// The far end's answer to a call made by `offer`, or to a `restart_offer`.
    pub fn answer(&mut self, now: f64, call: i64, answer: &str) -> Result<(), LineError> {
        let mut result = Err(LineError::invalid_sdp(format!(
            "there is no call {call} that waits for an SDP answer"
        )));
        self.renaming(now, call, |peer, out| {
            result = peer.answer(now, answer, out)
        });
        result
    }

    /// The far end begins ICE anew or adds candidates, by an SDP offer or an ICE fragment;
    /// returns the answer in kind.
    pub fn restart(&mut self, now: f64, call: i64, offer: &str) -> Result<String, LineError> {
        let mut result = Err(over(call));
        self.renaming(now, call, |peer, out| {
            result = peer.restart(now, offer, out)
        });
        result
    }

    /// Begins ICE of a call of ours anew, from `locals` too; returns the SDP offer.
    pub fn restart_offer(
        &mut self,
        now: f64,
        call: i64,
        locals: &[SocketAddr],
    ) -> Result<String, LineError> {
        let mut result = Err(over(call));
        self.renaming(now, call, |peer, out| {
            result = peer.restart_offer(now, locals, out)
        });
        result
    }

    /// As `with`, for what may change the call's name. Panics of the library in a stranger's SDP
    /// end that call and no other.
    fn renaming(&mut self, now: f64, call: i64, act: impl FnOnce(&mut Peer, &mut Out)) {
        let name = |calls: &Calls| calls.peers.get(&call).map(|peer| peer.ufrag().to_owned());
        let before = name(self);
        if self.with(now, call, act) {
            let after = name(self);
            if let (Some(before), Some(after)) = (before, after) {
                if before != after {
                    self.directory.unname(&before);
                    self.directory.name(call, &after);
                }
            }
        } else if let Some(before) = before {
            self.directory.unname(&before);
        }
    }
}

fn over(call: i64) -> LineError {
    LineError::new("call_ended", format!("call {call} is over"))
}
