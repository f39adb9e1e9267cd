//! Many calls over few addresses: which datagram belongs to which call, and when each is due.
//!
//! str0m's own demultiplexing asks every session in turn; here a datagram finds its call by the
//! address it came from, and a STUN request by the name in it.

mod directory;
pub mod load;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::panic::{catch_unwind, AssertUnwindSafe};

use str0m::config::DtlsCert;
use str0m::net::Transmit;

use crate::calls::directory::Directory;
use crate::calls::load::{Load, Tick};
use crate::clock::{Clock, TICK_S};
use crate::connect::stun;
use crate::net::mmsg::BATCH;
use crate::peer::{Birth, Out, Peer};
use crate::random::Source;
use crate::seam::batch::{Batch, Event, Happening};
use crate::seam::config::Config;
use crate::seam::error::LineError;
use crate::seam::plan::SendPlan;
use crate::voice::voices::Voices;
use crate::voice::Voice;

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub packets_in: u64,
    pub packets_out: u64,
    pub packets_dropped: u64,
    pub encodes: u64,
    /// Packets received and sent that carried RED.
    pub red_in: u64,
    pub red_out: u64,
    /// Repairs received and sent, and packets that they made whole.
    pub repairs_in: u64,
    pub repairs_out: u64,
    pub repaired: u64,
}

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

    /// Takes an SDP offer; returns the call and the SDP answer.
    pub fn accept(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
        offer: &str,
    ) -> Result<(i64, String), LineError> {
        self.admit(now, locals, publics, max_call_s, |birth, out| {
            Peer::accept(birth, offer, out)
        })
    }

    /// Starts a call of our own from `locals`; returns it and the SDP offer. The addresses must
    /// differ from those of every other call to the same far end: DTLS has no other name.
    pub fn offer(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
    ) -> Result<(i64, String), LineError> {
        self.admit(now, locals, publics, max_call_s, Peer::offer)
    }

    fn admit(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        publics: &[IpAddr],
        max_call_s: f64,
        make: impl FnOnce(Birth<'_>, &mut Out) -> Result<(Peer, String), LineError>,
    ) -> Result<(i64, String), LineError> {
        if self.peers.len() >= self.config.max_calls {
            return Err(LineError::new(
                "busy",
                format!(
                    "{} calls are running, as many as this server takes; try again later",
                    self.peers.len()
                ),
            ));
        }
        if let Some(reason) = self.load.refusal(self.peers.len()) {
            return Err(LineError::new("busy", reason));
        }
        let call = self.next;
        let birth = Birth {
            call,
            now,
            max_call_s,
            clock: self.clock,
            config: &self.config,
            certificate: &self.certificate,
            credentials: self.random.credentials(),
            random: self.random.draw(),
            simulated: matches!(self.random, Source::Seed(_)),
            locals,
            publics,
        };
        // What a call writes before it is known to be good goes nowhere.
        let mut out = Out::default();
        let made = catch_unwind(AssertUnwindSafe(|| make(birth, &mut out)));
        let (peer, sdp) = made.unwrap_or_else(|_| {
            Err(LineError::invalid_sdp(
                "the SDP cannot be used: it broke an assumption of the WebRTC library",
            ))
        })?;
        self.next += 1;
        self.directory.name(call, peer.ufrag());
        self.peers.insert(call, peer);
        self.connecting.push(call);
        let before = self.out.packets.len();
        self.out.packets.append(&mut out.packets);
        self.out.events.append(&mut out.events);
        self.learn_paths(call, before);
        Ok((call, sdp))
    }

    /// The far end's answer to a call made by `offer`, or to a `restart_offer`.
    pub fn answer(&mut self, now: f64, call: i64, answer: &str) -> Result<(), LineError> {
        let mut result = Err(LineError::invalid_sdp(format!(
            "there is no call {call} that waits for an SDP answer"
        )));
        self.renaming(now, call, |peer, out| {
            result = peer.answer(now, answer, out)
        });
        result
    }

    /// The far end begins ICE anew or adds candidates, by an SDP offer or an ICE fragment;
    /// returns the answer in kind.
    pub fn restart(&mut self, now: f64, call: i64, offer: &str) -> Result<String, LineError> {
        let mut result = Err(over(call));
        self.renaming(now, call, |peer, out| {
            result = peer.restart(now, offer, out)
        });
        result
    }

    /// Begins ICE of a call of ours anew, from `locals` too; returns the SDP offer.
    pub fn restart_offer(
        &mut self,
        now: f64,
        call: i64,
        locals: &[SocketAddr],
    ) -> Result<String, LineError> {
        let mut result = Err(over(call));
        self.renaming(now, call, |peer, out| {
            result = peer.restart_offer(now, locals, out)
        });
        result
    }

    /// As `with`, for what may change the call's name. Panics of the library in a stranger's SDP
    /// end that call and no other.
    fn renaming(&mut self, now: f64, call: i64, act: impl FnOnce(&mut Peer, &mut Out)) {
        let name = |calls: &Calls| calls.peers.get(&call).map(|peer| peer.ufrag().to_owned());
        let before = name(self);
        if self.with(now, call, act) {
            let after = name(self);
            if let (Some(before), Some(after)) = (before, after) {
                if before != after {
                    self.directory.unname(&before);
                    self.directory.name(call, &after);
                }
            }
        } else if let Some(before) = before {
            self.directory.unname(&before);
        }
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

    /// Samples queued for a call and not yet sent; 0 if it is over.
    pub fn queued(&self, call: i64) -> usize {
        self.peers.get(&call).map_or(0, |p| p.mouth.queued())
    }

    /// Most samples that may be queued for one call.
    pub fn max_queued(&self) -> usize {
        (self.config.max_queue_s * f64::from(self.config.play_rate)) as usize
    }

    /// Queues speech; what does not fit any more is dropped.
    pub fn play(&mut self, now: f64, call: i64, reply: i64, pcm: &[i16]) -> Result<(), LineError> {
        let mut played = Ok(());
        self.with(now, call, |peer, out| {
            played = peer.play(now, reply, pcm, out)
        });
        played.map_err(|full| queue_full(self.config.max_queue_s, full.dropped))
    }

    pub fn finish(&mut self, now: f64, call: i64, reply: i64) {
        self.with(now, call, |peer, _| peer.mouth.finish(reply));
    }

    pub fn duck(&mut self, now: f64, call: i64, gain: f64, ramp_s: f64) {
        self.with(now, call, |peer, _| peer.mouth.duck(gain, ramp_s));
    }

    pub fn flush(&mut self, now: f64, call: i64, fade_s: f64) {
        self.with(now, call, |peer, _| peer.mouth.flush(fade_s));
    }

    pub fn heard(&mut self, now: f64, call: i64, rtp: u32) {
        self.with(now, call, |peer, out| peer.heard(now, rtp, out));
    }

    pub fn send(&mut self, now: f64, call: i64, text: String) {
        self.with(now, call, |peer, out| peer.send(now, text, out));
    }

    pub fn set_plan(&mut self, now: f64, call: i64, plan: &SendPlan) {
        self.with(now, call, |peer, _| {
            if let Err(error) = peer.mouth.set_plan(plan) {
                peer.end(format!("error: {error}"));
            }
        });
    }

    /// Ends a call; `Closed(reason)` follows. `local` is the reason when we hang up.
    pub fn close(&mut self, now: f64, call: i64, reason: &str) {
        self.with(now, call, |peer, _| peer.end(reason.to_owned()));
    }

    pub fn close_all(&mut self, now: f64) {
        let calls: Vec<i64> = self.peers.keys().copied().collect();
        for call in calls {
            self.close(now, call, "local");
        }
    }

    /// Lets one call do something. A call that panics is the only one that ends. False if the
    /// call is over (now or before).
    fn with(&mut self, now: f64, call: i64, act: impl FnOnce(&mut Peer, &mut Out)) -> bool {
        let Some(peer) = self.peers.get_mut(&call) else {
            return false;
        };
        let out = &mut self.out;
        let before = out.packets.len();
        let encodes = peer.mouth.encodes();
        let (red_in, red_out) = (peer.red_in(), peer.mouth.copied());
        let (repairs_in, repaired) = peer.repairs_in();
        let repairs_out = peer.mouth.repairs();
        let acted = catch_unwind(AssertUnwindSafe(|| {
            act(peer, out);
            if peer.ended().is_some() {
                peer.close(now, out);
            }
        }));
        self.totals.encodes += peer.mouth.encodes() - encodes;
        self.totals.red_in += peer.red_in() - red_in;
        self.totals.red_out += peer.mouth.copied() - red_out;
        let repairs = peer.repairs_in();
        self.totals.repairs_in += repairs.0 - repairs_in;
        self.totals.repaired += repairs.1 - repaired;
        self.totals.repairs_out += peer.mouth.repairs() - repairs_out;
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

fn over(call: i64) -> LineError {
    LineError::new("call_ended", format!("call {call} is over"))
}

/// The error of speech beyond the longest queue.
pub fn queue_full(max_queue_s: f64, dropped: usize) -> LineError {
    LineError::new(
        "queue_full",
        format!("more than {max_queue_s} s of speech is queued; {dropped} samples were dropped"),
    )
}
