//! What runs on the media thread: it owns the sockets, ticks every 20 ms and never takes the GIL.
//!
//! It waits in one place only, for the next of: datagrams, a command, a timer, a tick. Datagrams
//! of calls that are connected are left together for a few milliseconds: one system call then
//! reads many, and the system's own stamps say when each of them came.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::Arc;

use crate::calls::load::Tick;
use crate::calls::Calls;
use crate::clock::{monotonic, thread_cpu, Clock, TICK_S};
use crate::drivers::engine::queued::Queued;
use crate::drivers::engine::sockets::Sockets;
use crate::drivers::engine::{Place, Shared};
use crate::net::poller::wait;
use crate::net::socket::Socket;
use crate::random::Source;
use crate::seam::batch::{Batch, Event, Happening};
use crate::seam::config::Config;

/// Ticks further behind than this are skipped: the machine slept.
const MAX_BEHIND_S: f64 = 1.0;
/// How long datagrams may gather in a socket once all calls are connected. What they bring is
/// handed up by the tick; what answers them is that much later.
const GATHER_S: f64 = 0.004;

/// The thread's own state.
pub struct Driver {
    pub(super) shared: Arc<Shared>,
    pub calls: Calls,
    pub(super) sockets: Sockets,
    pub(super) publics: Vec<IpAddr>,
    pub(super) place: Place,
    pub(super) queued: HashMap<i64, Queued>,
    /// Time never goes back for the calls, whatever the stamps of datagrams say.
    reached: f64,
}

impl Driver {
    pub fn new(shared: Arc<Shared>, config: Config, place: Place) -> io::Result<Driver> {
        let calls = Calls::new(config, Clock::system(), Source::System)
            .map_err(|error| io::Error::other(error.message))?;
        let socket = Socket::bind(place.host, place.ports)?;
        Ok(Driver {
            shared,
            calls,
            sockets: Sockets::new(socket)?,
            publics: place.publics.clone(),
            place,
            queued: HashMap::new(),
            reached: 0.0,
        })
    }

    /// Where calls can be reached.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses = self.sockets.locals()?;
        let (publics, port) = (self.publics.iter(), self.sockets.port());
        addresses.extend(publics.map(|ip| SocketAddr::new(*ip, port)));
        Ok(addresses)
    }

    /// The thread, from its start to its end.
    pub fn live(mut self) {
        prepare_thread();
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            self.give_up();
        }
    }

    fn run(&mut self) {
        let mut next_tick = monotonic() + TICK_S;
        let mut read_at = 0.0;
        while !self.shared.stopping.load(Ordering::SeqCst) {
            let due = self.calls.due().unwrap_or(f64::INFINITY);
            let connecting = due.is_finite();
            let until = due.min(next_tick);
            let mut now = monotonic();
            if connecting || now >= read_at {
                let fds = [self.sockets.fd(), self.shared.wake.fd()];
                let [readable, told] = wait(fds, until - now);
                now = monotonic();
                if readable {
                    self.read(next_tick);
                    read_at = now + GATHER_S;
                }
                self.obey(told);
            } else {
                let [told] = wait([self.shared.wake.fd()], until.min(read_at) - now);
                self.obey(told);
            }
            now = self.reach(monotonic());
            if self.calls.due().is_some_and(|due| due <= now) {
                self.calls.timeout(now);
            }
            if now >= next_tick {
                self.read(next_tick);
                read_at = now + GATHER_S;
            }
            while now >= next_tick {
                self.tick(now, now - next_tick);
                next_tick += TICK_S;
                if now - next_tick > MAX_BEHIND_S {
                    next_tick = now;
                }
            }
            self.write();
        }
        self.obey(true);
        let now = self.reach(monotonic());
        self.calls.close_all(now);
        self.write();
        self.tick(now, 0.0);
    }

    fn reach(&mut self, now: f64) -> f64 {
        self.reached = self.reached.max(now);
        self.reached
    }

    fn obey(&mut self, told: bool) {
        if !told {
            return;
        }
        self.shared.wake.clear();
        loop {
            let Some(command) = self.shared.commands().pop_front() else {
                return;
            };
            let now = self.reach(monotonic());
            command(self, now);
        }
    }

    /// Reads what has come, but not for long beyond the next tick.
    fn read(&mut self, next_tick: f64) {
        let (calls, reached) = (&mut self.calls, self.reached);
        loop {
            let more = self.sockets.read(|local, arrival| {
                let at = reached.max(arrival.at);
                calls.receive(at, local, arrival.source, arrival.contents);
            });
            if !more || monotonic() >= next_tick {
                return;
            }
        }
    }

    fn tick(&mut self, now: f64, late_s: f64) {
        let tick = Tick {
            now,
            late_s,
            cpu_s: thread_cpu(),
            behind_s: self.shared.outbox.waiting() as f64 * TICK_S,
        };
        let sockets = &mut self.sockets;
        let batch = self.calls.tick(tick, |packets| sockets.send(packets));
        self.shared.figures.ticked(late_s * 1000.0);
        for (call, queued) in &mut self.queued {
            queued.settle(self.calls.queued(*call));
        }
        let of = |wanted: fn(&Happening) -> bool| -> Vec<i64> {
            let events = batch.events.iter().filter(|event| wanted(&event.what));
            events.map(|event| event.call).collect()
        };
        let over = of(|what| matches!(what, Happening::Closed(_)));
        let talkers = of(|what| matches!(what, Happening::Text(_)));
        if !self.shared.outbox.push(batch) {
            for call in talkers {
                let reason = "error: messages come faster than they are read";
                self.calls.close(now, call, reason);
            }
        }
        if !over.is_empty() {
            self.write();
            self.sockets.close_all_of(&over);
            self.queued.retain(|call, _| !over.contains(call));
        }
        self.shared
            .figures
            .publish(self.calls.len(), self.calls.totals(), self.calls.load());
    }

    fn write(&mut self) {
        self.sockets.send(self.calls.packets());
    }

    /// Queues speech that `backlog` has been told of already.
    pub fn play(&mut self, now: f64, call: i64, reply: i64, pcm: &[i16]) {
        // The queue's own limit is the same one; what it refuses is settled below.
        let _ = self.calls.play(now, call, reply, pcm);
        if let Some(queued) = self.queued.get_mut(&call) {
            queued.told += pcm.len() as i64;
        }
        self.settle(call);
    }

    /// Tells `backlog` what has left a call's queue.
    pub fn settle(&mut self, call: i64) {
        if let Some(queued) = self.queued.get_mut(&call) {
            queued.settle(self.calls.queued(call));
        }
    }

    /// After a fault of the thread itself: every call is told to be over.
    fn give_up(&mut self) {
        let calls: Vec<i64> = self.shared.backlog().keys().copied().collect();
        let closed = |call| Event {
            call,
            what: Happening::Closed("error: the engine has failed".into()),
        };
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.commands().clear();
        self.shared.outbox.push(Batch {
            now: monotonic(),
            events: calls.into_iter().map(closed).collect(),
            ..Batch::default()
        });
    }
}

/// Signals are for Python's main thread; and the scheduler should let this one go first.
fn prepare_thread() {
    // SAFETY: both structures are valid before use, and all calls concern this thread only. Real
    // time, as for any audio, or at least a better priority, need a right that we may not have;
    // without it the thread runs as any other.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
        let first = libc::sched_param { sched_priority: 1 };
        let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
        if libc::sched_setscheduler(0, policy, &first) != 0 {
            libc::setpriority(libc::PRIO_PROCESS, 0, -10);
        }
    }
}
