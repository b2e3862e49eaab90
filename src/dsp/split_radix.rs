//! The real Fourier transform of eight frames at once, in single precision, by the split-radix
//! algorithm of T. Ooura's package "General Purpose FFT" (`fftsg`, 1996-2001, free for any use).
//!
//! openSMILE's spectra come from that package, and the formants of eGeMAPS depend on their last bits
//! ([`opensmile::formant`](crate::lld::opensmile::formant)). Two transforms round alike if they perform the same operations on
//! the same numbers, in whatever order they walk through memory. So this follows the algorithm, not the package's code:
//! it is written as a recursion, over frames in parallel, with the package's constants. (Everything else uses realfft. In
//! one run, 1024 numbers took realfft 2.9 us a frame in double and 2.4 us in single precision, and this transform 5 us
//! for eight frames.)
//!
//! # The recursion
//!
//! Decimation in frequency (P. Duhamel & H. Hollmann 1984, "Split radix FFT algorithm", Electronics
//! Letters 20). A *plain* block of n numbers has to be transformed; a *twisted* one has to be
//! transformed after its number j is turned by `exp(2 pi i j / 4n)`, which is what is left of the
//! odd half of a block twice as long. A step of radix 4 turns a block into four of a quarter of its
//! length:
//!
//! | block | its quarters become |
//! |---|---|
//! | plain | plain, twisted, plain, plain |
//! | twisted | plain, twisted, plain, twisted |
//!
//! down to one or two numbers, which lie in the order of the reversed bits of their places.

use std::f64::consts::FRAC_PI_4;

use crate::dsp::lanes::{LANES, Lanes};

/// A complex number of each of eight frames: real and imaginary part.
pub type Complex = [Lanes<f32>; 2];

/// Of one frame.
type Scalar = [f32; 2];

#[inline(always)]
fn plus([a, b]: Scalar, [c, d]: Scalar) -> Scalar {
    [a + c, b + d]
}

#[inline(always)]
fn minus([a, b]: Scalar, [c, d]: Scalar) -> Scalar {
    [a - c, b - d]
}

/// `x + i y`.
#[inline(always)]
fn plus_i([a, b]: Scalar, [c, d]: Scalar) -> Scalar {
    [a - d, b + c]
}

/// `x - i y`.
#[inline(always)]
fn minus_i([a, b]: Scalar, [c, d]: Scalar) -> Scalar {
    [a + d, b - c]
}

/// `w x`.
#[inline(always)]
fn times([re, im]: Scalar, w: Root) -> Scalar {
    [re * w.re - im * w.im, im * w.re + re * w.im]
}

/// `conj(w) x`.
#[inline(always)]
fn times_conjugate([re, im]: Scalar, w: Root) -> Scalar {
    [re * w.re + im * w.im, im * w.re - re * w.im]
}

/// `x` turned by an eighth of a circle: the sum first, then the product with `sqrt(1/2)`.
#[inline(always)]
fn turn_by_an_eighth([re, im]: Scalar, half_root: f32) -> Scalar {
    [(re - im) * half_root, (im + re) * half_root]
}

/// `x` turned backwards by three eighths of a circle.
#[inline(always)]
fn turn_back_by_three_eighths([re, im]: Scalar, half_root: f32) -> Scalar {
    [(re + im) * -half_root, (im - re) * -half_root]
}

/// Sums and differences of four numbers a quarter of a plain block apart.
#[inline(always)]
fn butterfly([a, b, c, d]: [Scalar; 4]) -> [Scalar; 4] {
    let (even, odd) = (plus(a, c), plus(b, d));
    let (even_less, odd_less) = (minus(a, c), minus(b, d));
    [
        plus(even, odd),
        minus(even, odd),
        plus_i(even_less, odd_less),
        minus_i(even_less, odd_less),
    ]
}

/// Replaces `numbers` by what `step` makes of them, frame by frame.
///
/// One loop over the frames around all operations, so that the compiler computes the frames side by side. (From operations on
/// [`Lanes`], one after the other, it makes shuffled halves and quarters of them: twice as slow, and it takes a minute.)
#[inline(always)]
fn in_each_frame<const N: usize>(
    numbers: [&mut Complex; N],
    step: impl Fn([Scalar; N]) -> [Scalar; N],
) {
    let mut before = [[Lanes::splat(0.0); 2]; N];
    for (before, number) in before.iter_mut().zip(&numbers) {
        *before = **number;
    }
    let mut after = before;
    for lane in 0..LANES {
        let mut of_frame = [[0.0; 2]; N];
        for (x, [re, im]) in of_frame.iter_mut().zip(&before) {
            *x = [re.0[lane], im.0[lane]];
        }
        for ([re, im], x) in after.iter_mut().zip(step(of_frame)) {
            (re.0[lane], im.0[lane]) = (x[0], x[1]);
        }
    }
    for (number, after) in numbers.into_iter().zip(after) {
        *number = after;
    }
}

