//! Comparison of two models on the same recordings.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bootstrap::{RESAMPLES, Tally};

/// Up to so many speakers the test goes through all swaps, 65 536 of them.
const EXACT_SPEAKERS: usize = 16;

/// Swaps drawn where there are more.
const SWAPS: usize = 10_000;

/// How two models differ on the same recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// UAR of the first less that of the second, -1 to 1; of predicted numbers their CCC, -2 to 2.
    pub difference: f64,
    /// 95 % interval of the difference, by resampling speakers.
    pub difference_ci95: [f64; 2],
    /// Probability of a difference as large by chance, when each speaker's predictions are swapped
    /// or not at random (two-sided).
    pub p_value: f64,
}

/// Whether one model has a better UAR than another by more than the choice of speakers explains.
///
/// `truth`, `first` (predictions), `second` and `speakers` have one entry per recording. The
/// interval is that of [`intervals`](super::intervals), with (1 + difference) / 2 in place of a
/// recall.
///
/// The p-value is that of a paired randomisation test (Fisher 1935, "The design of experiments", section 21; Edgington &
/// Onghena 2007) with the speaker as its unit: if the models were equally good, it would be chance which of them made which
/// of a speaker's two sets of predictions. It is the share of all ways to swap these sets that give a difference at least as
/// large in magnitude. Up to 16 speakers it is exact, and at least 2 / 2^n, so that five speakers can never reach 0.05;
/// beyond that it comes from 10 000 random swaps and the observed case (Phipson & Smyth 2010).
pub fn compare(
    truth: &[usize],
    first: &[usize],
    second: &[usize],
    speakers: &[Option<String>],
    classes: usize,
    seed: u64,
) -> Comparison {
    let gain =
        |row: usize| i32::from(first[row] == truth[row]) - i32::from(second[row] == truth[row]);
    let tally = Tally::new(truth, gain, speakers, classes);
    let shares = tally.shares();
    Comparison {
        difference: shares.iter().sum(),
        difference_ci95: tally.difference_interval(RESAMPLES, seed),
        p_value: p_value(&shares, seed),
    }
}

/// P-values of several tests after the correction of Holm (1979, "A simple sequentially rejective multiple test procedure",
/// Scandinavian Journal of Statistics 6, 65-70), in the order of the tests: what is below 0.05 then is so that the probability of
/// even one false alarm among all of them stays below 0.05, however they depend on each other.
///
/// Of m p-values the smallest is multiplied by m, the next by m - 1, and so on; none becomes smaller than one before it, or larger
/// than 1. NaN, of a test that was not made, stays, and does not count.
///
/// ```
/// use sentire::metrics::holm;
///
/// assert_eq!(holm(&[0.04, 0.01, 0.03]), [0.06, 0.03, 0.06]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len())
        .filter(|&test| !p_values[test].is_nan())
        .collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = p_values.to_vec();
    let mut largest: f64 = 0.0;
    for (place, &test) in order.iter().enumerate() {
        let times = (order.len() - place) as f64;
        largest = largest.max(times * p_values[test]).min(1.0);
        corrected[test] = largest;
    }
    corrected
}

/// That of [`compare`], from what each speaker adds to the difference.
fn p_value(shares: &[f64], seed: u64) -> f64 {
    // To swap a speaker's predictions turns the sign of their share.
    let signed = |(&share, &is_swapped): (&f64, &bool)| if is_swapped { -share } else { share };
    let difference = |swaps: &[bool]| shares.iter().zip(swaps).map(signed).sum();
    swap_test(shares.len(), seed, difference)
}

