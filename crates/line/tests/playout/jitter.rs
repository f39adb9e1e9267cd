//! Jitter is learnt soon and forgotten when it is over; packets out of order are put in order.

use crate::common::network::{sent_at, take};
use crate::hear;

#[test]
fn it_is_learnt_and_forgotten() {
    let arrivals = take(3, 2000, |i, dice| {
        Some(if i < 400 { 0.08 * dice.unit() } else { 0.0 })
    });
    let heard = hear(&arrivals);
    let (mid, end) = (heard.pulled[390], heard.pulled[1990]);
    let share = heard.playout.stats().concealed as f64 / 400.0;
    println!(
        "jitter 80 ms: target {:.0} ms, later {:.0} ms; {:.1} % concealed",
        mid.target * 1e3,
        end.target * 1e3,
        share * 100.0
    );
    assert!((0.07..0.11).contains(&mid.target));
    assert!(end.target < 0.03 && end.delay < 0.04);
    assert!(share < 0.05);
    assert!(heard.playout.stats().reordered > 100);
}

#[test]
fn what_recurs_every_few_seconds_is_covered_while_it_does() {
    // A radio that scans: 150 ms every 4 s, for 40 s.
    let arrivals = take(4, 3000, |i, _| {
        let t = sent_at(i);
        let start = (t / 4.0).floor() * 4.0 + 2.0;
        let inside = t < 40.0 && (start..start + 0.15).contains(&t);
        Some(if inside { start + 0.15 - t } else { 0.0 })
    });
    let heard = hear(&arrivals);
    let disturbed = |from: f64, to: f64| {
        let frames = heard.pulled.iter().filter(|p| (from..to).contains(&p.at));
        frames.filter(|p| !crate::common::listen::whole(p)).count()
    };
    let (early, late) = (disturbed(0.0, 12.0), disturbed(12.0, 40.0));
    println!("frames disturbed: {early} in the first 12 s, {late} in 28 s after");
    assert!(early > 0 && late <= 2);
    assert!(heard.pulled[2950].target < 0.03);
}
