//! After warm-up nothing of ours is allocated for a packet: encoder, both buffers, repair,
//! stretching and sliding-window FEC included.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{packets, speech, Dice};
use visavis_line::fec;
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::{Encoder, MAX_PACKET};
use visavis_line::plan::SendPlan;
use visavis_line::playout::{Playout, PlayoutOptions};

struct Counting;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system's allocator's; the count beside it touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_packet_allocates_nothing() {
    let plan = SendPlan {
        expected_loss: 0.2,
        dred_ms: 200,
        ..SendPlan::default()
    };
    let pcm = speech(24_000, 8.0);
    let sent = packets(&pcm, 24_000, &plan);
    let mut encoder = Encoder::new(24_000).unwrap();
    encoder.apply(&plan).unwrap();
    let mut ingest = Ingest::new(16_000, IngestOptions::default()).unwrap();
    let mut playout = Playout::new(24_000, PlayoutOptions::default()).unwrap();
    let (mut packet, mut up, mut down) = ([0; MAX_PACKET], [0; 320], [0; 480]);
    let (mut dice, mut losses) = (Dice(5), Dice(6));
    let (mut repairs, mut solver, mut solved) = (fec::Encoder::default(), fec::Decoder::new(0), 0);
    let mut warm = 0;
    let mut waiting: Vec<(u64, u64)> = Vec::with_capacity(1000);
    for tick in 0..4000u64 {
        if tick == 1000 {
            warm = ALLOCATED.get();
        }
        // Packets take up to five ticks, one in ten is lost, every ten seconds nothing comes for
        // half a second.
        let stalled = tick % 500 > 475;
        if dice.unit() > 0.1 {
            let late = (dice.unit() * 5.0) as u64;
            waiting.push((
                if stalled {
                    tick - tick % 500 + 500
                } else {
                    tick + late
                },
                tick,
            ));
        }
        let now = tick as f64 * 0.02;
        waiting.retain(|(due, i)| {
            if *due > tick {
                return true;
            }
            let payload = |i: u64| &sent[i as usize % sent.len()];
            // Without copies at first, so that deep redundancy has its parser.
            if *i >= 500 {
                ingest.push_redundant(now, i - 4, (i - 4) * 960, payload(i - 4));
                playout.push_redundant(now, i - 4, (i - 4) * 960, payload(i - 4));
            }
            ingest.push(now, *i, i * 960, payload(*i));
            playout.push(now, *i, i * 960, payload(*i));
            false
        });
        for _ in 0..ingest.ready(now).min(4) {
            ingest.pull(now, &mut up);
        }
        playout.pull(now, &mut down);
        let payload = &sent[tick as usize % sent.len()];
        let repair = repairs.repair(tick, payload, (16, 2), 1120);
        if losses.unit() > 0.2 {
            solver.received(tick, tick * 960, payload);
            if let Some((covered, repair)) = repair {
                solver.repair(tick, covered, repair);
            }
            while solver.recovered().is_some() {
                solved += 1;
            }
        }
        repairs.keep(tick * 960, payload);
        let start = tick as usize % 400 * 480;
        encoder
            .encode(&pcm[start..start + 480], &mut packet)
            .unwrap();
    }
    let (a, b) = (ingest.stats(), playout.stats());
    assert!(a.lost > 100 && a.recovered > 100 && b.recovered > 100 && b.concealed > 0);
    assert!(solved > 300, "{solved}");
    assert_eq!(ALLOCATED.get() - warm, 0);
}
