//! The native line: WebRTC calls, Opus, buffers and pacing.

pub mod batch;
pub mod opus;
pub mod plan;
pub mod report;
pub mod speaker;
