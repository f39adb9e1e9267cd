//! One session: the library's, whose flights are repeated and whose datagrams are limited.

use std::time::{Duration, Instant};

use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, ProtocolVersion};

use crate::limit::Limit;
use crate::seam::config::{HANDSHAKE_BURST, HANDSHAKE_PER_S, RECORDS_PER_S, RECORD_BURST};

/// Time between two copies of a flight, and how many there are at most.
const REPEAT: Duration = Duration::from_millis(100);
const REPEATS: u32 = 20;
/// After the handshake is done here the far end may still lack our last flight.
const LAST_REPEATS: u32 = 10;
/// Content type of records that carry messages (RFC 5246, section 6.2.1).
pub const APPLICATION_DATA: u8 = 23;
/// str0m tells the time when we ask to be woken, and not with a datagram. Where a limit might be
/// met it has to be known.
pub const TELL_TIME: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Session {
    dtls: dimpl::Dtls,
    began: Instant,
    now: Instant,
    handshake: Limit,
    records: Limit,
    /// Datagrams of the last flight.
    flight: Vec<Vec<u8>>,
    /// The next datagram begins another flight.
    fresh: bool,
    connected: bool,
    /// When the library wants to be woken.
    due: Option<Instant>,
    /// Copies to be sent now, from the end of the flight.
    copies: usize,
    /// When to send the flight again, and how often at most.
    next: Option<Instant>,
    left: u32,
}

impl Session {
    pub fn new(dtls: dimpl::Dtls, now: Instant) -> Self {
        Session {
            dtls,
            began: now,
            now,
            handshake: Limit::new(0.0, HANDSHAKE_PER_S, HANDSHAKE_BURST),
            records: Limit::new(0.0, RECORDS_PER_S, RECORD_BURST),
            flight: Vec::new(),
            fresh: true,
            connected: false,
            due: None,
            copies: 0,
            next: None,
            left: REPEATS,
        }
    }

    /// A datagram of the handshake goes out.
    fn keep(&mut self, datagram: &[u8]) {
        if std::mem::take(&mut self.fresh) {
            self.flight.clear();
            self.copies = 0;
            self.left = REPEATS;
        }
        self.flight.push(datagram.to_vec());
        self.next = Some(self.now + REPEAT);
    }

    /// Since the session was made, seconds.
    fn age(&self) -> f64 {
        (self.now - self.began).as_secs_f64()
    }

    fn done(&mut self) {
        self.flight = Vec::new();
        self.copies = 0;
        self.next = None;
    }
}

impl DtlsInstance for Session {
    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        let record = self.connected && packet.first() == Some(&APPLICATION_DATA);
        let age = self.age();
        let limit = if record {
            &mut self.records
        } else {
            &mut self.handshake
        };
        if !limit.allows(age) {
            return Err(DtlsImplError::ReceiveQueueFull);
        }
        if record {
            self.done(); // the far end has our last flight
        } else {
            limit.spend();
        }
        self.fresh = true;
        self.dtls.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        if self.copies > 0 {
            let copy = &self.flight[self.flight.len() - self.copies];
            self.copies -= 1;
            let out = &mut buffer[..copy.len()];
            out.copy_from_slice(copy);
            return DtlsOutput::Packet(out);
        }
        let output = self.dtls.poll_output(buffer);
        match &output {
            DtlsOutput::Packet(datagram) if !self.connected => self.keep(datagram),
            DtlsOutput::Connected => {
                self.connected = true;
                self.left = self.left.min(LAST_REPEATS);
            }
            DtlsOutput::ApplicationData(_) => self.records.spend(),
            DtlsOutput::Timeout(at) => {
                self.due = Some(*at);
                let low = self.handshake.low() || self.records.low();
                let told = low.then(|| self.now + TELL_TIME);
                let earlier = [self.next, told].into_iter().flatten();
                return DtlsOutput::Timeout(earlier.fold(*at, Instant::min));
            }
            _ => {}
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.now = now;
        let age = self.age();
        self.handshake.pass(age);
        self.records.pass(age);
        if self.next.is_some_and(|next| next <= now) {
            if self.left == 0 {
                self.done();
            } else {
                self.left -= 1;
                self.copies = self.flight.len();
                self.next = Some(now + REPEAT);
            }
        }
        if self.due.take_if(|due| *due <= now).is_some() {
            self.fresh = true; // the library sends its flight again
        }
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}
