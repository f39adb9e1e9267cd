//! The receiver's side of sliding-window FEC: lost packets are solved for as repairs come.
//!
//! Every repair is a row of a system of linear equations whose unknowns are packets that have not
//! come. The system is kept reduced: a row's pivot, the oldest packet in it, is in no other row.
//! So what becomes too old takes exactly one row with it, and a row with nothing but its pivot
//! is that packet.

use std::collections::VecDeque;

use super::{coefficients, extend, gf256, read_symbol, write_symbol, MAX_WINDOW};
use crate::opus::MAX_PACKET;
use crate::repair::red::MAX_LENGTH;

/// Packets remembered: a repair may be so many packets late less its window.
const MEMORY: usize = 2 * MAX_WINDOW;
/// Repairs that wait for what they lack.
const MAX_ROWS: usize = MAX_WINDOW;
const NOBODY: u64 = u64::MAX;

/// A lost packet, as it was sent but for its padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered<'a> {
    pub seq: u64,
    pub rtp: u64,
    pub payload: &'a [u8],
}

/// A packet that came or was solved for.
struct Source {
    seq: u64,
    symbol: Vec<u8>,
}

/// What is left of a repair once all that is known is taken from it.
struct Row {
    /// By sequence number modulo [`MEMORY`].
    coefficients: [u8; MEMORY],
    symbol: Vec<u8>,
    pivot: u64,
}

impl Row {
    fn new() -> Self {
        Row {
            coefficients: [0; MEMORY],
            symbol: Vec::with_capacity(MAX_LENGTH),
            pivot: NOBODY,
        }
    }

    /// Adds `by` times a symbol.
    fn add(&mut self, symbol: &[u8], by: u8) {
        let length = self.symbol.len().max(symbol.len());
        self.symbol.resize(length, 0);
        gf256::add_scaled(&mut self.symbol, symbol, by);
    }

    /// Takes `other` from this row so that packet `seq` is in it no more; 1 is its coefficient
    /// there.
    fn eliminate(&mut self, seq: u64, other: &Row) {
        let by = self.coefficients[slot(seq)];
        if by != 0 {
            gf256::add_scaled(&mut self.coefficients, &other.coefficients, by);
            self.add(&other.symbol, by);
        }
    }

    fn is_solved(&self) -> bool {
        self.coefficients.iter().filter(|c| **c != 0).count() == 1
    }
}

fn slot(seq: u64) -> usize {
    (seq % MEMORY as u64) as usize
}

/// See the module. Memory is bounded (some 100 KB) and reused.
pub struct Decoder {
    /// Nothing is known of packets before this one.
    start: u64,
    newest: u64,
    /// An extended timestamp of the stream, not long ago.
    rtp: u64,
    sources: Vec<Source>,
    rows: Vec<Row>,
    pool: Vec<Row>,
    solved: VecDeque<u64>,
    spare: Vec<u8>,
}

impl Decoder {
    /// From packet `start` on every packet that comes is told of.
    pub fn new(start: u64) -> Self {
        let source = || Source {
            seq: NOBODY,
            symbol: Vec::with_capacity(MAX_LENGTH),
        };
        Decoder {
            start,
            newest: start,
            rtp: 0,
            sources: std::iter::repeat_with(source).take(MEMORY).collect(),
            rows: Vec::with_capacity(MAX_ROWS + 1),
            pool: std::iter::repeat_with(Row::new)
                .take(MAX_ROWS + 1)
                .collect(),
            solved: VecDeque::with_capacity(MEMORY),
            spare: Vec::with_capacity(MAX_PACKET),
        }
    }

    fn oldest(&self) -> u64 {
        self.start
            .max((self.newest + 1).saturating_sub(MEMORY as u64))
    }

    fn symbol(&self, seq: u64) -> Option<&[u8]> {
        let source = &self.sources[slot(seq)];
        (source.seq == seq).then_some(&source.symbol[..])
    }

