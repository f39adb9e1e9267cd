//! A client with a call of its own, keys and all, that sends what it likes: RTP of any payload,
//! number and time, and any text.

use std::net::SocketAddr;
use std::time::Instant;

use crate::guard;
use crate::mutate::Mutator;
use crate::opus_packets::seeds;
use crate::pipe::{stepped, CLIENT, SERVER};
use str0m::change::SdpAnswer;
use str0m::channel::ChannelId;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use visavis_line::clock::Clock;
use visavis_line::config::Config;
use visavis_line::stepped::Stepped;

struct Stranger {
    rtc: Rtc,
    clock: Clock,
    server: Stepped,
    now_ms: u64,
    channel: Option<ChannelId>,
    mid: Mid,
    pt: Pt,
}

impl Stranger {
    fn new(playout: bool) -> Self {
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

    fn now(&self) -> f64 {
        self.now_ms as f64 / 1000.0
    }

    fn instant(&self) -> Instant {
        self.clock.instant(self.now())
    }

    /// Both ends run for a millisecond on a network that takes none.
    fn millisecond(&mut self) {
        self.now_ms += 1;
        let (client, server): (SocketAddr, SocketAddr) =
            (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
        let now = self.now();
        self.rtc
            .handle_input(Input::Timeout(self.instant()))
            .unwrap();
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => break,
                Output::Transmit(packet) => self.server.receive(now, client, &packet.contents),
                Output::Event(Event::ChannelOpen(id, _)) => self.channel = Some(id),
                Output::Event(_) => {}
            }
        }
        if self.now_ms.is_multiple_of(20) {
            self.server.step(now).unwrap();
        } else {
            self.server.timeout(now);
        }
        for (_, packet) in self.server.packets() {
            let received = Receive::new(Protocol::Udp, server, client, &packet).unwrap();
            let input = Input::Receive(self.instant(), received);
            self.rtc.handle_input(input).unwrap();
        }
    }

    fn rtp(&mut self, seq: u64, time: u32, marker: bool, payload: Vec<u8>) {
        let (pt, at) = (self.pt, self.instant());
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
        stream.write_rtp(RtpWrite::new(pt, seq.into(), time, at, payload).marker(marker));
    }

    fn text(&mut self, binary: bool, bytes: &[u8]) {
        if let Some(mut channel) = self.channel.and_then(|id| self.rtc.channel(id)) {
            let _ = channel.write(binary, bytes);
        }
    }
}

pub fn run(seed: u64, packets: u64) {
    one(seed, packets / 2, false);
    one(seed + 1, packets - packets / 2, true);
}

fn one(seed: u64, packets: u64, playout: bool) {
    let seeds = seeds();
    let mut mutator = Mutator::new(seed);
    let mut stranger = Stranger::new(playout);
    let (mut seq, mut time) = (1000u64, 0u32);
    let mut payload = Vec::with_capacity(2048);
    let mut settled = None;
    for i in 0..packets {
        mutator.mutate(seeds, &mut payload);
        if mutator.one_in(2) {
            payload.clear();
            payload.extend_from_slice(&seeds[mutator.below(seeds.len())]);
        }
        payload.truncate(1100);
        (seq, time) = (seq + 1, time.wrapping_add(960));
        match mutator.below(40) {
            0 => seq += mutator.below(70_000) as u64,
            1 => time = mutator.random.next_u64() as u32,
            2 => time = time.wrapping_add(mutator.below(10_000) as u32),
            _ => {}
        }
        let marker = mutator.one_in(9);
        stranger.rtp(seq, time, marker, payload.clone());
        if i % 16 == 0 {
            // Not what a call is ended for: too many, too long, no UTF-8.
            mutator.noise(&mut payload, 200);
            let text = String::from_utf8_lossy(&payload).into_owned();
            let binary = mutator.one_in(4);
            stranger.text(binary, if binary { &payload } else { text.as_bytes() });
        }
        stranger.millisecond();
        if i % 8 == 0 {
            (0..10).for_each(|_| stranger.millisecond());
        }
        if i % 500 == 499 {
            assert_eq!(
                stranger.server.calls.len(),
                1,
                "the call is over after {i} packets"
            );
            let settled = *settled.get_or_insert(guard::live());
            let kept = guard::live() - settled;
            assert!(kept < 8 << 20, "{kept} bytes kept after {i} packets");
        }
    }
}
