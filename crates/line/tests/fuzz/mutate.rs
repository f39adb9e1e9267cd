//! Structure-aware mutation: real packets, cut, spliced and with lengths that lie.

use visavis_line::random::Random;

pub struct Mutator {
    pub random: Random,
}

const NUMBERS: [u64; 9] = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0xffff_ffff];

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::seeded(seed),
        }
    }

    /// 0 … n - 1; 0 if n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.random.next_u64() % n.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn noise(&mut self, out: &mut Vec<u8>, most: usize) {
        let n = self.below(most + 1);
        out.clear();
        out.extend((0..n).map(|_| self.random.next_u64() as u8));
    }

    /// One of `seeds`, changed in one to four places; one in eight is noise from end to end.
    pub fn mutate(&mut self, seeds: &[Vec<u8>], out: &mut Vec<u8>) {
        if self.one_in(8) {
            return self.noise(out, 400);
        }
        out.clear();
        out.extend_from_slice(&seeds[self.below(seeds.len())]);
        for _ in 0..=self.below(4) {
            self.change(seeds, out);
        }
        out.truncate(2000);
    }

    fn change(&mut self, seeds: &[Vec<u8>], out: &mut Vec<u8>) {
        let n = out.len();
        let at = self.below(n);
        let number = NUMBERS[self.below(NUMBERS.len())];
        match self.below(10) {
            0 if n > 0 => out[at] ^= 1 << self.below(8),
            1 if n > 0 => out[at] = number as u8,
            2 if n > 0 => out[at] = self.random.next_u64() as u8,
            // Where lengths and kinds are: early.
            3 if n > 0 => out[at.min(at % 24)] = self.random.next_u64() as u8,
            4 if n > at + 2 => out[at..at + 2].copy_from_slice(&(number as u16).to_be_bytes()),
            5 if n > at + 4 => out[at..at + 4].copy_from_slice(&(number as u32).to_be_bytes()),
            6 => out.truncate(at),
            7 => {
                let more = self.below(40);
                out.extend((0..more).map(|_| number as u8));
            }
            8 if n > 0 => {
                let end = (at + 1 + self.below(16)).min(n);
                out.drain(at..end);
            }
            _ => {
                // The head of this with the tail of another.
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                out.truncate(at);
                out.extend_from_slice(&other[from..]);
            }
        }
    }

    /// Lines taken out, doubled, exchanged, or with another number or word in them.
    pub fn mutate_lines(&mut self, seed: &str, words: &[&str]) -> String {
        let mut lines: Vec<String> = seed.lines().map(str::to_owned).collect();
        for _ in 0..=self.below(4) {
            let n = lines.len();
            let (i, j) = (self.below(n), self.below(n));
            if n == 0 {
                break;
            }
            match self.below(6) {
                0 => drop(lines.remove(i)),
                1 => lines.insert(j, lines[i].clone()),
                2 => lines.swap(i, j),
                3 => lines.insert(i, words[self.below(words.len())].to_owned()),
                4 => {
                    let number = NUMBERS[self.below(NUMBERS.len())];
                    let digits = |c: char| c.is_ascii_digit();
                    if let Some(at) = lines[i].rfind(digits) {
                        let tail = lines[i].split_off(at);
                        let rest = tail.trim_start_matches(digits).to_owned();
                        lines[i].push_str(&format!("{number}{rest}"));
                    }
                }
                _ => {
                    let mut bytes = std::mem::take(&mut lines[i]).into_bytes();
                    let seeds = [bytes.clone()];
                    self.change(&seeds, &mut bytes);
                    lines[i] = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
        }
        lines.join("\r\n") + "\r\n"
    }
}
