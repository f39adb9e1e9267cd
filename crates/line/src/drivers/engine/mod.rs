//! Calls on real sockets: the handle that other threads hold of the media thread.
//!
//! Commands reach the thread as closures through a queue and an eventfd; batches leave it through
//! the outbox. `thread` is what runs on the thread.

mod begin;
mod outbox;
mod queued;
mod sockets;
mod thread;
mod wake;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::calls::queue_full;
use crate::drivers::engine::outbox::{Figures, Outbox};
use crate::drivers::engine::thread::Driver;
use crate::drivers::engine::wake::Wake;
use crate::seam::batch::{Batch, Happening};
use crate::seam::config::Config;
use crate::seam::error::LineError;
use crate::seam::plan::SendPlan;
use crate::voice::Voice;

pub(crate) type Command = Box<dyn FnOnce(&mut Driver, f64) + Send>;

/// What the media thread and all others have in common.
pub(crate) struct Shared {
    commands: Mutex<VecDeque<Command>>,
    pub wake: Wake,
    pub outbox: Outbox,
    pub figures: Figures,
    /// Samples of each call that are queued or on their way to the queue.
    backlog: Mutex<HashMap<i64, Arc<AtomicI64>>>,
    pub stopping: AtomicBool,
}

impl Shared {
    pub fn backlog(&self) -> MutexGuard<'_, HashMap<i64, Arc<AtomicI64>>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn commands(&self) -> MutexGuard<'_, VecDeque<Command>> {
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
        let shared = Arc::new(Shared {
            commands: Mutex::default(),
            wake: Wake::new()?,
            outbox: Outbox::new()?,
            figures: Figures::default(),
            backlog: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let (max_queue_s, play_rate) = (config.max_queue_s, config.play_rate);
        let driver = Driver::new(shared.clone(), config, place)?;
        let addresses = driver.addresses()?;
        let thread = std::thread::Builder::new()
            .name("visavis-line".into())
            .spawn(move || driver.live())?;
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

    /// The far end begins ICE anew, by an SDP offer or a fragment; returns the answer in kind.
    pub fn restart(&self, call: i64, offer: String) -> Result<String, LineError> {
        self.ask(move |driver, now| driver.calls.restart(now, call, &offer))?
    }

    /// Begins ICE of a call of ours anew from a new socket, bound to `host` if the machine is in
    /// another network now; returns the SDP offer, whose answer goes to `answer`.
    pub fn restart_offer(&self, call: i64, host: Option<IpAddr>) -> Result<String, LineError> {
        self.ask(move |driver, now| driver.restart_offer(now, call, host))?
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
            driver.play(now, call, reply, &pcm);
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

    /// Lets a voice activity detector listen to every call from now on.
    pub fn listen(&self, voice: Voice) {
        self.tell(move |driver, _| driver.calls.listen(voice));
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
