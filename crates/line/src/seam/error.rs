//! The one error of this crate: a short word for machines, a sentence for people.

use std::fmt;

/// What was asked of the line cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// `invalid_sdp`, `busy`, `queue_full` or `internal_error`.
    pub code: &'static str,
    /// What was wrong, where, and what would be right.
    pub message: String,
}

impl LineError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        LineError {
            code,
            message: message.into(),
        }
    }

    pub fn invalid_sdp(message: impl Into<String>) -> Self {
        Self::new("invalid_sdp", message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal_error", message)
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for LineError {}
