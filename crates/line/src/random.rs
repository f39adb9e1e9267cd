//! Where starts are drawn from: a seed in a simulation, the system's randomness on a network.

use str0m::IceCreds;

/// SplitMix64. Not for secrets: starting numbers only, and names in simulations.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Random(seed ^ 0x5bf0_3635_d3a1_9c2f)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `n` letters and digits.
    pub fn word(&mut self, n: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        (0..n)
            .map(|_| ALPHABET[(self.next_u64() % 62) as usize] as char)
            .collect()
    }
}

/// Where numbers come from.
#[derive(Debug, Clone)]
pub enum Source {
    Seed(Random),
    System,
}

impl Source {
    /// Fresh randomness for one call.
    pub fn draw(&mut self) -> Random {
        match self {
            Source::Seed(random) => Random(random.next_u64()),
            Source::System => {
                let mut bytes = [0u8; 8];
                // SAFETY: the buffer is 8 bytes long.
                let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
                assert_eq!(n, 8, "the system gave no randomness");
                Random(u64::from_ne_bytes(bytes))
            }
        }
    }

    /// A user fragment that names the call on the wire, and a password of 128 bits or more.
    pub fn credentials(&mut self) -> IceCreds {
        match self {
            Source::Seed(random) => IceCreds {
                ufrag: random.word(8),
                pass: random.word(24),
            },
            Source::System => IceCreds::new(),
        }
    }
}