    /// A packet came; `seq` (below 2^48) and `rtp` are extended.
    pub fn received(&mut self, seq: u64, rtp: u64, payload: &[u8]) {
        self.advance(seq);
        if seq < self.oldest() || self.symbol(seq).is_some() {
            return;
        }
        let source = &mut self.sources[slot(seq)];
        if write_symbol(rtp, payload, &mut self.spare, &mut source.symbol) {
            source.seq = seq;
            self.rtp = rtp;
            self.substitute(seq);
        } else {
            source.seq = NOBODY;
        }
    }

    /// The window slides on to packet `seq`.
    fn advance(&mut self, seq: u64) {
        if seq <= self.newest {
            return;
        }
        self.newest = seq;
        let oldest = self.oldest();
        self.drop_rows(|row| row.pivot < oldest);
    }

    fn drop_rows(&mut self, dropped: impl Fn(&Row) -> bool) {
        while let Some(at) = self.rows.iter().position(&dropped) {
            self.pool.push(self.rows.swap_remove(at));
        }
    }

    /// The repair that came in packet `seq`, whose block has this offset and body. What is no good
    /// is left out.
    pub fn repair(&mut self, seq: u64, covered: u64, body: &[u8]) {
        self.advance(seq);
        let within = (1..=MAX_WINDOW as u64).contains(&covered) && body.len() <= MAX_LENGTH;
        if !within || seq < self.oldest() + covered {
            return;
        }
        let mut row = self.pool.pop().unwrap_or_else(Row::new);
        row.coefficients.fill(0);
        row.symbol.clear();
        row.symbol.extend_from_slice(body);
        for (seq, by) in (seq - covered..seq).rev().zip(coefficients(seq)) {
            match self.symbol(seq) {
                Some(symbol) => row.add(symbol, by),
                None => row.coefficients[slot(seq)] = by,
            }
        }
        self.insert(row);
        self.collect();
    }

    /// What was unknown of the rows is known now.
    fn substitute(&mut self, seq: u64) {
        let symbol = &self.sources[slot(seq)].symbol;
        for row in &mut self.rows {
            let by = std::mem::take(&mut row.coefficients[slot(seq)]);
            if by != 0 {
                row.add(symbol, by);
            }
        }
        if let Some(at) = self.rows.iter().position(|row| row.pivot == seq) {
            let row = self.rows.swap_remove(at);
            self.insert(row);
        }
        self.collect();
    }

    /// Adds a row, of which all that is known is taken already.
    fn insert(&mut self, mut row: Row) {
        for other in &self.rows {
            row.eliminate(other.pivot, other);
        }
        let mut unknown = self.oldest()..=self.newest;
        let Some(pivot) = unknown.find(|seq| row.coefficients[slot(*seq)] != 0) else {
            self.pool.push(row); // says nothing new
            return;
        };
        row.pivot = pivot;
        let by = gf256::inverse(row.coefficients[slot(pivot)]);
        gf256::scale(&mut row.coefficients, by);
        gf256::scale(&mut row.symbol, by);
        for other in &mut self.rows {
            other.eliminate(pivot, &row);
        }
        self.rows.push(row);
        if self.rows.len() > MAX_ROWS {
            let oldest = self.rows.iter().map(|row| row.pivot).min();
            self.drop_rows(|row| Some(row.pivot) == oldest);
        }
    }

    /// Takes solved packets out of the system.
    fn collect(&mut self) {
        while let Some(at) = self.rows.iter().position(Row::is_solved) {
            let mut row = self.rows.swap_remove(at);
            if read_symbol(&row.symbol).is_some() {
                let source = &mut self.sources[slot(row.pivot)];
                source.seq = row.pivot;
                std::mem::swap(&mut source.symbol, &mut row.symbol);
                self.solved.push_back(row.pivot);
            }
            self.pool.push(row);
        }
    }

    /// The next packet that was solved for. Take all of them after every packet.
    pub fn recovered(&mut self) -> Option<Recovered<'_>> {
        let seq = self.solved.pop_front()?;
        let (low, payload) = read_symbol(self.symbol(seq)?)?;
        Some(Recovered {
            seq,
            rtp: extend(low, self.rtp),
            payload,
        })
    }
}
