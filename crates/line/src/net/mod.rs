//! Datagrams and the system: sockets, many datagrams a call, and waiting for one of many.

pub mod mmsg;
pub mod poller;
pub mod socket;
