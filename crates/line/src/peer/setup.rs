//! How a call begins: SDP offers and answers (RFC 8829), and the session made for them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use str0m::bwe::Bitrate;
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::config::DtlsCert;
use str0m::format::CodecConfig;
use str0m::media::{Direction, MediaKind};
use str0m::net::Protocol;
use str0m::rtp::Extension;
use str0m::{Candidate, IceCreds, RtcConfig};

use super::agreed::Taken;
use super::{Out, Peer};
use crate::clock::Clock;
use crate::connect::checks::Checks;
use crate::connect::dtls;
use crate::connect::route::{Consent, Route};
use crate::connect::sdp;
use crate::peer::limits::Limits;
use crate::peer::text::Texts;
use crate::random::Random;
use crate::receive::ear::Ear;
use crate::repair::again;
use crate::repair::backlog::channel::Resend;
use crate::repair::fec::agree;
use crate::report::LinkStats;
use crate::seam::config::{Config, ANSWER_TIMEOUT_S, CHANNEL, CONNECT_TIMEOUT_S};
use crate::seam::error::LineError;
use crate::send::mouth::Mouth;

/// How often str0m is asked for round trips, losses and answers to checks.
const STATS_INTERVAL: Duration = Duration::from_millis(200);
/// What the way down is believed to carry at first, bits a second.
const FIRST_ESTIMATE: u64 = 300_000;
/// Before an ICE check is sent again for the first time; doubled each time.
const FIRST_STUN_RTO: Duration = Duration::from_millis(100);

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

impl Peer {
    /// Takes an SDP offer; returns the call and the SDP answer.
    pub fn accept(
        birth: Birth<'_>,
        offer: &str,
        out: &mut Out,
    ) -> Result<(Peer, String), LineError> {
        let ipv6 = birth.locals.iter().any(SocketAddr::is_ipv6);
        let vetted = sdp::vet(offer, "offer", ipv6)?;
        let now = birth.now;
        let mut peer = Peer::new(birth, sdp::resends_audio(&vetted))?;
        let answer = peer.take_offer(vetted)?;
        peer.timeout(now, out);
        let taken = Taken::of(&peer.their_offer);
        peer.find_audio("offer", &answer, taken)?;
        let answer = if taken.repairs {
            agree::taking_repairs(&answer)
        } else {
            answer
        };
        Ok((peer, answer))
    }

    /// Agrees to the far end's offer, of which ICE may change later; returns the SDP answer.
    pub(super) fn take_offer(&mut self, vetted: String) -> Result<String, LineError> {
        let offer =
            SdpOffer::from_sdp_string(&vetted).map_err(|error| unreadable("offer", &error))?;
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .map_err(|error| unreadable("offer", &error))?;
        self.their_offer = vetted;
        Ok(answer.to_sdp_string())
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
            peer.mouth.keep();
        }
        let (offer, pending) = change
            .apply()
            .ok_or_else(|| LineError::internal("no SDP offer could be made"))?;
        peer.pending = Some((pending, ipv6));
        peer.timeout(now, out);
        peer.our_offer = agree::taking_repairs(&offer.to_sdp_string());
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
        // When ICE begins anew, this stays as it was agreed.
        let taken = match self.audio {
            Some((_, types)) => Taken {
                repairs: types.repairs,
                notes: types.notes,
            },
            None => Taken::of(&vetted),
        };
        self.find_audio("answer", &offer, taken)
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
            .set_extension(12, Extension::with_serializer(again::URI, again::Notes))
            .set_crypto_provider(dtls::crypto(birth.simulated))
            .enable_bwe(Some(Bitrate::bps(FIRST_ESTIMATE)))
            .set_local_ice_credentials(birth.credentials)
            .set_dtls_cert(birth.certificate.clone())
            .set_rtp_mode(true)
            .set_stats_interval(Some(STATS_INTERVAL))
            .set_rtcp_report_interval_audio(Duration::from_secs(1))
            .set_sctp_max_message_size(config.max_message_bytes as u32)
            .set_sctp_max_buffered_amount(crate::seam::config::MAX_UNSENT_TEXT)
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
            limits: Limits::new(now),
            arriving: None,
            authentic: false,
            source: None,
            sources: Vec::new(),
        })
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> LineError {
    LineError::invalid_sdp(format!("the SDP {what} cannot be used: {error}"))
}
