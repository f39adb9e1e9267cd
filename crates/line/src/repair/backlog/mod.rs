//! The messages by which speech lost in an outage is asked for and sent again.
//!
//! They travel as binary messages on a data channel of their own, [`CHANNEL`], which the sender
//! of the speech opens (unordered, `maxPacketLifeTime` 300 ms): to open it is to promise that what was sent in the
//! last [`KEPT_S`] seconds can be asked for, and that at least one RTP packet is sent every
//! 400 ms. Integers are big endian, times are RTP timestamps of 48 kHz.
//!
//! ```text
//! missing:  version u8 = 1 | kind u8 = 1 | request u16 | from u32 | to u32 (exclusive)
//! resent:   version u8 = 1 | kind u8 = 2 | request u16 | total u16 | count u8
//!           count times: timestamp u32 | length u16 | one Opus packet
//! ```
//!
//! `total` counts the packets of the whole answer, which takes as many messages as it likes:
//! once so many have come, what the range still lacks was never sent, or is kept no longer.

pub mod awaited;
pub mod channel;
pub mod kept;
pub mod presence;

use std::fmt;

use crate::opus::MAX_PACKET;

/// Label of the data channel.
pub const CHANNEL: &str = "visavis-backlog";
/// Seconds of speech that a sender keeps, and the longest range that is asked for.
pub const KEPT_S: f64 = 30.0;
/// A message longer than this is none of ours.
pub const MAX_MESSAGE: usize = 16 * 1024;

const VERSION: u8 = 1;
const MISSING: u8 = 1;
const RESENT: u8 = 2;
const MISSING_BYTES: usize = 12;
const HEADER: usize = 7;
const FRAME_HEADER: usize = 6;

/// Why a message is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message on the channel {CHANNEL} {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// The receiver lacks `from` … `to` of the sender's RTP time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub request: u16,
    pub from: u32,
    /// Exclusive; the range may wrap around.
    pub to: u32,
}

impl Missing {
    pub fn to_bytes(self) -> [u8; MISSING_BYTES] {
        let mut bytes = [0; MISSING_BYTES];
        bytes[..2].copy_from_slice(&[VERSION, MISSING]);
        bytes[2..4].copy_from_slice(&self.request.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.from.to_be_bytes());
        bytes[8..].copy_from_slice(&self.to.to_be_bytes());
        bytes
    }

    pub fn parse(bytes: &[u8]) -> Result<Missing, Malformed> {
        let (Some((request, rest)), MISSING_BYTES) = (head(bytes, MISSING)?, bytes.len()) else {
            return Err(Malformed("has the wrong length"));
        };
        match (number(rest), number(&rest[4..])) {
            (Some(from), Some(to)) => Ok(Missing { request, from, to }),
            _ => Err(Malformed("has the wrong length")),
        }
    }
}

/// Some of the packets asked for by `request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resent<'a> {
    pub request: u16,
    pub total: u16,
    /// Checked by `parse`: frames, one after the other, and nothing else.
    frames: &'a [u8],
}

impl<'a> Resent<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Resent<'a>, Malformed> {
        if bytes.len() > MAX_MESSAGE {
            return Err(Malformed("is too long"));
        }
        let Some((request, rest)) = head(bytes, RESENT)? else {
            return Err(Malformed("has the wrong length"));
        };
        let [high, low, count, frames @ ..] = rest else {
            return Err(Malformed("has the wrong length"));
        };
        let mut left = frames;
        for _ in 0..*count {
            let Some((_, packet, rest)) = frame(left) else {
                return Err(Malformed("ends inside a packet"));
            };
            if packet.is_empty() || packet.len() > MAX_PACKET {
                return Err(Malformed("has a packet that is no Opus"));
            }
            left = rest;
        }
        if !left.is_empty() {
            return Err(Malformed("goes on after its last packet"));
        }
        Ok(Resent {
            request,
            total: u16::from_be_bytes([*high, *low]),
            frames,
        })
    }

    /// RTP timestamp and Opus packet of each frame.
    pub fn frames(&self) -> impl Iterator<Item = (u32, &'a [u8])> {
        let mut left = self.frames;
        std::iter::from_fn(move || {
            let (rtp, packet, rest) = frame(left)?;
            left = rest;
            Some((rtp, packet))
        })
    }
}

