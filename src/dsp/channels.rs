//! Whether the channels of a recording cancel each other when averaged, because they carry the same sound and some are
//! inverted.
//!
//! Swapped wires, a balanced line read as two channels, or a stereo widening effect cause it; the mean is then almost
//! silent, or mostly noise and coding artefacts.
//!
//! The measure, of a block of a quarter of a second, is the energy of the sum of the `n` channels over the sum of
//! their energies, less 1: `r = 2 sum(x_i x_j) / sum(x_i^2)` over all pairs. It is -1 where they cancel, `n - 1` where
//! they are equal, and 0 where they have nothing in common, for any number of channels at any levels: two people on
//! the two sides of a call, one side that is silent, a channel that is dead.

/// Length of a block in seconds: some syllables, so that what two voices have in common by chance stays small.
const BLOCK_S: f64 = 0.25;
/// Below this a block cancels: sound and its inverse at a quarter of the amplitude have -0.47, at a third -0.6, with
/// noise of their own 5 dB below the sound -0.76. Of independent voices hardly a block comes near.
const CANCELS: f64 = -0.5;
/// From this share of `n - 1` on the channels of a block are alike.
const ALIKE: f64 = 0.5;
/// Blocks that cancel hold at least this share of the energy...
const LEAST: f64 = 0.1;
/// ...and this many times that of the blocks in which channels are neither alike nor cancel. Otherwise each has a
/// sound of its own, which would be lost with it.
const OVER_DIFFERENT: f64 = 4.0;
/// A channel so much weaker than the loudest, in power, is not taken: it may be dead.
const WEAK: f64 = 0.1;
/// What lies below is no speech; an offset of one sign on one channel and of the other on the other is no sound.
const LOWEST_HZ: f64 = 100.0;

/// Measures channels that arrive piece by piece.
pub struct Cancellation {
    /// Frames in a block, and those of the current one so far.
    block: usize,
    filled: usize,
    /// The coefficient of a first-order high-pass filter, and what it knows of each channel.
    coefficient: f64,
    filters: Vec<Filter>,
    /// The energy of each channel, and of the sum of all, in the current block.
    energies: Vec<f64>,
    of_sum: f64,
    /// The energy of each channel in all blocks.
    totals: Vec<f64>,
    /// The energy in blocks whose channels cancel, and in such in which they differ.
    cancelling: f64,
    different: f64,
}

#[derive(Clone, Copy, Default)]
struct Filter {
    input: f64,
    output: f64,
}

impl Cancellation {
    /// For `channels` channels at `sample_rate` Hz.
    pub fn new(channels: usize, sample_rate: u32) -> Cancellation {
        let rate = f64::from(sample_rate);
        Cancellation {
            block: ((BLOCK_S * rate).round() as usize).max(1),
            filled: 0,
            coefficient: (-std::f64::consts::TAU * LOWEST_HZ / rate).exp(),
            filters: Vec::with_capacity(channels),
            energies: vec![0.0; channels],
            of_sum: 0.0,
            totals: vec![0.0; channels],
            cancelling: 0.0,
            different: 0.0,
        }
    }

