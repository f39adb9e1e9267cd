//! Two simulated cores joined by a network of delay and loss, in virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use visavis_line::again::URI;
use visavis_line::batch::{Batch, Happening};
use visavis_line::config::Config;
use visavis_line::error::LineError;
use visavis_line::plan::SendPlan;
use visavis_line::random::Random;
use visavis_line::stepped::Stepped;

pub const CLIENT: &str = "10.0.0.1:5000";
pub const SERVER: &str = "10.0.0.2:6000";
pub const LONG: f64 = 3600.0;

pub struct Pipe {
    pub client: Stepped,
    pub server: Stepped,
    pub delay_s: f64,
    pub loss: f64,
    /// The client's address as the server sees it: a NAT may change it at any time.
    pub outside: SocketAddr,
    /// Packets to the client, and to the server, for which this is true are lost.
    pub blocked: fn(to_server: bool, packet: &[u8]) -> bool,
    /// While this is true of the time, what is sent either way is lost.
    pub both_ways_out: fn(now: f64) -> bool,
    /// Bytes of what the server sent that is not STUN.
    pub media_to_client: u64,
    random: Random,
    ticks: u64,
    sent: u64,
    /// By time of arrival (µs) and order: to the server?, contents.
    flight: BTreeMap<(u64, u64), (bool, Vec<u8>)>,
    pub at_client: Vec<Batch>,
    pub at_server: Vec<Batch>,
}

pub fn stepped(seed: u64, address: &str, config: Config) -> Stepped {
    Stepped::new(config, seed, address.parse().unwrap(), 0.0).unwrap()
}

impl Pipe {
    pub fn new(seed: u64, config: Config) -> Pipe {
        let client = Config {
            playout: true,
            ..config.clone()
        };
        Pipe::between(seed, client, config)
    }

    pub fn between(seed: u64, client: Config, server: Config) -> Pipe {
        Pipe {
            client: stepped(seed, CLIENT, client),
            server: stepped(seed + 1, SERVER, server),
            delay_s: 0.02,
            loss: 0.0,
            outside: CLIENT.parse().unwrap(),
            blocked: |_, _| false,
            both_ways_out: |_| false,
            media_to_client: 0,
            random: Random::seeded(seed),
            ticks: 0,
            sent: 0,
            flight: BTreeMap::new(),
            at_client: Vec::new(),
            at_server: Vec::new(),
        }
    }

    /// A call from the client, answered; the calls' numbers at both ends.
    pub fn call(&mut self) -> (i64, i64) {
        let (ours, offer) = self.client.offer(LONG).unwrap();
        let (theirs, answer) = self.server.accept(&offer, LONG).unwrap();
        let now = self.now();
        self.client.calls.answer(now, ours, &answer).unwrap();
        (ours, theirs)
    }

    /// A call that both ends know to be connected.
    pub fn connected() -> (Pipe, i64, i64) {
        Pipe::connected_with(Config::default())
    }

    pub fn connected_with(config: Config) -> (Pipe, i64, i64) {
        let mut pipe = Pipe::new(7, config);
        let (ours, theirs) = pipe.call();
        pipe.run(3.0);
        assert!(pipe.client_told(ours).contains(&Happening::Connected));
        assert!(pipe.server_told(theirs).contains(&Happening::Connected));
        pipe.forget();
        (pipe, ours, theirs)
    }

    pub fn set_plans(&mut self, (ours, theirs): (i64, i64), plan: &SendPlan) {
        let now = self.now();
        self.client.calls.set_plan(now, ours, plan);
        self.server.calls.set_plan(now, theirs, plan);
    }

    /// Both ends say a second of tone, and each hears the other.
    pub fn both_talk(&mut self, (ours, theirs): (i64, i64), reply: i64) {
        let now = self.now();
        let speech = tone(24_000, 1.0, 440.0);
        self.client.calls.play(now, ours, reply, &speech).unwrap();
        self.server.calls.play(now, theirs, reply, &speech).unwrap();
        self.forget();
        self.run(1.5);
        assert!(rms(&heard(&self.at_server, theirs, 320)) > 2000.0);
        assert!(rms(&heard(&self.at_client, ours, 320)) > 2000.0);
    }

    pub fn now(&self) -> f64 {
        self.ticks as f64 * 0.02
    }

