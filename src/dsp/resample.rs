//! Band-limited resampling of a whole recording (rubato's FFT resampler, with its delay removed).

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

/// Frames transformed at a time, at least, at the lower of the two rates.
const BLOCK: usize = 1024;

/// `samples` at `from_hz`, resampled to `to_hz`. The result has `ceil(len * to_hz / from_hz)`
/// samples.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    ResamplePlan::new(from_hz, to_hz, BLOCK).apply(samples)
}

/// A planned change of the sample rate.
pub struct ResamplePlan {
    /// `None` where the rates are equal.
    resampler: Option<Fft<f32>>,
}

impl ResamplePlan {
    /// From `from_hz` to `to_hz`, transforming at least `block` frames of the lower rate at a time:
    /// longer blocks give a steeper filter.
    pub fn new(from_hz: u32, to_hz: u32, block: usize) -> ResamplePlan {
        ResamplePlan {
            resampler: (from_hz != to_hz).then(|| plan(from_hz, to_hz, block)),
        }
    }

    /// `samples` at the new rate.
    pub fn apply(&mut self, samples: &[f32]) -> Vec<f32> {
        let Some(resampler) = self.resampler.as_mut().filter(|_| !samples.is_empty()) else {
            return samples.to_vec();
        };
        resampler.reset();
        let n = samples.len();
        let input = SequentialSlice::new(samples, 1, n).expect("one channel of that length");
        resampler
            .process_all(&input, n, None)
            .expect("the buffers fit the resampler")
            .take_data()
    }
}

fn plan(from_hz: u32, to_hz: u32, block: usize) -> Fft<f32> {
    let (from, to) = (from_hz as usize, to_hz as usize);
    // The block is a multiple of the ratio's denominator, by a power of two, since transforms
    // are fastest there, and even: an odd one shifts the sound by half a sample.
    let divisor = gcd(from, to);
    let times = block.div_ceil(from.min(to) / divisor);
    let block = from / divisor * times.next_power_of_two().max(2);
    let window = WindowFunction::BlackmanHarris2;
    let plan = Fft::new_custom(from, to, block, 1, 1, window, FixedSync::Both);
    plan.expect("rates and block size are positive")
}

/// [`resample`] for samples that arrive piece by piece; the result does not depend on the pieces.
pub struct Resampling {
    resampler: Fft<f32>,
    /// What has come and is not transformed yet.
    waiting: Vec<f32>,
    made: Vec<f32>,
    /// Samples that came, that are still to be left out at the start, and that were given.
    taken: usize,
    delay: usize,
    given: usize,
}

impl Resampling {
    /// From `from_hz` to `to_hz`, which are different.
    pub fn new(from_hz: u32, to_hz: u32) -> Resampling {
        let resampler = plan(from_hz, to_hz, BLOCK);
        Resampling {
            waiting: Vec::new(),
            made: vec![0.0; resampler.output_frames_max()],
            taken: 0,
            delay: resampler.output_delay(),
            given: 0,
            resampler,
        }
    }

