//! From pairwise decisions to probabilities of all classes: a sigmoid for each pair, then the distribution that agrees best
//! with all pairs.
//!
//! Sigmoids: Platt 1999, fitted by the Newton method of Lin, Lin and Weng 2007 ("A note on Platt's
//! probabilistic outputs for support vector machines"). Coupling: the second method of Wu, Lin and
//! Weng 2004 ("Probability estimates for multi-class classification by pairwise coupling").

use serde::{Deserialize, Serialize};

/// The probability of the first class of a pair is `1 / (1 + exp(slope * decision + offset))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sigmoid {
    slope: f64,
    offset: f64,
}

/// What decisions at the margin mean where nothing is known: 0.73 for the class.
const UNFITTED: Sigmoid = Sigmoid {
    slope: -1.0,
    offset: 0.0,
};
/// No pair is quite certain.
const NEARLY_0: f64 = 1e-7;

impl Sigmoid {
    /// Fits to decisions and whether each is of a row of the first class. Both classes weigh alike
    /// in sum, as they do in the machine.
    pub fn fit_balanced(decisions: &[f64], is_first: &[bool]) -> Sigmoid {
        let firsts = is_first.iter().filter(|&&f| f).count() as f64;
        let seconds = is_first.len() as f64 - firsts;
        Sigmoid::fit(decisions, is_first, [0.5 / seconds, 0.5 / firsts])
    }

    /// Fits to decisions and whether each is of a row of the first class; every row weighs alike.
    pub fn fit_plain(decisions: &[f64], is_first: &[bool]) -> Sigmoid {
        Sigmoid::fit(decisions, is_first, [1.0 / is_first.len() as f64; 2])
    }

    /// `weights` are those of a row of the second class and of the first.
    fn fit(decisions: &[f64], is_first: &[bool], weights: [f64; 2]) -> Sigmoid {
        let firsts = is_first.iter().filter(|&&f| f).count() as f64;
        let seconds = is_first.len() as f64 - firsts;
        if firsts == 0.0 || seconds == 0.0 {
            return UNFITTED;
        }
        // Platt's targets: not quite 1 and 0, the less so the fewer rows.
        let targets = [1.0 / (seconds + 2.0), (firsts + 1.0) / (firsts + 2.0)];
        let rows = || {
            decisions.iter().zip(is_first).map(|(&decision, &first)| {
                let of = usize::from(first);
                (decision, targets[of], weights[of])
            })
        };
        let loss = |sigmoid: Sigmoid| -> f64 {
            rows()
                .map(|(d, target, weight)| weight * sigmoid.cross_entropy(d, target))
                .sum()
        };
        let mut sigmoid = Sigmoid {
            slope: 0.0,
            offset: 0.0,
        };
        let mut lowest = loss(sigmoid);
        for _ in 0..100 {
            // A ridge keeps the Hessian invertible.
            let (mut h11, mut h22, mut h21) = (1e-12, 1e-12, 0.0);
            let (mut g1, mut g2) = (0.0, 0.0);
            for (d, target, weight) in rows() {
                let p = sigmoid.probability(d);
                let (curvature, slope) = (weight * p * (1.0 - p), weight * (target - p));
                h11 += d * d * curvature;
                h22 += curvature;
                h21 += d * curvature;
                g1 += d * slope;
                g2 += slope;
            }
            if g1.abs() < 1e-8 && g2.abs() < 1e-8 {
                break;
            }
            let determinant = h11 * h22 - h21 * h21;
            let towards = Sigmoid {
                slope: -(h22 * g1 - h21 * g2) / determinant,
                offset: -(h11 * g2 - h21 * g1) / determinant,
            };
            let descent = g1 * towards.slope + g2 * towards.offset;
            let mut step = 1.0;
            let better = loop {
                let moved = Sigmoid {
                    slope: sigmoid.slope + step * towards.slope,
                    offset: sigmoid.offset + step * towards.offset,
                };
                let reached = loss(moved);
                if reached < lowest + 1e-4 * step * descent {
                    break Some((moved, reached));
                }
                step /= 2.0;
                if step < 1e-10 {
                    break None;
                }
            };
            let Some((moved, reached)) = better else {
                break;
            };
            (sigmoid, lowest) = (moved, reached);
        }
        sigmoid
    }

    /// Whether larger decisions are more probably of the first class.
    pub fn rises(self) -> bool {
        self.slope < 0.0
    }

    /// The probability of the first class.
    pub fn probability(self, decision: f64) -> f64 {
        1.0 / (1.0 + (self.slope * decision + self.offset).exp())
    }

    fn cross_entropy(self, decision: f64, target: f64) -> f64 {
        let z = self.slope * decision + self.offset;
        // ln(1 + exp(-|z|)) is exact at both ends.
        let tail = (-z.abs()).exp().ln_1p();
        if z >= 0.0 {
            target * z + tail
        } else {
            (target - 1.0) * z + tail
        }
    }
}

