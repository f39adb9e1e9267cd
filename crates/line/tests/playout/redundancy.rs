//! Copies and FEC are used before anything is guessed, and waited for when that is worth it.

use crate::common::listen::{listen, RATE};
use crate::common::network::{take, Gilbert};
use crate::{bare, hear, sent};
use visavis_line::playout::PlayoutOptions;

#[test]
fn fec_repairs_most_of_ten_percent() {
    let heard = hear(&take(11, 1500, |_, dice| {
        (dice.unit() >= 0.1).then_some(0.0)
    }));
    let s = heard.playout.stats();
    println!(
        "10 % loss, FEC: {} of 1500 lost, {:.2} % recovered, {:.2} % concealed, {:.0} ms",
        s.lost,
        s.recovered as f64 / 15.0,
        s.concealed as f64 / 15.0,
        heard.playout.delay() * 1e3
    );
    assert!(s.concealed < 80 && s.recovered > 70);
    assert!(heard.playout.delay() < 0.07);
}

#[test]
fn wide_copies_are_waited_for_if_the_network_needs_them() {
    let mut gilbert = Gilbert::new(0.2, 4.0);
    let arrivals = take(5, 1500, |_, dice| (!gilbert.lost(dice)).then_some(0.0));
    let options = PlayoutOptions::default();
    let heard = listen(bare(), &arrivals, &[6], 0.005, options);
    let f = heard.figures(&arrivals);
    println!(
        "20 % loss, copies at 6: {:.1} % recovered, {:.1} % guessed, {:.0} ms",
        f.recovered * 100.0,
        (f.concealed + f.missing) * 100.0,
        f.mean_delay * 1e3
    );
    assert!(f.recovered > 0.1 && f.concealed + f.missing < 0.08);
    assert!((0.12..0.16).contains(&heard.playout.target()));
    // An ear that would rather guess than wait.
    let hasty = PlayoutOptions {
        price: 0.3,
        ..options
    };
    let heard = listen(bare(), &arrivals, &[6], 0.005, hasty);
    assert!(heard.playout.target() < 0.04);
}

#[test]
fn rare_loss_is_not_waited_for() {
    let arrivals = take(6, 2000, |i, _| (i % 300 != 7).then_some(0.0));
    let heard = listen(bare(), &arrivals, &[6], 0.005, PlayoutOptions::default());
    assert!(heard.playout.target() < 0.03);
}

#[test]
fn a_copy_does_not_count_as_loss_if_its_original_comes_too() {
    let mut playout = visavis_line::playout::Playout::new(RATE, PlayoutOptions::default()).unwrap();
    let mut out = [0; 480];
    for i in 0..100u64 {
        let now = i as f64 * 0.02;
        playout.push_redundant(now, i + 1, (i + 1) * 960, &sent()[i as usize + 1]);
        playout.push(now, i, i * 960, &sent()[i as usize]);
        playout.pull(now + 0.005, &mut out);
    }
    let stats = playout.stats();
    assert_eq!((stats.lost, stats.recovered, stats.duplicates), (0, 0, 0));
    assert_eq!(stats.received, 100);
}
