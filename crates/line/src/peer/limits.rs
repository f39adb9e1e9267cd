//! How many datagrams of each kind a far end may send. What is beyond is dropped unread, so that a
//! hostile caller harms its own call only. (DTLS has its limits where its records are read, in
//! `connect/dtls`.)
//!
//! Only what is authentic uses anything up: a forgery costs its check and no more. Media shows it
//! by being handed up, a check of ICE by being answered. Of a report (RTCP) str0m does not tell;
//! but it names the source it comes from, and a forger off the path knows none: what comes in the
//! name of a source whose media is known is counted apart from the rest.

use crate::connect::stun;
use crate::limit::Limit;
use crate::seam::config::{
    CHECKS_PER_S, CHECK_BURST, MEDIA_BURST, MEDIA_PER_S, REPORTS_PER_S, REPORT_BURST,
};

/// Of which limit is a datagram?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Media,
    /// A request of STUN.
    Check,
    /// RTCP in the name of a source whose media is known.
    Report,
    /// RTCP in the name of another.
    OtherReport,
}

impl Kind {
    /// `None` for what is limited elsewhere or not at all. `known`: is media of this SSRC known?
    pub fn of(packet: &[u8], known: impl Fn(u32) -> bool) -> Option<Kind> {
        if stun::media_source(packet).is_some() {
            return Some(Kind::Media);
        }
        if stun::is_request(packet) {
            return Some(Kind::Check);
        }
        let source = stun::report_source(packet)?;
        Some(if known(source) {
            Kind::Report
        } else {
            Kind::OtherReport
        })
    }
}

/// See the module.
#[derive(Debug)]
pub struct Limits([Limit; 4]);

impl Limits {
    pub fn new(now: f64) -> Self {
        let reports = Limit::new(now, REPORTS_PER_S, REPORT_BURST);
        Limits([
            Limit::new(now, MEDIA_PER_S, MEDIA_BURST),
            Limit::new(now, CHECKS_PER_S, CHECK_BURST),
            reports,
            reports,
        ])
    }

    /// May one more of this kind come at `now`?
    pub fn allows(&mut self, now: f64, kind: Kind) -> bool {
        self.0[kind as usize].allows(now)
    }

    /// One came that counts.
    pub fn spend(&mut self, kind: Kind) {
        self.0[kind as usize].spend();
    }
}
