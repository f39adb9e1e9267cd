//! Whole calls in virtual time. One test program, because each is linked with all of str0m.

mod ahead;
mod asked;
mod at_once;
mod audio_both_ways;
mod connect;
mod consent;
mod fec;
mod flood;
mod hostile;
mod ice_restart;
mod moving;
mod outage;
mod overload;
mod pipe;
mod plans;
mod red;
mod reports;
mod rollover;
mod same_seed;
mod sdp_table;
#[allow(dead_code)] // the fuzzing's; this uses a part of it
mod stranger;
mod texts;
