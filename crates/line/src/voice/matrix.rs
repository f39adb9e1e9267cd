//! Matrices times what many calls bring, as fast as the processor can.

/// Columns of a matrix that are kept together: two vectors of a processor with AVX2.
pub const LANES: usize = 16;
/// Rows that are multiplied at once.
const ROWS: usize = 4;

type Lanes = [f32; LANES];

/// Rows × `width` weights and a bias for each row.
pub struct Matrix {
    pub weights: Vec<f32>,
    pub width: usize,
    pub bias: Vec<f32>,
}

/// A matrix of activations: panels of [`LANES`] columns, row after row.
#[derive(Default)]
pub struct Panels {
    pub lanes: Vec<Lanes>,
    rows: usize,
}

impl Panels {
    pub fn shape(&mut self, rows: usize, columns: usize) {
        self.rows = rows;
        self.lanes.clear();
        self.lanes
            .resize(rows * columns.div_ceil(LANES), [0.0; LANES]);
    }

    #[inline]
    pub fn get(&self, row: usize, column: usize) -> f32 {
        self.lanes[column / LANES * self.rows + row][column % LANES]
    }

    #[inline]
    pub fn set(&mut self, row: usize, column: usize, value: f32) {
        self.lanes[column / LANES * self.rows + row][column % LANES] = value;
    }
}

impl Matrix {
    /// `out = self · input + bias`.
    pub fn multiply(&self, input: &Panels, columns: usize, out: &mut Panels) {
        out.shape(self.bias.len(), columns);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.multiply_avx2(input, out) };
        }
        self.multiply_with(input, out, |a, b, c| a * b + c);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn multiply_avx2(&self, input: &Panels, out: &mut Panels) {
        self.multiply_with(input, out, f32::mul_add);
    }

    #[inline(always)]
    fn multiply_with(
        &self,
        input: &Panels,
        out: &mut Panels,
        add: impl Fn(f32, f32, f32) -> f32 + Copy,
    ) {
        let panels = input.lanes.chunks_exact(self.width);
        for (panel, out) in panels.zip(out.lanes.chunks_exact_mut(self.bias.len())) {
            let blocks = self.weights.chunks(ROWS * self.width);
            let biases = self.bias.chunks(ROWS);
            for ((weights, bias), out) in blocks.zip(biases).zip(out.chunks_mut(ROWS)) {
                if let ([a, b, c, d], [w, x, y, z]) = (bias, &mut *out) {
                    let mut sums = [[*a; LANES], [*b; LANES], [*c; LANES], [*d; LANES]];
                    let (first, rest) = weights.split_at(self.width);
                    let (second, rest) = rest.split_at(self.width);
                    let (third, fourth) = rest.split_at(self.width);
                    let rows = first.iter().zip(second).zip(third).zip(fourth);
                    for ((((p, q), r), s), lanes) in rows.zip(panel) {
                        for i in 0..LANES {
                            sums[0][i] = add(*p, lanes[i], sums[0][i]);
                            sums[1][i] = add(*q, lanes[i], sums[1][i]);
                            sums[2][i] = add(*r, lanes[i], sums[2][i]);
                            sums[3][i] = add(*s, lanes[i], sums[3][i]);
                        }
                    }
                    [*w, *x, *y, *z] = sums;
                    continue;
                }
                let rows = weights.chunks_exact(self.width);
                for ((row, bias), out) in rows.zip(bias).zip(out) {
                    let mut sum = [*bias; LANES];
                    for (weight, lanes) in row.iter().zip(panel) {
                        for i in 0..LANES {
                            sum[i] = add(*weight, lanes[i], sum[i]);
                        }
                    }
                    *out = sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_arithmetic_agrees_with_the_fast_one() {
        // Not a whole number of blocks of rows.
        let (rows, width) = (4 * 90 + 3, 128);
        let weights = (0..rows * width).map(|i| 0.01 * ((i * 31 % 23) as f32 - 11.0));
        let matrix = Matrix {
            weights: weights.collect(),
            width,
            bias: (0..rows).map(|row| row as f32 * 0.01).collect(),
        };
        let mut input = Panels::default();
        input.shape(width, 20);
        for column in 0..20 {
            for row in 0..width {
                input.set(row, column, ((row * 7 + column * 13) % 11) as f32 - 5.0);
            }
        }
        let (mut fast, mut plain) = (Panels::default(), Panels::default());
        matrix.multiply(&input, 20, &mut fast);
        plain.shape(rows, 20);
        matrix.multiply_with(&input, &mut plain, |a, b, c| a * b + c);
        for (a, b) in fast
            .lanes
            .iter()
            .flatten()
            .zip(plain.lanes.iter().flatten())
        {
            assert!((a - b).abs() < 1e-3);
        }
    }
}
