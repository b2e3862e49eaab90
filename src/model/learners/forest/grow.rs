//! Growing one tree of a forest.

use std::ops::Range;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::Tree;
use super::bins::{BINS, Table};

/// Nodes of up to this many rows sort their codes, larger ones count them. 16 to 48 are equally
/// fast.
const FEW: usize = 32;

/// What all trees are grown from.
pub struct Growing<'a> {
    /// The features.
    pub table: &'a Table,
    /// Class of each row.
    pub y: &'a [usize],
    /// How many classes there are, present or not.
    pub classes: usize,
    /// Rows of each class that is present.
    pub rows_of: &'a [Vec<usize>],
    /// Distinct rows in a leaf at least.
    pub min_leaf: usize,
}

/// A row of the bootstrap.
#[derive(Debug, Clone, Copy)]
struct Sample {
    row: u32,
    class: u32,
    /// How often it was drawn.
    times: u32,
}

/// How often rows of each class were drawn into a node.
struct Counts {
    of_class: Vec<u32>,
    /// Of all classes. This and all sums and products that follow from it are whole numbers, exact
    /// in double precision up to 9e7 rows: the order in which rows are added does not matter, and
    /// splits that part the rows alike are equally pure.
    sum: f64,
    squares: f64,
}

/// The best way found to part the rows of a node.
#[derive(Debug, Clone, Copy)]
struct Split {
    feature: usize,
    /// The highest code that goes below, and the lowest that does not.
    codes: (u8, u8),
    /// Sum over both sides of the squared counts of the classes over the count of the side, as
    /// numerator and denominator: the higher, the purer. The weighted mean of the Gini impurities
    /// falls as it rises.
    purity: (f64, f64),
}

/// What the nodes of one tree share.
struct Space {
    /// Those of a node lie side by side.
    samples: Vec<Sample>,
    aside: Vec<Sample>,
    sorted: Vec<u64>,
    /// In the order in which they were drawn last.
    features: Vec<usize>,
    /// For each class, its count below the threshold, and twice its count in the node.
    below: Vec<[f64; 2]>,
    random: ChaCha8Rng,
}

impl Growing<'_> {
    /// A tree, and the share of each feature in the fall of impurity (all 0 for a single leaf).
    pub fn tree(&self, mut random: ChaCha8Rng) -> (Tree, Vec<f64>) {
        let features = self.table.features.len();
        let samples = self.bootstrap(&mut random);
        let mut space = Space {
            aside: samples.clone(),
            sorted: vec![0; samples.len()],
            features: (0..features).collect(),
            below: vec![[0.0; 2]; self.classes],
            samples,
            random,
        };
        let mut tree = Tree::default();
        let mut falls = vec![0.0; features];
        // Nodes to come, and the split that they lie above of. A stack of ours, as a tree can be as
        // deep as it has rows.
        let mut open: Vec<(Range<usize>, Option<usize>)> = vec![(0..space.samples.len(), None)];
        while let Some((rows, above_of)) = open.pop() {
            if let Some(split) = above_of {
                tree.begin_above(split);
            }
            let counts = Counts::new(&space.samples[rows.clone()], self.classes);
            let Some(split) = self.best_split(&mut space, rows.clone(), &counts) else {
                tree.push_leaf(&counts.of_class);
                continue;
            };
            let (numerator, denominator) = split.purity;
            falls[split.feature] += numerator / denominator - counts.squares / counts.sum;
            let feature = &self.table.features[split.feature];
            let threshold = feature.threshold(split.codes.0, split.codes.1);
            let at = tree.push_split(split.feature, threshold);
            let middle = rows.start + self.part(&mut space, rows.clone(), &split);
            open.push((middle..rows.end, Some(at)));
            open.push((rows.start..middle, None));
        }
        super::normalize(&mut falls);
        (tree, falls)
    }

    /// As many draws as there are rows, each of a class first, then of one of its rows.
    fn bootstrap(&self, random: &mut ChaCha8Rng) -> Vec<Sample> {
        let mut times = vec![0; self.y.len()];
        for _ in 0..self.y.len() {
            let rows = &self.rows_of[random.gen_range(0..self.rows_of.len())];
            times[rows[random.gen_range(0..rows.len())]] += 1;
        }
        let samples = times.iter().zip(self.y).enumerate();
        let sample = |(row, (&times, &class))| Sample {
            row: row as u32,
            class: class as u32,
            times,
        };
        samples.map(sample).filter(|s| s.times > 0).collect()
    }

    /// The purest split by one of sqrt(features) random ones, the first of equals; `None` for a
    /// leaf.
    ///
    /// As in scikit-learn, features that are constant here count, but the search goes on until it
    /// has met one that varies.
    fn best_split(&self, space: &mut Space, rows: Range<usize>, counts: &Counts) -> Option<Split> {
        if rows.len() < 2 * self.min_leaf || counts.are_pure() {
            return None;
        }
        let mut best = Split {
            feature: 0,
            codes: (0, 0),
            purity: (0.0, 1.0),
        };
        let features = space.features.len();
        let (mut drawn, mut constant) = (0, 0);
        while drawn < features && (drawn < features.isqrt() || drawn == constant) {
            let pick = space.random.gen_range(drawn..features);
            space.features.swap(drawn, pick);
            let feature = space.features[drawn];
            drawn += 1;
            constant +=
                usize::from(!self.try_feature(space, feature, rows.clone(), counts, &mut best));
            // Nothing is purer than two pure sides: small nodes have seen enough after one or two
            // features. Impurity of a row in 9e7 is above the rounding.
            if best.purity.0 >= best.purity.1 * counts.sum * (1.0 - 1e-12) {
                break;
            }
        }
        (best.purity.0 > 0.0).then_some(best)
    }

    /// Replaces `best` by the purest split by `feature`, the lowest of equals, if that is purer.
    /// False if the feature is constant.
    fn try_feature(
        &self,
        space: &mut Space,
        feature: usize,
        rows: Range<usize>,
        counts: &Counts,
        best: &mut Split,
    ) -> bool {
        let n = rows.len();
        let sorted = &mut space.sorted[..n];
        sort(
            &self.table.features[feature].codes,
            &space.samples[rows],
            sorted,
        );
        let mut last = code(sorted[0]);
        if last == code(sorted[n - 1]) {
            return false;
        }
        for (class, &count) in space.below.iter_mut().zip(&counts.of_class) {
            *class = [0.0, 2.0 * f64::from(count)];
        }
        let (mut below, mut above) = (0.0, counts.sum);
        let (mut squares_below, mut squares_above) = (0.0, counts.squares);
        let mut purity = best.purity;
        for (i, &entry) in sorted.iter().enumerate() {
            let code = code(entry);
            // Fractions are compared without dividing.
            let numerator: f64 = squares_below * above + squares_above * below;
            let denominator = below * above;
            let is_purer = numerator * purity.1 > purity.0 * denominator;
            // Both are evaluated: whether the code changes cannot be foretold, whether a split is
            // the best so far mostly can.
            if (is_purer & (code != last)) && i >= self.min_leaf && n - i >= self.min_leaf {
                purity = (numerator, denominator);
                *best = Split {
                    feature,
                    codes: (last, code),
                    purity,
                };
            }
            last = code;
            let times = f64::from(entry as u32);
            let [of_class, twice_all] = &mut space.below[class(entry)];
            // (b + t)^2 = b^2 + t (2b + t), and (a - t)^2 with a = all - b.
            let more = times * (2.0 * *of_class + times);
            squares_below += more;
            squares_above += more - times * *twice_all;
            *of_class += times;
            below += times;
            above -= times;
        }
        true
    }

    /// Brings the rows that go below to the front, in their order; how many they are.
    fn part(&self, space: &mut Space, rows: Range<usize>, split: &Split) -> usize {
        let codes = &self.table.features[split.feature].codes;
        let samples = &mut space.samples[rows];
        let (mut below, mut above) = (0, 0);
        for i in 0..samples.len() {
            // Written to both places and counted in one: no branch that cannot be foretold.
            let sample = samples[i];
            samples[below] = sample;
            space.aside[above] = sample;
            let is_below = codes[sample.row as usize] <= split.codes.0;
            below += usize::from(is_below);
            above += usize::from(!is_below);
        }
        samples[below..].copy_from_slice(&space.aside[..above]);
        below
    }
}

