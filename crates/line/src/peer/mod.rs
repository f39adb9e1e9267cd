//! One call: a str0m session with a way in for speech, a way out, and text messages.
//!
//! No clock and no socket: every entry takes `now` (seconds) and writes what is to be sent and
//! told into an `Out`. str0m demands that every change is followed by a drain of its output; each
//! entry here ends in one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::format::{Codec, CodecConfig};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::{Extension, RtpPacket};
use str0m::{
    Candidate, Event as RtcEvent, IceConnectionState, IceCreds, Input, Output, Rtc, RtcConfig,
};

use crate::backlog;
use crate::batch::{Batch, Event, Happening};
use crate::checks::Checks;
use crate::clock::Clock;
use crate::config::{Config, ANSWER_TIMEOUT_S, CHANNEL, CONNECT_TIMEOUT_S};
use crate::dtls;
use crate::ear::Ear;
use crate::error::LineError;
use crate::fragment::{self, Fragment};
use crate::mouth::{Mouth, PayloadTypes};
use crate::random::Random;
use crate::report::LinkStats;
use crate::resend::Resend;
use crate::route::{Consent, Path, Route};
use crate::sdp;
use crate::stun;
use crate::text::Texts;

/// What a call sends and tells.
#[derive(Default)]
pub struct Out {
    pub packets: Vec<Transmit>,
    pub events: Vec<Event>,
    /// SSRCs of authentic media that the call had not sent before.
    pub sources: Vec<u32>,
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
    /// Not on a network: everything is to be the same in every run.
    pub simulated: bool,
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
    /// The far end's, if it made the call: its ICE may change, the rest is what was agreed.
    their_offer: String,
    /// Our candidates, the newest last.
    locals: Vec<SocketAddr>,
    /// The far end resends what it is told was lost.
    nack: bool,
    connected: bool,
    /// When the handshake has to be done, then never.
    connect_by: f64,
    end_by: f64,
    max_call_s: f64,
    silence_timeout_s: f64,
    last_heard: f64,
    /// When the far end was heard again after an outage.
    back_at: f64,
    channel_lost: bool,
    due: f64,
    ended: Option<String>,
    ear: Ear,
    pub(crate) mouth: Mouth,
    texts: Texts,
    resend: Resend,
    link: LinkStats,
    report_at: f64,
    rtt_s: f64,
    simulated: bool,
    checks: Checks,
    route: Route,
    consent: Consent,
    /// Where the datagram in hand came from, and whether it was media of the far end.
    arriving: Option<Path>,
    authentic: bool,
    /// The SSRC heard last, and those by which the call is found.
    source: Option<u32>,
    sources: Vec<u32>,
}

impl Peer {
    /// Takes an SDP offer; returns the call and the SDP answer.
    pub fn accept(
        birth: Birth<'_>,
        offer: &str,
        out: &mut Out,
    ) -> Result<(Peer, String), LineError> {
        let ipv6 = birth.locals.iter().any(SocketAddr::is_ipv6);
        let vetted = sdp::vet(offer, "offer", ipv6)?;
        let offer =
            SdpOffer::from_sdp_string(&vetted).map_err(|error| unreadable("offer", &error))?;
        let now = birth.now;
        let mut peer = Peer::new(birth, sdp::resends_audio(&vetted))?;
        peer.their_offer = vetted;
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
        let keeps = birth.config.keep_sent;
        let ipv6 = birth.locals.iter().any(SocketAddr::is_ipv6);
        let mut peer = Peer::new(birth, false)?;
        peer.connect_by = now + ANSWER_TIMEOUT_S;
        let mut change = peer.rtc.sdp_api();
        change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        change.add_channel(CHANNEL.to_owned());
        if keeps {
            peer.resend.offer(&mut change);
            peer.mouth.kept = Some(Box::default());
        }
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
        self.learn_name();
        self.timeout(now, out);
        let offer = std::mem::take(&mut self.our_offer);
        self.find_audio("answer", &offer)
    }

