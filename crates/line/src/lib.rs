//! The native line: WebRTC calls, Opus, buffers and pacing.
//!
//! [`calls::Calls`] is the core: no socket, no clock, no thread. Two drivers stand on it: an engine
//! (real sockets, a thread of its own) and a simulation. `visavis_line.pyi` is the face.
//!
//! Where to go to change what:
//!
//! | room | what it is |
//! |---|---|
//! | `seam/` | what crosses to Python and back: batches up; settings, plans and errors |
//! | `python/` | the Python module |
//! | `drivers/` | who gives the core its time and its datagrams: `engine/` and `stepped` |
//! | `net/` | UDP sockets, many datagrams a system call, waiting |
//! | `calls/` | many calls over few addresses: whose datagram, whose turn, is there room |
//! | `peer/` | one call, from its offer to its end |
//! | `connect/` | SDP, ICE and DTLS, as far as they are ours: what str0m is told, and what beside it |
//! | `send/` | speech on its way out: the queue, the packets, what of it was heard |
//! | `receive/` | speech on its way in: the buffers of a server and of an ear |
//! | `repair/` | what protects speech: RED, sliding-window FEC, `again/` for what is asked for in time, `backlog/` for outages |
//! | `report/` | what the network did: losses, delay and its trend |
//! | `opus/` | libopus |
//! | `voice/` | voice activity of all calls at once |

pub mod clock;
pub mod random;

mod calls;
mod connect;
mod drivers;
mod limit;
mod net;
pub mod opus;
mod peer;
#[cfg(feature = "python")]
mod python;
mod receive;
mod repair;
pub mod report;
mod seam;
mod send;
pub mod voice;

// What tests, fuzzing and examples use, one file each.
pub use calls::load;
pub use connect::{sdp, stun};
pub use drivers::{engine, stepped};
pub use receive::{ingest, playout};
pub use repair::{again, fec, numbering, red};
pub use seam::{batch, config, error, plan};
pub use send::speaker;
