#![no_main]

#[macro_use]
mod feed;

use visavis_line::ingest::{Ingest, IngestOptions};

feed!(Ingest::new(16_000, IngestOptions::default()));
