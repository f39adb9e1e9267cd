//! Samples that wait to be handed up, of which each frame knows where it came from.

use std::collections::VecDeque;

use crate::opus::{Frame, Mark, RTP_RATE};

/// Samples of one origin.
#[derive(Clone, Copy, Debug)]
struct Piece {
    rtp: u64,
    len: usize,
    mark: Mark,
}

/// See the module.
pub struct Output {
    /// Samples a second, and of a frame.
    rate: u32,
    frame: usize,
    pcm: VecDeque<i16>,
    pieces: VecDeque<Piece>,
    next_position: i64,
    /// A position and its RTP time.
    anchor: (i64, u64),
}

impl Output {
    pub fn new(rate: u32) -> Self {
        Output {
            rate,
            frame: rate as usize / 50,
            pcm: VecDeque::with_capacity(rate as usize / 4),
            pieces: VecDeque::with_capacity(64),
            next_position: 0,
            anchor: (0, 0),
        }
    }

    /// Samples that wait.
    pub fn len(&self) -> usize {
        self.pcm.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pcm.is_empty()
    }

    /// What is added from now on is of a stream that begins at this RTP time.
    pub fn begin(&mut self, rtp: u64) {
        self.anchor = (self.next_position + self.pcm.len() as i64, rtp);
    }

    /// Add the samples of RTP time `rtp`.
    pub fn add(&mut self, rtp: u64, pcm: &[i16], mark: Mark) {
        self.pcm.extend(pcm);
        let len = pcm.len();
        self.pieces.push_back(Piece { rtp, len, mark });
    }

    /// Add so many samples of which nothing is known.
    pub fn nothing(&mut self, rtp: u64, samples: usize) {
        self.pcm.extend(std::iter::repeat_n(0, samples));
        self.pieces.push_back(Piece {
            rtp,
            len: samples,
            mark: Mark::Missing,
        });
    }

    /// A frame that keeps time and stands for no samples.
    pub fn no_samples(&self, rtp: u64, mark: Mark) -> Frame {
        Frame {
            position: self.next_position,
            rtp,
            mark,
        }
    }

    /// Move one frame to `out`; its mark is that of most of it. `end`: RTP time of what follows
    /// all that waits here.
    pub fn emit(&mut self, end: u64, out: &mut [i16]) -> Frame {
        for (to, from) in out.iter_mut().zip(self.pcm.drain(..self.frame)) {
            *to = from;
        }
        let rtp = self.pieces.front().map_or(end, |p| p.rtp);
        let mut share = [0usize; 4];
        let mut left = self.frame;
        while left > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                break;
            };
            let n = piece.len.min(left);
            share[piece.mark as usize] += n;
            left -= n;
            piece.len -= n;
            piece.rtp += n as u64 * u64::from(RTP_RATE / self.rate);
            if piece.len == 0 {
                self.pieces.pop_front();
            }
        }
        let ticks = rtp.saturating_sub(self.anchor.1);
        let samples = (ticks / u64::from(RTP_RATE / self.rate)) as i64;
        let position = self.next_position.max(self.anchor.0 + samples);
        self.next_position = position + self.frame as i64;
        Frame {
            position,
            rtp,
            mark: Mark::of_most(share),
        }
    }
}
