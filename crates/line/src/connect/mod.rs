//! How two ends find each other, as far as it is ours: what str0m is told (SDP, ICE, DTLS), and
//! what is done beside it so that a call connects, and stays, over a bad network.

pub mod checks;
pub mod dtls;
pub mod fragment;
pub mod route;
pub mod sdp;
pub mod stun;
