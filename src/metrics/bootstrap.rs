//! Intervals by resampling whole speakers.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Resamples: between seeds the ends of an interval move by less than half a point, with six
/// speakers as with many.
pub(super) const RESAMPLES: usize = 20_000;

/// 95 % intervals of the UAR and of each recall.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Of the unweighted average recall, each end 0 to 1.
    pub uar: [f64; 2],
    /// Of the recall of each class, each end 0 to 1; NaN for a class that does not occur.
    pub recall: Vec<[f64; 2]>,
}

/// 95 % intervals of the UAR and of each recall, from one set of resamples of whole speakers.
///
/// `truth`, `predicted` and `speakers` have one entry per recording; recordings without a speaker
/// count as those of one more speaker. Recordings of one speaker are alike, so resampling recordings would give intervals
/// that are too narrow (Field & Welsh 2007, "Bootstrapping clustered data"). A resample in which a class does not occur has
/// the UAR of the other classes, and does not count for the recall of that class.
///
/// # How far the intervals hold
///
/// Percentiles of the resamples lie too close together if there are few speakers: resampling divides the variance by n
/// instead of n - 1, and ignores Student's t. Percentiles further out (Hesterberg 2015, "What teachers should know about
/// the bootstrap") are limited by the worst and the best speaker. So only the standard error comes from the resamples,
/// times sqrt(n/(n-1)); the interval is Student's with n - 1 degrees of freedom, on the logit scale, where it stays within
/// 0 to 1. n is the number of speakers, for a recall of those who have the class. In simulations with speaker effects of
/// 0 to 1.0 on the logit scale, UAR of 0.4 to 0.85, and 10 or 60 recordings per speaker, nominal 95 % intervals contained
/// the true value in these percentages of cases:
///
/// | speakers | speakers resampled | recordings resampled |
/// |---------:|-------------------:|---------------------:|
/// | 3        | 95 to 99           | 50 to 97             |
/// | 6        | 93 to 96           | 50 to 95             |
/// | 10       | 94 to 96           | 48 to 96             |
/// | 24       | 93 to 95           | 45 to 96             |
///
/// If a class was recognised always or never, resampling shows no spread: the other end is then that for
/// as many independent recordings (Clopper & Pearson 1934). If that is so for all classes, the ends for the UAR are the
/// means of theirs. One speaker tells nothing about others: if there is only one, or one has all recordings of a class, the
/// interval is the estimate itself.
pub fn intervals(
    truth: &[usize],
    predicted: &[usize],
    speakers: &[Option<String>],
    classes: usize,
    seed: u64,
) -> Intervals {
    let hit = |row: usize| i32::from(truth[row] == predicted[row]);
    Tally::new(truth, hit, speakers, classes).intervals(RESAMPLES, seed)
}

/// The rows of each speaker, those without a speaker first.
pub(super) fn rows_by_speaker(speakers: &[Option<String>]) -> Vec<Vec<usize>> {
    let mut rows_of: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, speaker) in speakers.iter().enumerate() {
        rows_of.entry(speaker).or_default().push(row);
    }
    rows_of.into_values().collect()
}

/// Calls `see` with the speakers of each resample, as many as there are.
pub(super) fn draw(speakers: usize, resamples: usize, seed: u64, mut see: impl FnMut(&[usize])) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn = vec![0; speakers];
    for _ in 0..resamples {
        // A draw of 32 bits is the same on every platform.
        drawn.fill_with(|| random.gen_range(0..speakers as u32) as usize);
        see(&drawn);
    }
}

/// What each speaker adds to the recall of each class.
pub(super) struct Tally {
    classes: usize,
    /// Per speaker: the gain in each class, then the recordings of each class.
    cells: Vec<Vec<i32>>,
}

