//! Several recordings in one file, one after the other, converted to the rate and channels of the first.

use crate::audio::spool::{Spool, Spooling};
use crate::dsp::resample::resample;

/// Channels, and sample rate in Hz.
pub type Spec = (usize, u32);

/// Samples in the making, channels interleaved.
pub struct Joining {
    /// Of the first recording; 0 channels before it.
    spec: Spec,
    samples: Spooling,
    /// Samples of another rate, in memory, and what they are. They are resampled when all of theirs are there.
    others: Vec<f32>,
    of_others: Spec,
}

impl Joining {
    /// None yet; so many may be in memory.
    pub fn new(most_in_memory: usize) -> Joining {
        Joining {
            spec: (0, 0),
            samples: Spooling::new(most_in_memory),
            others: Vec::new(),
            of_others: (0, 0),
        }
    }

    /// Channels and rate of all; 0 channels where there are no samples yet.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// Samples of each channel, as many as are certain.
    pub fn frames(&self) -> usize {
        let (channels, rate) = self.spec;
        let (of_others, rate_of_others) = self.of_others;
        let others = self.others.len() / of_others.max(1);
        let resampled = others as f64 * f64::from(rate) / f64::from(rate_of_others.max(1));
        self.samples.len() / channels.max(1) + resampled as usize
    }

    /// Appends samples of this kind. An error says why they found no place.
    pub fn push(&mut self, samples: &[f32], spec: Spec) -> Result<(), String> {
        if self.spec.0 == 0 {
            self.spec = spec;
        }
        if spec != self.of_others {
            self.finish_others()?;
        }
        if spec.1 == self.spec.1 {
            return push_fitted(&mut self.samples, samples, spec.0, self.spec.0);
        }
        self.of_others = spec;
        self.others.extend_from_slice(samples);
        Ok(())
    }

    fn finish_others(&mut self) -> Result<(), String> {
        let (channels, from) = self.of_others;
        let others = std::mem::take(&mut self.others);
        if others.is_empty() {
            return Ok(());
        }
        let of_channel = |channel: usize| {
            let samples: Vec<f32> = others
                .iter()
                .skip(channel)
                .step_by(channels)
                .copied()
                .collect();
            resample(&samples, from, self.spec.1)
        };
        let resampled: Vec<Vec<f32>> = (0..channels).map(of_channel).collect();
        let frames = resampled[0].len();
        let interleaved: Vec<f32> = (0..frames)
            .flat_map(|at| resampled.iter().map(move |channel| channel[at]))
            .collect();
        push_fitted(&mut self.samples, &interleaved, channels, self.spec.0)
    }

    /// All that were appended.
    pub fn finish(mut self) -> Result<Spool, String> {
        self.finish_others()?;
        self.samples.finish()
    }
}

/// Appends samples in `to` channels instead of `from`: as they are, or the mean of their channels in each.
fn push_fitted(out: &mut Spooling, samples: &[f32], from: usize, to: usize) -> Result<(), String> {
    if from == to {
        return out.push(samples);
    }
    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / from as f32;
    let means = samples.chunks_exact(from).map(mean);
    let fitted: Vec<f32> = means.flat_map(|x| std::iter::repeat_n(x, to)).collect();
    out.push(&fitted)
}

#[test]
fn recordings_get_the_rate_and_the_channels_of_the_first() {
    let tone = |rate: u32, hz: f64, n: usize| -> Vec<f32> {
        let at = |i: usize| (std::f64::consts::TAU * hz * i as f64 / f64::from(rate)).sin() as f32;
        (0..n).map(at).collect()
    };
    let mut joining = Joining::new(100);
    joining
        .push(&tone(16_000, 200.0, 1600), (1, 16_000))
        .unwrap();
    // Two channels, in pieces; one of them is silent.
    let left = tone(8000, 200.0, 4000);
    let both: Vec<f32> = left.iter().flat_map(|&x| [x, 0.0]).collect();
    for piece in both.chunks(500) {
        joining.push(piece, (2, 8000)).unwrap();
    }
    assert_eq!(
        (joining.frames(), joining.spec()),
        (1600 + 8000, (1, 16_000))
    );
    joining
        .push(&tone(16_000, 200.0, 800), (1, 16_000))
        .unwrap();
    let all = joining.finish().unwrap().into_vec().unwrap();
    assert_eq!(all.len(), 1600 + 8000 + 800);
    let expected = tone(16_000, 200.0, 8000);
    let found = &all[1600..9600];
    // The filter rings at both ends.
    let off = (500..7500).map(|i| (found[i] - expected[i] / 2.0).abs());
    assert!(off.fold(0.0, f32::max) < 1e-3);
    assert_eq!(all[9600..], tone(16_000, 200.0, 800));
}
