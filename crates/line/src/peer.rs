//! One call: a str0m session with a way in for speech, a way out, and text messages.
//!
//! No clock and no socket: every entry takes `now` (seconds) and writes what is to be sent and
//! told into an `Out`. str0m demands that every change is followed by a drain of its output; each
//! entry here ends in one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::Extension;
use str0m::{Candidate, Event as RtcEvent, IceCreds, Input, Output, Rtc, RtcConfig};

use crate::batch::{Batch, Event, Happening};
use crate::clock::Clock;
use crate::config::{Config, ANSWER_TIMEOUT_S, CHANNEL, CONNECT_TIMEOUT_S};
use crate::ear::Ear;
use crate::error::LineError;
use crate::mouth::{Mouth, PayloadTypes};
use crate::random::Random;
use crate::report::LinkStats;
use crate::sdp;
use crate::text::Texts;

/// What a call sends and tells.
#[derive(Default)]
pub struct Out {
    pub packets: Vec<Transmit>,
    pub events: Vec<Event>,
}

/// What a new call is given.
pub struct Birth<'a> {
    pub call: i64,
    pub now: f64,
    pub max_call_s: f64,
    pub clock: Clock,
    pub config: &'a Config,
    pub certificate: &'a DtlsCert,
    pub credentials: IceCreds,
    pub random: Random,
    /// Our own addresses.
    pub locals: &'a [SocketAddr],
    /// Addresses that lead to the first of `locals` from outside.
    pub publics: &'a [IpAddr],
}

pub struct Peer {
    call: i64,
    clock: Clock,
    rtc: Rtc,
    ufrag: String,
    pending: Option<(SdpPendingOffer, bool)>,
    our_offer: String,
    audio: Option<(Mid, PayloadTypes)>,
    connected: bool,
    /// When the handshake has to be done, then never.
    connect_by: f64,
    end_by: f64,
    max_call_s: f64,
    silence_timeout_s: f64,
    last_heard: f64,
    channel_lost: bool,
    due: f64,
    ended: Option<String>,
    ear: Ear,
    pub(crate) mouth: Mouth,
    texts: Texts,
    link: LinkStats,
    report_at: f64,
    rtt_s: f64,
}

impl Peer {
    /// Takes an SDP offer; returns the call and the SDP answer.
    pub fn accept(
        birth: Birth<'_>,
        offer: &str,
        out: &mut Out,
    ) -> Result<(Peer, String), LineError> {
        let ipv6 = birth.locals.iter().any(SocketAddr::is_ipv6);
        let offer = SdpOffer::from_sdp_string(&sdp::vet(offer, "offer", ipv6)?)
            .map_err(|error| unreadable("offer", &error))?;
        let now = birth.now;
        let mut peer = Peer::new(birth)?;
        let answer = peer
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .map_err(|error| unreadable("offer", &error))?
            .to_sdp_string();
        peer.timeout(now, out);
        peer.find_audio("offer", &answer)?;
        Ok((peer, answer))
    }

    /// Starts a call of our own; returns it and the SDP offer.
    pub fn offer(birth: Birth<'_>, out: &mut Out) -> Result<(Peer, String), LineError> {
        let now = birth.now;
        let ipv6 = birth.locals.iter().any(SocketAddr::is_ipv6);
        let mut peer = Peer::new(birth)?;
        peer.connect_by = now + ANSWER_TIMEOUT_S;
        let mut change = peer.rtc.sdp_api();
        change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        change.add_channel(CHANNEL.to_owned());
        let (offer, pending) = change
            .apply()
            .ok_or_else(|| LineError::internal("no SDP offer could be made"))?;
        peer.pending = Some((pending, ipv6));
        peer.timeout(now, out);
        peer.our_offer = offer.to_sdp_string();
        let offer = peer.our_offer.clone();
        Ok((peer, offer))
    }

