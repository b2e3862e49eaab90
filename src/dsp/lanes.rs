//! Eight frames side by side: one number of each in a [`Lanes`], so that the processor works on all
//! of them at once.
//!
//! Within a frame every sum keeps its order, so that sums round in the same way whether one frame is computed or eight:
//! the formants of [`egemaps`](crate::lld::opensmile) depend on it. Fused multiply-add, which rounds once instead of twice,
//! is never used.

use std::f32::consts::FRAC_1_SQRT_2;
use std::f64::consts::{FRAC_1_SQRT_2 as SQRT_HALF, LN_2, LOG2_E};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use pulp::Arch;

/// Frames that are computed at once.
pub const LANES: usize = 8;

/// Bits of a single-precision number: its mantissa, and the square root of one half.
const MANTISSA_BITS: u32 = 23;
const MANTISSA: u32 = (1 << MANTISSA_BITS) - 1;
const SQRT_HALF_BITS: u32 = FRAC_1_SQRT_2.to_bits();

/// One number of each of [`LANES`] frames.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(align(32))]
pub struct Lanes<T>(pub [T; LANES]);

impl<T: Copy + Default> Lanes<T> {
    /// The number that `number` has for each frame.
    // (A loop: `array::from_fn` is not always inlined.)
    #[inline(always)]
    pub fn from_fn(mut number: impl FnMut(usize) -> T) -> Lanes<T> {
        let mut lanes = [T::default(); LANES];
        for (lane, place) in lanes.iter_mut().enumerate() {
            *place = number(lane);
        }
        Lanes(lanes)
    }
}

impl<T: Copy> Lanes<T> {
    /// The same number in each frame.
    #[inline(always)]
    pub fn splat(x: T) -> Lanes<T> {
        Lanes([x; LANES])
    }

    /// `function` of each.
    #[inline(always)]
    pub fn map<U: Copy + Default>(self, mut function: impl FnMut(T) -> U) -> Lanes<U> {
        Lanes::from_fn(|lane| function(self.0[lane]))
    }
}

impl Lanes<f32> {
    /// In double precision.
    #[inline(always)]
    pub fn to_f64(self) -> Lanes<f64> {
        self.map(f64::from)
    }

    /// The larger of each pair; of numbers, not NaN.
    #[inline(always)]
    pub fn max(self, other: Lanes<f32>) -> Lanes<f32> {
        let larger = |lane| {
            let (a, b): (f32, f32) = (self.0[lane], other.0[lane]);
            if a > b { a } else { b }
        };
        Lanes::from_fn(larger)
    }

    /// 1 where it is larger than `other`, else 0.
    #[inline(always)]
    pub fn exceeds(self, other: Lanes<f32>) -> Lanes<f32> {
        Lanes::from_fn(|lane| {
            if self.0[lane] > other.0[lane] {
                1.0
            } else {
                0.0
            }
        })
    }

    /// 1 where it is `other`, else 0.
    #[inline(always)]
    pub fn equals(self, other: Lanes<f32>) -> Lanes<f32> {
        Lanes::from_fn(|lane| {
            if self.0[lane] == other.0[lane] {
                1.0
            } else {
                0.0
            }
        })
    }

    /// Whether all are 0.
    #[inline(always)]
    pub fn is_zero(self) -> bool {
        // A disjunction of bits is one instruction, eight comparisons are eight branches. (Of -0 the sign is a bit, too.)
        let bits = self.0.iter().fold(0, |bits, x| bits | x.to_bits());
        bits << 1 == 0
    }

    /// The natural logarithm of each, of normal positive numbers, within 1e-14 (absolute, and relative
    /// where that is larger).
    ///
    /// With `x = m 2^e`, m near 1: `ln m = 2 artanh((m - 1) / (m + 1))`, as a series.
    #[inline(always)]
    pub fn ln(self) -> Lanes<f64> {
        self.map(|x| {
            // Exponent and mantissa such that m lies between sqrt(1/2) and sqrt(2).
            let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
            let e = (shifted as i32) >> MANTISSA_BITS;
            let m = f32::from_bits((shifted & MANTISSA) + SQRT_HALF_BITS);
            let m = f64::from(m);
            let s = (m - 1.0) / (m + 1.0);
            let z = s * s;
            let mut series = 1.0 / 17.0;
            for odd in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
                series = series * z + 1.0 / odd;
            }
            2.0 * s * series + f64::from(e) * LN_2
        })
    }

    /// `ln(1 + x)` of each, of numbers from 0 on, the sum in double precision; within 1e-14 (absolute, and relative where that
    /// is larger). As [`ln`](Lanes::ln).
    #[inline(always)]
    pub fn ln_of_one_more(self) -> Lanes<f64> {
        self.map(|x| {
            const MANTISSA_BITS: u32 = 52;
            const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
            const SQRT_HALF_BITS: u64 = SQRT_HALF.to_bits();
            // A whole number in the lowest bits, added to this, is a number less this.
            const WHOLE: f64 = (1_u64 << MANTISSA_BITS) as f64;
            // The sum is 1 or more, so the exponent is not negative.
            let shifted = (1.0 + f64::from(x)).to_bits() - SQRT_HALF_BITS;
            let e = f64::from_bits((shifted >> MANTISSA_BITS) | WHOLE.to_bits()) - WHOLE;
            let m = f64::from_bits((shifted & MANTISSA) + SQRT_HALF_BITS);
            let s = (m - 1.0) / (m + 1.0);
            let z = s * s;
            let mut series = 1.0 / 17.0;
            for odd in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
                series = series * z + 1.0 / odd;
            }
            2.0 * s * series + e * LN_2
        })
    }

    /// The square root of each.
    #[inline(always)]
    pub fn sqrt(self) -> Lanes<f32> {
        self.map(f32::sqrt)
    }
}