impl Counts {
    fn new(samples: &[Sample], classes: usize) -> Counts {
        let mut of_class = vec![0; classes];
        for sample in samples {
            of_class[sample.class as usize] += sample.times;
        }
        let counts = || of_class.iter().map(|&n| f64::from(n));
        Counts {
            sum: counts().sum(),
            squares: counts().map(|n| n * n).sum(),
            of_class,
        }
    }

    fn are_pure(&self) -> bool {
        self.of_class.iter().filter(|&&n| n > 0).count() <= 1
    }
}

/// Fills `sorted` with the samples by rising code: 8 bits of code, 24 of class, 32 of times drawn.
fn sort(codes: &[u8], samples: &[Sample], sorted: &mut [u64]) {
    let entry = |s: &Sample| {
        u64::from(codes[s.row as usize]) << 56 | u64::from(s.class) << 32 | u64::from(s.times)
    };
    if samples.len() <= FEW {
        sorted
            .iter_mut()
            .zip(samples)
            .for_each(|(slot, s)| *slot = entry(s));
        sorted.sort_unstable();
        return;
    }
    let mut next = [0_usize; BINS];
    for sample in samples {
        next[codes[sample.row as usize] as usize] += 1;
    }
    let mut start = 0;
    for next in &mut next {
        start += std::mem::replace(next, start);
    }
    for sample in samples {
        let entry = entry(sample);
        let next = &mut next[code(entry) as usize];
        sorted[*next] = entry;
        *next += 1;
    }
}

fn code(entry: u64) -> u8 {
    (entry >> 56) as u8
}

fn class(entry: u64) -> usize {
    (entry >> 32 & 0xff_ffff) as usize
}

#[test]
fn counting_sorts_as_sorting_does() {
    let codes: Vec<u8> = (0..600).map(|row| (row * 89 % 251) as u8).collect();
    let sample = |row| Sample {
        row,
        class: row % 7,
        times: 1 + row % 3,
    };
    let samples: Vec<Sample> = (0..600).map(sample).collect();
    let sorted = |samples: &[Sample]| {
        let mut sorted = vec![0; samples.len()];
        sort(&codes, samples, &mut sorted);
        sorted
    };
    let counted = sorted(&samples);
    assert!(counted.is_sorted_by_key(|&entry| code(entry)));
    let mut few: Vec<u64> = samples.chunks(FEW).flat_map(sorted).collect();
    few.sort_unstable();
    let mut counted = counted;
    counted.sort_unstable();
    assert_eq!(counted, few);
}
