//! Speech on its way out: `speaker` is the queue, `mouth` makes packets of it, `played` tells how
//! much of it was heard.

pub mod mouth;
mod played;
pub mod speaker;
