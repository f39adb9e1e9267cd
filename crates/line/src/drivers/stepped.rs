//! The same calls in a simulation: no socket, no thread, no clock, starts drawn from a seed.
//!
//! What can be observed (PCM, positions, events, when packets leave) is the same for the same
//! seed and the same packets; keys and the bytes of ciphers are not.

use std::net::SocketAddr;

use crate::calls::load::Tick;
use crate::calls::Calls;
use crate::clock::{Clock, TICK_S};
use crate::random::{Random, Source};
use crate::seam::batch::Batch;
use crate::seam::config::Config;
use crate::seam::error::LineError;

pub struct Stepped {
    pub calls: Calls,
    address: SocketAddr,
    now: f64,
    start: f64,
}

impl Stepped {
    pub fn new(
        config: Config,
        seed: u64,
        address: SocketAddr,
        start: f64,
    ) -> Result<Self, LineError> {
        let source = Source::Seed(Random::seeded(seed));
        Ok(Stepped {
            calls: Calls::new(config, Clock::simulated(), source)?,
            address,
            now: start,
            start,
        })
    }

    /// Where the simulation stands.
    pub fn now(&self) -> f64 {
        self.now
    }

    pub fn accept(&mut self, offer: &str, max_call_s: f64) -> Result<(i64, String), LineError> {
        self.calls
            .accept(self.now, &[self.address], &[], max_call_s, offer)
    }

    pub fn offer(&mut self, max_call_s: f64) -> Result<(i64, String), LineError> {
        self.calls.offer(self.now, &[self.address], &[], max_call_s)
    }

    pub fn receive(&mut self, now: f64, source: SocketAddr, packet: &[u8]) {
        self.now = self.now.max(now);
        self.calls.receive(self.now, self.address, source, packet);
    }

    pub fn timeout(&mut self, now: f64) {
        self.now = self.now.max(now);
        self.calls.timeout(self.now);
    }

    /// Runs the tick of `now`, which is a multiple of 20 ms after the start.
    pub fn step(&mut self, now: f64) -> Result<Batch, LineError> {
        let ticks = (now - self.start) / TICK_S;
        if (ticks - ticks.round()).abs() > 1e-6 || now < self.now - 1e-9 {
            return Err(LineError::new(
                "invalid_time",
                format!(
                    "step to {now} s: a tick is a multiple of 20 ms after {} s and not before {} s",
                    self.start, self.now
                ),
            ));
        }
        self.timeout(now);
        Ok(self.calls.tick(Tick::on_time(self.now), |_| {}))
    }

    /// The far end begins ICE anew; returns the answer.
    pub fn restart(&mut self, call: i64, offer: &str) -> Result<String, LineError> {
        self.calls.restart(self.now, call, offer)
    }

    /// From now on this end is at another address, as after a change of network.
    pub fn move_to(&mut self, address: SocketAddr) {
        self.address = address;
    }

    /// Begins ICE of a call anew from the present address; returns the SDP offer.
    pub fn restart_offer(&mut self, call: i64) -> Result<String, LineError> {
        self.calls.restart_offer(self.now, call, &[self.address])
    }

    /// Takes the datagrams to be sent: where to, and the contents.
    pub fn packets(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let packets = self.calls.packets().drain(..);
        packets
            // What is sent from where this end was before it moved gets nowhere.
            .filter(|packet| packet.source == self.address)
            .map(|packet| (packet.destination, packet.contents.into()))
            .collect()
    }
}
