//! The native line: WebRTC calls, Opus, buffers and pacing.
//!
//! `Calls` is the core: no socket, no clock, no thread. Two drivers stand on it: `Engine` (real
//! sockets, a thread of its own) and `Stepped` (a simulation). `visavis_line.pyi` is the face.

pub mod arrivals;
mod awaited;
pub mod backlog;
mod base;
pub mod batch;
pub mod calls;
mod checks;
pub mod clock;
pub mod config;
mod directory;
mod driver;
mod dtls;
mod ear;
pub mod engine;
pub mod error;
pub mod fec;
pub mod fragment;
mod histogram;
pub mod ingest;
pub mod kept;
mod limit;
pub mod load;
pub mod losses;
mod mmsg;
mod mouth;
pub mod numbering;
pub mod opus;
mod outbox;
pub mod peer;
pub mod plan;
mod played;
pub mod playout;
mod poller;
mod presence;
#[cfg(feature = "python")]
mod python;
mod queue;
pub mod random;
pub mod red;
pub mod report;
mod resend;
pub mod route;
pub mod sdp;
mod socket;
pub mod speaker;
pub mod stepped;
mod stream;
mod stretch;
pub mod stun;
mod text;
pub mod trend;
pub mod voice;
mod voices;
mod wake;
