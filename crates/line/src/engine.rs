//! Calls on real sockets: a thread that owns them, ticks every 20 ms and never takes the GIL.
//!
//! Commands reach the thread as closures through a queue and an eventfd; batches leave it through
//! the outbox. The thread waits in one place only, for the next of: a datagram, a command, a
//! timer, a tick.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::batch::{Batch, Event, Happening};
use crate::calls::{queue_full, Calls};
use crate::clock::{monotonic, Clock, TICK_S};
use crate::config::Config;
use crate::error::LineError;
use crate::outbox::{Figures, Outbox};
use crate::plan::SendPlan;
use crate::random::Source;
use crate::socket::Socket;
use crate::wake::Wake;

/// Datagrams read between two looks at the clock.
const READ_BURST: usize = 64;
/// Ticks further behind than this are skipped: the machine slept.
const MAX_BEHIND_S: f64 = 1.0;

type Command = Box<dyn FnOnce(&mut Driver, f64) + Send>;

struct Shared {
    commands: Mutex<VecDeque<Command>>,
    wake: Wake,
    outbox: Outbox,
    figures: Figures,
    /// Samples of each call that are queued or on their way to the queue.
    backlog: Mutex<HashMap<i64, Arc<AtomicI64>>>,
    stopping: AtomicBool,
}

impl Shared {
    fn backlog(&self) -> MutexGuard<'_, HashMap<i64, Arc<AtomicI64>>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commands(&self) -> MutexGuard<'_, VecDeque<Command>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Engine {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    addresses: Vec<String>,
    max_queue_s: f64,
    max_queued: i64,
}

/// Where an engine listens and what it tells clients.
#[derive(Debug, Clone)]
pub struct Place {
    pub host: IpAddr,
    pub ports: (u16, u16),
    pub publics: Vec<IpAddr>,
}

impl Engine {
    pub fn start(config: Config, place: Place) -> io::Result<Engine> {
        let socket = Socket::bind(place.host, place.ports)?;
        let mut addresses = socket.addresses()?;
        let port = socket.port();
        let shared = Arc::new(Shared {
            commands: Mutex::default(),
            wake: Wake::new()?,
            outbox: Outbox::new()?,
            figures: Figures::default(),
            backlog: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let (max_queue_s, play_rate) = (config.max_queue_s, config.play_rate);
        let calls = Calls::new(config, Clock::system(), Source::System)
            .map_err(|error| io::Error::other(error.message))?;
        let mut driver = Driver {
            shared: shared.clone(),
            calls,
            sockets: vec![(None, socket)],
            publics: place.publics.clone(),
            place,
            queued: HashMap::new(),
        };
        addresses.extend(driver.publics.iter().map(|ip| SocketAddr::new(*ip, port)));
        let thread = std::thread::Builder::new()
            .name("visavis-line".into())
            .spawn(move || {
                prepare_thread();
                if catch_unwind(AssertUnwindSafe(|| driver.run())).is_err() {
                    driver.give_up();
                }
            })?;
        Ok(Engine {
            shared,
            thread: Mutex::new(Some(thread)),
            addresses: addresses.iter().map(ToString::to_string).collect(),
            max_queue_s,
            max_queued: (max_queue_s * f64::from(play_rate)) as i64,
        })
    }

    pub fn fd(&self) -> RawFd {
        self.shared.outbox.ready.fd()
    }

    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    pub fn poll(&self) -> VecDeque<Batch> {
        let batches = self.shared.outbox.take();
        let ended = batches.iter().flat_map(|batch| &batch.events);
        let ended: Vec<i64> = ended
            .filter(|event| matches!(event.what, Happening::Closed(_)))
            .map(|event| event.call)
            .collect();
        if !ended.is_empty() {
            let mut backlog = self.shared.backlog();
            for call in ended {
                backlog.remove(&call);
            }
        }
        batches
    }

    pub fn accept(&self, offer: String, max_call_s: f64) -> Result<(i64, String), LineError> {
        self.ask(move |driver, now| driver.accept(now, &offer, max_call_s))?
    }

    pub fn offer(&self, max_call_s: f64) -> Result<(i64, String), LineError> {
        self.ask(move |driver, now| driver.offer(now, max_call_s))?
    }

    pub fn answer(&self, call: i64, answer: String) -> Result<(), LineError> {
        self.ask(move |driver, now| driver.calls.answer(now, call, &answer))?
    }

    /// Queues speech. What is beyond the longest queue is dropped, and an error says so.
    pub fn play(&self, call: i64, reply: i64, mut pcm: Vec<i16>) -> Result<(), LineError> {
        let Some(backlog) = self.shared.backlog().get(&call).cloned() else {
            return Ok(());
        };
        let wanted = pcm.len() as i64;
        let mut fits = 0;
        // Several threads may play at once; each takes its part of the room.
        let _ = backlog.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |queued| {
            fits = wanted.min(self.max_queued - queued).max(0);
            Some(queued + fits)
        });
        pcm.truncate(fits as usize);
        self.tell(move |driver, now| {
            // The queue's own limit is the same one; what it refuses is settled below.
            let _ = driver.calls.play(now, call, reply, &pcm);
            *driver.queued.entry(call).or_default() += pcm.len() as i64;
            driver.settle(call);
        });
        if fits < wanted {
            return Err(queue_full(self.max_queue_s, (wanted - fits) as usize));
        }
        Ok(())
    }

    pub fn finish(&self, call: i64, reply: i64) {
        self.tell(move |driver, now| driver.calls.finish(now, call, reply));
    }

    pub fn duck(&self, call: i64, gain: f64, ramp_s: f64) {
        self.tell(move |driver, now| driver.calls.duck(now, call, gain, ramp_s));
    }

    pub fn flush(&self, call: i64, fade_s: f64) {
        self.tell(move |driver, now| {
            driver.calls.flush(now, call, fade_s);
            driver.settle(call);
        });
    }

    pub fn heard(&self, call: i64, rtp: u32) {
        self.tell(move |driver, now| driver.calls.heard(now, call, rtp));
    }

    pub fn send(&self, call: i64, text: String) {
        self.tell(move |driver, now| driver.calls.send(now, call, text));
    }

    pub fn set_plan(&self, call: i64, plan: SendPlan) {
        self.tell(move |driver, now| driver.calls.set_plan(now, call, &plan));
    }

    pub fn close(&self, call: i64) {
        self.tell(move |driver, now| driver.calls.close(now, call, "local"));
    }

    pub fn stats(&self) -> Vec<(&'static str, f64)> {
        self.shared.figures.read(self.shared.outbox.dropped())
    }

    /// Closes all calls and waits for the thread to end.
    pub fn shutdown(&self) {
        {
            let _no_command_slips_in = self.shared.commands();
            self.shared.stopping.store(true, Ordering::SeqCst);
        }
        self.shared.wake.raise();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // The thread catches its own panics and reports them as closed calls.
            let _ = thread.join();
        }
        self.shared.commands().clear();
    }

