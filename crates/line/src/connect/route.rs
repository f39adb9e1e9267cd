//! Where a call's packets go when the far end has moved, and whether it still wants them.
//!
//! A client behind a NAT, or in another network all at once, is suddenly heard from another
//! address. ICE follows when the client nominates the new path (up to 3 s), str0m only when the
//! old path has been dead for 20 s. [`Route`] is quicker and no less careful: new authentic media
//! from elsewhere makes it ask ICE to check that address, and once that check has succeeded
//! everything but STUN goes there (as QUIC validates a path, RFC 9000 section 9.3).
//!
//! [`Consent`] is RFC 7675: who has not answered a check for 30 s is sent nothing but checks.

use std::net::SocketAddr;

use crate::limit::Limit;

/// Our address and theirs.
pub type Path = (SocketAddr, SocketAddr);

/// Moves at once, and a second.
const BURST: f64 = 8.0;
const MOVES_PER_S: f64 = 0.2;
/// Moves of one call: each leaves a candidate behind in ICE.
const MAX_MOVES: u32 = 256;
/// Consent lasts so long after the last answer (RFC 7675 section 5.1).
pub const CONSENT_S: f64 = 30.0;

#[derive(Debug)]
struct Moved {
    path: Path,
    checked: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Route {
    /// Where ICE sends.
    nominated: Option<Path>,
    /// Where the far end is heard from if that is elsewhere.
    moved: Option<Moved>,
    /// Highest sequence number of the media: what is older comes from where the far end was.
    newest: Option<u64>,
    limit: Limit,
    moves: u32,
}

impl Route {
    pub fn new(now: f64) -> Self {
        Route {
            nominated: None,
            moved: None,
            newest: None,
            limit: Limit::new(now, MOVES_PER_S, BURST),
            moves: 0,
        }
    }

    /// The media's numbers begin anew.
    pub fn on_new_stream(&mut self) {
        self.newest = None;
    }

    /// Authentic media with this number came on `path`. Returns true if ICE is to check it.
    pub fn on_media(&mut self, now: f64, path: Path, seq: u64) -> bool {
        if self.newest.is_some_and(|newest| seq <= newest) {
            return false;
        }
        self.newest = Some(seq);
        if self.nominated.is_none_or(|nominated| nominated == path) {
            self.moved = None;
            return false;
        }
        if self.moved.as_ref().is_some_and(|moved| moved.path == path) {
            return false;
        }
        if !self.limit.allows(now) || self.moves >= MAX_MOVES {
            return false;
        }
        self.limit.spend();
        self.moves += 1;
        self.moved = Some(Moved {
            path,
            checked: false,
        });
        true
    }

    /// So many times the far end has moved.
    pub fn moves(&self) -> u32 {
        self.moves
    }

    /// The address that is waited for to pass its check.
    pub fn unchecked(&self) -> Option<Path> {
        let moved = self.moved.as_ref().filter(|moved| !moved.checked);
        moved.map(|moved| moved.path)
    }

    /// The address that passed its check and that ICE has not nominated yet.
    pub fn checked(&self) -> Option<Path> {
        let moved = self.moved.as_ref().filter(|moved| moved.checked);
        moved.map(|moved| moved.path)
    }

    /// The check of the unchecked path succeeded.
    pub fn on_checked(&mut self) {
        if let Some(moved) = &mut self.moved {
            moved.checked = true;
        }
    }

    /// ICE would send on `path`; returns where to send instead.
    pub fn redirect(&mut self, path: Path) -> Path {
        if self.nominated != Some(path) {
            self.nominated = Some(path);
            if self.moved.as_ref().is_some_and(|moved| moved.path == path) {
                self.moved = None;
            }
        }
        self.checked().unwrap_or(path)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Consent {
    answers: u64,
    given_at: f64,
    cut: bool,
}

impl Consent {
    /// The far end has consented now: it is connected, or a path of it has passed its check.
    pub fn on_given(&mut self, now: f64) {
        self.given_at = now;
        self.cut = false;
    }

    /// So many answers to checks have come on the path in use, over its life.
    pub fn on_answers(&mut self, now: f64, answers: u64) {
        if answers != self.answers && answers > 0 {
            self.on_given(now);
        }
        self.answers = answers;
    }

    /// ICE has no path left.
    pub fn on_disconnected(&mut self) {
        self.cut = true;
    }

    /// May anything but checks be sent?
    pub fn given(&self, now: f64) -> bool {
        !self.cut && now - self.given_at < CONSENT_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(port: u16) -> Path {
        let ours = "10.0.0.1:5000".parse().unwrap();
        (ours, SocketAddr::new([10, 0, 0, 2].into(), port))
    }

    fn settled() -> Route {
        let mut route = Route::new(0.0);
        assert_eq!(route.redirect(path(1)), path(1));
        assert!(!route.on_media(0.0, path(1), 10));
        route
    }

    #[test]
    fn a_move_is_followed_once_it_is_checked() {
        let mut route = settled();
        assert!(route.on_media(1.0, path(2), 11));
        assert!(!route.on_media(1.02, path(2), 12));
        assert_eq!(route.unchecked(), Some(path(2)));
        assert_eq!(route.redirect(path(1)), path(1));
        route.on_checked();
        assert_eq!((route.unchecked(), route.checked()), (None, Some(path(2))));
        assert_eq!(route.redirect(path(1)), path(2));
        // ICE catches up; from then on it leads.
        assert_eq!(route.redirect(path(2)), path(2));
        assert_eq!(route.checked(), None);
    }

    #[test]
    fn the_way_back_needs_no_check() {
        let mut route = settled();
        route.on_media(1.0, path(2), 11);
        route.on_checked();
        assert!(!route.on_media(2.0, path(1), 12));
        assert_eq!(route.redirect(path(1)), path(1));
    }

    #[test]
    fn late_packets_from_where_it_was_do_not_move_it_back() {
        let mut route = settled();
        route.on_media(1.0, path(2), 20);
        route.on_checked();
        assert!(!route.on_media(1.01, path(1), 19));
        assert_eq!(route.redirect(path(1)), path(2));
    }

    #[test]
    fn who_moves_too_often_is_not_followed() {
        let mut route = settled();
        let moves = (0..1000u64)
            .filter(|i| route.on_media(1.0 + *i as f64 * 0.02, path(2 + (i % 50) as u16), 11 + i));
        assert!((11..=12).contains(&moves.count()));
        let mut route = settled();
        let often = (0..1000u64)
            .filter(|i| route.on_media(*i as f64 * 10.0, path(2 + (i % 2) as u16), 11 + i));
        assert_eq!(often.count(), MAX_MOVES as usize);
    }

    #[test]
    fn consent_runs_out_and_comes_back() {
        let mut consent = Consent::default();
        consent.on_given(0.0);
        consent.on_answers(1.0, 3);
        consent.on_answers(20.0, 3);
        assert!(consent.given(30.9));
        assert!(!consent.given(31.0));
        consent.on_answers(40.0, 4);
        assert!(consent.given(41.0));
        // Another path starts to count anew; no path at all gives nothing.
        consent.on_answers(42.0, 1);
        consent.on_answers(60.0, 0);
        assert!(consent.given(71.0) && !consent.given(72.0));
        consent.on_given(80.0);
        consent.on_disconnected();
        assert!(!consent.given(80.0));
    }
}