/// Share of all swaps whose `difference` is as large in amount as that of no swap, where it is told
/// of each speaker whether their predictions are swapped.
pub(super) fn swap_test(speakers: usize, seed: u64, difference: impl Fn(&[bool]) -> f64) -> f64 {
    let mut swaps = vec![false; speakers];
    // Sums of the same numbers in other ways: what should be equal differs by rounding, 1e-15 or
    // so, what should not by a recording's weight, 1e-7 or more.
    let observed = difference(&swaps).abs() - 1e-10;
    if speakers <= EXACT_SPEAKERS {
        let all = 1u32 << speakers;
        let as_large = |&bits: &u32| {
            let speakers = swaps.iter_mut().enumerate();
            speakers.for_each(|(speaker, swap)| *swap = bits >> speaker & 1 == 1);
            difference(&swaps).abs() >= observed
        };
        return (0..all).filter(as_large).count() as f64 / f64::from(all);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let as_large = |_: &usize| {
        swaps.fill_with(|| random.r#gen());
        difference(&swaps).abs() >= observed
    };
    ((0..SWAPS).filter(as_large).count() + 1) as f64 / (SWAPS + 1) as f64
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::super::simulation::{Population, Sample};
    use super::*;

    /// `n` speakers with two recordings of each of two classes, of which the first model misses
    /// none, the second the last of each speaker.
    fn one_better(n: usize) -> Comparison {
        let truth = [0, 0, 1, 1].repeat(n);
        let second = [0, 0, 1, 0].repeat(n);
        let speakers: Vec<_> = (0..4 * n).map(|row| Some((row / 4).to_string())).collect();
        compare(&truth, &truth, &second, &speakers, 2, 0)
    }

    #[test]
    fn one_better_with_every_speaker() {
        // Recalls 1, 1 against 1, 1/2. Only no swap and all swaps are as extreme.
        for n in [1, 2, 5, 10] {
            let found = one_better(n);
            assert!((found.difference - 0.25).abs() < 1e-12);
            assert_eq!(found.p_value, 2.0 / f64::from(1 << n));
            assert!(
                found
                    .difference_ci95
                    .iter()
                    .all(|end| (end - 0.25).abs() < 1e-12)
            );
        }
        // Of 2^30 swaps 10 000 drawn ones hit neither.
        assert_eq!(one_better(30).p_value, 1.0 / 10_001.0);
    }

    #[test]
    fn a_model_is_as_good_as_itself() {
        for n in [1, 5, 30] {
            let speakers: Vec<_> = (0..4 * n).map(|row| Some((row % n).to_string())).collect();
            let (truth, predicted) = ([0, 0, 1, 1].repeat(n), [0, 1, 1, 0].repeat(n));
            let found = compare(&truth, &predicted, &predicted, &speakers, 2, 0);
            assert_eq!(
                (found.difference, found.difference_ci95, found.p_value),
                (0.0, [0.0; 2], 1.0)
            );
        }
    }

    #[test]
    fn the_other_way_round_it_is_the_negative() {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let model = Population {
            ability: 0.6,
            of_class: 0.4,
            uar: 0.6,
        };
        let sample = Sample::new(10, 30, &mut random);
        let [a, b] = [0; 2].map(|_| model.recognise(model.base(), &sample, &mut random));
        let [ab, ba] =
            [(&a, &b), (&b, &a)].map(|(a, b)| compare(&sample.truth, a, b, &sample.speakers, 4, 0));
        assert_eq!((ab.difference, ab.p_value), (-ba.difference, ba.p_value));
        let [low, high] = ab.difference_ci95;
        assert!(low < ab.difference && ab.difference < high);
        // 2.5 % from above and from below are not quite the same resample.
        assert!(
            (low + ba.difference_ci95[1]).abs() < 1e-3
                && (high + ba.difference_ci95[0]).abs() < 1e-3
        );
    }

    #[test]
    fn holm_corrects_as_statsmodels_does() {
        // statsmodels 0.15.0: multipletests(p, method="holm")[1].
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005, 0.6]);
        let expected = [0.04, 0.09, 0.09, 0.025, 0.6];
        for (corrected, expected) in corrected.iter().zip(expected) {
            assert!((corrected - expected).abs() < 1e-12, "{corrected}");
        }
        // By hand: 3 x 0.4 is more than 1, and what follows is no smaller.
        assert_eq!(holm(&[0.5, 0.4, 0.9]), [1.0; 3]);
        assert_eq!(holm(&[0.02]), [0.02]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
        let with_none = holm(&[f64::NAN, 0.02, 0.03]);
        assert!(with_none[0].is_nan() && with_none[1..] == [0.04, 0.04]);
    }

    /// How often, of so many runs, p is at most 0.05, at most 0.5, and the interval holds `better`,
    /// what the first model is better by.
    fn trial(speakers: usize, sd: f64, better: f64, runs: u64) -> [f64; 3] {
        let second = Population {
            ability: sd,
            of_class: sd / 1.5,
            uar: 0.6,
        };
        let first = Population {
            uar: 0.6 + better,
            ..second
        };
        let bases = (first.base(), second.base());
        let run = |run: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(run);
            let sample = Sample::new(speakers, 30, &mut random);
            let a = first.recognise(bases.0, &sample, &mut random);
            let b = second.recognise(bases.1, &sample, &mut random);
            let hit = |row: usize, of: &[usize]| i32::from(of[row] == sample.truth[row]);
            let tally = Tally::new(
                &sample.truth,
                |row| hit(row, &a) - hit(row, &b),
                &sample.speakers,
                4,
            );
            let p = p_value(&tally.shares(), run);
            let [low, high] = tally.difference_interval(500, run);
            [p <= 0.05, p <= 0.5, low <= better && better <= high].map(usize::from)
        };
        let counts = (0..runs)
            .into_par_iter()
            .map(run)
            .reduce(|| [0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
        counts.map(|count| count as f64 / runs as f64)
    }

    #[test]
    fn models_alike_differ_at_the_nominal_rate_and_others_more_often() {
        for speakers in [10, 24] {
            let [at_5, at_50, held] = trial(speakers, 0.6, 0.0, 400);
            println!(
                "{speakers} speakers, alike: p <= .05 in {at_5}, <= .5 in {at_50}, held {held}"
            );
            // Three standard errors of 400 runs.
            assert!((at_5 - 0.05).abs() < 0.033 && (at_50 - 0.5).abs() < 0.075);
            assert!((held - 0.95).abs() < 0.04);
            let [power, _, held] = trial(speakers, 0.6, 0.15, 100);
            println!("{speakers} speakers, better by 0.15: p <= .05 in {power}, held {held}");
            assert!(power > if speakers == 24 { 0.85 } else { 0.4 });
        }
    }

    #[test]
    #[ignore = "takes a minute: the table of the test's level and power"]
    fn level_and_power() {
        for speakers in [6, 10, 24] {
            for sd in [0.0, 0.3, 0.6, 1.0] {
                for better in [0.0, 0.05, 0.1] {
                    let [at_5, at_50, held] = trial(speakers, sd, better, 1000);
                    println!(
                        "{speakers} speakers, sd {sd}, better by {better}: \
                         p <= .05 in {at_5}, <= .5 in {at_50}, held {held}"
                    );
                }
            }
        }
    }
}