impl Lanes<f64> {
    /// `e` to the power of each, for numbers between -700 and 700, within 1e-13 (relative).
    ///
    /// `exp(x) = 2^n exp(r)`, r at most half of ln 2: a series.
    #[inline(always)]
    pub fn exp(self) -> Lanes<f64> {
        self.map(|x| {
            // Added to a number, this leaves it rounded to a whole one in the lowest bits.
            const TO_WHOLE: f64 = 1.5 * (1_u64 << 52) as f64;
            let rounded = x * LOG2_E + TO_WHOLE;
            let r = x - (rounded - TO_WHOLE) * LN_2;
            let mut series = 1.0;
            for k in [
                13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0,
            ] {
                series = series * (r * (1.0 / k)) + 1.0;
            }
            let power = (rounded.to_bits() << 52).wrapping_add(1.0_f64.to_bits());
            series * f64::from_bits(power)
        })
    }

    /// In single precision.
    #[inline(always)]
    pub fn to_f32(self) -> Lanes<f32> {
        self.map(|x| x as f32)
    }
}

macro_rules! lane_by_lane {
    ($($operator:ident, $method:ident;)*) => {$(
        impl<T: Copy + Default + $operator<Output = T>> $operator for Lanes<T> {
            type Output = Lanes<T>;

            #[inline(always)]
            fn $method(self, other: Lanes<T>) -> Lanes<T> {
                Lanes::from_fn(|lane| self.0[lane].$method(other.0[lane]))
            }
        }

        impl<T: Copy + Default + $operator<Output = T>> $operator<T> for Lanes<T> {
            type Output = Lanes<T>;

            #[inline(always)]
            fn $method(self, other: T) -> Lanes<T> {
                Lanes::from_fn(|lane| self.0[lane].$method(other))
            }
        }
    )*};
}

lane_by_lane! {
    Add, add;
    Sub, sub;
    Mul, mul;
    Div, div;
}

impl<T: Copy + Default + Add<Output = T>> AddAssign for Lanes<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Lanes<T>) {
        *self = *self + other;
    }
}

impl<T: Copy + Default + Neg<Output = T>> Neg for Lanes<T> {
    type Output = Lanes<T>;

    #[inline(always)]
    fn neg(self) -> Lanes<T> {
        self.map(Neg::neg)
    }
}

/// Runs `compute` with the widest instructions that this processor has. What it calls must be
/// `#[inline(always)]`, else it is compiled for the least of them.
///
/// (pulp chooses at run time; its unsafe code stays in it. The results are the same bits on any
/// processor.)
#[inline(always)]
pub fn vectorised<R>(compute: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(compute)
}

#[test]
fn operators_work_lane_by_lane() {
    let ramp = Lanes::from_fn(|lane| lane as f32);
    let sum = vectorised(|| (ramp + 1.0) * ramp - ramp / Lanes::splat(2.0));
    assert_eq!(
        sum,
        Lanes::from_fn(|i| (i * (i + 1)) as f32 - i as f32 / 2.0)
    );
    assert!((ramp * -0.0).is_zero() && !ramp.is_zero());
    assert_eq!((-ramp).max(Lanes::splat(-3.5)).0[2..5], [-2.0, -3.0, -3.5]);
}

#[test]
fn logarithms_and_powers_are_those_of_the_library() {
    for i in 0..20_000 {
        let x =
            Lanes::from_fn(|lane| 1e-30 * 1.01_f32.powi(i % 14_000) * (1.0 + lane as f32 / 7.0));
        let y = Lanes::from_fn(|lane| f64::from(i - 10_000) * 0.06 + lane as f64 * 0.01);
        let (ln, exp) = vectorised(|| (x.ln(), y.exp()));
        for lane in 0..LANES {
            let expected = f64::from(x.0[lane]).ln();
            let bound = 1e-14 * expected.abs().max(1.0);
            assert!((ln.0[lane] - expected).abs() <= bound, "ln {}", x.0[lane]);
            let expected = y.0[lane].exp();
            assert!(
                (exp.0[lane] / expected - 1.0).abs() <= 1e-13,
                "exp {}",
                y.0[lane]
            );
        }
    }
    assert_eq!(Lanes::splat(1.0_f32).ln(), Lanes::splat(0.0));
    assert_eq!(Lanes::splat(0.0_f32).ln_of_one_more(), Lanes::splat(0.0));
    for i in 0..20_000 {
        let x = 1e-12 * 1.0035_f32.powi(i);
        let found = vectorised(|| Lanes::splat(x).ln_of_one_more()).0[i as usize % LANES];
        let expected = (1.0 + f64::from(x)).ln();
        assert!(
            (found - expected).abs() <= 1e-14 * expected.max(1.0),
            "{x}: {found}, not {expected}"
        );
    }
    assert_eq!(Lanes::splat(0.0).exp(), Lanes::splat(1.0));
}