    /// The far end begins ICE anew, or has found more candidates (RFC 9725, section 4.3). Takes
    /// its whole offer or a fragment, and returns what it asked for: an answer or a fragment.
    pub fn restart(&mut self, now: f64, text: &str, out: &mut Out) -> Result<String, LineError> {
        if self.their_offer.is_empty() {
            return Err(LineError::invalid_sdp(
                "this call was offered from here; its ICE is begun anew from here too",
            ));
        }
        let ipv6 = self.locals.iter().any(SocketAddr::is_ipv6);
        let change = Fragment::read(text, &self.their_offer, ipv6)?;
        let spliced = change.spliced(&self.their_offer);
        let offer =
            SdpOffer::from_sdp_string(&spliced).map_err(|error| unreadable("offer", &error))?;
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .map_err(|error| unreadable("offer", &error))?
            .to_sdp_string();
        self.their_offer = spliced;
        self.learn_name();
        self.timeout(now, out);
        Ok(if change.whole {
            answer
        } else {
            fragment::of_answer(&answer)
        })
    }

    /// Begins ICE anew from `locals` besides the addresses so far: the SDP offer for the far end,
    /// whose answer goes to `answer`. Until then the call goes on as it was.
    pub fn restart_offer(
        &mut self,
        now: f64,
        locals: &[SocketAddr],
        out: &mut Out,
    ) -> Result<String, LineError> {
        if !self.their_offer.is_empty() || self.audio.is_none() {
            return Err(LineError::invalid_sdp(
                "only a call that was offered from here and answered can begin ICE anew from here",
            ));
        }
        for local in locals {
            self.add_local(*local);
        }
        // One address besides the new ones is enough to go on with.
        while self.locals.len() > locals.len() + 1 {
            let old = self.locals.remove(0);
            if let Ok(candidate) = Candidate::host(old, Protocol::Udp) {
                self.rtc.direct_api().invalidate_candidate(&candidate);
            }
        }
        let ipv6 = self.locals.iter().any(SocketAddr::is_ipv6);
        let mut change = self.rtc.sdp_api();
        change.ice_restart(true);
        let (offer, pending) = change
            .apply()
            .ok_or_else(|| LineError::internal("no SDP offer could be made"))?;
        self.pending = Some((pending, ipv6));
        self.timeout(now, out);
        self.our_offer = offer.to_sdp_string();
        Ok(self.our_offer.clone())
    }

    fn add_local(&mut self, local: SocketAddr) {
        if let Ok(candidate) = Candidate::host(local, Protocol::Udp) {
            self.rtc.add_local_candidate(candidate);
            self.locals.retain(|known| *known != local);
            self.locals.push(local);
        }
    }

    /// ICE may go by another name now.
    fn learn_name(&mut self) {
        self.ufrag = self.rtc.direct_api().local_ice_credentials().ufrag;
    }