/// A root of unity, as the package rounds it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Root {
    re: f32,
    im: f32,
}

impl Root {
    /// The root with real and imaginary part exchanged: its mirror image at an eighth of a circle.
    #[inline(always)]
    fn swapped(self) -> Root {
        Root {
            re: self.im,
            im: self.re,
        }
    }
}

/// The roots for number `j` of a block: `exp(i a)` and `exp(-3 i a)`, a growing with j.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Roots {
    first: Root,
    third: Root,
}

impl Roots {
    #[inline(always)]
    fn swapped(self) -> Roots {
        Roots {
            first: self.first.swapped(),
            third: self.third.swapped(),
        }
    }
}

/// The roots of the blocks of one length.
#[derive(Debug, Clone)]
struct Level {
    /// For numbers 1 to n/4 - 1 of a plain block.
    plain: Vec<Roots>,
    /// For numbers 1 to n/4 - 1 of a twisted block.
    twisted: Vec<Roots>,
}

/// A planned transform of a fixed length.
#[derive(Debug, Clone)]
pub struct SplitRadix {
    /// `sqrt(1/2)`, as the package rounds it.
    half_root: f32,
    /// By the length of the block: n, n/4, n/16, ...
    levels: Vec<Level>,
    /// `(1 - sin) / 2` and `cos / 2`, as they join the halves of a real transform.
    joints: Vec<Root>,
    /// Where the number at each place of the result lies: its bits reversed.
    places: Vec<u32>,
}

impl SplitRadix {
    /// Plans the transform of `length` real numbers.
    ///
    /// # Panics
    ///
    /// If `length` is no power of two, or less than 32.
    pub fn new(length: usize) -> SplitRadix {
        assert!(
            length.is_power_of_two() && length >= 32,
            "transforms have a power of two of numbers, 32 at least, not {length}"
        );
        let n = length / 2;
        let table = Table::new(n);
        let mut levels = Vec::new();
        let mut block = n;
        while block > 2 {
            levels.push(table.level(block));
            block /= 4;
        }
        let bits = n.trailing_zeros();
        SplitRadix {
            half_root: table.half_root,
            levels,
            joints: joints(length),
            places: (0..n as u32)
                .map(|place| place.reverse_bits() >> (32 - bits))
                .collect(),
        }
    }

    /// Transforms the `numbers` of eight frames, which are working space afterwards. Calls `with` for
    /// bins 0 to n/2, in no particular order. Their imaginary parts are `sum x sin(2 pi j k / n)`:
    /// those of the usual convention with the sign changed.
    #[inline(always)]
    pub fn transform(&self, numbers: &mut [Lanes<f32>], mut with: impl FnMut(usize, Complex)) {
        let n = self.places.len();
        assert!(numbers.len() == 2 * n);
        let (pairs, _) = numbers.as_chunks_mut();
        self.blocks(pairs);
        // Numbers k and n - k are the transforms of the even and the odd numbers, mixed.
        let (above, below) = (&self.places[1..n / 2], &self.places[n / 2 + 1..]);
        let places = above.iter().zip(below.iter().rev());
        for (k, ((&place, &mirrored), &joint)) in places.zip(&self.joints).enumerate() {
            let (mut a, mut b) = (pairs[place as usize], pairs[mirrored as usize]);
            in_each_frame(
                [&mut a, &mut b],
                #[inline(always)]
                |[a, b]| {
                    let part = times([a[0] - b[0], a[1] + b[1]], joint);
                    [minus(a, part), [b[0] + part[0], b[1] - part[1]]]
                },
            );
            with(k + 1, a);
            with(n - k - 1, b);
        }
        with(n / 2, pairs[self.places[n / 2] as usize]);
        let ([re, im], zero) = (pairs[0], Lanes::splat(0.0));
        with(0, [re + im, zero]);
        with(n, [re - im, zero]);
    }