    fn tell(&self, command: impl FnOnce(&mut Driver, f64) + Send + 'static) {
        let mut commands = self.shared.commands();
        if !self.shared.stopping.load(Ordering::SeqCst) {
            commands.push_back(Box::new(command));
            drop(commands);
            self.shared.wake.raise();
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Driver, f64) -> T + Send + 'static,
    ) -> Result<T, LineError> {
        let (reply, answer) = sync_channel(1);
        self.tell(move |driver, now| {
            // Whoever asked waits below, so there is somebody to take it.
            let _ = reply.send(question(driver, now));
        });
        answer
            .recv()
            .map_err(|_| LineError::internal("the engine has been shut down"))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// The thread's own state.
struct Driver {
    shared: Arc<Shared>,
    calls: Calls,
    /// The first is for all calls that come in; the others belong to one call of ours each.
    sockets: Vec<(Option<i64>, Socket)>,
    publics: Vec<IpAddr>,
    place: Place,
    /// Samples in each call's queue as last told to `backlog`.
    queued: HashMap<i64, i64>,
}

impl Driver {
    fn run(&mut self) {
        let mut next_tick = monotonic() + TICK_S;
        while !self.shared.stopping.load(Ordering::SeqCst) {
            let due = self.calls.due().unwrap_or(f64::INFINITY);
            self.wait(due.min(next_tick) - monotonic());
            self.obey();
            self.read(next_tick);
            let now = monotonic();
            if self.calls.due().is_some_and(|due| due <= now) {
                self.calls.timeout(now);
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
        self.obey();
        self.calls.close_all(monotonic());
        self.write();
        self.tick(monotonic(), 0.0);
    }

    /// Waits for a datagram, a command, or `seconds`.
    fn wait(&self, seconds: f64) {
        let wanted = |fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        let sockets = self.sockets.iter().map(|(_, socket)| socket.fd());
        let mut fds: Vec<libc::pollfd> =
            sockets.chain([self.shared.wake.fd()]).map(wanted).collect();
        let seconds = seconds.clamp(0.0, TICK_S);
        let timeout = libc::timespec {
            tv_sec: 0,
            tv_nsec: (seconds * 1e9) as _,
        };
        // SAFETY: pointer and length describe `fds`; an interruption only wakes us early.
        unsafe {
            libc::ppoll(
                fds.as_mut_ptr(),
                fds.len() as libc::nfds_t,
                &timeout,
                std::ptr::null(),
            );
        }
    }

    fn obey(&mut self) {
        self.shared.wake.clear();
        loop {
            let Some(command) = self.shared.commands().pop_front() else {
                return;
            };
            command(self, monotonic());
        }
    }

    /// Reads what has come, but not beyond the next tick.
    fn read(&mut self, next_tick: f64) {
        let mut more = true;
        while more {
            more = false;
            let now = monotonic();
            for (_, socket) in &mut self.sockets {
                for _ in 0..READ_BURST {
                    let Some((local, source, packet)) = socket.receive() else {
                        break;
                    };
                    self.calls.receive(now, local, source, packet);
                    more = true;
                }
            }
            if now >= next_tick {
                return;
            }
        }
    }

    fn tick(&mut self, now: f64, late_s: f64) {
        let batch = self.calls.tick(now, late_s);
        self.shared.figures.ticked(late_s * 1000.0);
        let calls: Vec<i64> = self.queued.keys().copied().collect();
        for call in calls {
            self.settle(call);
        }
        let ended = |e: &&Event| matches!(e.what, Happening::Closed(_));
        let over: Vec<i64> = batch
            .events
            .iter()
            .filter(ended)
            .map(|event| event.call)
            .collect();
        let talkers: Vec<i64> = batch
            .events
            .iter()
            .filter(|event| matches!(event.what, Happening::Text(_)))
            .map(|event| event.call)
            .collect();
        if !self.shared.outbox.push(batch) {
            for call in talkers {
                let reason = "error: messages come faster than they are read";
                self.calls.close(now, call, reason);
            }
        }
        if !over.is_empty() {
            self.write();
            self.sockets
                .retain(|(owner, _)| owner.is_none_or(|owner| !over.contains(&owner)));
            self.queued.retain(|call, _| !over.contains(call));
        }
        self.shared
            .figures
            .publish(self.calls.len(), self.calls.totals());
    }

    fn write(&mut self) {
        for packet in self.calls.packets() {
            let port = packet.source.port();
            let socket = self.sockets.iter().find(|(_, s)| s.port() == port);
            if let Some((_, socket)) = socket {
                socket.send(packet.source.ip(), packet.destination, &packet.contents);
            }
        }
    }

    /// Tells `backlog` what has left a call's queue.
    fn settle(&mut self, call: i64) {
        let Some(told) = self.queued.get_mut(&call) else {
            return;
        };
        let now = self.calls.queued(call) as i64;
        let gone = *told - now;
        *told = now;
        if gone != 0 {
            if let Some(backlog) = self.shared.backlog().get(&call) {
                backlog.fetch_sub(gone, Ordering::SeqCst);
            }
        }
    }

    fn accept(
        &mut self,
        now: f64,
        offer: &str,
        max_call_s: f64,
    ) -> Result<(i64, String), LineError> {
        let locals = self.sockets[0].1.addresses().map_err(no_address)?;
        let made = self
            .calls
            .accept(now, &locals, &self.publics, max_call_s, offer)?;
        self.shared.backlog().insert(made.0, Arc::default());
        Ok(made)
    }

    fn offer(&mut self, now: f64, max_call_s: f64) -> Result<(i64, String), LineError> {
        // A socket for each: on one path there can be one DTLS session only.
        let socket = Socket::bind(self.place.host, self.place.ports).map_err(|error| {
            LineError::new(
                "busy",
                format!("no UDP port is free for one more call: {error}"),
            )
        })?;
        let locals = socket.addresses().map_err(no_address)?;
        let made = self.calls.offer(now, &locals, &self.publics, max_call_s)?;
        self.sockets.push((Some(made.0), socket));
        self.shared.backlog().insert(made.0, Arc::default());
        Ok(made)
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

fn no_address(error: io::Error) -> LineError {
    LineError::internal(format!("this machine's addresses cannot be read: {error}"))
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
