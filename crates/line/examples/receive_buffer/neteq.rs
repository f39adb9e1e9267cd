//! The delay that libwebrtc's NetEq aims at, on the same arrivals: its policy, not its sound.
//!
//! After `modules/audio_coding/neteq` (2024): a packet's delay relative to the best of the last
//! 2 s; of every 500 ms the greatest goes into a histogram of 20 ms buckets that forgets by 0.983
//! (faster in the beginning); the target is its 0.95 quantile, at least 20 ms, 80 ms at the start.
//! A packet that comes later than the target would be stretched over or concealed.

use crate::common::network::{sent_at, Arrival};

const BUCKET_S: f64 = 0.02;
const BUCKETS: usize = 100;
const HISTORY_S: f64 = 2.0;
const RESAMPLE_S: f64 = 0.5;
const FORGET: f64 = 0.983;
const START_WEIGHT: f64 = 2.0;
const QUANTILE: f64 = 0.95;

pub struct Policy {
    /// Share of packets that came later than the target of their time.
    pub late: f64,
    /// Mean target, seconds.
    pub target: f64,
}

pub fn policy(arrivals: &[Arrival]) -> Policy {
    let mut histogram = [0.0f64; BUCKETS];
    histogram[0] = 1.0;
    let (mut target, mut adds) = (0.08f64, 0.0f64);
    let (mut since, mut most) = (None, 0.0f64);
    let (mut late, mut sum, mut oldest) = (0usize, 0.0, 0);
    for (i, arrival) in arrivals.iter().enumerate() {
        while arrivals[oldest].at < arrival.at - HISTORY_S {
            oldest += 1;
        }
        let transit = |a: &Arrival| a.at - sent_at(a.index);
        let best = arrivals[oldest..=i]
            .iter()
            .map(transit)
            .fold(f64::INFINITY, f64::min);
        let relative = transit(arrival) - best;
        late += usize::from(relative > target);
        sum += target;
        most = most.max(relative);
        let start = *since.get_or_insert(arrival.at);
        if arrival.at - start > RESAMPLE_S {
            adds += 1.0;
            let forget = FORGET.min(1.0 - START_WEIGHT / (adds + 1.0)).max(0.0);
            histogram.iter_mut().for_each(|w| *w *= forget);
            histogram[((most / BUCKET_S) as usize).min(BUCKETS - 1)] += 1.0 - forget;
            let mut below = 0.0;
            let bucket = histogram.iter().position(|w| {
                below += w;
                below >= QUANTILE
            });
            target = (bucket.unwrap_or(BUCKETS - 1) + 1) as f64 * BUCKET_S;
            (since, most) = (Some(arrival.at), 0.0);
        }
    }
    let n = arrivals.len().max(1) as f64;
    Policy {
        late: late as f64 / n,
        target: sum / n,
    }
}
