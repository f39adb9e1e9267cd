#![no_main]

#[macro_use]
mod feed;

use visavis_line::playout::{Playout, PlayoutOptions};

feed!(Playout::new(16_000, PlayoutOptions::default()));