    /// Lets the network and both ends run for so many seconds.
    pub fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds / 0.02).round() as u64 {
            self.tick();
        }
    }

    pub fn tick(&mut self) {
        let client = self.outside;
        let server: SocketAddr = SERVER.parse().unwrap();
        let start = self.ticks * 20_000;
        for ms in 0..20 {
            let now_us = start + ms * 1000;
            let now = now_us as f64 * 1e-6;
            while let Some(entry) = self.flight.first_entry() {
                if entry.key().0 > now_us {
                    break;
                }
                let (to_server, contents) = entry.remove();
                if to_server {
                    self.server.receive(now, client, &contents);
                } else {
                    self.client.receive(now, server, &contents);
                }
            }
            self.client.timeout(now);
            self.server.timeout(now);
            self.launch(now_us);
        }
        self.ticks += 1;
        let now = self.now();
        self.at_client.push(self.client.step(now).unwrap());
        self.at_server.push(self.server.step(now).unwrap());
        self.launch(self.ticks * 20_000);
    }

    fn launch(&mut self, now_us: u64) {
        let up = self
            .client
            .packets()
            .into_iter()
            .map(|(to, p)| (true, to, p));
        let down = self
            .server
            .packets()
            .into_iter()
            .map(|(to, p)| (false, to, p));
        let known = [self.outside, SERVER.parse().unwrap()];
        for (to_server, to, contents) in up.chain(down).collect::<Vec<_>>() {
            if !to_server && !visavis_line::stun::is_stun(&contents) {
                self.media_to_client += contents.len() as u64;
            }
            let lost = (self.random.next_u64() % 10_000) as f64 / 10_000.0 < self.loss;
            let lost = lost || (self.both_ways_out)(now_us as f64 * 1e-6);
            if lost || !known.contains(&to) || (self.blocked)(to_server, &contents) {
                continue;
            }
            self.sent += 1;
            let at = now_us + (self.delay_s * 1e6) as u64;
            self.flight.insert((at, self.sent), (to_server, contents));
        }
    }

    /// Copies of what is on its way to the server.
    pub fn in_flight_to_server(&self) -> Vec<Vec<u8>> {
        let up = self.flight.values().filter(|(to_server, _)| *to_server);
        up.map(|(_, contents)| contents.clone()).collect()
    }

    /// Drops what was told so far.
    pub fn forget(&mut self) {
        self.at_client.clear();
        self.at_server.clear();
    }

    pub fn client_told(&self, call: i64) -> Vec<Happening> {
        told(&self.at_client, call)
    }

    pub fn server_told(&self, call: i64) -> Vec<Happening> {
        told(&self.at_server, call)
    }
}

pub fn told(batches: &[Batch], call: i64) -> Vec<Happening> {
    let events = batches.iter().flat_map(|batch| &batch.events);
    events
        .filter(|event| event.call == call)
        .map(|event| event.what.clone())
        .collect()
}

pub fn texts(told: &[Happening]) -> Vec<String> {
    let text = |what: &Happening| match what {
        Happening::Text(text) => Some(text.clone()),
        _ => None,
    };
    told.iter().filter_map(text).collect()
}

pub fn closed(told: &[Happening]) -> Option<String> {
    told.iter().find_map(|what| match what {
        Happening::Closed(reason) => Some(reason.clone()),
        _ => None,
    })
}

/// PCM of one call, in order.
pub fn heard(batches: &[Batch], call: i64, frame: usize) -> Vec<i16> {
    let mut pcm = Vec::new();
    for batch in batches {
        for (row, of) in batch.calls.iter().enumerate() {
            if *of == call {
                pcm.extend(&batch.pcm[row * frame..(row + 1) * frame]);
            }
        }
    }
    pcm
}

pub fn tone(rate: usize, seconds: f64, hz: f64) -> Vec<i16> {
    let n = (rate as f64 * seconds) as usize;
    let step = hz * std::f64::consts::TAU / rate as f64;
    (0..n)
        .map(|i| (8000.0 * (i as f64 * step).sin()) as i16)
        .collect()
}

/// Something that no voice activity detection takes for steady noise: a voice of moving pitch, four
/// syllables a second, and no pause in which it is silent.
pub fn syllables(rate: usize, seconds: f64) -> Vec<i16> {
    let mut phase = 0.0;
    (0..(rate as f64 * seconds) as usize)
        .map(|i| {
            let t = i as f64 / rate as f64;
            phase += (140.0 + 40.0 * (t * 3.0).sin()) / rate as f64;
            let voice: f64 = (1..12)
                .map(|k| (std::f64::consts::TAU * phase * f64::from(k)).sin() / f64::from(k))
                .sum();
            let loud = 0.3 + 0.7 * (t * 4.0 * std::f64::consts::PI).sin().abs();
            (5000.0 * loud * voice) as i16
        })
        .collect()
}

/// An offer of an end that knows no RED, as aiortc and Firefox write it.
pub fn without_red(offer: &str) -> String {
    let red = |line: &&str| line.starts_with("a=rtpmap:63 ") || line.starts_with("a=fmtp:63 ");
    let lines = offer.lines().filter(|line| !red(line));
    let plain = lines.map(|line| line.replace("SAVPF 63 111", "SAVPF 111") + "\r\n");
    plain.collect()
}

/// An offer of an end that neither asks for single packets nor can be asked for them.
pub fn without_notes(offer: &str) -> String {
    let lines = offer.lines().filter(|line| !line.contains(URI));
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// Root mean square, samples.
pub fn rms(pcm: &[i16]) -> f64 {
    let sum: f64 = pcm.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / pcm.len().max(1) as f64).sqrt()
}

pub fn refused(result: Result<(i64, String), LineError>) -> LineError {
    result.expect_err("a refusal")
}