/// Writes one `resent` message.
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins the message in `bytes`, whatever was there.
    pub fn new(bytes: &'a mut Vec<u8>, request: u16, total: u16) -> Self {
        bytes.clear();
        bytes.extend([VERSION, RESENT]);
        bytes.extend(request.to_be_bytes());
        bytes.extend(total.to_be_bytes());
        bytes.push(0);
        Writer { bytes }
    }

    /// Adds a frame; false, and nothing added, if the message would become longer than `room`
    /// or hold more than 255.
    pub fn add(&mut self, room: usize, rtp: u32, packet: &[u8]) -> bool {
        let Ok(length) = u16::try_from(packet.len()) else {
            return false;
        };
        let count = self.bytes[HEADER - 1];
        if count == u8::MAX || self.bytes.len() + FRAME_HEADER + packet.len() > room {
            return false;
        }
        self.bytes[HEADER - 1] = count + 1;
        self.bytes.extend(rtp.to_be_bytes());
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(packet);
        true
    }
}

/// The request of a message of this kind and what follows it; `None` if it is too short.
fn head(bytes: &[u8], kind: u8) -> Result<Option<(u16, &[u8])>, Malformed> {
    match bytes {
        [VERSION, k, high, low, rest @ ..] if *k == kind => {
            Ok(Some((u16::from_be_bytes([*high, *low]), rest)))
        }
        [VERSION, k, ..] if *k == kind => Ok(None),
        [VERSION, ..] => Err(Malformed("is of another kind")),
        [_, ..] => Err(Malformed("is of another version")),
        [] => Ok(None),
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn frame(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let rtp = number(bytes)?;
    let length = u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?) as usize;
    let rest = &bytes[FRAME_HEADER..];
    Some((rtp, rest.get(..length)?, &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(request: u16, from: u32, to: u32, total: u16,
            frames in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 1..200)), 0..40)) {
            let missing = Missing { request, from, to };
            prop_assert_eq!(Missing::parse(&missing.to_bytes()), Ok(missing));
            let mut bytes = vec![9; 3];
            let mut writer = Writer::new(&mut bytes, request, total);
            let written: Vec<_> = frames.iter().filter(|(rtp, p)| writer.add(4000, *rtp, p)).collect();
            prop_assert!(bytes.len() <= 4000);
            let resent = Resent::parse(&bytes).unwrap();
            prop_assert_eq!((resent.request, resent.total), (request, total));
            let read: Vec<_> = resent.frames().map(|(rtp, p)| (rtp, p.to_vec())).collect();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), written);
        }

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..300), like_ours: bool) {
            if like_ours && bytes.len() > 1 {
                bytes[0] = VERSION;
                bytes[1] = 1 + bytes[1] % 2;
            }
            let _ = Missing::parse(&bytes);
            if let Ok(resent) = Resent::parse(&bytes) {
                for (_, packet) in resent.frames() {
                    prop_assert!(!packet.is_empty() && packet.len() <= MAX_PACKET);
                }
            }
        }

        #[test]
        fn a_cut_or_longer_message_is_refused(cut in 0usize..60, more in 1usize..20) {
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes, 1, 2);
            writer.add(1000, 5, &[1; 20]);
            writer.add(1000, 6, &[2; 21]);
            prop_assert!(cut == bytes.len() || Resent::parse(&bytes[..cut.min(bytes.len() - 1)]).is_err());
            bytes.extend(vec![0; more]);
            prop_assert!(Resent::parse(&bytes).is_err());
        }
    }

    #[test]
    fn other_versions_and_kinds_are_refused_by_name() {
        let message = Missing {
            request: 1,
            from: 2,
            to: 3,
        }
        .to_bytes();
        assert_eq!(
            Resent::parse(&message),
            Err(Malformed("is of another kind"))
        );
        let mut newer = message;
        newer[0] = 2;
        assert_eq!(
            Missing::parse(&newer),
            Err(Malformed("is of another version"))
        );
        assert!(Resent::parse(&[0; MAX_MESSAGE + 1]).is_err());
    }
}
