//! No speech comes: is the far end silent, or is the link out?
//!
//! For a far end that promised (see `backlog`) to send at least one RTP packet every 400 ms. One
//! that stops after a packet of discontinuous transmission has nothing to say, for a while; one
//! that stops in the middle of sound is cut off, unless other datagrams of it still come: then
//! its microphone is gone and not the link.

use crate::opus::says_nothing;

/// The promised 400 ms and some jitter.
const PROMISED_S: f64 = 0.5;
/// Datagrams other than speech so far apart, and no speech between them: the link is up.
const ALIVE_S: f64 = 0.2;
/// The link counts as up for so long after any datagram.
const UP_S: f64 = 0.3;

/// What was last heard of the far end.
#[derive(Debug)]
pub struct Presence {
    speech_at: f64,
    newest: u64,
    says_nothing: bool,
    heard_at: f64,
    /// First other datagram since the last speech.
    other_at: Option<f64>,
    alive: bool,
}

impl Default for Presence {
    fn default() -> Self {
        Presence {
            speech_at: f64::NEG_INFINITY,
            newest: 0,
            says_nothing: true,
            heard_at: f64::NEG_INFINITY,
            other_at: None,
            alive: false,
        }
    }
}

impl Presence {
    /// An RTP packet of speech came.
    pub fn speech(&mut self, now: f64, rtp: u64, payload: &[u8]) {
        if rtp >= self.newest {
            self.newest = rtp;
            self.says_nothing = says_nothing(payload);
        }
        self.speech_at = now;
        self.heard_at = now;
        self.other_at = None;
        self.alive = false;
    }

    /// Another stream began: its times have nothing to do with those before.
    pub fn restart(&mut self, rtp: u64) {
        self.newest = rtp;
    }

    /// Some datagram came; `speech` follows if it was that.
    pub fn heard(&mut self, now: f64) {
        self.heard_at = now;
        let first = *self.other_at.get_or_insert(now);
        self.alive |= now - first >= ALIVE_S;
    }

    /// Speech is overdue. Is it because the link is out?
    pub fn cut_off(&self, now: f64) -> bool {
        !self.alive && (!self.says_nothing || now - self.speech_at > PROMISED_S)
    }

    /// Do other datagrams come, and no speech?
    pub fn mute(&self) -> bool {
        self.alive
    }

    /// Has anything come lately?
    pub fn up(&self, now: f64) -> bool {
        now - self.heard_at < UP_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_stops_in_the_middle_of_sound_is_cut_off_at_once() {
        let mut far = Presence::default();
        far.heard(1.0);
        far.speech(1.0, 960, &[9; 60]);
        assert!(far.cut_off(1.04) && far.cut_off(9.0));
        assert!(far.up(1.2) && !far.up(1.4));
    }

    #[test]
    fn one_that_says_nothing_is_cut_off_when_it_breaks_its_promise() {
        let mut far = Presence::default();
        far.speech(1.0, 960, &[9; 60]);
        far.speech(1.02, 1920, &[9]);
        assert!(!far.cut_off(1.4));
        assert!(far.cut_off(1.6));
        // Sound that was sent before it and came after it changes nothing.
        far.speech(1.61, 1440, &[9; 60]);
        assert!(!far.cut_off(1.7));
    }

    #[test]
    fn one_of_which_other_datagrams_come_has_lost_its_microphone() {
        let mut far = Presence::default();
        far.speech(1.0, 960, &[9; 60]);
        // What had waited for the link comes in one heap, before the first speech.
        for i in 0..5 {
            far.heard(3.0 + f64::from(i) * 0.01);
        }
        assert!(far.cut_off(3.1));
        far.heard(3.3);
        assert!(!far.cut_off(3.3) && far.mute());
        far.heard(3.4);
        far.speech(3.4, 9600, &[9; 60]);
        assert!(far.cut_off(3.5));
    }
}
