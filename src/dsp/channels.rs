//! What the channels of a recording have to do with each other: whether they cancel when averaged, because they carry the
//! same sound and some are inverted; and when one carries what is said into another (crosstalk).
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
/// From this share of the energy on that lies in blocks in which channels have little in common, they carry different
/// sounds; of a voice with reverberation on two channels it is less.
const DIFFER: f64 = 0.5;
/// A channel with less of the loudest one's power, -25 dB, carries no voice of its own, but noise or crosstalk.
const FAINT: f64 = 3e-3;
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

/// What channels have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// The channel to take instead of the mean, if they cancel: the first that is not weak.
    pub instead_of_mean: Option<usize>,
    /// Whether several carry a sound of their own.
    pub differ: bool,
}

/// What is left of a channel when an earlier one is taken off, at the best level, in power: less than this, -30 dB, and it is
/// a copy.
const REST_OF_COPY: f64 = 1e-3;

/// Finds the channel that another one repeats.
pub struct Copies {
    own: usize,
    /// For each earlier channel its energy, and its product with this one.
    earlier: Vec<[f64; 2]>,
    energy: f64,
    channels: usize,
}

impl Copies {
    /// Of the channel `own` of `channels` among those before it.
    pub fn new(own: usize, channels: usize) -> Copies {
        Copies {
            own,
            earlier: vec![[0.0; 2]; own],
            energy: 0.0,
            channels,
        }
    }

    /// Takes the next frames, channels interleaved.
    pub fn push(&mut self, interleaved: &[f32]) {
        for frame in interleaved.chunks_exact(self.channels) {
            let own = f64::from(frame[self.own]);
            self.energy += own * own;
            for ([energy, product], &x) in self.earlier.iter_mut().zip(frame) {
                *energy += f64::from(x).powi(2);
                *product += own * f64::from(x);
            }
        }
    }

    /// The first channel that is repeated, and whether upside down. Silence repeats silence.
    pub fn finish(self) -> Option<(usize, bool)> {
        let rest = |[energy, product]: &[f64; 2]| match *energy > 0.0 {
            true => self.energy - product * product / energy,
            false => self.energy,
        };
        let is_repeated = |of: &[f64; 2]| match self.energy > 0.0 {
            true => of[0] > 0.0 && rest(of) < REST_OF_COPY * self.energy,
            false => of[0] == 0.0,
        };
        let channel = self.earlier.iter().position(is_repeated)?;
        Some((channel, self.earlier[channel][1] < 0.0))
    }
}

impl Filter {
    fn pass(&mut self, input: f64, coefficient: f64) -> f64 {
        let output = input - self.input + coefficient * self.output;
        *self = Filter { input, output };
        output
    }
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
                let output = filter.pass(f64::from(x), self.coefficient);
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

    /// What was found.
    pub fn finish(mut self) -> Compared {
        self.end_block();
        let energy: f64 = self.totals.iter().sum();
        let cancels = self.cancelling > 0.0
            && self.cancelling >= LEAST * energy
            && self.cancelling >= OVER_DIFFERENT * self.different;
        let loudest = self.totals.iter().copied().fold(0.0, f64::max);
        let is_other = |total: &&f64| **total >= FAINT * loudest && **total > 0.0;
        let is_sound = |&total: &f64| total >= WEAK * loudest;
        Compared {
            instead_of_mean: self.totals.iter().position(is_sound).filter(|_| cancels),
            differ: self.totals.iter().filter(|total| is_other(total)).count() > 1
                && self.different > DIFFER * energy,
        }
    }
}

/// Blocks of crosstalk, in seconds, and how many of them are taken together: a fifth of a second.
const SHORT_BLOCK_S: f64 = 0.01;
const TOGETHER: usize = 21;
/// Of what is this much weaker than another channel at the same time, in power, somebody else is the source.
const CROSSTALK: f64 = 0.01;

/// When another channel is so much louder than this one that what is heard here is said there.
pub struct Crosstalk {
    own: usize,
    sample_rate: f64,
    coefficient: f64,
    filters: Vec<Filter>,
    block: usize,
    filled: usize,
    energies: Vec<f64>,
    /// The energy of this channel, and that of the loudest other one, in each block.
    blocks: Vec<[f32; 2]>,
}

impl Crosstalk {
    /// Into the channel `own` of `channels`, at `sample_rate` Hz.
    pub fn new(own: usize, channels: usize, sample_rate: u32) -> Crosstalk {
        let rate = f64::from(sample_rate);
        Crosstalk {
            own,
            sample_rate: rate,
            coefficient: (-std::f64::consts::TAU * LOWEST_HZ / rate).exp(),
            filters: vec![Filter::default(); channels],
            block: ((SHORT_BLOCK_S * rate).round() as usize).max(1),
            filled: 0,
            energies: vec![0.0; channels],
            blocks: Vec::new(),
        }
    }

    /// Takes the next frames, channels interleaved.
    pub fn push(&mut self, interleaved: &[f32]) {
        for frame in interleaved.chunks_exact(self.energies.len()) {
            let channels = frame.iter().zip(&mut self.filters).zip(&mut self.energies);
            for ((&x, filter), energy) in channels {
                *energy += filter.pass(f64::from(x), self.coefficient).powi(2);
            }
            self.filled += 1;
            if self.filled == self.block {
                let own = self.energies[self.own];
                self.energies[self.own] = 0.0;
                let other = self.energies.iter().copied().fold(0.0, f64::max);
                self.blocks.push([own as f32, other as f32]);
                self.energies.fill(0.0);
                self.filled = 0;
            }
        }
    }

