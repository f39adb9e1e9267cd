//! Speech on its way out: `speaker` is the queue, `mouth` makes packets of it, `protection` is what
//! travels beside them, `played` tells how much was heard.

pub mod mouth;
pub mod outgoing;
mod played;
mod protection;
pub mod speaker;
