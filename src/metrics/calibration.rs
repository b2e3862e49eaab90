//! Calibration: how far probabilities can be believed.

use std::iter;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bootstrap::rows_by_speaker;

/// Bins of a reliability curve.
pub const BINS: usize = 10;

/// Resamples for the interval of the calibration error, each of which is binned anew.
const RESAMPLES: usize = 1000;

/// How far probabilities can be believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error over [`BINS`] bins of equal mass, 0 to 1.
    pub ece: f64,
    /// 95 % interval of it, by resampling speakers.
    pub ece_ci95: [f64; 2],
    /// Brier score: mean squared distance of the probabilities from the truth, summed over classes,
    /// 0 to 2.
    pub brier: f64,
    /// The reliability curve, from the least sure bin to the surest.
    pub bins: Vec<Bin>,
}

/// One point of a reliability curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Mean probability of the predicted classes.
    pub confidence: f64,
    /// Share recognised.
    pub accuracy: f64,
    /// Recordings.
    pub n: usize,
}

/// What calibration asks of a recording.
struct Verdict {
    confidence: f64,
    is_right: bool,
    speaker: usize,
}

/// The calibration of `probabilities` (a row per recording, a column per class, each 0 to 1) where
/// `predicted` were the verdicts; all slices have one entry per recording.
///
/// A verdict's confidence is the probability of the predicted class. The expected calibration error
/// (Naeini et al. 2015; with bins of equal mass, Nguyen & O'Connor 2015) is the mean distance of
/// confidence and accuracy over [`BINS`] bins, weighted by their recordings: recordings sorted by
/// confidence, those alike in the order given, and cut as numpy's `array_split` does. The score is
/// Brier's (1950).
///
/// # The interval
///
/// Speakers are resampled, and the bins cut anew for each resample. As a mean of distances the error is biased upwards if
/// there are few recordings, and more so in a resample: for well calibrated probabilities the interval between percentiles
/// lies wholly above the true value, and the pivot (twice the estimate less the percentiles) still does in half of all
/// cases. Chance adds to the *squares* of the distances, and about as much again in a resample. So the upper end is the
/// 97.5 % point, and the lower end lies as far below the estimate as the upper lies above it, in squares; it is 0 if chance
/// alone could explain the error. The interval is rather too wide: nominally 95 %, it contained the true value in 90 to 100
/// of 100 cases in simulations of 6 to 24 speakers with 10 or 60 recordings each. With one speaker it is the estimate
/// itself.
pub fn calibration(
    probabilities: &[Vec<f64>],
    truth: &[usize],
    predicted: &[usize],
    speakers: &[Option<String>],
    seed: u64,
) -> Calibration {
    let of_speakers = rows_by_speaker(speakers);
    let mut speaker_of = vec![0; truth.len()];
    for (speaker, rows) in of_speakers.iter().enumerate() {
        rows.iter().for_each(|&row| speaker_of[row] = speaker);
    }
    let verdict = |row: usize| Verdict {
        confidence: probabilities[row][predicted[row]],
        is_right: predicted[row] == truth[row],
        speaker: speaker_of[row],
    };
    let mut verdicts: Vec<Verdict> = (0..truth.len()).map(verdict).collect();
    verdicts.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let bins = reliability(&verdicts, &vec![1; of_speakers.len()]);
    Calibration {
        ece: error(&bins),
        ece_ci95: interval(&verdicts, of_speakers.len(), RESAMPLES, seed),
        brier: brier(probabilities, truth),
        bins,
    }
}

fn brier(probabilities: &[Vec<f64>], truth: &[usize]) -> f64 {
    let of_row = |(of_classes, &truth): (&Vec<f64>, &usize)| {
        let square = |(class, p): (usize, &f64)| (p - f64::from(class == truth)).powi(2);
        of_classes.iter().enumerate().map(square).sum::<f64>()
    };
    probabilities.iter().zip(truth).map(of_row).sum::<f64>() / truth.len() as f64
}

/// The reliability curve of `rows`, sorted by confidence, when each counts as often as `times` says
/// of its speaker. The bins are as large as numpy's `array_split` makes them; empty ones are left
/// out.
fn reliability(rows: &[Verdict], times: &[usize]) -> Vec<Bin> {
    let n: usize = rows.iter().map(|row| times[row.speaker]).sum();
    let mut rows = rows
        .iter()
        .flat_map(|row| iter::repeat_n(row, times[row.speaker]));
    let bin = |number: usize| {
        let n = n / BINS + usize::from(number < n % BINS);
        let (mut confidence, mut hits) = (0.0, 0.0);
        for row in rows.by_ref().take(n) {
            confidence += row.confidence;
            hits += f64::from(row.is_right);
        }
        Bin {
            confidence: confidence / n as f64,
            accuracy: hits / n as f64,
            n,
        }
    };
    (0..BINS).map(bin).filter(|bin| bin.n > 0).collect()
}

/// Mean distance of confidence and accuracy.
fn error(bins: &[Bin]) -> f64 {
    let n: usize = bins.iter().map(|bin| bin.n).sum();
    let distance = |bin: &Bin| (bin.confidence - bin.accuracy).abs() * bin.n as f64;
    bins.iter().map(distance).sum::<f64>() / n as f64
}

