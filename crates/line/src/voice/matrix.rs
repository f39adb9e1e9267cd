//! Matrices times what many calls bring, as fast as the processor can.

/// Rows of a matrix that are kept together: two vectors of a processor with AVX2.
pub const LANES: usize = 16;
/// Columns that are multiplied at once: their sums, and what is multiplied, fill the registers.
const TILE: usize = 6;

type Lanes = [f32; LANES];

/// Weights, and a bias for each row. The rows are made up to a multiple of [`LANES`] by zeros.
pub struct Matrix {
    /// Panels of so many rows, column after column.
    panels: Vec<Lanes>,
    width: usize,
    bias: Vec<Lanes>,
}

impl Matrix {
    /// `weights`: row after row of `width`, a row for each of `bias`.
    pub fn new(weights: &[f32], width: usize, bias: &[f32]) -> Matrix {
        let blocks = bias.len().div_ceil(LANES);
        let mut matrix = Matrix {
            panels: vec![[0.0; LANES]; blocks * width],
            width,
            bias: vec![[0.0; LANES]; blocks],
        };
        for (row, (of_row, bias)) in weights.chunks_exact(width).zip(bias).enumerate() {
            let (block, lane) = (row / LANES, row % LANES);
            matrix.bias[block][lane] = *bias;
            let panel = &mut matrix.panels[block * width..][..width];
            for (to, weight) in panel.iter_mut().zip(of_row) {
                to[lane] = *weight;
            }
        }
        matrix
    }

    /// Rows, those of zeros included.
    pub fn rows(&self) -> usize {
        self.bias.len() * LANES
    }

    /// `self · column + bias`, but not below `least`, of each column. Columns begin at `columns`
    /// in `input`, what comes of them at `places` in `out`.
    pub fn multiply(
        &self,
        (input, columns): (&[f32], &[usize]),
        least: f32,
        (out, places): (&mut [f32], &[usize]),
    ) {
        #[cfg(target_arch = "x86_64")]
        if fast() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.multiply_avx2((input, columns), least, (out, places)) };
        }
        self.multiply_with((input, columns), least, (out, places), |a, b, c| a * b + c);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn multiply_avx2(
        &self,
        from: (&[f32], &[usize]),
        least: f32,
        to: (&mut [f32], &[usize]),
    ) {
        self.multiply_with(from, least, to, f32::mul_add);
    }

    #[inline(always)]
    fn multiply_with(
        &self,
        (input, columns): (&[f32], &[usize]),
        least: f32,
        (out, places): (&mut [f32], &[usize]),
        add: impl Fn(f32, f32, f32) -> f32 + Copy,
    ) {
        // A panel stays in the nearest cache while all columns pass.
        let panels = self.panels.chunks_exact(self.width);
        for (block, (panel, bias)) in panels.zip(&self.bias).enumerate() {
            let row = block * LANES;
            for (columns, places) in columns.chunks(TILE).zip(places.chunks(TILE)) {
                macro_rules! tile {
                    ($n:literal) => {
                        tile::<$n>(
                            (panel, bias, row),
                            (input, columns),
                            least,
                            (out, places),
                            add,
                        )
                    };
                }
                match columns.len() {
                    1 => tile!(1),
                    2 => tile!(2),
                    3 => tile!(3),
                    4 => tile!(4),
                    5 => tile!(5),
                    _ => tile!(6),
                }
            }
        }
    }
}

/// A panel, the rows from `row` on, times `N` columns.
#[inline(always)]
fn tile<const N: usize>(
    (panel, bias, row): (&[Lanes], &Lanes, usize),
    (input, columns): (&[f32], &[usize]),
    least: f32,
    (out, places): (&mut [f32], &[usize]),
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
) {
    let mut of: [&[f32]; N] = [&[]; N];
    for (of, at) in of.iter_mut().zip(columns) {
        *of = &input[*at..][..panel.len()];
    }
    let mut sums = [*bias; N];
    for (k, weights) in panel.iter().enumerate() {
        for (sum, of) in sums.iter_mut().zip(&of) {
            // SAFETY: each of them is as long as the panel.
            let value = unsafe { *of.get_unchecked(k) };
            for lane in 0..LANES {
                sum[lane] = add(weights[lane], value, sum[lane]);
            }
        }
    }
    for (sum, at) in sums.iter().zip(places) {
        for (to, value) in out[at + row..][..LANES].iter_mut().zip(sum) {
            *to = value.max(least);
        }
    }
}

/// Has this processor AVX2 and FMA?
#[cfg(target_arch = "x86_64")]
pub fn fast() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_of_columns_is_multiplied_as_by_hand() {
        // Not a whole number of panels.
        let (rows, width) = (16 * 3 + 3, 37);
        let weight = |row: usize, k: usize| 0.01 * (((row * width + k) * 31 % 23) as f32 - 11.0);
        let weights: Vec<f32> = (0..rows * width)
            .map(|i| weight(i / width, i % width))
            .collect();
        let bias: Vec<f32> = (0..rows).map(|row| row as f32 * 0.01).collect();
        let matrix = Matrix::new(&weights, width, &bias);
        assert_eq!(matrix.rows(), 64);
        let input: Vec<f32> = (0..400).map(|i| ((i * 13) % 11) as f32 - 5.0).collect();
        for n in 0..=13 {
            // Columns may overlap, and need not lie in order.
            let columns: Vec<usize> = (0..n).map(|i| (i * 29) % 300).collect();
            let places: Vec<usize> = (0..n).map(|i| (n - 1 - i) * 64).collect();
            let (mut fast, mut plain) = (vec![f32::NAN; n * 64], vec![f32::NAN; n * 64]);
            matrix.multiply((&input, &columns), -1.0, (&mut fast, &places));
            let to = (&mut plain[..], &places[..]);
            matrix.multiply_with((&input, &columns), -1.0, to, |a, b, c| a * b + c);
            for (at, place) in columns.iter().zip(&places) {
                for row in 0..64 {
                    let sum = |k: usize| weight(row, k) * input[at + k];
                    let want = match row < rows {
                        true => (bias[row] + (0..width).map(sum).sum::<f32>()).max(-1.0),
                        false => 0.0,
                    };
                    assert!((fast[place + row] - want).abs() < 1e-3);
                    assert!((plain[place + row] - want).abs() < 1e-3);
                }
            }
        }
    }
}
