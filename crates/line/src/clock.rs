//! Seconds in, `Instant` out: the core counts in seconds, str0m in `Instant`.
//!
//! A `Clock` fixes one pair of both at the start and never reads a clock again, so that equal
//! seconds always give equal instants.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds between two ticks: one frame of audio.
pub const TICK_S: f64 = 0.02;

/// How far a simulation's instants are ahead of the real ones.
const SIMULATED_AHEAD: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    instant: Instant,
    seconds: f64,
    /// Seconds since 1970 minus the seconds of this clock.
    unix: f64,
}

impl Clock {
    /// CLOCK_MONOTONIC, as `time.monotonic()` and `Instant` read it on Linux.
    pub fn system() -> Self {
        let instant = Instant::now();
        let seconds = monotonic();
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock {
            instant,
            seconds,
            unix: since_1970.as_secs_f64() - seconds,
        }
    }

    /// A simulation's clock: its second 0 is 1970, so that capture times are the same in every
    /// run. The instants start well after any that str0m holds to be the past, and after any that
    /// a real clock shows while the simulation runs: SCTP (sctp-proto 0.10, `Endpoint::connect`)
    /// reads one for its first timer, which is then always due at once.
    pub fn simulated() -> Self {
        Clock {
            instant: Instant::now() + SIMULATED_AHEAD,
            seconds: 0.0,
            unix: 0.0,
        }
    }

    pub fn instant(&self, seconds: f64) -> Instant {
        let nanos = ((seconds - self.seconds) * 1e9).round();
        if nanos >= 0.0 {
            self.instant + Duration::from_nanos(nanos as u64)
        } else {
            self.instant - Duration::from_nanos(-nanos as u64)
        }
    }

    /// Seconds at or just after `instant`: waking then never finds the instant still to come.
    pub fn seconds(&self, instant: Instant) -> f64 {
        match instant.checked_duration_since(self.instant) {
            Some(ahead) => self.seconds + ahead.as_secs_f64() + 1e-6,
            None => self.seconds - (self.instant - instant).as_secs_f64() + 1e-6,
        }
    }

    /// Seconds since 1970.
    pub fn unix(&self, seconds: f64) -> f64 {
        seconds + self.unix
    }
}

/// Reads CLOCK_MONOTONIC, seconds. Only drivers call this.
pub fn monotonic() -> f64 {
    read(libc::CLOCK_MONOTONIC)
}

/// Reads CLOCK_REALTIME, seconds since 1970: what the system stamps datagrams with.
pub fn realtime() -> f64 {
    read(libc::CLOCK_REALTIME)
}

/// Seconds of processor time that this thread has used.
pub fn thread_cpu() -> f64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn read(clock: libc::clockid_t) -> f64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a valid timespec; these clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_instants_agree() {
        let clock = Clock::simulated();
        for s in [0.0, 0.02, 1.5, 86_400.0] {
            let back = clock.seconds(clock.instant(s));
            assert!(back > s && back - s < 3e-6, "{s} came back as {back}");
        }
        assert_eq!(
            clock.instant(3.0) - clock.instant(1.0),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn the_system_clock_is_the_monotonic_one() {
        let clock = Clock::system();
        let now = clock.seconds(Instant::now());
        assert!((now - monotonic()).abs() < 0.01);
    }
}