    /// Takes the far end's answer to our offer.
    pub fn answer(&mut self, now: f64, answer: &str, out: &mut Out) -> Result<(), LineError> {
        let Some((pending, ipv6)) = self.pending.take() else {
            return Err(LineError::invalid_sdp(
                "this call waits for no SDP answer: it was not made by `offer`, or it has one",
            ));
        };
        let vetted = match sdp::vet(answer, "answer", ipv6) {
            Ok(vetted) => vetted,
            Err(error) => {
                self.pending = Some((pending, ipv6));
                return Err(error);
            }
        };
        let answer = match SdpAnswer::from_sdp_string(&vetted) {
            Ok(answer) => answer,
            Err(error) => {
                self.pending = Some((pending, ipv6));
                return Err(unreadable("answer", &error));
            }
        };
        if let Err(error) = self.rtc.sdp_api().accept_answer(pending, answer) {
            let error = unreadable("answer", &error);
            self.end(format!("error: {}", error.message));
            return Err(error);
        }
        self.connect_by = now + CONNECT_TIMEOUT_S;
        self.last_heard = now;
        self.timeout(now, out);
        let offer = std::mem::take(&mut self.our_offer);
        self.find_audio("answer", &offer)
    }

    fn new(birth: Birth<'_>) -> Result<Peer, LineError> {
        let Birth {
            call,
            now,
            clock,
            config,
            mut random,
            ..
        } = birth;
        let ear = Ear::new(config).map_err(|e| LineError::internal(e.to_string()))?;
        let mouth =
            Mouth::new(config, &mut random).map_err(|e| LineError::internal(e.to_string()))?;
        let ufrag = birth.credentials.ufrag.clone();
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            // With RED: a far end that offers or takes it gets and sends copies.
            .enable_opus(true, true)
            // A camera's frames are taken so that its line can be answered.
            .enable_vp8(true)
            .enable_h264(true)
            .set_extension(14, Extension::AbsoluteCaptureTime)
            .set_local_ice_credentials(birth.credentials)
            .set_dtls_cert(birth.certificate.clone())
            .set_rtp_mode(true)
            .set_stats_interval(Some(Duration::from_secs(1)))
            .set_rtcp_report_interval_audio(Duration::from_secs(1))
            .set_sctp_max_message_size(config.max_message_bytes as u32)
            .set_sctp_max_buffered_amount(crate::config::MAX_UNSENT_TEXT)
            .build(clock.instant(now));
        for local in birth.locals {
            if let Ok(candidate) = Candidate::host(*local, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
            }
        }
        for public in birth.publics {
            let base = birth
                .locals
                .iter()
                .find(|l| l.is_ipv4() == public.is_ipv4());
            let Some(base) = base else { continue };
            let address = SocketAddr::new(*public, base.port());
            if let Ok(candidate) = Candidate::server_reflexive(address, *base, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
            }
        }
        Ok(Peer {
            call,
            clock,
            rtc,
            ufrag,
            pending: None,
            our_offer: String::new(),
            audio: None,
            connected: false,
            connect_by: now + CONNECT_TIMEOUT_S,
            end_by: now + birth.max_call_s,
            max_call_s: birth.max_call_s,
            silence_timeout_s: config.silence_timeout_s,
            last_heard: now,
            channel_lost: false,
            due: now,
            ended: None,
            ear,
            mouth,
            texts: Texts::new(now, config.max_message_bytes),
            link: LinkStats::default(),
            report_at: now,
            rtt_s: 0.0,
        })
    }

    /// Finds the audio that was agreed on, among the lines of our own SDP.
    fn find_audio(&mut self, what: &str, ours: &str) -> Result<(), LineError> {
        if let Some(reason) = &self.ended {
            return Err(LineError::invalid_sdp(format!(
                "the SDP {what} cannot be used: {reason}"
            )));
        }
        let names = sdp::audio_names(ours);
        let mut mids = names.into_iter().map(Mid::from);
        self.audio = mids.find_map(|mid| self.opus_in_both_directions(mid));
        match self.audio {
            Some(_) => Ok(()),
            None => Err(LineError::invalid_sdp(format!(
                "the SDP {what} agrees on no Opus audio in both directions"
            ))),
        }
    }

    fn opus_in_both_directions(&self, mid: Mid) -> Option<(Mid, PayloadTypes)> {
        let media = self.rtc.media(mid)?;
        if media.direction() != Direction::SendRecv || media.stopped() {
            return None;
        }
        let agreed = media.remote_pts();
        let codecs = self.rtc.codec_config();
        let opus = codecs.find(|p| p.spec().codec == Codec::Opus && agreed.contains(&p.pt()))?;
        let types = PayloadTypes {
            opus: opus.pt(),
            red: opus.red(),
        };
        Some((mid, types))
    }

