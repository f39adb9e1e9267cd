//! The server's receive buffer and another stream (another SSRC) of the same far end.

use crate::common::{packets, speech};
use crate::{FRAME, RATE};
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::Mark;
use visavis_line::plan::SendPlan;

/// 200 packets of 20 ms, from the 100th on with other numbers: frames received, and their rtp.
fn heard(sent: &[Vec<u8>], other: (u64, u64), keeps: bool) -> Vec<u64> {
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    if keeps {
        ingest.keeps();
    }
    let (mut received, mut out, mut position) = (Vec::new(), [0; FRAME], -1);
    for i in 0..200u64 {
        let now = i as f64 * 0.02;
        if i == 100 {
            ingest.expect_another();
        }
        let (seq, rtp) = match i.checked_sub(100) {
            None => (i, i * 960),
            Some(n) => (other.0 + n, other.1 + n * 960),
        };
        ingest.push(now, seq, rtp, &sent[i as usize]);
        while ingest.missing(now, 0.05).is_some() {}
        for _ in 0..ingest.ready(now) {
            let frame = ingest.pull(now, &mut out);
            assert!(frame.position > position);
            position = frame.position;
            if frame.mark == Mark::Received {
                received.push(frame.rtp);
            }
        }
    }
    received
}

#[test]
fn another_ssrc_is_followed_at_once_even_with_numbers_near_the_old_ones() {
    let sent = packets(&speech(RATE, 4.0), RATE, &SendPlan::default());
    for (seq, rtp) in [(50u64, 50 * 960u64), (100, 150 * 960), (130, 40 * 960)] {
        for keeps in [false, true] {
            let received = heard(&sent, (seq, rtp), keeps);
            let expected: Vec<u64> = (0..100).map(|i| i * 960).collect();
            let others: Vec<u64> = (0..100).map(|i| rtp + i * 960).collect();
            assert_eq!(received, [expected, others].concat(), "{seq} {rtp} {keeps}");
        }
    }
}