impl Tally {
    /// `gain` of a row is 1 for a hit, or what one model's hit exceeds another's.
    pub(super) fn new(
        truth: &[usize],
        gain: impl Fn(usize) -> i32,
        speakers: &[Option<String>],
        classes: usize,
    ) -> Tally {
        let cells_of = |rows: Vec<usize>| {
            let mut cells = vec![0; 2 * classes];
            for row in rows {
                cells[truth[row]] += gain(row);
                cells[classes + truth[row]] += 1;
            }
            cells
        };
        let cells = rows_by_speaker(speakers).into_iter().map(cells_of);
        Tally {
            classes,
            cells: cells.collect(),
        }
    }

    /// The cells of all speakers together.
    fn total(&self) -> Vec<i32> {
        let mut total = vec![0; 2 * self.classes];
        self.cells.iter().for_each(|cells| add(&mut total, cells));
        total
    }

    /// What each speaker adds to the mean over the classes of the gain per recording.
    pub(super) fn shares(&self) -> Vec<f64> {
        let total = self.total();
        let counts = &total[self.classes..];
        // Not a number for a class that does not occur: 0 by 0.
        let of_class = |(&gain, &n): (&i32, &i32)| f64::from(gain) / f64::from(n);
        let share =
            |cells: &Vec<i32>| mean(&cells.iter().zip(counts).map(of_class).collect::<Vec<_>>());
        self.cells.iter().map(share).collect()
    }

    /// Calls `see` with the [`ratios`] of each resample of the speakers.
    fn resample(&self, resamples: usize, seed: u64, mut see: impl FnMut(&[f64])) {
        let mut sum = vec![0; 2 * self.classes];
        let mut of_classes = Vec::with_capacity(self.classes);
        draw(self.cells.len(), resamples, seed, |speakers| {
            sum.fill(0);
            speakers
                .iter()
                .for_each(|&speaker| add(&mut sum, &self.cells[speaker]));
            of_classes.clear();
            of_classes.extend(ratios(&sum));
            see(&of_classes);
        });
    }

    /// [`intervals`] from so many resamples.
    pub(super) fn intervals(&self, resamples: usize, seed: u64) -> Intervals {
        let mut uars = Vec::with_capacity(resamples);
        let mut recalls = vec![Vec::with_capacity(resamples); self.classes];
        self.resample(resamples, seed, |recall| {
            uars.push(mean(recall));
            for (to, &recall) in recalls.iter_mut().zip(recall) {
                if !recall.is_nan() {
                    to.push(recall);
                }
            }
        });
        let recall: Vec<f64> = ratios(&self.total()).collect();
        let of_class = |class: usize| {
            let counts = self.cells.iter().map(|cells| cells[self.classes + class]);
            let speakers = counts.clone().filter(|&n| n > 0).count();
            // Clopper and Pearson's bound where all recordings, or none, are hits.
            let bound = 1.0 - 0.025f64.powf(1.0 / f64::from(counts.sum::<i32>()));
            match recall[class] {
                1.0 if speakers > 1 => [1.0 - bound, 1.0],
                0.0 if speakers > 1 => [0.0, bound],
                recall => students(recall, &recalls[class], speakers),
            }
        };
        let of_classes: Vec<[f64; 2]> = (0..self.classes).map(of_class).collect();
        let uar = mean(&recall);
        let uar = if uar == 0.0 || uar == 1.0 {
            [0, 1].map(|end| mean(&of_classes.iter().map(|ends| ends[end]).collect::<Vec<_>>()))
        } else {
            students(uar, &uars, self.cells.len())
        };
        Intervals {
            uar,
            recall: of_classes,
        }
    }

    /// 95 % interval of the mean over the classes of the gain per recording, -1 to 1.
    pub(super) fn difference_interval(&self, resamples: usize, seed: u64) -> [f64; 2] {
        let half = |gains: &[f64]| (1.0 + mean(gains)) / 2.0;
        let mut halves = Vec::with_capacity(resamples);
        self.resample(resamples, seed, |gains| halves.push(half(gains)));
        let estimate = half(&ratios(&self.total()).collect::<Vec<_>>());
        students(estimate, &halves, self.cells.len()).map(|end| 2.0 * end - 1.0)
    }
}