impl Default for Sigmoid {
    fn default() -> Sigmoid {
        UNFITTED
    }
}

/// The probabilities `p` that minimise the sum over pairs of `(r_ji p_i - r_ij p_j)^2`, given the
/// probability `r` of the first class of each pair, in the order (0, 1), (0, 2), ...; NaN for pairs
/// that are unknown. A class without any known pair has probability 0.
pub fn coupled(r: &[f64], classes: usize) -> Vec<f64> {
    let pair = |a: usize, b: usize| a * (2 * classes - a - 1) / 2 + (b - a - 1);
    let against = |a: usize, b: usize| match a < b {
        true => r[pair(a, b)].clamp(NEARLY_0, 1.0 - NEARLY_0),
        false => 1.0 - r[pair(b, a)].clamp(NEARLY_0, 1.0 - NEARLY_0),
    };
    let is_known = |&a: &usize| (0..classes).any(|b| b != a && !against(a, b).is_nan());
    let known: Vec<usize> = (0..classes).filter(is_known).collect();
    let k = known.len();
    let mut p = vec![0.0; classes];
    if k == 0 {
        p.fill(1.0 / classes as f64);
        return p;
    }
    let mut q = vec![0.0; k * k];
    for t in 0..k {
        for s in (0..k).filter(|&s| s != t) {
            let (r_ts, r_st) = (against(known[t], known[s]), against(known[s], known[t]));
            q[t * k + t] += r_st * r_st;
            q[t * k + s] = -r_st * r_ts;
        }
    }
    let mut shares = vec![1.0 / k as f64; k];
    let mut products: Vec<f64> = q
        .chunks_exact(k)
        .map(|row| row.iter().sum::<f64>() / k as f64)
        .collect();
    let mut norm: f64 = products.iter().sum::<f64>() / k as f64;
    for _ in 0..100.max(k) {
        if products
            .iter()
            .all(|qp| (qp - norm).abs() < 1e-6 / k as f64)
        {
            break;
        }
        for t in 0..k {
            // Each share in turn by `step`, then all divided by their new sum, `1 + step`; what is
            // known of Qp and p'Qp moves with them.
            let step = (norm - products[t]) / q[t * k + t];
            let sum = 1.0 + step;
            norm = (norm + step * (2.0 * products[t] + step * q[t * k + t])) / (sum * sum);
            for (s, product) in products.iter_mut().enumerate() {
                *product = (*product + step * q[s * k + t]) / sum;
            }
            shares[t] += step;
            shares.iter_mut().for_each(|share| *share /= sum);
        }
    }
    for (&class, share) in known.iter().zip(shares) {
        p[class] = share.max(0.0);
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sigmoid_has_the_observed_shares() {
        // Decisions -1 and 1, right three times in four, 4000 rows: p(1) = 3/4.
        let decisions: Vec<f64> = (0..4000)
            .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let is_first: Vec<bool> = (0..4000).map(|i| (i % 2 == 0) != (i % 8 < 2)).collect();
        let sigmoid = Sigmoid::fit_balanced(&decisions, &is_first);
        assert!((sigmoid.probability(1.0) - 0.75).abs() < 1e-3);
        assert!((sigmoid.probability(-1.0) - 0.25).abs() < 1e-3);
    }

    #[test]
    fn classes_weigh_alike_whatever_their_number() {
        // The decision says nothing, and nine rows in ten are of the first class.
        let is_first: Vec<bool> = (0..1000).map(|i| i % 10 != 0).collect();
        let balanced = Sigmoid::fit_balanced(&[0.3; 1000], &is_first);
        assert!((balanced.probability(0.3) - 0.5).abs() < 0.01);
        let plain = Sigmoid::fit_plain(&[0.3; 1000], &is_first);
        assert!((plain.probability(0.3) - 0.9).abs() < 0.01);
    }

    #[test]
    fn pairs_made_of_a_distribution_give_it_back() {
        let p = [0.5, 0.3, 0.15, 0.05];
        let pairs = crate::model::learners::svm::pairs(4);
        let mut r: Vec<f64> = pairs.iter().map(|&(a, b)| p[a] / (p[a] + p[b])).collect();
        for (found, expected) in coupled(&r, 4).iter().zip(p) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        // Without the pairs of class 1 the others share all.
        for (r, &(a, b)) in r.iter_mut().zip(&pairs) {
            if a == 1 || b == 1 {
                *r = f64::NAN;
            }
        }
        let found = coupled(&r, 4);
        assert_eq!(found[1], 0.0);
        assert!((found[0] - 0.5 / 0.7).abs() < 1e-4);
    }
}
