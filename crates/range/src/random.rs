//! Seeded randomness: streams, numbers by index, and the normal distribution.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Uniform, neither 0 nor 1.
    pub fn unit(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// Two independent standard normals (Box and Muller).
    pub fn normals(&mut self) -> (f64, f64) {
        box_muller(self.unit(), self.unit())
    }
}

/// Where one purpose's numbers come from.
#[derive(Debug, Clone, Copy)]
pub struct Key(u64);

impl Key {
    pub fn new(seed: u64) -> Self {
        Key(mix(seed ^ 0x7669_7361_7669_7321))
    }

    /// A key of its own for a part of what this one is for.
    pub fn part(self, name: &str) -> Self {
        // FNV-1a, so that a name's place in the code does not matter.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Key(mix(self.0 ^ mix(hash)))
    }

    pub fn number(self, n: u64) -> Self {
        Key(self.bits(n))
    }

    pub fn stream(self) -> Random {
        Random(self.0)
    }

    fn bits(self, n: u64) -> u64 {
        mix(self.0.wrapping_add(mix(n.wrapping_mul(GOLDEN) ^ GOLDEN)))
    }

    /// The n-th of a row of uniform numbers, neither 0 nor 1.
    pub fn unit(self, n: u64) -> f64 {
        unit(self.bits(n))
    }

    /// The n-th of a row of standard normals.
    pub fn normal(self, n: u64) -> f64 {
        let bits = self.bits(n);
        box_muller(unit(bits), unit(mix(bits))).0
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn unit(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
}

fn box_muller(radius: f64, angle: f64) -> (f64, f64) {
    let radius = (-2.0 * libm::log(radius)).sqrt();
    let (sin, cos) = libm::sincos(std::f64::consts::TAU * angle);
    (radius * cos, radius * sin)
}

/// P(Z ≤ z) of a standard normal.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The inverse of [`normal_cdf`], by halving. Slow; not for every packet.
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..70 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_is_the_inverse() {
        for p in [1e-9, 0.01, 0.3, 0.5, 0.9, 0.999_999] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn parts_are_unrelated_and_stable() {
        let key = Key::new(1);
        assert_ne!(key.part("a").unit(0), key.part("b").unit(0));
        assert_ne!(key.part("a").unit(0), key.part("a").unit(1));
        // A change of these breaks "same seed, same results" between versions.
        assert_eq!(key.part("a").bits(0), Key::new(1).part("a").bits(0));
    }
}