    /// Takes the next frames, channels interleaved.
    pub fn push(&mut self, interleaved: &[f32]) {
        let channels = self.energies.len();
        if self.filters.is_empty() {
            // As if the first sample had always been there: no step of an offset.
            let first = interleaved.iter().take(channels);
            self.filters = first
                .map(|&x| Filter {
                    input: f64::from(x),
                    output: 0.0,
                })
                .collect();
        }
        for frame in interleaved.chunks_exact(channels) {
            let mut sum = 0.0;
            for ((&x, filter), energy) in
                frame.iter().zip(&mut self.filters).zip(&mut self.energies)
            {
                let input = f64::from(x);
                let output = input - filter.input + self.coefficient * filter.output;
                *filter = Filter { input, output };
                *energy += output * output;
                sum += output;
            }
            self.of_sum += sum * sum;
            self.filled += 1;
            if self.filled == self.block {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        let energy: f64 = self.energies.iter().sum();
        if energy > 0.0 {
            let r = self.of_sum / energy - 1.0;
            if r < CANCELS {
                self.cancelling += energy;
            } else if r < ALIKE * (self.energies.len() - 1) as f64 {
                self.different += energy;
            }
        }
        for (total, energy) in self.totals.iter_mut().zip(&mut self.energies) {
            *total += std::mem::take(energy);
        }
        (self.filled, self.of_sum) = (0, 0.0);
    }

    /// The channel to take instead of the mean, if they cancel: the first that is not weak.
    pub fn finish(mut self) -> Option<usize> {
        self.end_block();
        let energy: f64 = self.totals.iter().sum();
        let cancels = self.cancelling > 0.0
            && self.cancelling >= LEAST * energy
            && self.cancelling >= OVER_DIFFERENT * self.different;
        let loudest = self.totals.iter().copied().fold(0.0, f64::max);
        let is_sound = |&total: &f64| total >= WEAK * loudest;
        self.totals.iter().position(is_sound).filter(|_| cancels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    /// Noise of 3 s in bursts of several levels, other for each seed: what voices are to this measure.
    fn voice(seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut smooth = 0.0;
        let sample = |i: usize| {
            // Numerical Recipes' quick generator.
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            smooth = 0.8 * smooth + (state as f32 / u32::MAX as f32 - 0.5);
            let bursts = [0.3, 0.0, 0.1, 0.5, 0.02];
            smooth * bursts[(i / 1700 + seed as usize) % 5]
        };
        (0..24_000).map(sample).collect()
    }

    /// The channel that is taken of these.
    fn taken(channels: &[Vec<f32>]) -> Option<usize> {
        let frames = 0..channels[0].len();
        let interleaved: Vec<f32> = frames
            .flat_map(|i| channels.iter().map(move |channel| channel[i]))
            .collect();
        let whole = {
            let mut meter = Cancellation::new(channels.len(), RATE);
            meter.push(&interleaved);
            meter.finish()
        };
        let mut meter = Cancellation::new(channels.len(), RATE);
        for piece in interleaved.chunks(7 * channels.len()) {
            meter.push(piece);
        }
        assert_eq!(meter.finish(), whole, "in pieces");
        whole
    }

    fn times(x: &[f32], factor: f32) -> Vec<f32> {
        x.iter().map(|x| factor * x).collect()
    }

    fn plus(x: &[f32], y: &[f32]) -> Vec<f32> {
        x.iter().zip(y).map(|(x, y)| x + y).collect()
    }

    #[test]
    fn what_is_inverted_cancels() {
        let x = voice(1);
        for gain in [-1.0, -0.9, -0.5, -2.0] {
            assert_eq!(taken(&[x.clone(), times(&x, gain)]), Some(0), "{gain}");
        }
        // Noise 10 dB below the sound, other on each channel; an offset.
        let [a, b] = [7, 8].map(|seed| times(&voice(seed), 0.3));
        let noisy = [plus(&x, &a), plus(&times(&x, -1.0), &b)];
        assert_eq!(taken(&noisy), Some(0));
        let offset: Vec<f32> = x.iter().map(|x| 0.3 - x).collect();
        assert_eq!(taken(&[x.clone(), offset]), Some(0));
        // For a second of three only.
        let mut partly = x.clone();
        partly[8000..16_000].iter_mut().for_each(|x| *x = -*x);
        assert_eq!(taken(&[x.clone(), partly]), Some(0));
        // Four channels, two of them inverted; a dead one before the others is not taken.
        let inverse = times(&x, -1.0);
        let four = [x.clone(), inverse.clone(), x.clone(), inverse.clone()];
        assert_eq!(taken(&four), Some(0));
        assert_eq!(taken(&[vec![0.0; x.len()], x, inverse]), Some(1));
    }

    #[test]
    fn what_has_a_sound_of_its_own_does_not() {
        let (x, y, z) = (voice(1), voice(2), voice(3));
        let silence = vec![0.0; x.len()];
        let offset: Vec<f32> = x.iter().map(|x| x + 0.5).collect();
        let mut delayed = vec![0.0; 40];
        delayed.extend(&x[..x.len() - 40]);
        // A tone that cancels, on both sides of a call, before the two voices.
        let tone = |sign: f32| {
            let tone = (0..8000).map(|i| sign * 0.3 * (i as f32 * 0.35).sin());
            tone.collect::<Vec<f32>>()
        };
        let call = [
            [tone(1.0), x.clone()].concat(),
            [tone(-1.0), y.clone()].concat(),
        ];
        let cases = [
            vec![x.clone(), x.clone()],
            vec![x.clone(), times(&x, 0.1)],
            vec![x.clone(), y.clone()],
            vec![x.clone(), times(&y, 0.3)],
            vec![x.clone(), silence.clone()],
            vec![silence.clone(), x.clone()],
            vec![silence.clone(), silence.clone()],
            vec![x.clone(), offset],
            vec![x.clone(), delayed],
            vec![x.clone(), y, z, times(&x, -1.0)],
            call.to_vec(),
        ];
        for (number, channels) in cases.iter().enumerate() {
            assert_eq!(taken(channels), None, "case {number}");
        }
        assert_eq!(taken(&[vec![0.5], vec![0.5]]), None);
    }
}