    /// Takes the next samples, and calls `give` with those that come out.
    pub fn push<E>(
        &mut self,
        samples: &[f32],
        mut give: impl FnMut(&[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.taken += samples.len();
        self.waiting.extend_from_slice(samples);
        let width = self.resampler.input_frames_next();
        let waiting = std::mem::take(&mut self.waiting);
        let blocks = waiting.chunks_exact(width);
        self.waiting.extend_from_slice(blocks.remainder());
        for block in blocks {
            let made = self.transform(block);
            give(made)?;
        }
        Ok(())
    }

    /// Calls `give` with what is left.
    pub fn finish<E>(mut self, mut give: impl FnMut(&[f32]) -> Result<(), E>) -> Result<(), E> {
        let all = (self.resampler.resample_ratio() * self.taken as f64).ceil() as usize;
        let last = std::mem::take(&mut self.waiting);
        if !last.is_empty() {
            let left = all - self.given;
            let made = self.transform(&last);
            give(&made[..made.len().min(left)])?;
        }
        while self.given < all {
            let left = all - self.given;
            let made = self.transform(&[]);
            give(&made[..made.len().min(left)])?;
        }
        Ok(())
    }

    /// The next block, filled up with zeros, at the new rate; without the delay at the very start.
    fn transform(&mut self, block: &[f32]) -> &[f32] {
        let (n, room) = (block.len(), self.made.len());
        let width = self.resampler.input_frames_next();
        let partial_len = (n < width).then_some(n);
        let input = SequentialSlice::new(block, 1, n).expect("one channel of that length");
        let mut output =
            SequentialSlice::new_mut(&mut self.made, 1, room).expect("one channel of that length");
        let indexing = Indexing {
            input_offset: 0,
            output_offset: 0,
            partial_len,
            active_channels_mask: None,
        };
        let done = self
            .resampler
            .process_into_buffer(&input, &mut output, Some(&indexing));
        let (_, made) = done.expect("the buffers fit the resampler");
        let left_out = self.delay.min(made);
        self.delay -= left_out;
        self.given += made - left_out;
        &self.made[left_out..made]
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[test]
fn a_tone_keeps_its_frequency_level_and_place() {
    use std::f64::consts::PI;
    let tone = |rate: f64, n: usize| -> Vec<f32> {
        (0..n)
            .map(|i| (0.5 * (2.0 * PI * 1000.0 * i as f64 / rate).sin()) as f32)
            .collect()
    };
    for from_hz in [8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000] {
        let resampled = resample(&tone(f64::from(from_hz), from_hz as usize), from_hz, 16000);
        assert_eq!(resampled.len(), 16000);
        let expected = tone(16000.0, 16000);
        // The ends ring, since the tone starts and stops there.
        for i in 1000..15000 {
            let error = (resampled[i] - expected[i]).abs();
            assert!(
                error < 1e-3,
                "{from_hz} Hz, sample {i}: {} for {}",
                resampled[i],
                expected[i]
            );
        }
    }
}

#[test]
fn what_lies_above_the_new_half_rate_is_removed() {
    use std::f64::consts::PI;
    let tone: Vec<f32> = (0..48000)
        .map(|i| (2.0 * PI * 10000.0 * i as f64 / 48000.0).sin() as f32)
        .collect();
    let resampled = resample(&tone, 48000, 16000);
    let loudest = resampled[1000..15000]
        .iter()
        .fold(0.0_f32, |a, x| a.max(x.abs()));
    assert!(loudest < 1e-4, "{loudest}");
}

#[test]
fn a_plan_is_the_same_at_every_use() {
    let noise: Vec<f32> = (0..20_000)
        .map(|i| (i as f32 * i as f32 * 0.001).sin())
        .collect();
    let mut plan = ResamplePlan::new(16_000, 11_000, 8192);
    let first = plan.apply(&noise);
    plan.apply(&noise[..777]);
    assert_eq!(plan.apply(&noise), first);
    assert_eq!(first.len(), 13_750);
}

#[test]
fn pieces_give_the_bits_of_the_whole() {
    let noise: Vec<f32> = (0..60_000)
        .map(|i| (i as f32 * i as f32 * 0.001).sin())
        .collect();
    for (from_hz, to_hz) in [
        (48_000, 16_000),
        (44_100, 16_000),
        (8000, 16_000),
        (11_025, 16_000),
        (16_000, 44_100),
        (192_000, 4000),
    ] {
        for n in [1, 100, 3071, 3072, 3073, 6144, 44_100, 60_000] {
            let whole = resample(&noise[..n], from_hz, to_hz);
            for piece in [17, 4096, 70_000] {
                let mut resampling = Resampling::new(from_hz, to_hz);
                let mut pieces = Vec::new();
                let mut give = |made: &[f32]| {
                    pieces.extend_from_slice(made);
                    Ok::<(), ()>(())
                };
                for piece in noise[..n].chunks(piece) {
                    resampling.push(piece, &mut give).unwrap();
                }
                resampling.finish(&mut give).unwrap();
                assert_eq!(pieces.len(), whole.len(), "{from_hz} {to_hz} {n} {piece}");
                assert!(pieces == whole, "{from_hz} {to_hz} {n} {piece}");
            }
        }
    }
}
