//! An hour with a far clock that is 200 ppm off: the delay stays, and only drift is stretched.

use crate::bare;
use crate::common::listen::listen;
use crate::common::network::{sent_at, take};
use visavis_line::playout::PlayoutOptions;

#[test]
fn an_hour_neither_grows_nor_starves() {
    for ppm in [200.0, -200.0] {
        let arrivals = take(9, 180_000, |i, _| Some(1.0 + sent_at(i) * ppm * 1e-6));
        let heard = listen(bare(), &arrivals, &[], 0.005, PlayoutOptions::default());
        let worst = heard.pulled.iter().map(|p| p.delay).fold(0.0, f64::max);
        let f = heard.figures(&arrivals);
        println!(
            "{ppm:+} ppm: {:.0} ms at most, {} stretches",
            worst * 1e3,
            f.stretched
        );
        assert!(worst < 0.06);
        // 720 ms, in periods of 2.5 ms or more, or in pauses between two spurts.
        assert!(f.stretched < 720 * 2 / 5);
        assert!(f.concealed + f.missing < 0.0005, "{f:?}");
    }
}
