//! The data channel `visavis-backlog` of one call, see `backlog`: whoever offers the call opens it
//! and answers on it; whoever accepts the call asks.

use str0m::change::SdpApi;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::Rtc;

use crate::receive::ear::Ear;
use crate::repair::backlog::kept::Kept;
use crate::repair::backlog::{Missing, Resent, CHANNEL};
use crate::seam::config::{MESSAGES_PER_S, MESSAGE_BURST};

/// Bytes of an answer on their way at most: about a hundred frames.
const MAX_IN_FLIGHT: usize = 8 * 1024;

/// SCTP repeats a message for so long. What is lost beyond that is asked for again: if SCTP kept
/// it, its timer, doubled all through an outage, would hold up what comes after.
pub const LIFETIME_MS: u16 = 300;

/// A request goes out in so many ticks one after the other: to lose it costs a round trip and more.
const TIMES: u32 = 3;

/// See the module.
#[derive(Default)]
pub struct Resend {
    channel: Option<ChannelId>,
    /// We opened it: we keep, and the far end asks.
    ours: bool,
    tokens: f64,
    filled_at: f64,
    message: Vec<u8>,
    /// `message` was not taken yet.
    unsent: bool,
    /// The newest request, and how many times more it is sent.
    again: Option<(Missing, u32)>,
}

impl Resend {
    /// Open the channel with the call's offer.
    pub fn offer(&mut self, change: &mut SdpApi<'_>) {
        self.ours = true;
        change.add_channel_with_config(ChannelConfig {
            label: CHANNEL.to_owned(),
            ordered: false,
            reliability: Reliability::MaxPacketLifetime {
                lifetime: LIFETIME_MS,
            },
            ..ChannelConfig::default()
        });
    }

    /// A channel of this name is open. To open it is to promise to keep what is sent.
    pub fn opened(&mut self, id: ChannelId, ear: &mut Ear) {
        if self.channel.is_none() {
            self.channel = Some(id);
            if !self.ours {
                ear.keeps();
            }
        }
    }

    pub fn closed(&mut self) {
        self.channel = None;
    }

    pub fn is_open(&self) -> bool {
        self.channel.is_some()
    }

    /// Is this the channel of that message?
    pub fn owns(&self, id: ChannelId) -> bool {
        self.channel == Some(id)
    }

    /// One message came. What is no good is left out; the error is a reason to end the call.
    pub fn receive(
        &mut self,
        now: f64,
        message: &[u8],
        ear: &mut Ear,
        kept: Option<&mut Kept>,
    ) -> Result<(), String> {
        let refill = (now - self.filled_at).max(0.0) * MESSAGES_PER_S;
        self.tokens = (self.tokens + refill).min(MESSAGE_BURST) - 1.0;
        self.filled_at = now;
        if self.tokens < 0.0 {
            return Err(format!(
                "more than {MESSAGES_PER_S} messages a second on the channel {CHANNEL}"
            ));
        }
        if !self.ours {
            if let Ok(resent) = Resent::parse(message) {
                ear.resent(now, &resent);
            }
        } else if let (Ok(missing), Some(kept)) = (Missing::parse(message), kept) {
            kept.ask(missing);
        }
        Ok(())
    }

    /// Once a tick: writes what is to be asked, or the next part of an answer. True if something
    /// was written (drain then).
    pub fn write(
        &mut self,
        now: f64,
        rtt_s: f64,
        rtc: &mut Rtc,
        ear: &mut Ear,
        kept: Option<&mut Kept>,
    ) -> Result<bool, String> {
        let Some(id) = self.channel else {
            return Ok(false);
        };
        let failed = |error| format!("the channel {CHANNEL} cannot be written: {error}");
        let mut wrote = false;
        if !self.ours {
            let again = self.again.take();
            self.again = again.and_then(|(m, times)| (times > 1).then_some((m, times - 1)));
            let mut next = again.map(|(missing, _)| missing);
            loop {
                if next.is_none() {
                    next = ear.missing(now, rtt_s);
                    self.again = next.map(|m| (m, TIMES - 1)).or(self.again);
                }
                let (Some(missing), Some(mut channel)) = (next.take(), rtc.channel(id)) else {
                    return Ok(wrote);
                };
                // What finds no room is asked for again later.
                wrote |= channel.write(true, &missing.to_bytes()).map_err(failed)?;
            }
        }
        let Some(kept) = kept.filter(|kept| self.unsent || kept.asked()) else {
            return Ok(false);
        };
        let Some(mut channel) = rtc.channel(id) else {
            return Ok(false);
        };
        if channel.buffered_amount() <= MAX_IN_FLIGHT
            && (self.unsent || kept.answer(&mut self.message))
        {
            wrote = channel.write(true, &self.message).map_err(failed)?;
            self.unsent = !wrote;
        }
        Ok(wrote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seam::config::Config;

    #[test]
    fn a_flood_ends_the_call_and_nonsense_does_not() {
        let mut ear = Ear::new(&Config::default()).unwrap();
        let mut resend = Resend::default();
        for i in 0..(20.0 * MESSAGES_PER_S) as usize {
            let now = 10.0 + i as f64 / MESSAGES_PER_S;
            let message = vec![i as u8; i % 50];
            assert_eq!(resend.receive(now, &message, &mut ear, None), Ok(()));
        }
        let flood = (0..1000).find_map(|_| resend.receive(40.0, b"x", &mut ear, None).err());
        assert!(flood.is_some_and(|reason| reason.contains(CHANNEL)));
    }
}
