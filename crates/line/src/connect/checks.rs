//! ICE checks of a call that is still connecting, sent again until they are answered.
//!
//! str0m makes a new check of each retransmission, at twice the interval of the one before: on a
//! path that loses a third, one call in twenty waits for seconds. STUN means a request to be
//! repeated as it is (RFC 8489, section 6.2.1), and ICE paces checks at 50 ms (RFC 8445).

use str0m::net::Transmit;

use crate::connect::stun;

/// Between two copies, seconds.
const REPEAT_S: f64 = 0.05;
/// Copies of one check at most, and checks kept.
const COPIES: u32 = 20;
const KEPT: usize = 8;

struct Check {
    packet: Transmit,
    next: f64,
    left: u32,
}

/// See the module.
#[derive(Default)]
pub struct Checks(Vec<Check>);

impl Checks {
    /// A packet is sent at `now`. If it is a check it takes the place of the one before it on the
    /// same path.
    pub fn on_sent(&mut self, now: f64, packet: &Transmit) {
        if stun::request_name(&packet.contents).is_none() {
            return;
        }
        let path = (packet.source, packet.destination);
        self.0
            .retain(|check| (check.packet.source, check.packet.destination) != path);
        if self.0.len() < KEPT {
            self.0.push(Check {
                packet: copy(packet),
                next: now + REPEAT_S,
                left: COPIES,
            });
        }
    }

    /// A success response came. A copy's response may come when the path has a newer check (the
    /// one that nominates), so the transaction counts.
    pub fn on_answer(&mut self, response: &[u8]) {
        let transaction = response.get(8..20);
        self.0
            .retain(|check| check.packet.contents.get(8..20) != transaction);
    }

    /// The call is connected: str0m's own pace will do.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// When the next copy is due; infinite if none is.
    pub fn due(&self) -> f64 {
        let due = self.0.iter().map(|check| check.next);
        due.fold(f64::INFINITY, f64::min)
    }

    /// Puts the copies that are due by `now` into `out`.
    pub fn repeat(&mut self, now: f64, out: &mut Vec<Transmit>) {
        for check in self.0.iter_mut().filter(|check| check.next <= now) {
            check.next = now + REPEAT_S;
            check.left -= 1;
            out.push(copy(&check.packet));
        }
        self.0.retain(|check| check.left > 0);
    }
}

fn copy(packet: &Transmit) -> Transmit {
    Transmit {
        proto: packet.proto,
        source: packet.source,
        destination: packet.destination,
        contents: packet.contents.to_vec().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::net::Protocol;

    fn packet(port: u16, first: u8) -> Transmit {
        let mut contents = vec![0, first, 0, 8, 0x21, 0x12, 0xa4, 0x42];
        contents.extend([port as u8; 12]);
        contents.extend([0, 6, 0, 3, b'a', b':', b'b', 0]);
        Transmit {
            proto: Protocol::Udp,
            source: "10.0.0.1:1".parse().unwrap(),
            destination: ([10, 0, 0, 2], port).into(),
            contents: contents.into(),
        }
    }

    fn copies(checks: &mut Checks, now: f64) -> usize {
        let mut out = Vec::new();
        checks.repeat(now, &mut out);
        out.len()
    }

    #[test]
    fn checks_are_repeated_until_they_are_answered_or_often_enough() {
        let mut checks = Checks::default();
        checks.on_sent(0.0, &packet(1, 1));
        checks.on_sent(0.0, &packet(1, 1));
        checks.on_sent(0.0, &packet(2, 1));
        assert_eq!(checks.due(), REPEAT_S);
        assert_eq!(
            (copies(&mut checks, 0.04), copies(&mut checks, 0.05)),
            (0, 2)
        );
        checks.on_answer(&[9; 20]);
        assert_eq!(copies(&mut checks, 0.07), 0);
        assert_eq!(copies(&mut checks, 0.1), 2);
        checks.on_answer(&packet(1, 1).contents);
        let rest: usize = (3..100)
            .map(|i| copies(&mut checks, f64::from(i) * 0.05))
            .sum();
        assert_eq!(rest, COPIES as usize - 2);
        assert_eq!(checks.due(), f64::INFINITY);
    }

    #[test]
    fn responses_are_not_repeated_and_many_checks_are_bounded() {
        let mut checks = Checks::default();
        // A binding success response names nobody.
        let mut response = packet(1, 1);
        let mut contents = response.contents.to_vec();
        contents[0] = 1;
        response.contents = contents.into();
        checks.on_sent(0.0, &response);
        assert_eq!(checks.due(), f64::INFINITY);
        for port in 1..100 {
            checks.on_sent(0.0, &packet(port, 1));
        }
        assert_eq!(copies(&mut checks, 1.0), KEPT);
    }
}
