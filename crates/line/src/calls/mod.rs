//! Many calls over few addresses: which datagram belongs to which call, and when each is due.
//!
//! str0m's own demultiplexing asks every session in turn; here a datagram finds its call by the
//! address it came from, and a STUN request by the name in it.

mod begin;
mod commands;
mod directory;
pub mod load;
mod totals;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::{catch_unwind, AssertUnwindSafe};

use str0m::config::DtlsCert;
use str0m::net::Transmit;

use crate::calls::directory::Directory;
use crate::calls::load::{Load, Tick};
use crate::clock::{Clock, TICK_S};
use crate::connect::stun;
use crate::net::mmsg::BATCH;
use crate::peer::{Out, Peer};
use crate::random::Source;
use crate::seam::batch::{Batch, Event, Happening};
use crate::seam::config::Config;
use crate::seam::error::LineError;
use crate::voice::voices::Voices;
use crate::voice::Voice;

pub use commands::queue_full;
pub use totals::Totals;

pub struct Calls {
    config: Config,
    clock: Clock,
    random: Source,
    certificate: DtlsCert,
    next: i64,
    peers: BTreeMap<i64, Peer>,
    directory: Directory,
    /// Calls whose handshake was not done when last looked at.
    connecting: Vec<i64>,
    out: Out,
    totals: Totals,
    load: Load,
    voices: Option<Voices>,
    /// Reused from tick to tick: the calls to be ticked, and the rows the last batch had.
    turn: Vec<i64>,
    rows: usize,
}

