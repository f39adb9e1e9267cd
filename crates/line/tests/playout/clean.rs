//! A link without fault costs no more than the tick that is waited for, and no sound.

use crate::common;
use crate::common::listen::{listen, FRAME, RATE};
use crate::common::network::take;
use crate::{hear, sent};
use visavis_line::opus::{Decoder, Mark};
use visavis_line::playout::PlayoutOptions;

#[test]
fn at_most_a_frame_and_4_ms_are_added_at_any_phase() {
    let arrivals = take(1, 400, |_, _| Some(0.0));
    for phase in [0.0005, 0.003, 0.0055, 0.01, 0.0155, 0.0195] {
        let heard = listen(sent(), &arrivals, &[], phase, PlayoutOptions::default());
        let worst = heard.pulled.iter().map(|p| p.delay).fold(0.0, f64::max);
        println!("phase {:.1} ms: {:.1} ms added", phase * 1e3, worst * 1e3);
        assert!(worst <= 0.0241);
        let stats = heard.playout.stats();
        assert_eq!((stats.lost, stats.concealed, stats.reordered), (0, 0, 0));
        let received = |p: &&common::listen::Pulled| p.frame.mark == Mark::Received;
        assert!(heard.pulled.iter().filter(received).count() >= 398);
    }
}

#[test]
fn speech_is_what_the_decoder_makes_of_it() {
    let heard = hear(&take(1, 200, |_, _| Some(0.0)));
    let mut decoder = Decoder::new(RATE).unwrap();
    let mut out = vec![0; decoder.max_samples()];
    let mut truth = Vec::new();
    for packet in &sent()[..150] {
        let n = decoder.decode(packet, &mut out).unwrap();
        truth.extend_from_slice(&out[..n]);
    }
    assert!(common::snr(&truth, &heard.pcm, 2 * FRAME) > 60.0);
}
