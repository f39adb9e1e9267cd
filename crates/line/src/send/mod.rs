//! Speech on its way out: `speaker` is the queue, `mouth` takes frames of it, in time or before,
//! `packets` makes packets of them, `protection` is what
//! travels beside them, `played` tells how much was heard.

pub mod mouth;
pub mod outgoing;
mod packets;
mod played;
mod protection;
pub mod speaker;
