//! Opus: round trip, recovery, and packets of strangers.

mod common;

use common::{packets, snr, spectral_distance, speech, Dice};
use visavis_line::opus::{frame_samples, has_lbrr, packet_samples, Decoder, Encoder, MAX_PACKET};
use visavis_line::plan::SendPlan;

const RATE: u32 = 16_000;
const FRAME: usize = 320;

fn decode_all(packets: &[Vec<u8>]) -> Vec<i16> {
    let mut decoder = Decoder::new(RATE).unwrap();
    let mut out = vec![0; decoder.max_samples()];
    let mut all = Vec::new();
    for packet in packets {
        let n = decoder.decode(packet, &mut out).unwrap();
        all.extend_from_slice(&out[..n]);
    }
    all
}

#[test]
fn round_trip_keeps_the_speech() {
    let pcm = speech(24_000, 2.0);
    let sent = packets(&pcm, 24_000, &SendPlan::default());
    let bytes: usize = sent.iter().map(Vec::len).sum();
    let mut decoder = Decoder::new(24_000).unwrap();
    let mut got = Vec::new();
    let mut out = vec![0; decoder.max_samples()];
    for packet in &sent {
        assert_eq!(packet_samples(packet, 24_000), Ok(480));
        let n = decoder.decode(packet, &mut out).unwrap();
        got.extend_from_slice(&out[..n]);
    }
    let (snr, kbps) = (snr(&pcm[..40_000], &got, 400), bytes as f64 * 8.0 / 2000.0);
    println!("round trip: SNR {snr:.1} dB at {kbps:.1} kb/s");
    assert!(snr > 5.0);
    assert!((16.0..40.0).contains(&kbps));
}

#[test]
fn fec_is_better_than_concealment() {
    let pcm = speech(RATE, 4.0);
    let plan = SendPlan {
        expected_loss: 0.2,
        ..SendPlan::default()
    };
    let sent = packets(&pcm, RATE, &plan);
    let whole = decode_all(&sent);
    let with = |fec: bool| {
        let mut decoder = Decoder::new(RATE).unwrap();
        let mut out = vec![0; decoder.max_samples()];
        let (mut lost_true, mut lost_got, mut with_fec) = (Vec::new(), Vec::new(), 0);
        for (i, packet) in sent.iter().enumerate() {
            let n = if i % 5 == 3 && i + 1 < sent.len() {
                with_fec += usize::from(has_lbrr(&sent[i + 1]));
                let n = if fec {
                    decoder.decode_fec(&sent[i + 1], &mut out[..FRAME]).unwrap()
                } else {
                    decoder.conceal(&mut out[..FRAME]).unwrap()
                };
                lost_true.extend_from_slice(&whole[i * FRAME..][..n]);
                lost_got.extend_from_slice(&out[..n]);
                n
            } else {
                decoder.decode(packet, &mut out).unwrap()
            };
            assert_eq!(n, FRAME);
        }
        (spectral_distance(&lost_true, &lost_got, RATE), with_fec)
    };
    let ((fec, carried), (plc, _)) = (with(true), with(false));
    println!(
        "lost frames: {fec:.2} dB from the truth with FEC ({carried} carried), {plc:.2} concealed"
    );
    assert!(carried > 10);
    assert!(fec < 0.7 * plc);
}

#[test]
fn dred_recovers_a_gap_of_100_ms() {
    let pcm = speech(RATE, 4.0);
    let plan = SendPlan {
        dred_ms: 500,
        expected_loss: 0.3,
        bitrate: 48_000,
        ..SendPlan::default()
    };
    let sent = packets(&pcm, RATE, &plan);
    let whole = decode_all(&sent);
    let mut probe = Decoder::new(RATE).unwrap();
    let reach: Vec<usize> = sent.iter().map(|p| probe.dred_reach(p).unwrap()).collect();
    println!(
        "DRED reaches back (ms, every tenth packet): {:?}",
        reach.iter().step_by(10).map(|r| r / 16).collect::<Vec<_>>()
    );
    let with = |dred: bool| {
        let mut decoder = Decoder::new(RATE).unwrap();
        let mut out = vec![0; decoder.max_samples()];
        let (mut lost_true, mut lost_got, mut recovered, mut lost) = (vec![], vec![], 0, 0);
        for (i, packet) in sent.iter().enumerate() {
            let gap = i % 40;
            if (20..25).contains(&gap) {
                let end = i - gap + 25;
                let covered = reach[end] >= 5 * FRAME;
                lost += usize::from(covered);
                if dred
                    && decoder
                        .decode_dred(&sent[end], 25 - gap, &mut out[..FRAME])
                        .unwrap()
                {
                    recovered += usize::from(covered);
                } else {
                    decoder.conceal(&mut out[..FRAME]).unwrap();
                }
                if covered {
                    lost_true.extend_from_slice(&whole[i * FRAME..][..FRAME]);
                    lost_got.extend_from_slice(&out[..FRAME]);
                }
            } else {
                decoder.decode(packet, &mut out).unwrap();
            }
        }
        (
            spectral_distance(&lost_true, &lost_got, RATE),
            recovered,
            lost,
        )
    };
    let ((with_dred, recovered, lost), (plc, _, _)) = (with(true), with(false));
    println!("100 ms gaps: {with_dred:.2} dB with DRED ({recovered}/{lost}), {plc:.2} concealed");
    // DRED ends a little before its packet: the last frame of a gap is FEC's.
    assert!(lost >= 10 && recovered * 5 >= lost * 4);
    assert!(with_dred < 0.8 * plc);
}