    /// Transforms spectra back, not scaled, whose `bins` 0 to n/2 are real: calls `with` for number i, `X_0 / 2 +
    /// sum X_k cos(2 pi i k / n) + (-1)^i X_(n/2) / 2`, in no particular order. `numbers` is working space.
    #[inline(always)]
    pub fn inverse(
        &self,
        bins: &[Lanes<f32>],
        numbers: &mut [Lanes<f32>],
        mut with: impl FnMut(usize, Lanes<f32>),
    ) {
        let n = self.places.len();
        assert!(numbers.len() == 2 * n && bins.len() == n + 1);
        let (pairs, _) = numbers.as_chunks_mut();
        let zero = Lanes::splat(0.0);
        // The steps of the transform go from times to frequencies; back go their conjugates.
        let half = (bins[0] - bins[n]) * 0.5;
        pairs[0] = [bins[0] - half, -half];
        pairs[n / 2] = [bins[n / 2], zero];
        for (k, &joint) in (1..n / 2).zip(&self.joints) {
            let (mut a, mut b) = ([bins[k], zero], [bins[n - k], zero]);
            in_each_frame(
                [&mut a, &mut b],
                #[inline(always)]
                |[[a, _], [b, _]]| {
                    let difference = a - b;
                    let (re, im) = (difference * joint.re, difference * joint.im);
                    [[a - re, -im], [b + re, -im]]
                },
            );
            (pairs[k], pairs[n - k]) = (a, b);
        }
        self.blocks(pairs);
        for (j, &place) in self.places.iter().enumerate() {
            let [re, im] = pairs[place as usize];
            with(2 * j, re);
            with(2 * j + 1, -im);
        }
    }

    /// The steps of radix 4, length by length: blocks of one length do not depend on each other.
    #[inline(always)]
    fn blocks(&self, numbers: &mut [Complex]) {
        let mut length = numbers.len();
        for level in &self.levels {
            for (index, block) in numbers.chunks_exact_mut(length).enumerate() {
                match is_twisted(index) {
                    true => self.twisted_step(block, &level.twisted),
                    false => self.plain_step(block, &level.plain),
                }
            }
            length /= 4;
        }
        if length == 2 {
            for (index, pair) in numbers.chunks_exact_mut(2).enumerate() {
                let [a, b] = pair else { return };
                match is_twisted(index) {
                    true => in_each_frame(
                        [a, b],
                        #[inline(always)]
                        |[a, b]| [plus_i(a, b), minus_i(a, b)],
                    ),
                    false => in_each_frame(
                        [a, b],
                        #[inline(always)]
                        |[a, b]| [plus(a, b), minus(a, b)],
                    ),
                };
            }
        }
    }

    #[inline(always)]
    fn plain_step(&self, block: &mut [Complex], roots: &[Roots]) {
        let m = block.len() / 4;
        let half_root = self.half_root;
        let [q0, q1, q2, q3] = quarters(block);
        in_each_frame([&mut q0[0], &mut q1[0], &mut q2[0], &mut q3[0]], butterfly);
        let numbers = q0.iter_mut().zip(q1).zip(q2).zip(q3).skip(1);
        for ((j, (((q0, q1), q2), q3)), roots) in (1..).zip(numbers).zip(roots) {
            if 2 * j == m {
                in_each_frame(
                    [q0, q1, q2, q3],
                    #[inline(always)]
                    |x| {
                        let [a, b, c, d] = butterfly(x);
                        [
                            a,
                            b,
                            turn_by_an_eighth(c, half_root),
                            turn_back_by_three_eighths(d, half_root),
                        ]
                    },
                );
            } else {
                in_each_frame(
                    [q0, q1, q2, q3],
                    #[inline(always)]
                    |x| {
                        let [a, b, c, d] = butterfly(x);
                        [a, b, times(c, roots.first), times_conjugate(d, roots.third)]
                    },
                );
            }
        }
    }

    #[inline(always)]
    fn twisted_step(&self, block: &mut [Complex], roots: &[Roots]) {
        let half_root = self.half_root;
        let [q0, q1, q2, q3] = quarters(block);
        in_each_frame(
            [&mut q0[0], &mut q1[0], &mut q2[0], &mut q3[0]],
            #[inline(always)]
            |[q0, q1, q2, q3]| {
                let (a, c) = (plus_i(q0, q2), minus_i(q0, q2));
                let b = turn_by_an_eighth(plus_i(q1, q3), half_root);
                let d = turn_by_an_eighth(minus_i(q1, q3), half_root);
                [plus(a, b), minus(a, b), plus_i(c, d), minus_i(c, d)]
            },
        );
        let numbers = q0.iter_mut().zip(q1).zip(q2).zip(q3).skip(1);
        let roots = roots.iter().zip(roots.iter().rev());
        for ((((q0, q1), q2), q3), (here, mirrored)) in numbers.zip(roots) {
            let mirrored = mirrored.swapped();
            in_each_frame(
                [q0, q1, q2, q3],
                #[inline(always)]
                |[q0, q1, q2, q3]| {
                    let a = times(plus_i(q0, q2), here.first);
                    let b = times(plus_i(q1, q3), mirrored.first);
                    let c = times_conjugate(minus_i(q0, q2), here.third);
                    let d = times_conjugate(minus_i(q1, q3), mirrored.third);
                    [plus(a, b), minus(a, b), plus(c, d), minus(c, d)]
                },
            );
        }
    }
}

