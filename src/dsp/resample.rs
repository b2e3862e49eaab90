//! Band-limited resampling of a whole recording (rubato's FFT resampler, its delay taken off).

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Frames transformed at a time, at least, at the lower of the two rates. Longer blocks give a
/// steeper filter.
const BLOCK: usize = 1024;

/// `samples` at `from_hz`, resampled to `to_hz`. The result has `ceil(len * to_hz / from_hz)`
/// samples.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz || samples.is_empty() {
        return samples.to_vec();
    }
    let (from, to) = (from_hz as usize, to_hz as usize);
    // The block is a multiple of the ratio's denominator, by a power of two, since transforms are
    // fastest there, and even: an odd one shifts the sound by half a sample.
    let divisor = gcd(from, to);
    let times = BLOCK.div_ceil(from.min(to) / divisor);
    let block = from / divisor * times.next_power_of_two().max(2);
    let mut resampler = Fft::<f32>::new_custom(
        from,
        to,
        block,
        1,
        1,
        WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .expect("rates and block size are positive");
    let input =
        SequentialSlice::new(samples, 1, samples.len()).expect("one channel of that length");
    resampler
        .process_all(&input, samples.len(), None)
        .expect("the buffers fit the resampler")
        .take_data()
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
