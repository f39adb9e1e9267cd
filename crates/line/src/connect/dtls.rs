//! DTLS whose handshake does not wait for a lost flight.
//!
//! RFC 6347 retransmits after one second, then two, four and so on, for it knows nothing of the
//! path. Here ICE has just found it working, and a person waits. So until the far end goes on, the
//! last flight's datagrams are repeated as they are, at an even pace; a far end that has them
//! drops the copies (section 4.1.2.6). The library's own timer, with new records, runs beside.
//!
//! A far end may send so much and no more. Of a handshake every datagram counts, since nothing
//! tells a forged one from a real one; after it a record counts if it was authentic.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use str0m::config::CryptoProvider;
use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
};
use str0m::crypto::CryptoError;

use crate::limit::Limit;
use crate::seam::config::{
    CONNECT_TIMEOUT_S, HANDSHAKE_BURST, HANDSHAKE_PER_S, RECORDS_PER_S, RECORD_BURST,
};

/// Time between two copies of a flight, and how many there are at most.
const REPEAT: Duration = Duration::from_millis(100);
const REPEATS: u32 = 20;
/// After the handshake is done here the far end may still lack our last flight.
const LAST_REPEATS: u32 = 10;
/// The library's own timer: its start, doubled each time, until the call has to be connected.
const FIRST_RTO: Duration = Duration::from_millis(250);
const RETRIES: usize = 7;
/// Content type of records that carry messages (RFC 5246, section 6.2.1).
const APPLICATION_DATA: u8 = 23;
/// str0m tells the time when we ask to be woken, and not with a datagram. Where a limit might be
/// met it has to be known.
const TELL_TIME: Duration = Duration::from_millis(20);
/// Of simulations.
const SEED: u64 = 1;

/// The crypto of all calls. `simulated`: DTLS draws its jitter and randomness from a fixed seed, so
/// that a simulated handshake takes the same time in every run; never on a network.
pub fn crypto(simulated: bool) -> Arc<CryptoProvider> {
    static REAL: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| with(&Hasty { simulated: false }));
    static SIMULATED: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| with(&Hasty { simulated: true }));
    let provider: &Arc<CryptoProvider> = if simulated { &SIMULATED } else { &REAL };
    provider.clone()
}

fn with(dtls_provider: &'static Hasty) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        dtls_provider,
        ..str0m::crypto::from_feature_flags()
    })
}

#[derive(Debug)]
struct Hasty {
    simulated: bool,
}

impl DtlsProvider for Hasty {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        let provider = str0m::crypto::from_feature_flags().dtls_provider;
        provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        // ICE has verified that the far end is where it says: no cookies.
        let mut config = dimpl::Config::builder()
            .use_server_cookie(false)
            .flight_start_rto(FIRST_RTO)
            .flight_retries(RETRIES)
            .handshake_timeout(Duration::from_secs_f64(2.0 * CONNECT_TIMEOUT_S));
        if self.simulated {
            config = config.dangerously_set_rng_seed(SEED);
        }
        if let Some(mtu) = mtu {
            config = config.mtu(mtu);
        }
        let config = config
            .build()
            .map_err(|error| CryptoError::Other(format!("DTLS cannot be set up: {error}")))?;
        let (config, certificate) = (Arc::new(config), certificate.clone());
        let session = match version {
            DtlsVersion::Dtls12 => dimpl::Dtls::new_12(config, certificate, now),
            DtlsVersion::Dtls13 => dimpl::Dtls::new_13(config, certificate, now),
            _ => dimpl::Dtls::new_auto(config, certificate, now),
        };
        Ok(Box::new(Session {
            dtls: session,
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
        }))
    }
}

#[derive(Debug)]
struct Session {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATED: Hasty = Hasty { simulated: true };

    fn session(now: Instant, active: bool) -> Box<dyn DtlsInstance> {
        let certificate = SIMULATED.generate_certificate().unwrap();
        let made = SIMULATED.new_dtls(&certificate, now, DtlsVersion::Dtls12, None);
        let mut session = made.unwrap();
        session.set_active(active);
        session.handle_timeout(now).unwrap();
        session
    }

    /// What a session wants sent, how many records it handed up, and when it wants to be woken.
    fn drain(session: &mut dyn DtlsInstance) -> (Vec<Vec<u8>>, usize, Instant) {
        let (mut sent, mut records, mut buffer) = (Vec::new(), 0, vec![0; 2048]);
        loop {
            match session.poll_output(&mut buffer) {
                DtlsOutput::Packet(datagram) => sent.push(datagram.to_vec()),
                DtlsOutput::ApplicationData(_) => records += 1,
                DtlsOutput::Timeout(at) => return (sent, records, at),
                _ => {}
            }
        }
    }

    /// A client's session and a server's, connected.
    fn pair(now: Instant) -> (Box<dyn DtlsInstance>, Box<dyn DtlsInstance>) {
        let (mut client, mut server) = (session(now, true), session(now, false));
        for _ in 0..10 {
            for datagram in drain(&mut *client).0 {
                server.handle_packet(&datagram).unwrap();
            }
            for datagram in drain(&mut *server).0 {
                client.handle_packet(&datagram).unwrap();
            }
        }
        (client, server)
    }

    /// Sends so many records; how many are handed up, and when the receiver wants to be woken.
    fn heard(
        client: &mut dyn DtlsInstance,
        server: &mut dyn DtlsInstance,
        records: usize,
    ) -> (usize, Instant) {
        let (mut heard, mut wake) = (0, None);
        for _ in 0..records {
            client.send_application_data(b"text").unwrap();
            for datagram in drain(client).0 {
                let _ = server.handle_packet(&datagram);
                let (_, records, at) = drain(server);
                heard += records;
                wake = Some(at);
            }
        }
        (heard, wake.unwrap())
    }

    #[test]
    fn records_beyond_a_burst_are_dropped_until_time_has_passed() {
        let start = Instant::now();
        let (mut client, mut server) = pair(start);
        let burst = RECORD_BURST as usize;
        let (records, wake) = heard(&mut *client, &mut *server, burst + 500);
        assert_eq!((records, wake), (burst, start + TELL_TIME));
        server.handle_timeout(wake).unwrap();
        let more = (RECORDS_PER_S * TELL_TIME.as_secs_f64()) as usize;
        assert_eq!(heard(&mut *client, &mut *server, 500).0, more);
    }

    #[test]
    fn a_few_records_wake_nobody() {
        let start = Instant::now();
        let (mut client, mut server) = pair(start);
        let (records, wake) = heard(&mut *client, &mut *server, 1000);
        assert_eq!(records, 1000);
        assert!(wake > start + TELL_TIME);
    }

    #[test]
    fn forged_records_use_nothing_up() {
        let start = Instant::now();
        let (mut client, mut server) = pair(start);
        let mut forged = vec![APPLICATION_DATA, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40];
        forged.extend([7; 40]);
        for _ in 0..3 * RECORD_BURST as usize {
            let _ = server.handle_packet(&forged);
            drain(&mut *server);
        }
        assert_eq!(heard(&mut *client, &mut *server, 100).0, 100);
    }

    #[test]
    fn a_flood_of_handshakes_is_answered_up_to_a_burst() {
        let start = Instant::now();
        let (mut client, mut server) = (session(start, true), session(start, false));
        let hello = drain(&mut *client).0.remove(0);
        let taken = (0..10 * HANDSHAKE_BURST as usize)
            .filter(|_| {
                let taken = server.handle_packet(&hello).is_ok();
                drain(&mut *server);
                taken
            })
            .count();
        assert_eq!(taken, HANDSHAKE_BURST as usize);
    }
}
