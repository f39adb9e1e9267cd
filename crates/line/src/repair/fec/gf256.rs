//! Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1, as RFC 8681 has it.

const POLYNOMIAL: u8 = 0x1d;

/// Without tables or branches, so that the compiler makes vectors of [`add_scaled`].
#[inline(always)]
fn product(mut a: u8, b: u8) -> u8 {
    let mut sum = 0;
    for bit in 0..8 {
        sum ^= a & (b >> bit & 1).wrapping_neg();
        a = a << 1 ^ POLYNOMIAL & (a >> 7).wrapping_neg();
    }
    sum
}

/// `a` such that `a` times `b` is 1; 0 for 0.
pub fn inverse(b: u8) -> u8 {
    // b to the power of 254.
    (1..8)
        .fold((1, b), |(power, square), _| {
            let square = product(square, square);
            (product(power, square), square)
        })
        .0
}

/// `to` += `by` times `from`, where `from` is no longer than `to`.
pub fn add_scaled(to: &mut [u8], from: &[u8], by: u8) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= product(*from, by);
    }
}

/// `all` times `by`.
pub fn scale(all: &mut [u8], by: u8) {
    for one in all {
        *one = product(*one, by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_field() {
        // The square of x^7 by hand: x^14 = x^4 + x + 1.
        assert_eq!(product(0x80, 0x80), 0x13);
        assert_eq!(inverse(0), 0);
        for a in 1..=255 {
            assert_eq!(product(a, inverse(a)), 1);
            for b in 1..=255 {
                assert_eq!(product(a, b), product(b, a));
                assert_ne!(product(a, b), 0);
                assert_eq!(product(a ^ 0x5a, b), product(a, b) ^ product(0x5a, b));
            }
        }
    }

    #[test]
    fn rows_are_added_byte_by_byte() {
        let mut to = [1, 2, 3];
        add_scaled(&mut to, &[7, 0x80], 2);
        assert_eq!(to, [1 ^ 14, 2 ^ 0x1d, 3]);
        scale(&mut to, inverse(2));
        add_scaled(&mut to, &[1, 0, 0], 0);
        assert_eq!(product(to[2], 2), 3);
    }
}
