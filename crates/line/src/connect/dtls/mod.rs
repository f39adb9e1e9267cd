//! DTLS whose handshake does not wait for a lost flight.
//!
//! RFC 6347 retransmits after one second, then two, four and so on, for it knows nothing of the
//! path. Here ICE has just found it working, and a person waits. So until the far end goes on, the
//! last flight's datagrams are repeated as they are, at an even pace; a far end that has them
//! drops the copies (section 4.1.2.6). The library's own timer, with new records, runs beside.
//!
//! A far end may send so much and no more. Of a handshake every datagram counts, since nothing
//! tells a forged one from a real one; after it a record counts if it was authentic.

mod session;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use str0m::config::CryptoProvider;
use str0m::crypto::dtls::{DtlsCert, DtlsInstance, DtlsProvider, DtlsVersion};
use str0m::crypto::CryptoError;

use crate::seam::config::CONNECT_TIMEOUT_S;
use session::Session;

/// The library's own timer: its start, doubled each time, until the call has to be connected.
const FIRST_RTO: Duration = Duration::from_millis(250);
const RETRIES: usize = 7;
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
        Ok(Box::new(Session::new(session, now)))
    }
}