    fn new(birth: Birth<'_>, nack: bool) -> Result<Peer, LineError> {
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
        let mut ice = RtcConfig::new();
        ice.set_initial_stun_rto(FIRST_STUN_RTO);
        let mut rtc = ice
            .clear_codecs()
            // With RED: a far end that offers or takes it gets and sends copies.
            .enable_opus(true, true);
        if nack {
            let mut codecs = rtc.codec_config().params().to_vec();
            codecs.iter_mut().for_each(|codec| codec.set_fb_nack(true));
            *rtc.codec_config() = CodecConfig::new_from_payload_params(codecs);
        }
        let mut rtc = rtc
            // A camera's frames are taken so that its line can be answered.
            .enable_vp8(true)
            .enable_h264(true)
            .set_extension(14, Extension::AbsoluteCaptureTime)
            .set_crypto_provider(dtls::crypto(birth.simulated))
            .enable_bwe(Some(Bitrate::bps(FIRST_ESTIMATE)))
            .set_local_ice_credentials(birth.credentials)
            .set_dtls_cert(birth.certificate.clone())
            .set_rtp_mode(true)
            .set_stats_interval(Some(STATS_INTERVAL))
            .set_rtcp_report_interval_audio(Duration::from_secs(1))
            .set_sctp_max_message_size(config.max_message_bytes as u32)
            .set_sctp_max_buffered_amount(crate::config::MAX_UNSENT_TEXT)
            .build(clock.instant(now));
        let mut locals = Vec::with_capacity(birth.locals.len());
        for local in birth.locals {
            if let Ok(candidate) = Candidate::host(*local, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
                locals.push(*local);
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
            their_offer: String::new(),
            locals,
            audio: None,
            nack,
            connected: false,
            connect_by: now + CONNECT_TIMEOUT_S,
            end_by: now + birth.max_call_s,
            max_call_s: birth.max_call_s,
            silence_timeout_s: config.silence_timeout_s,
            last_heard: now,
            back_at: f64::NEG_INFINITY,
            channel_lost: false,
            due: now,
            ended: None,
            ear,
            mouth,
            texts: Texts::new(now, config.max_message_bytes),
            resend: Resend::default(),
            link: LinkStats::default(),
            report_at: now,
            rtt_s: 0.0,
            simulated: birth.simulated,
            checks: Checks::default(),
            route: Route::new(now),
            consent: Consent::default(),
            arriving: None,
            authentic: false,
            source: None,
            sources: Vec::new(),
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

    /// Our addresses, the newest last.
    pub fn locals(&self) -> &[SocketAddr] {
        &self.locals
    }

    pub fn connected(&self) -> bool {
        self.connected
    }

    /// When something of this call's protocols is due, seconds.
    pub fn due(&self) -> f64 {
        self.due.min(self.checks.due())
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

    /// One datagram for this call. False if it was nothing that we understand. One from a path
    /// that is not `known` counts only if it turns out to be media of the far end.
    pub fn receive(
        &mut self,
        now: f64,
        path: Path,
        known: bool,
        packet: &[u8],
        out: &mut Out,
    ) -> bool {
        let Ok(received) = Receive::new(Protocol::Udp, path.1, path.0, packet) else {
            return false;
        };
        if !self.connected && stun::is_success(packet) {
            self.checks.on_answer(packet);
        }
        self.arriving = Some(path);
        self.authentic = false;
        let silent = self.silent(now);
        if known {
            self.ear.heard(now);
        }
        // An error here is a packet that is no good (a stranger can send anything), not a call
        // that is: what ends a call shows when the output is drained.
        let input = Input::Receive(self.clock.instant(now), received);
        let mut understood = self.rtc.handle_input(input).is_ok();
        self.drain(now, out);
        self.arriving = None;
        understood &= known || self.authentic;
        if understood {
            if silent {
                self.back_at = now;
            }
            self.last_heard = now;
            self.link.on_received(packet);
        }
        if self.route.unchecked().is_some_and(|(_, far)| far == path.1) {
            self.confirm(now);
        }
        self.write_texts(now, out);
        understood
    }

    /// The far end's media comes on another path than ICE sends on: have that one checked.
    fn follow(&mut self, now: f64, path: Path) {
        // Of the highest priority a candidate can have, and each higher than the one before, so
        // that ICE prefers it once the far end has nominated it.
        let priority = HIGHEST_PRIORITY - 1000 + self.route.moves();
        let (ip, port) = (path.1.ip(), path.1.port());
        let candidate = format!("candidate:moved 1 udp {priority} {ip} {port} typ host");
        if let Ok(candidate) = Candidate::from_sdp_string(&candidate) {
            self.rtc.add_remote_candidate(candidate);
        }
        self.confirm(now);
    }

    /// Has ICE succeeded in checking the path the far end has moved to?
    fn confirm(&mut self, now: f64) {
        let Some((ours, theirs)) = self.route.unchecked() else {
            return;
        };
        // `accepts` says of a packet that is not STUN whether a checked pair goes with it.
        let Ok(probe) = Receive::new(Protocol::Udp, theirs, ours, &PROBE) else {
            return;
        };
        let probe = Input::Receive(self.clock.instant(now), probe);
        if self.rtc.accepts(&probe) {
            self.route.on_checked();
            self.consent.on_given(now);
        }
    }

    /// Lets protocol timers due by `now` run.
    pub fn timeout(&mut self, now: f64, out: &mut Out) {
        if let Err(error) = self
            .rtc
            .handle_input(Input::Timeout(self.clock.instant(now)))
        {
            self.end(format!("error: {error}"));
        }
        self.checks.repeat(now, &mut out.packets);
        self.drain(now, out);
    }

    /// One 20 ms tick: speech in, speech out, what has to be told.
    pub fn tick(&mut self, now: f64, batch: &mut Batch, out: &mut Out) {
        if self.connected {
            self.write_backlog(now, out);
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
                let report = self.link.take(now, self.ear.stats(), self.last_heard);
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

    /// A far end that promised to be heard is not: its link is out.
    fn silent(&self, now: f64) -> bool {
        self.resend.is_open() && now - self.last_heard > SILENT_S && !self.ear.mute()
    }

    fn write_backlog(&mut self, now: f64, out: &mut Out) {
        let kept = self.mouth.kept.as_deref_mut();
        let rtc = &mut self.rtc;
        match self.resend.write(now, self.rtt_s, rtc, &mut self.ear, kept) {
            Ok(true) => self.drain(now, out),
            Ok(false) => {}
            Err(reason) => self.end(format!("error: {reason}")),
        }
    }

    fn write_texts(&mut self, now: f64, out: &mut Out) {
        // What SCTP sends into an outage fills its window, and is repeated only seconds after:
        // nothing would pass soon after the link's return. The backlog goes first then.
        if self.silent(now) || now - self.back_at < BACK_S {
            return;
        }
        let fading = self.resend.is_open() && now - self.last_heard > FADING_S;
        let room = if fading { FADING_ROOM } else { usize::MAX };
        while self.texts.waiting() && self.ended.is_none() {
            match self.texts.write_one(&mut self.rtc, room) {
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
                Ok(Output::Transmit(mut packet)) => {
                    if !self.connected {
                        self.checks.on_sent(now, &packet);
                    }
                    if !stun::is_stun(&packet.contents) {
                        let path = (packet.source, packet.destination);
                        (packet.source, packet.destination) = self.route.redirect(path);
                        if self.connected && !self.consent.given(now) {
                            continue;
                        }
                    }
                    self.link.on_sent(&packet.contents);
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

    fn on_round_trip(&mut self, rtt: Duration) {
        self.rtt_s = rtt.as_secs_f64();
        self.link.on_rtt(self.rtt_s);
    }

    /// Authentic media came: what it says about the network, and about where the far end is.
    fn heard_from(&mut self, now: f64, ssrc: u32, packet: &RtpPacket, out: &mut Out) {
        if self.source.replace(ssrc) != Some(ssrc) {
            self.route.on_new_stream();
            self.link.on_new_stream();
            if self.sources.len() < MAX_SOURCES && !self.sources.contains(&ssrc) {
                self.sources.push(ssrc);
                out.sources.push(ssrc);
            }
        }
        self.link
            .on_speech(now, *packet.seq_no, packet.time.numer());
        if let Some(path) = self.arriving {
            if self.route.on_media(now, path, *packet.seq_no) {
                self.follow(now, path);
            }
        }
    }

    fn on_event(&mut self, now: f64, event: RtcEvent, out: &mut Out) {
        match event {
            RtcEvent::Connected => {
                self.connected = true;
                self.checks.clear();
                self.consent.on_given(now);
                self.report_at = now + REPORT_S;
                self.link.take(now, self.ear.stats(), now);
                self.tell(Happening::Connected, out);
            }
            RtcEvent::RtpPacket(packet) => {
                let Some((mid, types)) = self.audio else {
                    return;
                };
                self.authentic = true;
                let ssrc = packet.header.ssrc;
                let mut direct = self.rtc.direct_api();
                let stream = direct.stream_rx(&ssrc);
                let Some(stream) = stream.filter(|stream| stream.mid() == mid) else {
                    // Frames of a camera are received and dropped.
                    return;
                };
                // str0m asks for nothing again where it knows of no RTX; a browser needs none.
                stream.suppress_nack(!self.nack);
                self.heard_from(now, *ssrc, &packet, out);
                self.ear.push(now, &packet, types);
            }
            RtcEvent::ChannelOpen(id, label) if label == backlog::CHANNEL => {
                self.resend.opened(id, &mut self.ear);
            }
            RtcEvent::ChannelOpen(id, label) => self.texts.opened(id, &label),
            RtcEvent::ChannelClose(id) if self.resend.owns(id) => self.resend.closed(),
            RtcEvent::ChannelClose(id) => self.channel_lost |= self.texts.closed(id),
            RtcEvent::ChannelData(data) if self.resend.owns(data.id) => {
                let kept = self.mouth.kept.as_deref_mut();
                let taken = self.resend.receive(now, &data.data, &mut self.ear, kept);
                if let Err(reason) = taken {
                    self.end(format!("error: {reason}"));
                }
            }
            RtcEvent::ChannelData(data) => match self.texts.receive(now, data) {
                Ok(Some(text)) if self.ended.is_none() => self.tell(Happening::Text(text), out),
                Ok(_) => {}
                Err(reason) => self.end(format!("error: {reason}")),
            },
            RtcEvent::PeerStats(stats) => {
                if let Some(pair) = stats.selected_candidate_pair {
                    self.consent.on_answers(now, pair.responses_received);
                    if let Some(rtt) = pair.current_round_trip_time {
                        self.on_round_trip(rtt);
                    }
                }
                if let Some(loss) = stats.egress_loss_fraction {
                    self.link.on_transport_loss(now, f64::from(loss));
                }
            }
            RtcEvent::MediaEgressStats(stats) => {
                // RTCP's time is cut to 1/65536 s of the day, which no two simulations share.
                if let (Some(rtt), false) = (stats.rtt, self.simulated) {
                    self.on_round_trip(rtt);
                }
                if let Some(loss) = stats.loss {
                    self.link.on_reported_loss(now, f64::from(loss));
                }
            }
            RtcEvent::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                self.link.on_estimate_down(estimate.as_f64());
            }
            RtcEvent::IceConnectionStateChange(state) => match state {
                IceConnectionState::Disconnected => self.consent.on_disconnected(),
                IceConnectionState::Connected | IceConnectionState::Completed => {
                    self.consent.on_given(now);
                }
                IceConnectionState::New | IceConnectionState::Checking => {}
            },
            RtcEvent::Closed => self.end("hangup".to_owned()),
            _ => {}
        }
    }
}

/// Nothing heard for so long from a far end that promised a packet every 400 ms: an outage.
const SILENT_S: f64 = 0.6;
/// Not heard for so long: perhaps one begins. No more is under way then than fits beside a
/// request into the window of one datagram that an outage leaves SCTP.
const FADING_S: f64 = 0.1;
const FADING_ROOM: usize = 900;
/// Texts wait so long after its end.
const BACK_S: f64 = 0.1;
/// Seconds between two link reports.
const REPORT_S: f64 = 0.1;
/// How often str0m is asked for round trips, losses and answers to checks.
const STATS_INTERVAL: Duration = Duration::from_millis(200);
/// What the way down is believed to carry at first, bits a second.
const FIRST_ESTIMATE: u64 = 300_000;
/// Before an ICE check is sent again for the first time; doubled each time.
const FIRST_STUN_RTO: Duration = Duration::from_millis(100);
/// The largest candidate priority (RFC 8445, section 5.1.2).
const HIGHEST_PRIORITY: u32 = (1 << 31) - 1;
/// The least that looks like RTP.
const PROBE: [u8; 12] = [0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// SSRCs by which a call is found on an unknown path.
const MAX_SOURCES: usize = 4;
/// Seconds without any packet after the data channel closed that mean the far end hung up.
const CHANNEL_LOST_S: f64 = 3.0;
/// Errors in one drain that mean the session is beyond repair.
const MAX_FAULTS: usize = 100;

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> LineError {
    LineError::invalid_sdp(format!("the SDP {what} cannot be used: {error}"))
}