/// The quarters of a block.
#[inline(always)]
fn quarters(block: &mut [Complex]) -> [&mut [Complex]; 4] {
    let m = block.len() / 4;
    let (first, second) = block.split_at_mut(2 * m);
    let ((q0, q1), (q2, q3)) = (first.split_at_mut(m), second.split_at_mut(m));
    [q0, q1, q2, q3]
}

/// Whether block `index` of its length is a twisted one: so is the second quarter of any block, and
/// the last of a twisted one.
#[inline(always)]
fn is_twisted(index: usize) -> bool {
    // Strip the quarters that are like the block that they belong to.
    let like_its_block = (index + 1).trailing_zeros() / 2;
    (index >> (2 * like_its_block)) % 4 == 1
}

/// The package's table of roots, for the transform of `n` complex numbers.
struct Table {
    n: usize,
    /// The angle of an eighth of a circle over n/4, in single precision, as all its multiples are.
    step: f32,
    half_root: f32,
}

impl Table {
    fn new(n: usize) -> Table {
        let step = (FRAC_PI_4 / (n / 4) as f64) as f32;
        let eighth = step * (n / 4) as f32;
        Table {
            n,
            step,
            half_root: f64::from(eighth).cos() as f32,
        }
    }

    /// The roots at `multiple` steps.
    fn roots(&self, multiple: usize) -> Roots {
        let angle = f64::from(self.step * multiple as f32);
        let triple = f64::from(3.0 * self.step * multiple as f32);
        Roots {
            first: Root {
                re: angle.cos() as f32,
                im: angle.sin() as f32,
            },
            third: Root {
                re: triple.cos() as f32,
                im: -triple.sin() as f32,
            },
        }
    }

    /// The roots of blocks of length `block`.
    fn level(&self, block: usize) -> Level {
        let m = block / 4;
        let steps_apart = self.n / block;
        let twisted = |j: usize| {
            let roots = self.roots(j * steps_apart);
            // The third root of the middle number, and in blocks of 16 that of the number behind it,
            // are the first ones of others, turned.
            let from = match j {
                _ if 2 * j == m => roots.first,
                3 if block == 16 => {
                    let Root { re, im } = self.roots(steps_apart).first;
                    let third = Root { re: -im, im: -re };
                    return Roots { third, ..roots };
                }
                _ => return roots,
            };
            let third = Root {
                re: from.im,
                im: -from.re,
            };
            Roots { third, ..roots }
        };
        Level {
            plain: (1..m).map(|j| self.plain(j, block)).collect(),
            twisted: (1..m).map(twisted).collect(),
        }
    }

    /// The roots of number `j` of a plain block.
    fn plain(&self, j: usize, block: usize) -> Roots {
        let m = block / 4;
        if 2 * j > m {
            return self.plain(m - j, block).swapped();
        }
        if block == 16 && j == 1 {
            let first = self.roots(self.n / 8).first;
            let third = Root {
                re: first.im,
                im: -first.re,
            };
            return Roots { first, third };
        }
        let is_whole = block == self.n;
        if is_whole && j % 2 == 1 && 2 * j < m {
            return self.between(j, m);
        }
        self.roots(2 * j * self.n / block)
    }