#[test]
fn no_redundancy_is_no_error() {
    let sent = packets(
        &speech(RATE, 0.2),
        RATE,
        &SendPlan {
            fec: false,
            ..Default::default()
        },
    );
    let mut decoder = Decoder::new(RATE).unwrap();
    assert_eq!(decoder.decode_dred(&sent[5], 1, &mut [0; FRAME]), Ok(false));
    assert!(!has_lbrr(&sent[5]));
    assert_eq!(decoder.decode_fec(&sent[5], &mut [0; FRAME]), Ok(FRAME));
    assert_eq!(frame_samples(&sent[5], RATE), Ok(FRAME));
}

#[test]
fn wrong_sizes_are_refused() {
    let mut encoder = Encoder::new(24_000).unwrap();
    assert!(encoder.encode(&[0; 479], &mut [0; MAX_PACKET]).is_err());
    assert!(encoder.encode(&[0; 480], &mut []).is_err());
    assert!(Encoder::new(44_100).is_err() && Decoder::new(0).is_err());
    let packet = packets(&speech(RATE, 0.1), RATE, &SendPlan::default())
        .pop()
        .unwrap();
    let mut decoder = Decoder::new(RATE).unwrap();
    assert!(decoder.decode(&packet, &mut [0; 100]).is_err());
    assert!(decoder.decode(&[], &mut [0; 2000]).is_err());
    assert!(decoder
        .decode(&[0; MAX_PACKET + 1], &mut [0; 2000])
        .is_err());
    assert!(decoder.conceal(&mut [0; 17]).is_err());
    assert!(decoder.conceal(&mut [0; 4000]).is_err());
    assert!(decoder
        .decode_dred(&packet, usize::MAX, &mut [0; 320])
        .is_err());
    assert!(decoder.decode_dred(&packet, 0, &mut [0; 320]).is_err());
}

#[test]
fn reset_makes_the_encoder_as_new() {
    let pcm = speech(RATE, 0.5);
    let mut encoder = Encoder::new(RATE).unwrap();
    let mut run = || {
        let mut out = [0; MAX_PACKET];
        let n = pcm
            .chunks_exact(FRAME)
            .map(|f| encoder.encode(f, &mut out).unwrap())
            .sum::<usize>();
        encoder.reset().unwrap();
        n
    };
    assert_eq!(run(), run());
}

#[test]
fn garbage_of_100_000_packets_is_harmless() {
    let plan = SendPlan {
        dred_ms: 200,
        expected_loss: 0.3,
        ..SendPlan::default()
    };
    let real = packets(&speech(RATE, 1.0), RATE, &plan);
    let mut dice = Dice(42);
    let mut decoder = Decoder::new(RATE).unwrap();
    let mut out = vec![0i16; decoder.max_samples()];
    let (mut good, mut bad) = (0, 0);
    for i in 0..100_000 {
        let packet: Vec<u8> = if i % 2 == 0 {
            (0..dice.next() % 120).map(|_| dice.next() as u8).collect()
        } else {
            let mut packet = real[dice.next() as usize % real.len()].clone();
            for _ in 0..1 + dice.next() % 4 {
                let at = dice.next() as usize % packet.len();
                packet[at] ^= 1 << (dice.next() % 8);
            }
            packet.truncate(1 + dice.next() as usize % packet.len());
            packet
        };
        let result = match i % 16 {
            0 => decoder.decode_fec(&packet, &mut out[..FRAME]),
            1 if i % 64 == 1 => decoder
                .decode_dred(&packet, 1 + i / 64 % 30, &mut out[..FRAME])
                .map(|_| FRAME),
            _ => decoder.decode(&packet, &mut out),
        };
        match result {
            Ok(n) => {
                assert!(n <= out.len());
                good += 1;
            }
            Err(_) => bad += 1,
        }
    }
    println!("garbage: {good} decoded, {bad} refused");
    assert!(good > 1000 && bad > 1000);
}