fn add(sum: &mut [i32], cells: &[i32]) {
    sum.iter_mut()
        .zip(cells)
        .for_each(|(sum, cell)| *sum += cell);
}

/// Gain per recording of each class; not a number for a class that does not occur.
fn ratios(cells: &[i32]) -> impl Iterator<Item = f64> {
    let (gains, counts) = cells.split_at(cells.len() / 2);
    gains
        .iter()
        .zip(counts)
        .map(|(&gain, &n)| f64::from(gain) / f64::from(n))
}

/// Mean of those that are numbers.
pub(super) fn mean(values: &[f64]) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values.iter().filter(|value| !value.is_nan()) {
        sum += value;
        n += 1.0;
    }
    sum / n
}

/// Student's interval of `estimate`, 0 to 1, on the logit scale, with the spread of `resampled`.
pub(super) fn students(estimate: f64, resampled: &[f64], speakers: usize) -> [f64; 2] {
    // All resamples of what is wholly 0 or 1 are.
    if speakers < 2 || estimate <= 0.0 || estimate >= 1.0 {
        return [estimate; 2];
    }
    let n = speakers as f64;
    let middle = mean(resampled);
    let squares = resampled.iter().map(|value| (value - middle).powi(2));
    let variance = squares.sum::<f64>() / resampled.len() as f64 * n / (n - 1.0);
    // The logit's derivative is 1 / (p (1 - p)).
    let error = variance.sqrt() / (estimate * (1.0 - estimate));
    let logit = (estimate / (1.0 - estimate)).ln();
    let reach = t_975(speakers - 1) * error;
    let [low, high] = [logit - reach, logit + reach].map(|end| 1.0 / (1.0 + (-end).exp()));
    // Without spread the way to the logit and back rounds.
    [low.min(estimate), high.max(estimate)]
}

