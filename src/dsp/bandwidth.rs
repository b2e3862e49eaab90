//! Bandwidth: up to which frequency a recording has sound, whatever its sample rate. What came through a telephone ends
//! below 4 kHz, though the file may be of 48.
//!
//! The spectrum is looked at in bands of 250 Hz, at up to 1024 places spread over the recording. A band has sound where its
//! power comes and goes with what is heard: its mean is at least six times its tenth percentile, which noise that
//! lasts does not reach, and within 70 dB of the loudest band. The highest such band with another next to it
//! is where the sound ends.

use crate::dsp::spectrum::Spectrum;

const WIDTH_S: f64 = 0.032;
/// From one place to the next, at first.
const HOP_S: f64 = 0.080;
const BAND_HZ: f64 = 250.0;
/// Places that are kept. Where there are more, every other one is left out, and the next are twice as far apart.
const MOST: usize = 1024;
/// Of the 8 bins of a band the mean of steady noise is about twice the tenth percentile.
const ABOVE_NOISE: f64 = 6.0;
/// Below the loudest band: 70 dB. The highest of speech lies 50 dB below, what 16 bits leave 90.
const BELOW_LOUDEST: f64 = 1e-7;
/// Share of the places that are quieter than the noise of a band.
const QUIETER: f64 = 0.1;

/// Finds the bandwidth of samples that arrive piece by piece, in memory that does not grow with them.
pub struct Bandwidth {
    spectrum: Spectrum,
    width: usize,
    /// Samples from the beginning of one place to that of the next.
    hop: usize,
    /// Samples until the next place begins.
    skip: usize,
    /// Those of it that have come.
    frame: Vec<f32>,
    bins: usize,
    /// The power of each band at each place.
    power: Vec<Vec<f32>>,
}

impl Bandwidth {
    /// For sound at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Bandwidth {
        let samples = |seconds: f64| ((seconds * f64::from(sample_rate)).round() as usize).max(2);
        let spectrum = Spectrum::new(sample_rate, samples(WIDTH_S));
        Bandwidth {
            bins: ((BAND_HZ / spectrum.bin_hz).round() as usize).max(1),
            spectrum,
            width: samples(WIDTH_S),
            hop: samples(HOP_S),
            skip: 0,
            frame: Vec::new(),
            power: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let skipped = self.skip.min(samples.len());
            self.skip -= skipped;
            samples = &samples[skipped..];
            let taken = (self.width - self.frame.len()).min(samples.len());
            self.frame.extend_from_slice(&samples[..taken]);
            samples = &samples[taken..];
            if self.frame.len() == self.width {
                self.look();
            }
        }
    }

    fn look(&mut self) {
        self.spectrum.compute(&self.frame);
        self.frame.clear();
        // 0 Hz, and what leaks from it, is no sound.
        let bands = self.spectrum.power[self.bins / 2..].chunks_exact(self.bins);
        self.power
            .push(bands.map(|bins| bins.iter().sum()).collect());
        if self.power.len() == MOST {
            let mut place = 0;
            self.power.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            // The one that would be next is left out, too.
            self.skip = self.hop;
            self.hop *= 2;
        }
        self.skip += self.hop - self.width;
    }

    /// In Hz; NaN where nothing is heard that comes and goes.
    pub fn finish(self) -> f64 {
        let bands = self.power.first().map_or(0, Vec::len);
        let mut of_places = Vec::with_capacity(self.power.len());
        let mut mean_and_noise = |band: usize| {
            of_places.clear();
            of_places.extend(self.power.iter().map(|power| power[band]));
            let mean =
                of_places.iter().map(|&p| f64::from(p)).sum::<f64>() / of_places.len() as f64;
            let place = (QUIETER * (of_places.len() - 1) as f64) as usize;
            let noise = *of_places.select_nth_unstable_by(place, f32::total_cmp).1;
            (mean, f64::from(noise))
        };
        let of_bands: Vec<(f64, f64)> = (0..bands).map(&mut mean_and_noise).collect();
        let loudest = of_bands
            .iter()
            .fold(0.0, |most: f64, (mean, _)| most.max(*mean));
        let has_sound: Vec<bool> = of_bands
            .iter()
            .map(|(mean, noise)| *mean > ABOVE_NOISE * noise && *mean > BELOW_LOUDEST * loudest)
            .collect();
        let last = (1..bands)
            .rev()
            .find(|&at| has_sound[at] && has_sound[at - 1]);
        let edge =
            |band: usize| (self.bins / 2 + (band + 1) * self.bins) as f64 * self.spectrum.bin_hz;
        last.map_or(f64::NAN, edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Syllables of a voice of 150 Hz with harmonics up to `highest` Hz, each softer than the one before, in noise.
    fn voice(seconds: f64, rate: u32, highest: f64, noise: f64) -> Vec<f32> {
        let mut state = 1_u32;
        let sample = |i: usize| {
            let t = i as f64 / f64::from(rate);
            let harmonics = (1..).map(|h| 150.0 * f64::from(h));
            let sum: f64 = harmonics
                .take_while(|&hz| hz <= highest)
                .map(|hz| (TAU * hz * t).sin() * 150.0 / hz)
                .sum();
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            let hiss = 2.0 * f64::from(state) / f64::from(u32::MAX) - 1.0;
            (0.2 * sum * (TAU * 2.0 * t).sin().max(0.0) + noise * hiss) as f32
        };
        (0..(seconds * f64::from(rate)) as usize)
            .map(sample)
            .collect()
    }

    fn found(samples: &[f32], rate: u32, piece: usize) -> f64 {
        let mut bandwidth = Bandwidth::new(rate);
        samples
            .chunks(piece)
            .for_each(|piece| bandwidth.push(piece));
        bandwidth.finish()
    }

    #[test]
    fn sound_ends_where_it_ends_whatever_the_sample_rate() {
        for rate in [8000, 16_000, 44_100] {
            for noise in [0.0, 1e-4, 1e-3] {
                for highest in [2500.0, 3400.0, 7000.0, 15_000.0] {
                    if highest > f64::from(rate) / 2.0 {
                        continue;
                    }
                    let samples = voice(3.0, rate, highest, noise);
                    let hz = found(&samples, rate, 1000);
                    assert!(
                        (hz - highest).abs() < 400.0,
                        "{rate} {noise} {highest}: {hz}"
                    );
                    assert_eq!(found(&samples, rate, samples.len()), hz);
                }
            }
        }
    }

    #[test]
    fn length_does_not_matter() {
        let samples = voice(200.0, 16_000, 3400.0, 1e-4);
        let hz = found(&samples, 16_000, 4096);
        assert!((hz - 3400.0).abs() < 400.0, "{hz}");
    }

    #[test]
    fn what_lasts_or_is_not_there_has_none() {
        let hiss = voice(3.0, 16_000, 0.0, 0.1);
        let tone: Vec<f32> = (0..48_000)
            .map(|i| (0.3 * f64::from(i)).sin() as f32)
            .collect();
        for samples in [&hiss[..], &tone, &[0.0; 48_000], &[0.1; 100], &[]] {
            assert!(found(samples, 16_000, 1000).is_nan());
        }
    }
}