/// 95 % interval of the [`error`] of `rows`, sorted by confidence.
fn interval(rows: &[Verdict], speakers: usize, resamples: usize, seed: u64) -> [f64; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let resample = |_| {
        let mut times = vec![0; speakers];
        for _ in 0..speakers {
            times[random.gen_range(0..speakers as u32) as usize] += 1;
        }
        error(&reliability(rows, &times))
    };
    let mut resampled: Vec<f64> = (0..resamples).map(resample).collect();
    let estimate = error(&reliability(rows, &vec![1; speakers]));
    let place = (0.975 * (resamples - 1) as f64).round() as usize;
    let high = *resampled.select_nth_unstable_by(place, f64::total_cmp).1;
    let high = high.max(estimate);
    let low = (2.0 * estimate.powi(2) - high.powi(2)).max(0.0).sqrt();
    [low.min(estimate), high]
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn error_and_score_are_numpys() {
        // numpy 2.4.6, with i = arange(23), p = stack([1 + i*7 % 5, 1 + i*3 % 4, 1 + i*5 % 7], 1)
        // divided by its sums, y = (i*i + i//3) % 3, said = p.argmax(1), c = p[i, said]:
        // sum(len(b) / 23 * abs(c[b].mean() - (said == y)[b].mean()) for b in
        // array_split(c.argsort(kind="stable"), 10)); ((p - eye(3)[y])**2).sum(1).mean().
        let probabilities: Vec<Vec<f64>> = (0..23)
            .map(|i| {
                let parts = [1 + i * 7 % 5, 1 + i * 3 % 4, 1 + i * 5 % 7].map(f64::from);
                parts.map(|part| part / parts.iter().sum::<f64>()).to_vec()
            })
            .collect();
        let truth: Vec<usize> = (0..23).map(|i| (i * i + i / 3) % 3).collect();
        let said = [
            0, 2, 0, 0, 2, 2, 0, 0, 2, 0, 1, 2, 0, 1, 0, 2, 2, 0, 2, 2, 2, 1, 2,
        ];
        let speakers: Vec<_> = (0..23).map(|i| Some((i % 4).to_string())).collect();
        let figures = calibration(&probabilities, &truth, &said, &speakers, 0);
        assert!((figures.ece - 0.2927267177267177).abs() < 1e-12);
        assert!((figures.brier - 0.7029835107237052).abs() < 1e-12);
        let sizes: Vec<usize> = figures.bins.iter().map(|bin| bin.n).collect();
        assert_eq!(sizes, [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
        assert!(figures.ece_ci95[0] <= figures.ece && figures.ece <= figures.ece_ci95[1]);
        assert_eq!(
            figures,
            calibration(&probabilities, &truth, &said, &speakers, 0)
        );
    }

    #[test]
    fn the_figures_of_one_confidence_are_known_beforehand() {
        // Always sure to 0.8, right in 6 of any 10: off by 0.2, and Brier's score is
        // 0.6 (0.2^2 + 0.2^2) + 0.4 (0.8^2 + 0.8^2).
        let truth: Vec<usize> = (0..1000).map(|row| usize::from(row % 10 >= 6)).collect();
        let one = vec![None; 1000];
        let figures = calibration(&vec![vec![0.8, 0.2]; 1000], &truth, &[0; 1000], &one, 0);
        assert!((figures.ece - 0.2).abs() < 1e-12);
        assert!((figures.brier - 0.56).abs() < 1e-12);
        assert_eq!(figures.bins.len(), BINS);
        for bin in &figures.bins {
            assert!((bin.confidence - 0.8).abs() < 1e-12);
            assert_eq!((bin.accuracy, bin.n), (0.6, 100));
        }
        assert!(figures.ece_ci95.iter().all(|end| (end - 0.2).abs() < 1e-12));
    }

    #[test]
    fn fewer_recordings_than_bins_have_a_bin_each() {
        let sure = vec![vec![1.0, 0.0], vec![0.5, 0.5], vec![0.0, 1.0]];
        let speakers = ["a", "b", "c"].map(|name| Some(name.to_string()));
        let figures = calibration(&sure, &[0, 1, 1], &[0, 0, 1], &speakers, 0);
        let curve: Vec<_> = figures
            .bins
            .iter()
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect();
        assert_eq!(curve, [(0.5, 0.0), (1.0, 1.0), (1.0, 1.0)]);
        assert!((figures.ece - 0.5 / 3.0).abs() < 1e-12);
        assert!((figures.brier - 0.5 / 3.0).abs() < 1e-12);
    }

    /// Speakers whose verdicts, of confidence 0.35 to 0.85, are right as often as that less `gap`,
    /// but for what is the speaker's own, up to 0.1 either way: the population's error is `gap`.
    fn sample(
        gap: f64,
        speakers: usize,
        recordings: usize,
        random: &mut ChaCha8Rng,
    ) -> Vec<Verdict> {
        let mut rows = Vec::new();
        for speaker in 0..speakers {
            let own = random.gen_range(-0.1..0.1);
            for _ in 0..recordings {
                let confidence = random.gen_range(0.35..0.85);
                let is_right = random.gen_range(0.0..1.0) < confidence - gap + own;
                rows.push(Verdict {
                    confidence,
                    is_right,
                    speaker,
                });
            }
        }
        rows.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
        rows
    }

    #[test]
    fn the_interval_holds_the_error_of_the_population() {
        for speakers in [6, 24] {
            for recordings in [10, 60] {
                for gap in [0.0, 0.05, 0.2] {
                    let holds = |&run: &u64| {
                        let mut random = ChaCha8Rng::seed_from_u64(run);
                        let rows = sample(gap, speakers, recordings, &mut random);
                        let [low, high] = interval(&rows, speakers, 200, run);
                        low <= gap && gap <= high
                    };
                    let held = (0..100u64).into_par_iter().filter(holds).count();
                    println!(
                        "{speakers} speakers x {recordings}, error {gap}: held in {held} of 100"
                    );
                    assert!(speakers < 24 || held >= 88);
                }
            }
        }
    }
}
