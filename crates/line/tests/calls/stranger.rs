//! A client with a call of its own, keys and all, that sends what it likes: RTP of any payload,
//! number and time, and any text.

use std::net::SocketAddr;
use std::time::Instant;

use crate::pipe::{stepped, CLIENT, SERVER};
use str0m::change::SdpAnswer;
use str0m::channel::ChannelId;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use visavis_line::batch::{Batch, Happening};
use visavis_line::clock::Clock;
use visavis_line::config::Config;
use visavis_line::stepped::Stepped;

pub struct Stranger {
    rtc: Rtc,
    clock: Clock,
    pub server: Stepped,
    now_ms: u64,
    pub channel: Option<ChannelId>,
    /// Why the server ended the call, if it did.
    pub ended: Option<String>,
    /// The datagrams of the last millisecond.
    pub sent: Vec<Vec<u8>>,
    mid: Mid,
    pt: Pt,
}

impl Stranger {
    pub fn new(playout: bool) -> Self {
        let clock = Clock::simulated();
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, false)
            .set_rtp_mode(true)
            .build(clock.instant(0.0));
        let ours: SocketAddr = CLIENT.parse().unwrap();
        rtc.add_local_candidate(Candidate::host(ours, Protocol::Udp).unwrap());
        let mut change = rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        change.add_channel("oai-events".to_owned());
        let (offer, pending) = change.apply().unwrap();
        let config = Config {
            playout,
            ..Config::default()
        };
        let mut server = stepped(3, SERVER, config);
        let (_, answer) = server.accept(&offer.to_sdp_string(), 36_000.0).unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        let agreed = rtc.media(mid).unwrap().remote_pts().to_vec();
        let pt = agreed[0];
        let mut stranger = Self {
            rtc,
            clock,
            server,
            now_ms: 0,
            channel: None,
            ended: None,
            sent: Vec::new(),
            mid,
            pt,
        };
        for _ in 0..6000 {
            stranger.millisecond();
            if stranger.channel.is_some() {
                return stranger;
            }
        }
        panic!("the stranger's own call did not connect");
    }

    pub fn now(&self) -> f64 {
        self.now_ms as f64 / 1000.0
    }

    fn instant(&self) -> Instant {
        self.clock.instant(self.now())
    }

    /// Both ends run for a millisecond on a network that takes none; what a tick brought.
    pub fn millisecond(&mut self) -> Option<Batch> {
        self.now_ms += 1;
        self.sent.clear();
        let (client, server): (SocketAddr, SocketAddr) =
            (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
        let now = self.now();
        self.rtc
            .handle_input(Input::Timeout(self.instant()))
            .unwrap();
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => break,
                Output::Transmit(packet) => {
                    self.server.receive(now, client, &packet.contents);
                    self.sent.push(packet.contents.to_vec());
                }
                Output::Event(Event::ChannelOpen(id, _)) => self.channel = Some(id),
                Output::Event(_) => {}
            }
        }
        let mut batch = None;
        if self.now_ms.is_multiple_of(20) {
            let brought = self.server.step(now).unwrap();
            for event in &brought.events {
                if let Happening::Closed(reason) = &event.what {
                    self.ended = Some(reason.clone());
                }
            }
            batch = Some(brought);
        } else {
            self.server.timeout(now);
        }
        let packets = self.server.packets().into_iter();
        for (_, packet) in packets.filter(|(to, _)| *to == client) {
            let received = Receive::new(Protocol::Udp, server, client, &packet).unwrap();
            let input = Input::Receive(self.instant(), received);
            self.rtc.handle_input(input).unwrap();
        }
        batch
    }

    pub fn rtp(&mut self, seq: u64, time: u32, marker: bool, payload: Vec<u8>) {
        let (pt, at) = (self.pt, self.instant());
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
        stream.write_rtp(RtpWrite::new(pt, seq.into(), time, at, payload).marker(marker));
    }

    pub fn text(&mut self, binary: bool, bytes: &[u8]) {
        if let Some(mut channel) = self.channel.and_then(|id| self.rtc.channel(id)) {
            let _ = channel.write(binary, bytes);
        }
    }
}