    /// The table has every second root of the longest block; those between are sums of their
    /// neighbours over twice the cosine of half the angle from one to the other.
    fn between(&self, j: usize, m: usize) -> Roots {
        let one = Root { re: 1.0, im: 0.0 };
        let before = match j {
            1 => Roots {
                first: one,
                third: one,
            },
            _ => self.roots(2 * (j - 1)),
        };
        let after = match 2 * (j + 1) == m {
            true => Roots {
                first: Root {
                    re: self.half_root,
                    im: self.half_root,
                },
                third: Root {
                    re: -self.half_root,
                    im: -self.half_root,
                },
            },
            false => self.roots(2 * (j + 1)),
        };
        let scale = |multiple: f32| (0.5 / f64::from(self.step * multiple).cos()) as f32;
        let (scale_first, scale_third) = (scale(2.0), scale(6.0));
        Roots {
            first: Root {
                re: scale_first * (before.first.re + after.first.re),
                im: scale_first * (before.first.im + after.first.im),
            },
            third: Root {
                re: scale_third * (before.third.re + after.third.re),
                im: scale_third * (before.third.im + after.third.im),
            },
        }
    }
}

/// What joins bins k and n/2 - k of a real transform of `length` numbers, k from 1.
fn joints(length: usize) -> Vec<Root> {
    let quarter = length / 4;
    let step = (FRAC_PI_4 / (quarter / 2) as f64) as f32;
    let half_cosine = |k: usize| match 2 * k <= quarter {
        true => (0.5 * f64::from(step * k as f32).cos()) as f32,
        false => (0.5 * f64::from(step * (quarter - k) as f32).sin()) as f32,
    };
    (1..quarter)
        .map(|k| Root {
            re: 0.5 - half_cosine(quarter - k),
            im: half_cosine(k),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::lanes::LANES;
    use realfft::RealFftPlanner;

    #[test]
    fn spectra_are_those_of_another_transform() {
        for length in [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 65536] {
            let frames: Vec<Vec<f64>> = (0..LANES)
                .map(|lane| {
                    let at = |i: usize| ((i * i * (lane + 3)) as f64 * 0.37).sin() as f32;
                    (0..length).map(|i| f64::from(at(i))).collect()
                })
                .collect();
            let number = |i: usize| Lanes::from_fn(|lane| frames[lane][i] as f32);
            let mut numbers: Vec<Lanes<f32>> = (0..length).map(number).collect();
            let mut spectrum = vec![[Lanes::default(); 2]; length / 2 + 1];
            SplitRadix::new(length).transform(&mut numbers, |k, bin| spectrum[k] = bin);
            let planned = RealFftPlanner::<f64>::new().plan_fft_forward(length);
            for (lane, frame) in frames.iter().enumerate() {
                let mut expected = planned.make_output_vec();
                planned.process(&mut frame.clone(), &mut expected).unwrap();
                // Single precision: a few units in the last place of the root of the energy.
                let bound = 1e-6 * (length as f64).sqrt();
                for (k, (found, expected)) in spectrum.iter().zip(&expected).enumerate() {
                    let re = f64::from(found[0].0[lane]) - expected.re;
                    let im = f64::from(found[1].0[lane]) + expected.im;
                    assert!(re.hypot(im) < bound, "{length} numbers, bin {k}: {re} {im}");
                }
            }
        }
    }

    #[test]
    fn the_inverse_of_a_real_spectrum_is_its_sum_of_cosines() {
        for length in [32, 64, 512, 1024, 2048, 4096] {
            let half = length / 2;
            let bin = |k: usize, lane: usize| ((k * k + 7 * lane) as f64 * 0.61).sin() as f32;
            let bins: Vec<Lanes<f32>> = (0..=half)
                .map(|k| Lanes::from_fn(|lane| bin(k, lane)))
                .collect();
            let mut numbers = vec![Lanes::default(); length];
            let mut found = vec![Lanes::default(); length];
            SplitRadix::new(length).inverse(&bins, &mut numbers, |i, x| found[i] = x);
            for (i, found) in found.iter().enumerate() {
                let term = |k: usize| {
                    let weight = if k == 0 || k == half { 0.5 } else { 1.0 };
                    let phase =
                        2.0 * std::f64::consts::PI * (i * k % length) as f64 / length as f64;
                    weight * f64::from(bin(k, 5)) * phase.cos()
                };
                let expected: f64 = (0..=half).map(term).sum();
                let bound = 1e-6 * (length as f64).sqrt();
                assert!(
                    (f64::from(found.0[5]) - expected).abs() < bound,
                    "{length}, {i}"
                );
            }
        }
    }

    #[test]
    fn second_quarters_are_twisted_and_last_ones_like_their_block() {
        let kinds = |n: usize| -> String {
            let kind = |index| if is_twisted(index) { 't' } else { 'p' };
            (0..n).map(kind).collect()
        };
        assert_eq!(kinds(1), "p");
        assert_eq!(kinds(4), "ptpp");
        assert_eq!(kinds(16), "ptppptptptppptpp");
    }
}
