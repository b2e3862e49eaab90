//! The spectrum of one frame, planned once and computed into buffers that are kept.

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

use crate::dsp::window;

/// Planned short-time spectrum: a frame is multiplied by a periodic Hann window of its own width,
/// padded with zeros to the next power of two and transformed (real FFT, not normalised).
///
/// The transform runs in double precision: in single precision its rounding errors, which scale with the loudest bin, fill
/// the valleys of the spectrum and can leave a bin at exactly zero.
pub struct Spectrum {
    window: Vec<f64>,
    fft: Arc<dyn RealToComplex<f64>>,
    input: Vec<f64>,
    output: Vec<Complex64>,
    scratch: Vec<Complex64>,
    /// Distance between two bins in Hz.
    pub bin_hz: f64,
    /// Magnitude of each bin of the last frame, from 0 Hz to half the sample rate.
    pub magnitude: Vec<f32>,
    /// Square of [`magnitude`](Spectrum::magnitude).
    pub power: Vec<f32>,
}

impl Spectrum {
    /// Plans spectra of frames of `width` samples at `sample_rate` Hz.
    pub fn new(sample_rate: u32, width: usize) -> Spectrum {
        let n_fft = width.next_power_of_two().max(2);
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(n_fft);
        let bins = n_fft / 2 + 1;
        Spectrum {
            window: window::hann(width),
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            bin_hz: f64::from(sample_rate) / n_fft as f64,
            magnitude: vec![0.0; bins],
            power: vec![0.0; bins],
        }
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.power.len()
    }

    /// Computes [`magnitude`](Spectrum::magnitude) and [`power`](Spectrum::power) of `frame`.
    pub fn compute(&mut self, frame: &[f32]) {
        debug_assert_eq!(frame.len(), self.window.len());
        for ((slot, x), w) in self.input.iter_mut().zip(frame).zip(&self.window) {
            *slot = f64::from(*x) * w;
        }
        // The transform may use its input as working space.
        self.input[frame.len()..].fill(0.0);
        self.fft
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch)
            .expect("the buffers were made by the plan");
        for ((power, magnitude), bin) in self
            .power
            .iter_mut()
            .zip(&mut self.magnitude)
            .zip(&self.output)
        {
            let square = bin.norm_sqr();
            *power = square as f32;
            *magnitude = square.sqrt() as f32;
        }
    }
}

#[test]
fn a_cosine_on_a_bin_has_half_the_sum_of_the_window_there() {
    let mut spectrum = Spectrum::new(512, 512);
    let frame: Vec<f32> = (0..512)
        .map(|i| (2.0 * std::f32::consts::PI * 32.0 * i as f32 / 512.0).cos())
        .collect();
    spectrum.compute(&frame);
    assert_eq!(spectrum.bin_hz, 1.0);
    // The window sums to 256; a cosine of amplitude 1 has half of that at its bin, a quarter at
    // each neighbour.
    for (bin, expected) in [(31, 64.0), (32, 128.0), (33, 64.0), (40, 0.0)] {
        assert!(
            (spectrum.magnitude[bin] - expected).abs() < 1e-2,
            "bin {bin}: {}",
            spectrum.magnitude[bin]
        );
    }
}
