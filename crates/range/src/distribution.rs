//! Distributions by their quantile functions.

use serde::Deserialize;

use crate::random::{normal_cdf, normal_quantile, Random};

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Distribution {
    Fixed {
        value: f64,
    },
    Uniform {
        low: f64,
        high: f64,
    },
    Exponential {
        mean: f64,
        max: Option<f64>,
    },
    LogNormal {
        median: f64,
        sigma: f64,
        max: Option<f64>,
    },
    Pareto {
        minimum: f64,
        alpha: f64,
        max: Option<f64>,
    },
    Quantiles {
        points: Vec<(f64, f64)>,
    },
}

/// Into how many parts of equal probability a distribution is cut to find its mean.
const STRATA: usize = 512;

impl Distribution {
    /// The value that a share of `p` lies below; `p` is neither 0 nor 1.
    pub fn quantile(&self, p: f64) -> f64 {
        match *self {
            Distribution::LogNormal { .. } => self.of_normal(normal_quantile(p)),
            Distribution::Fixed { value } => value,
            Distribution::Uniform { low, high } => low + (high - low) * p,
            Distribution::Exponential { mean, max } => cut(-mean * libm::log1p(-p), max),
            Distribution::Pareto {
                minimum,
                alpha,
                max,
            } => cut(minimum * libm::exp(-libm::log1p(-p) / alpha), max),
            Distribution::Quantiles { ref points } => along(points, p),
        }
    }

    /// The value at the probability of a standard normal's `z`.
    pub fn of_normal(&self, z: f64) -> f64 {
        match *self {
            Distribution::LogNormal { median, sigma, max } => {
                cut(median * libm::exp(sigma * z), max)
            }
            Distribution::Fixed { value } => value,
            // Away from 1, where logarithms have no end.
            _ => self.quantile(normal_cdf(z).clamp(1e-15, 1.0 - 1e-15)),
        }
    }

    pub fn draw(&self, random: &mut Random) -> f64 {
        self.quantile(random.unit())
    }

    fn strata(&self) -> impl Iterator<Item = f64> + '_ {
        (0..STRATA).map(|n| self.quantile((n as f64 + 0.5) / STRATA as f64))
    }

    pub fn mean(&self) -> f64 {
        self.strata().sum::<f64>() / STRATA as f64
    }

    /// How long one of these intervals still lasts when one looks at any moment: long ones are
    /// met more often.
    pub fn residual(&self, random: &mut Random) -> f64 {
        let mut left = random.unit() * self.strata().sum::<f64>();
        let mut met = 0.0;
        for interval in self.strata() {
            met = interval;
            left -= interval;
            if left <= 0.0 {
                break;
            }
        }
        met * random.unit()
    }
}

fn cut(value: f64, max: Option<f64>) -> f64 {
    // Far out a heavy tail leaves what a number can hold.
    value.min(max.unwrap_or(1e10))
}

/// Straight lines through points of rising `x`; level before the first and beyond the last.
pub fn along(points: &[(f64, f64)], x: f64) -> f64 {
    let next = points.partition_point(|point| point.0 <= x);
    match (next.checked_sub(1).map(|n| points[n]), points.get(next)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * ((x - a.0) / (b.0 - a.0)),
        (Some(last), None) => last.1,
        (None, Some(first)) => first.1,
        (None, None) => 0.0,
    }
}
