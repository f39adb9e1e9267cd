//! Whole calls in virtual time. One test program, because each is linked with all of str0m.

mod audio_both_ways;
mod connect;
mod hostile;
mod overload;
mod pipe;
mod plans;
mod red;
mod same_seed;
mod sdp_table;
mod texts;
