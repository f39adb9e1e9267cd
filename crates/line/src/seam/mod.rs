//! What crosses between the line and Python: batches go up; settings and plans come down.

pub mod batch;
pub mod config;
pub mod error;
pub mod plan;
