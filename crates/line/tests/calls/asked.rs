//! Packets of a person's speech are lost, a few at a time: the server asks for them in its own
//! packets, and hands everything up whole.

use crate::pipe::{syllables, Pipe};
use visavis_line::opus::Mark;
use visavis_line::plan::SendPlan;

/// Of ten seconds of speech over 30 % loss: the share of frames with these marks, and how many
/// seconds after they came into being the frames were handed up at the most, but for one in twenty.
fn over_loss(dred_ms: u32, marked: &[Mark]) -> (f64, f64) {
    let plan = SendPlan {
        fec: false,
        dred_ms,
        expected_loss: 0.3,
        ..SendPlan::default()
    };
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.set_plans((ours, theirs), &plan);
    pipe.loss = 0.3;
    let now = pipe.now();
    let speech = syllables(24_000, 10.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(11.0);
    let mut rows = Vec::new();
    for batch in &pipe.at_server {
        for (rtp, mark) in batch.rtp.iter().zip(&batch.marks) {
            if *mark != Mark::Awaited as u8 {
                rows.push((batch.now, *rtp, *mark));
            }
        }
    }
    let rows = &rows[..rows.len().min(480)];
    let found = rows
        .iter()
        .filter(|row| marked.iter().any(|mark| row.2 == *mark as u8));
    let share = found.count() as f64 / rows.len() as f64;
    let mut delays: Vec<f64> = rows
        .iter()
        .map(|(at, rtp, _)| at - now - (rtp - rows[0].1) as f64 / 48_000.0)
        .collect();
    delays.sort_by(f64::total_cmp);
    (share, delays[delays.len() * 19 / 20])
}

const LOST: [Mark; 2] = [Mark::Concealed, Mark::Missing];

#[test]
fn what_is_lost_singly_comes_again_whole() {
    let (lost, late) = over_loss(0, &LOST);
    println!("{lost:.4} lost, 19 of 20 within {late:.3} s");
    assert!(lost < 0.05, "{lost}");
    assert!(late < 0.6, "{late}");
}

#[test]
fn what_deep_redundancy_rebuilds_is_not_waited_for() {
    let (_, asked) = over_loss(0, &LOST);
    let (rebuilt, deep) = over_loss(500, &[Mark::Recovered]);
    println!("19 of 20 within {asked:.3} s asked for, {deep:.3} s rebuilt");
    assert!(rebuilt > 0.15, "{rebuilt}");
    assert!(deep <= asked, "{deep} {asked}");
}
