//! Session descriptions, and what str0m makes of those that pass our own reading.

use crate::guard;
use crate::mutate::Mutator;
use crate::pipe::{stepped, CLIENT, SERVER};
use visavis_line::config::Config;
use visavis_line::sdp;

const WORDS: [&str; 14] = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111/111/111/111/111/111/111/111",
    "a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=999999999999",
    "a=group:BUNDLE 0 0 1 2 3",
    "a=mid:0",
    "a=candidate:1 1 udp 4294967295 999.1.1.1 99999 typ host",
    "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=sctp-port:99999999",
    "a=setup:holdconn",
    "a=fingerprint:sha-256 00",
    "a=ssrc:4294967296 cname:x",
];

pub fn run(seed: u64, packets: u64) {
    let mut client = stepped(1, CLIENT, Config::default());
    let ours = client.offer(3600.0).unwrap().1;
    let browser = include_str!("../calls/chromium_offer.sdp");
    let mut server = stepped(2, SERVER, Config::default());
    let mut mutator = Mutator::new(seed);
    let mut taken = 0u64;
    let before = guard::live();
    for i in 0..packets {
        let seed = if mutator.one_in(2) { browser } else { &ours };
        let offer = mutator.mutate_lines(seed, &WORDS);
        let _ = sdp::audio_names(&offer);
        match sdp::vet(&offer, "offer", i % 2 == 0) {
            Ok(vetted) => assert!(vetted.len() <= 2 * offer.len() + 64),
            Err(error) => assert!(!error.message.is_empty()),
        }
        // A call costs a key exchange's worth of work: one in sixteen.
        if i % 16 == 0 {
            if let Ok((call, answer)) = server.accept(&offer, 3600.0) {
                assert!(answer.starts_with("v=0"));
                taken += 1;
                server.calls.close(0.0, call, "local");
            }
            server.packets();
            if i % 1600 == 0 {
                let now = server.now() + 0.02;
                server.step(now).unwrap();
                server.packets();
            }
        }
    }
    let now = server.now() + 0.02;
    server.step(now).unwrap();
    assert!(taken > 0 && taken < packets);
    assert!(guard::live() - before < 1 << 20);
}
