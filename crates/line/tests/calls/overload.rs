//! A new call is refused with a reason before it harms those that run.

use crate::pipe::{closed, refused, tone, Pipe, LONG};
use visavis_line::load::Tick;

/// A call that stands, the first at both ends, four that are being made, and one more offer.
fn five_calls() -> (Pipe, String) {
    let (mut pipe, ..) = Pipe::connected();
    for _ in 0..4 {
        let (_, offer) = pipe.client.offer(LONG).unwrap();
        pipe.server.accept(&offer, LONG).unwrap();
    }
    let (_, offer) = pipe.client.offer(LONG).unwrap();
    (pipe, offer)
}

/// Lets the server tick for 5 s under a load, in its own virtual time after `from`.
fn tick(pipe: &mut Pipe, from: f64, load: impl Fn(f64) -> Tick) {
    for i in 1..=250 {
        let now = from + f64::from(i) * 0.02;
        let batch = pipe.server.calls.tick(load(now), |packets| packets.clear());
        assert_eq!(closed(&crate::pipe::told(&[batch], 1)), None);
    }
}

#[test]
fn late_ticks_refuse_new_calls_and_end_none() {
    let (mut pipe, offer) = five_calls();
    let late = |now| Tick {
        late_s: 0.03,
        ..Tick::on_time(now)
    };
    tick(&mut pipe, 3.0, late);
    let refusal = refused(pipe.server.accept(&offer, LONG));
    assert_eq!(refusal.code, "busy");
    assert!(refusal.message.contains("30 ms late"), "{refusal}");
    tick(&mut pipe, 8.0, Tick::on_time);
    pipe.server.accept(&offer, LONG).unwrap();
}

#[test]
fn a_full_core_refuses_calls_of_our_own_too() {
    let (mut pipe, offer) = five_calls();
    let full = |now| Tick {
        cpu_s: now * 0.78,
        ..Tick::on_time(now)
    };
    tick(&mut pipe, 3.0, full);
    let refusal = refused(pipe.server.accept(&offer, LONG));
    assert_eq!(refusal.code, "busy");
    assert!(refusal.message.contains("78 %"), "{refusal}");
    assert_eq!(refused(pipe.server.offer(LONG)).code, "busy");
    assert_eq!(pipe.server.calls.len(), 5);
}

#[test]
fn sound_of_the_running_calls_goes_on_while_new_ones_are_refused() {
    let (mut pipe, offer) = five_calls();
    let (ours, theirs) = (1, 1);
    let start = pipe.now();
    let late = |now: f64| Tick {
        late_s: 0.03,
        ..Tick::on_time(now)
    };
    tick(&mut pipe, start - 5.0, late);
    let speech = tone(24_000, 1.0, 440.0);
    pipe.client.calls.play(start, ours, 1, &speech).unwrap();
    assert_eq!(refused(pipe.server.accept(&offer, LONG)).code, "busy");
    pipe.run(1.5);
    let heard = crate::pipe::heard(&pipe.at_server, theirs, 320);
    assert!(crate::pipe::rms(&heard) > 2000.0);
}
