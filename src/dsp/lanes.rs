//! Eight frames side by side: one number of each in a [`Lanes`], so that the processor works on all
//! of them at once.
//!
//! Within a frame every sum keeps its order: where rounding decides, as in the formants of
//! [`egemaps`](crate::lld::egemaps), a sum over frames in parallel rounds as one over a frame alone
//! does. Fused multiply-add, which rounds once instead of twice, is never used.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use pulp::Arch;

/// Frames that are computed at once.
pub const LANES: usize = 8;

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

    /// The square root of each.
    #[inline(always)]
    pub fn sqrt(self) -> Lanes<f32> {
        self.map(f32::sqrt)
    }
}

impl Lanes<f64> {
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
    assert_eq!((-ramp).max(Lanes::splat(-3.5)).0[2..5], [-2.0, -3.0, -3.5]);
}
