//! What protects speech, by both ends: copies and sums beside it, and what is sent again.
//! (What an Opus packet repairs of the ones before it is in `opus`.)

pub mod again;
pub mod backlog;
pub mod fec;
pub mod numbering;
pub mod red;