    /// The part of a STUN USERNAME that names this call.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    pub fn connected(&self) -> bool {
        self.connected
    }

    /// When something of this call's protocols is due, seconds.
    pub fn due(&self) -> f64 {
        self.due
    }

    /// Packets that came as RED.
    pub fn red_in(&self) -> u64 {
        self.ear.red()
    }

    /// When a packet of the far end last came.
    pub fn last_heard(&self) -> f64 {
        self.last_heard
    }

    /// Why the call is over, once it is.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Ends the call for `reason` (the first reason stays); says goodbye at the next drain.
    pub fn end(&mut self, reason: String) {
        self.ended.get_or_insert(reason);
    }

    /// One datagram for this call. False if it was nothing that we understand.
    pub fn receive(
        &mut self,
        now: f64,
        local: SocketAddr,
        source: SocketAddr,
        packet: &[u8],
        out: &mut Out,
    ) -> bool {
        let Ok(received) = Receive::new(Protocol::Udp, source, local, packet) else {
            return false;
        };
        self.last_heard = now;
        self.link.on_received(packet.len());
        // An error here is a packet that is no good (a stranger can send anything), not a call
        // that is: what ends a call shows when the output is drained.
        let input = Input::Receive(self.clock.instant(now), received);
        let understood = self.rtc.handle_input(input).is_ok();
        self.drain(now, out);
        self.write_texts(now, out);
        understood
    }

    /// Lets protocol timers due by `now` run.
    pub fn timeout(&mut self, now: f64, out: &mut Out) {
        if let Err(error) = self
            .rtc
            .handle_input(Input::Timeout(self.clock.instant(now)))
        {
            self.end(format!("error: {error}"));
        }
        self.drain(now, out);
    }

    /// One 20 ms tick: speech in, speech out, what has to be told.
    pub fn tick(&mut self, now: f64, batch: &mut Batch, out: &mut Out) {
        if self.connected {
            self.ear.pull(now, self.call, batch);
        }
        // What is written leaves when str0m is next told the time.
        let spoke = self.connected && self.speak(now);
        if spoke || self.due <= now {
            self.timeout(now, out);
        }
        self.write_texts(now, out);
        if self.connected {
            for what in self.mouth.progress(now, self.rtt_s) {
                self.tell(what, out);
            }
            if now >= self.report_at {
                self.report_at = now + REPORT_S;
                let report = self.link.take(now, self.ear.stats());
                self.tell(Happening::Report(report), out);
            }
        }
        self.watch(now);
    }

    /// Writes this tick's packet, if there is one.
    fn speak(&mut self, now: f64) -> bool {
        let Some((mid, types)) = self.audio else {
            return false;
        };
        let packet = match self.mouth.tick(now, &self.clock, types) {
            Ok(Some(packet)) => packet,
            Ok(None) => return false,
            Err(error) => {
                self.end(format!("error: {error}"));
                return false;
            }
        };
        let wallclock = self.clock.instant(now);
        let mut direct = self.rtc.direct_api();
        if let Some(stream) = direct.stream_tx_by_mid(mid, None) {
            stream.write_rtp(packet.write(wallclock));
        }
        true
    }

    /// Ends the call if it has lasted too long or the far end has vanished.
    fn watch(&mut self, now: f64) {
        if !self.connected && now >= self.connect_by {
            self.end("timeout".to_owned());
        } else if now >= self.end_by {
            self.end(format!("error: call longer than {} s", self.max_call_s));
        } else if self.connected && now - self.last_heard >= self.silence_timeout_s {
            let reason = if self.channel_lost {
                "hangup"
            } else {
                "timeout"
            };
            self.end(reason.to_owned());
        } else if self.channel_lost && now - self.last_heard >= CHANNEL_LOST_S {
            self.end("hangup".to_owned());
        }
    }

    pub fn send(&mut self, now: f64, text: String, out: &mut Out) {
        match self.texts.queue(text) {
            Ok(()) => self.write_texts(now, out),
            Err(reason) => self.end(format!("error: {reason}")),
        }
    }

    /// The far end reports that it has played up to this RTP timestamp of ours.
    pub fn heard(&mut self, now: f64, rtp: u32, out: &mut Out) {
        if let Some(what) = self.mouth.heard(now, rtp) {
            self.tell(what, out);
        }
    }

    fn write_texts(&mut self, now: f64, out: &mut Out) {
        while self.texts.waiting() && self.ended.is_none() {
            match self.texts.write_one(&mut self.rtc) {
                Ok(true) => self.drain(now, out),
                Ok(false) => break,
                Err(reason) => self.end(format!("error: {reason}")),
            }
        }
    }

    /// Says goodbye to the far end and to Python. The call is over.
    pub fn close(&mut self, now: f64, out: &mut Out) {
        // A call that never connected has nobody to say goodbye to, and str0m then says so.
        if self.rtc.close().is_ok() {
            self.drain(now, out);
        }
        let reason = self.ended.clone().unwrap_or_else(|| "local".to_owned());
        self.tell(Happening::Closed(reason), out);
    }

    fn tell(&self, what: Happening, out: &mut Out) {
        out.events.push(Event {
            call: self.call,
            what,
        });
    }

    /// Takes everything out of str0m until it only waits.
    fn drain(&mut self, now: f64, out: &mut Out) {
        let mut faults = 0;
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.due = self.clock.seconds(at);
                    break;
                }
                Ok(Output::Transmit(packet)) => {
                    self.link.on_sent(packet.contents.len());
                    out.packets.push(packet);
                }
                Ok(Output::Event(event)) => self.on_event(now, event, out),
                Err(error) => {
                    // A packet that decrypts to nonsense is dropped; a session that keeps
                    // failing, or that str0m has given up, is over.
                    faults += 1;
                    if faults > MAX_FAULTS || !self.rtc.is_alive() {
                        self.end(format!("error: {error}"));
                        break;
                    }
                }
            }
        }
    }

    fn on_event(&mut self, now: f64, event: RtcEvent, out: &mut Out) {
        match event {
            RtcEvent::Connected => {
                self.connected = true;
                self.report_at = now + REPORT_S;
                self.link.take(now, self.ear.stats());
                self.tell(Happening::Connected, out);
            }
            RtcEvent::RtpPacket(packet) => {
                let Some((mid, types)) = self.audio else {
                    return;
                };
                let ssrc = packet.header.ssrc;
                let ours = self
                    .rtc
                    .direct_api()
                    .stream_rx(&ssrc)
                    .is_some_and(|stream| stream.mid() == mid);
                // Frames of a camera are received and dropped.
                if ours {
                    self.ear.push(now, &packet, types);
                }
            }
            RtcEvent::ChannelOpen(id, label) => self.texts.opened(id, &label),
            RtcEvent::ChannelClose(id) => self.channel_lost |= self.texts.closed(id),
            RtcEvent::ChannelData(data) => match self.texts.receive(now, data) {
                Ok(Some(text)) if self.ended.is_none() => self.tell(Happening::Text(text), out),
                Ok(_) => {}
                Err(reason) => self.end(format!("error: {reason}")),
            },
            RtcEvent::PeerStats(stats) => {
                let pair = stats.selected_candidate_pair;
                if let Some(rtt) = pair.and_then(|p| p.current_round_trip_time) {
                    self.rtt_s = rtt.as_secs_f64();
                    self.link.on_rtt(self.rtt_s);
                }
            }
            RtcEvent::MediaEgressStats(stats) => {
                if let Some(loss) = stats.loss {
                    self.link.on_loss_down(f64::from(loss));
                }
            }
            RtcEvent::Closed => self.end("hangup".to_owned()),
            _ => {}
        }
    }
}

/// Seconds between two link reports.
const REPORT_S: f64 = 1.0;
/// Seconds without any packet after the data channel closed that mean the far end hung up.
const CHANNEL_LOST_S: f64 = 3.0;
/// Errors in one drain that mean the session is beyond repair.
const MAX_FAULTS: usize = 100;

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> LineError {
    LineError::invalid_sdp(format!("the SDP {what} cannot be used: {error}"))
}
