//! ICE begun anew (RFC 8445, section 9), by either end.

use std::net::SocketAddr;

use str0m::net::Protocol;
use str0m::Candidate;

use super::{Out, Peer};
use crate::connect::fragment::{self, Fragment};
use crate::seam::error::LineError;

impl Peer {
    /// The far end begins ICE anew, or has found more candidates (RFC 9725, section 4.3). Takes
    /// its whole offer or a fragment, and returns what it asked for: an answer or a fragment.
    pub fn restart(&mut self, now: f64, text: &str, out: &mut Out) -> Result<String, LineError> {
        if self.their_offer.is_empty() {
            return Err(LineError::invalid_sdp(
                "this call was offered from here; its ICE is begun anew from here too",
            ));
        }
        let ipv6 = self.locals.iter().any(SocketAddr::is_ipv6);
        let change = Fragment::read(text, &self.their_offer, ipv6)?;
        let answer = self.take_offer(change.spliced(&self.their_offer))?;
        self.learn_name();
        self.timeout(now, out);
        Ok(if change.whole {
            answer
        } else {
            fragment::of_answer(&answer)
        })
    }

    /// Begins ICE anew from `locals` besides the addresses so far: the SDP offer for the far end,
    /// whose answer goes to `answer`. Until then the call goes on as it was.
    pub fn restart_offer(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        out: &mut Out,
    ) -> Result<String, LineError> {
        if !self.their_offer.is_empty() || self.audio.is_none() {
            return Err(LineError::invalid_sdp(
                "only a call that was offered from here and answered can begin ICE anew from here",
            ));
        }
        for local in locals {
            self.add_local(*local);
        }
        // One address besides the new ones is enough to go on with.
        while self.locals.len() > locals.len() + 1 {
            let old = self.locals.remove(0);
            if let Ok(candidate) = Candidate::host(old, Protocol::Udp) {
                self.rtc.direct_api().invalidate_candidate(&candidate);
            }
        }
        let ipv6 = self.locals.iter().any(SocketAddr::is_ipv6);
        let mut change = self.rtc.sdp_api();
        change.ice_restart(true);
        let (offer, pending) = change
            .apply()
            .ok_or_else(|| LineError::internal("no SDP offer could be made"))?;
        self.pending = Some((pending, ipv6));
        self.timeout(now, out);
        self.our_offer = offer.to_sdp_string();
        Ok(self.our_offer.clone())
    }

    fn add_local(&mut self, local: SocketAddr) {
        if let Ok(candidate) = Candidate::host(local, Protocol::Udp) {
            self.rtc.add_local_candidate(candidate);
            self.locals.retain(|known| *known != local);
            self.locals.push(local);
        }
    }

    /// ICE may go by another name now.
    pub(super) fn learn_name(&mut self) {
        self.ufrag = self.rtc.direct_api().local_ice_credentials().ufrag;
    }
}
