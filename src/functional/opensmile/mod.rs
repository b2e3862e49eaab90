//! Statistics of contours as openSMILE computes them, oddities included. Section numbers are those of the specifications
//! that [`lld::opensmile`](crate::lld::opensmile) follows; what sets share is in that of eGeMAPSv02.

pub mod compare;
pub mod egemaps;
pub mod emobase;
pub mod extrema;
pub mod limiter;
pub mod moments;
pub mod regression;
pub mod stretches;

use std::ops::{Add, Mul};

/// Frames are taken to lie this far apart, in seconds, even where they do not quite.
pub const FRAME_S: f32 = 0.01;

/// Of sorted values, or of several contours of them, between its neighbours in a straight line.
#[inline(always)]
pub fn percentile<T>(sorted: &[T], share: f64) -> T
where
    T: Copy + Mul<f32, Output = T> + Add<Output = T>,
{
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor(), place.ceil());
    if below == above {
        return sorted[below as usize];
    }
    let (to_below, to_above) = ((above - place) as f32, (place - below) as f32);
    sorted[below as usize] * to_below + sorted[above as usize] * to_above
}