impl Calls {
    pub fn new(config: Config, clock: Clock, random: Source) -> Result<Self, LineError> {
        let certificate = str0m::crypto::from_feature_flags()
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| LineError::internal("no DTLS certificate could be made"))?;
        Ok(Calls {
            config,
            clock,
            random,
            certificate,
            next: 1,
            peers: BTreeMap::new(),
            directory: Directory::default(),
            connecting: Vec::new(),
            out: Out::default(),
            totals: Totals::default(),
            load: Load::default(),
            voices: None,
            turn: Vec::new(),
            rows: 0,
        })
    }

    pub fn len(&self) -> usize {
        self.peers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// One datagram that came to our address `local`.
    pub fn receive(&mut self, now: f64, local: SocketAddr, source: SocketAddr, packet: &[u8]) {
        self.totals.packets_in += 1;
        let path = (local.port(), source);
        let mut understood = false;
        if let Some((call, known)) = self.directory.find(path, packet) {
            self.with(now, call, |peer, out| {
                understood = peer.receive(now, (local, source), known, packet, out);
            });
        }
        if !understood {
            self.totals.packets_dropped += 1;
        }
    }

    /// When a call that is still connecting is next due; those that are connected wait for ticks.
    pub fn due(&mut self) -> Option<f64> {
        let peers = &self.peers;
        self.connecting
            .retain(|call| peers.get(call).is_some_and(|peer| !peer.connected()));
        let connecting = self.connecting.iter().filter_map(|call| peers.get(call));
        connecting.map(Peer::due).min_by(f64::total_cmp)
    }

    /// Lets protocol timers due by `now` run.
    pub fn timeout(&mut self, now: f64) {
        let due: Vec<i64> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.due() <= now)
            .map(|(call, _)| *call)
            .collect();
        for call in due {
            self.with(now, call, |peer, out| peer.timeout(now, out));
        }
    }

    /// One 20 ms tick of every call. `send` is handed packets now and then, so that the first
    /// call's do not wait for the last call's; it takes what it sends.
    pub fn tick(&mut self, tick: Tick, mut send: impl FnMut(&mut Vec<Transmit>)) -> Batch {
        let now = tick.now;
        self.load.note(tick, self.peers.len());
        let frame = self.config.receive_rate as usize / 50;
        let mut batch = Batch::with_capacity(self.rows, frame);
        (batch.now, batch.late_ms) = (now, tick.late_s * 1000.0);
        let mut turn = std::mem::take(&mut self.turn);
        turn.extend(self.peers.keys());
        for call in turn.drain(..) {
            let rows = batch.calls.len();
            if !self.with(now, call, |peer, out| peer.tick(now, &mut batch, out)) {
                batch.truncate(rows, frame);
            }
            if self.out.packets.len() >= SEND_AT {
                send(&mut self.out.packets);
            }
        }
        self.turn = turn;
        self.rows = batch.calls.len();
        if let Some(voices) = &mut self.voices {
            voices.hear(&mut batch, frame);
        }
        batch.events = std::mem::take(&mut self.out.events);
        batch
    }

    /// Lets a detector listen to every call from now on. Only where calls are received at 16 kHz.
    pub fn listen(&mut self, voice: Voice) {
        if self.config.receive_rate == 16_000 {
            self.voices = Some(Voices::new(voice));
        }
    }

    /// The load of the last seconds: the share of a core, and the lateness of 99 % of the ticks.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// The datagrams to be sent, in order; whoever sends them takes them.
    pub fn packets(&mut self) -> &mut Vec<Transmit> {
        &mut self.out.packets
    }

    /// The ports a call has candidates for.
    pub fn ports(&self, call: i64) -> Vec<u16> {
        let locals = self.peers.get(&call).map_or(&[][..], Peer::locals);
        locals.iter().map(SocketAddr::port).collect()
    }

    /// Lets one call do something. A call that panics is the only one that ends. False if the
    /// call is over (now or before).
    fn with(&mut self, now: f64, call: i64, act: impl FnOnce(&mut Peer, &mut Out)) -> bool {
        let Some(peer) = self.peers.get_mut(&call) else {
            return false;
        };
        let out = &mut self.out;
        let before = out.packets.len();
        let counted = Totals::of(peer);
        let acted = catch_unwind(AssertUnwindSafe(|| {
            act(peer, out);
            if peer.ended().is_some() {
                peer.close(now, out);
            }
        }));
        self.totals.grow(&counted, &Totals::of(peer));
        let over = acted.is_err() || peer.ended().is_some();
        if acted.is_err() {
            self.out.events.push(Event {
                call,
                what: Happening::Closed("error: a fault inside the line ended this call".into()),
            });
        }
        self.learn_paths(call, before);
        if over {
            self.forget(call);
        }
        !over
    }

    /// Counts what a call wrote, from packet `before` on. Where it sends to is where it is heard
    /// from, unless another living call is heard from there: a stranger cannot take a call's path
    /// by a forged source.
    fn learn_paths(&mut self, call: i64, before: usize) {
        for source in self.out.sources.drain(..) {
            let ports = self.peers.get(&call).map_or(&[][..], Peer::locals);
            for local in ports {
                self.directory.hear(local.port(), source, call);
            }
        }
        let packets = &self.out.packets[before..];
        self.totals.packets_out += packets.len() as u64;
        for packet in packets {
            let path = (packet.source.port(), packet.destination);
            let owner = self.directory.owner(path);
            if owner == Some(call) {
                continue;
            }
            let newest = self.peers.get(&call).map_or(0.0, Peer::last_heard);
            let kept = owner
                .and_then(|owner| self.peers.get(&owner))
                .is_some_and(|owner| {
                    !stun::is_success(&packet.contents)
                        || (owner.connected() && newest - owner.last_heard() < PATH_IN_USE_S)
                });
            if !kept {
                self.directory.give(path, call);
            }
        }
    }

    fn forget(&mut self, call: i64) {
        // Dropping the session must not be what ends the engine.
        if let Some(peer) = self.peers.remove(&call) {
            self.directory.unname(peer.ufrag());
            let _ = catch_unwind(AssertUnwindSafe(move || drop(peer)));
        }
        self.directory.forget(call);
        if let Some(voices) = &mut self.voices {
            voices.forget(call);
        }
    }
}

/// Packets of one tick that are sent before it is done.
const SEND_AT: usize = BATCH / 2;
/// A call heard from within this time keeps its path.
const PATH_IN_USE_S: f64 = 5.0 + TICK_S;