/// The 97.5 % point of Student's t with `freedom` degrees, 1 or more.
///
/// By bisection of its distribution function, which is a finite sum where the degrees are whole
/// (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).
pub(super) fn t_975(freedom: usize) -> f64 {
    // P(|T| < t) for t = tan(angle) sqrt(freedom).
    let within = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        let odd = freedom % 2;
        let (mut term, mut sum) = (if odd == 1 { cos } else { 1.0 }, 0.0);
        for k in (2 + odd..=freedom).step_by(2) {
            sum += term;
            term *= cos * cos * (k - 1) as f64 / k as f64;
        }
        if odd == 1 {
            FRAC_2_PI * (angle + sin * sum)
        } else {
            sin * sum
        }
    };
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if within(middle) < 0.95 {
            low = middle
        } else {
            high = middle
        }
    }
    low.tan() * (freedom as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::super::simulation::{Population, Sample};
    use super::*;

    #[test]
    fn students_quantile_is_scipys() {
        // scipy 1.17.1: scipy.stats.t.ppf(0.975, freedom).
        let expected = [
            (1, 12.706204736174694),
            (2, 4.302652729749462),
            (3, 3.1824463052837078),
            (5, 2.5705818356363146),
            (8, 2.306004135204166),
            (23, 2.0686576104190486),
            (24, 2.0638985616280245),
            (1000, 1.9623390808264083),
        ];
        for (freedom, expected) in expected {
            let t = t_975(freedom);
            assert!((t - expected).abs() < 1e-9, "{freedom}: {t} {expected}");
        }
    }

    fn named(speakers: impl Iterator<Item = usize>) -> Vec<Option<String>> {
        speakers.map(|speaker| Some(speaker.to_string())).collect()
    }

    #[test]
    fn the_interval_resamples_speakers_and_holds_the_estimate() {
        // Five speakers recognised wholly, five not at all: the UAR is 0.5 and its interval wide,
        // far wider than that of 200 independent clips (0.43 to 0.57).
        let truth: Vec<usize> = (0..200).map(|i| i % 2).collect();
        let speakers = named((0..200).map(|i| i / 20));
        let predicted: Vec<usize> = (0..200)
            .map(|i| if i / 20 < 5 { i % 2 } else { 1 - i % 2 })
            .collect();
        let found = intervals(&truth, &predicted, &speakers, 2, 0);
        let [low, high] = found.uar;
        assert!(low <= 0.25 && high >= 0.75, "{low} to {high}");
        assert_eq!(found, intervals(&truth, &predicted, &speakers, 2, 0));
    }

    #[test]
    fn the_interval_of_two_speakers_is_known_beforehand() {
        // Recall 0.5 and 0.6, together 0.55. Resamples are 0.5, 0.55, 0.6 as 1 : 2 : 1, so the
        // standard error is 0.05 / sqrt(2) sqrt(2), on the logit scale 0.05 / (0.55 0.45); times
        // Student's 12.7062 that is 2.56691 on either side of ln(0.55 / 0.45) = 0.20067.
        let predicted: Vec<usize> = (0..20)
            .map(|i| usize::from([5, 6][i / 10] <= i % 10))
            .collect();
        let speakers = named((0..20).map(|i| i / 10));
        let found = intervals(&[0; 20], &predicted, &speakers, 1, 3);
        let [low, high] = found.uar;
        // 20 000 resamples know a standard error to 0.5 %, which moves the lower end by 0.001.
        assert!(
            (low - 0.0858).abs() < 0.004 && (high - 0.9409).abs() < 0.004,
            "{low} to {high}"
        );
        assert_eq!(found.recall, [found.uar]);
    }

    #[test]
    fn a_class_without_recordings_or_without_misses() {
        // Class 0: 3 of 4. Class 1: 4 of 4, Clopper and Pearson's 0.025^(1/4). Class 2: 0 of 2.
        // Class 3 does not occur.
        let truth = [0, 0, 1, 1, 2, 0, 0, 1, 1, 2];
        let predicted = [0, 0, 1, 1, 0, 0, 1, 1, 1, 1];
        let speakers = named((0..10).map(|i| i / 5));
        let found = intervals(&truth, &predicted, &speakers, 4, 0);
        let [low, high] = found.recall[0];
        assert!(0.0 < low && low < 0.75 && 0.75 < high && high < 1.0);
        assert!((found.recall[1][0] - 0.025f64.powf(0.25)).abs() < 1e-12);
        assert_eq!(found.recall[1][1], 1.0);
        assert_eq!(found.recall[2][0], 0.0);
        assert!((found.recall[2][1] - (1.0 - 0.025f64.sqrt())).abs() < 1e-12);
        assert!(found.recall[3].iter().all(|end| end.is_nan()));
        // Only the first speaker has the class.
        let found = intervals(
            &[0, 0, 1, 1],
            &[0, 1, 1, 0],
            &named([0, 0, 1, 1].into_iter()),
            2,
            0,
        );
        assert_eq!(found.recall, [[0.5; 2]; 2]);
    }

    #[test]
    fn what_is_wholly_right_is_not_certain() {
        // Two classes of 10: the mean of Clopper and Pearson's bounds, 0.025^(1/10).
        let truth: Vec<usize> = (0..20).map(|i| i % 2).collect();
        let found = intervals(&truth, &truth, &named((0..20).map(|i| i / 5)), 2, 0);
        assert!((found.uar[0] - 0.025f64.powf(0.1)).abs() < 1e-12);
        assert_eq!(found.uar[1], 1.0);
        let one = intervals(&truth, &truth, &vec![None; 20], 2, 0);
        assert_eq!(one.uar, [1.0; 2]);
    }

    #[test]
    fn one_speaker_tells_nothing_of_others() {
        let found = intervals(&[0, 0, 1], &[0, 1, 1], &[None, None, None], 2, 0);
        assert_eq!(found.uar, [0.75; 2]);
        assert_eq!(found.recall, [[0.5; 2], [1.0; 2]]);
    }

    const MIDDLING: Population = Population {
        ability: 0.6,
        of_class: 0.4,
        uar: 0.6,
    };

    #[test]
    fn ends_move_by_less_than_half_a_point_between_seeds() {
        for speakers in [6, 10, 24] {
            let mut random = ChaCha8Rng::seed_from_u64(0);
            let sample = Sample::new(speakers, 30, &mut random);
            let predicted = MIDDLING.recognise(MIDDLING.base(), &sample, &mut random);
            let ends: Vec<[f64; 2]> = (0..10)
                .map(|seed| intervals(&sample.truth, &predicted, &sample.speakers, 4, seed).uar)
                .collect();
            for end in 0..2 {
                let of_seeds = ends.iter().map(|ends| ends[end]);
                let span = of_seeds.clone().fold(0.0, f64::max) - of_seeds.fold(1.0, f64::min);
                println!("{speakers} speakers: end {end} within {span:.4}");
                assert!(span < 0.005);
            }
        }
    }

    /// How often, of so many runs, the interval of the UAR holds that of the population, and how
    /// often one does that takes each recording for a speaker.
    fn coverage(
        population: Population,
        speakers: usize,
        recordings: usize,
        runs: u64,
        seed: u64,
    ) -> (f64, f64) {
        let base = population.base();
        let run = |run: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(seed * 1_000_000 + run);
            let sample = Sample::new(speakers, recordings, &mut random);
            let predicted = population.recognise(base, &sample, &mut random);
            let holds = |speakers: &[Option<String>], resamples: usize| {
                let hit = |row: usize| i32::from(sample.truth[row] == predicted[row]);
                let tally = Tally::new(&sample.truth, hit, speakers, 4);
                let [low, high] = tally.intervals(resamples, run).uar;
                low <= population.uar && population.uar <= high
            };
            // Every fifth run suffices for what is far off.
            let each = named(0..sample.truth.len());
            (
                holds(&sample.speakers, 1000),
                run.is_multiple_of(5) && holds(&each, 200),
            )
        };
        let held: Vec<(bool, bool)> = (0..runs).into_par_iter().map(run).collect();
        let clustered = held.iter().filter(|held| held.0).count() as f64 / runs as f64;
        let independent = held.iter().filter(|held| held.1).count() as f64;
        (clustered, independent / (runs as f64 / 5.0))
    }

    #[test]
    fn intervals_hold_the_truth_and_those_of_recordings_do_not() {
        for speakers in [6, 10, 24] {
            let (clustered, independent) = coverage(MIDDLING, speakers, 30, 500, 0);
            println!(
                "{speakers} speakers: {clustered} held, {independent} where recordings are resampled"
            );
            // Three standard errors of 500 runs.
            assert!((0.92..=0.98).contains(&clustered));
            assert!(independent < clustered - 0.1);
        }
    }

    #[test]
    #[ignore = "takes minutes: the table in the documentation of `intervals`"]
    fn coverage_of_speaker_effects_levels_and_sizes() {
        for speakers in [3, 6, 10, 24] {
            let (mut least, mut most) = ((1.0f64, 1.0f64), (0.0f64, 0.0f64));
            for recordings in [10, 60] {
                for uar in [0.4, 0.6, 0.85] {
                    for sd in [0.0, 0.3, 0.6, 1.0] {
                        let population = Population {
                            ability: sd,
                            of_class: sd / 1.5,
                            uar,
                        };
                        let (clustered, independent) =
                            coverage(population, speakers, recordings, 2000, 1);
                        println!(
                            "{speakers} x {recordings}, UAR {uar}, sd {sd}: held {clustered:.3}, \
                             recordings resampled {independent:.3}"
                        );
                        least = (least.0.min(clustered), least.1.min(independent));
                        most = (most.0.max(clustered), most.1.max(independent));
                    }
                }
            }
            println!("{speakers} speakers: {least:?} to {most:?}");
        }
        for seed in 1..6 {
            let (clustered, independent) = coverage(MIDDLING, 24, 30, 500, seed);
            println!("24 speakers x 30, seed {seed}: {clustered}, recordings {independent}");
        }
    }
}