    /// What was found.
    pub fn finish(self) -> Others {
        let n = self.blocks.len();
        let is_other = |block: usize| {
            let around = block.saturating_sub(TOGETHER / 2)..(block + TOGETHER / 2 + 1).min(n);
            let sum = |which: usize| {
                let energies = self.blocks[around.clone()].iter();
                energies
                    .map(|energies| f64::from(energies[which]))
                    .sum::<f64>()
            };
            sum(0) < CROSSTALK * sum(1)
        };
        Others {
            block_s: self.block as f64 / self.sample_rate,
            is_other: (0..n).map(is_other).collect(),
        }
    }
}

/// When somebody is heard who speaks on another channel.
#[derive(Debug, Default)]
pub struct Others {
    /// Length of a block, in seconds.
    block_s: f64,
    /// Of each block; without any nobody is.
    is_other: Vec<bool>,
}

impl Others {
    /// Whether it is so at this time, in seconds.
    pub fn are_heard_at(&self, seconds: f64) -> bool {
        let block = (seconds / self.block_s) as usize;
        self.is_other.get(block).is_some_and(|&is_other| is_other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_on_the_other_channel_is_crosstalk() {
        let (x, y) = (voice(1), voice(2));
        let silence = vec![0.0; x.len()];
        // One speaks in the first half, the other in the second; each hears the other 30 dB softer.
        let half = x.len() / 2;
        let sides = [
            [&x[..half], &silence[half..]].concat(),
            [&silence[..half], &y[half..]].concat(),
        ];
        let heard = [
            plus(&sides[0], &times(&sides[1], 0.0316)),
            plus(&sides[1], &times(&sides[0], 0.0316)),
        ];
        let interleaved: Vec<f32> = (0..x.len())
            .flat_map(|i| [heard[0][i], heard[1][i]])
            .collect();
        for own in 0..2 {
            let mut crosstalk = Crosstalk::new(own, 2, RATE);
            interleaved
                .chunks(14)
                .for_each(|piece| crosstalk.push(piece));
            let is_other = crosstalk.finish().is_other;
            assert_eq!(is_other.len(), 300);
            let share = |blocks: &[bool]| {
                blocks.iter().filter(|&&b| b).count() as f64 / blocks.len() as f64
            };
            let (first, second) = is_other.split_at(150);
            let (mine, theirs) = if own == 0 {
                (first, second)
            } else {
                (second, first)
            };
            assert!(share(mine) < 0.15 && share(theirs) > 0.85, "{own}");
        }
        let mut alike = Crosstalk::new(0, 2, RATE);
        let both: Vec<f32> = x.iter().flat_map(|&x| [x, x]).collect();
        alike.push(&both);
        assert!(alike.finish().is_other.iter().all(|&is_other| !is_other));
    }

    #[test]
    fn crosstalk_keeps_time_where_a_block_is_no_whole_number_of_samples() {
        // 100 s at 11025 Hz, of which the other channel is heard in the last 10; 10 ms are 110.25 samples.
        let rate = 11_025;
        let interleaved: Vec<f32> = (0..100 * rate)
            .flat_map(|i| {
                let x = 0.3 * (i as f32 * 0.35).sin();
                if i < 90 * rate {
                    [x, 0.0]
                } else {
                    [0.01 * x, x]
                }
            })
            .collect();
        let mut crosstalk = Crosstalk::new(0, 2, rate);
        crosstalk.push(&interleaved);
        let others = crosstalk.finish();
        for (seconds, expected) in [(0.5, false), (89.8, false), (90.2, true), (99.9, true)] {
            assert_eq!(others.are_heard_at(seconds), expected, "{seconds} s");
        }
        assert!(!others.are_heard_at(200.0) && !Others::default().are_heard_at(1.0));
    }

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

    #[test]
    fn copies_are_found_at_any_level() {
        let (x, y) = (voice(1), voice(2));
        let silence = vec![0.0; x.len()];
        let copy = |channels: &[Vec<f32>]| {
            let n = channels.len();
            let mut copies = Copies::new(n - 1, n);
            let interleaved: Vec<f32> = (0..x.len())
                .flat_map(|i| channels.iter().map(move |channel| channel[i]))
                .collect();
            copies.push(&interleaved);
            copies.finish()
        };
        assert_eq!(copy(&[x.clone(), x.clone()]), Some((0, false)));
        assert_eq!(copy(&[x.clone(), times(&x, -0.2)]), Some((0, true)));
        assert_eq!(
            copy(&[y.clone(), x.clone(), times(&x, 0.5)]),
            Some((1, false))
        );
        assert_eq!(copy(&[x.clone(), y.clone()]), None);
        assert_eq!(copy(&[x.clone(), plus(&x, &times(&y, 0.2))]), None);
        assert_eq!(copy(&[x.clone(), silence.clone()]), None);
        assert_eq!(copy(&[silence.clone(), silence]), Some((0, false)));
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
        whole.instead_of_mean
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
