//! Sorts eight contours of one length side by side, by a network of exchanges that is the same for all of them: Batcher's
//! merge exchange (D. E. Knuth 1998, "The Art of Computer Programming" 3, second edition, section 5.2.2, algorithm M).

use crate::dsp::lanes::{LANES, Lanes};

/// Contours longer than this are sorted one by one: the network's exchanges grow faster than their number.
const MOST_IN_NETWORK: usize = 8192;

/// Sorts each contour, in ascending order. There must be no NaN.
#[inline(always)]
pub fn sort(x: &mut [Lanes<f32>]) {
    match x.len() {
        0 | 1 => {}
        n if n > MOST_IN_NETWORK => sort_one_by_one(x),
        n => sort_by_exchange(x, n.next_power_of_two() / 2),
    }
}

#[inline(always)]
fn sort_by_exchange(x: &mut [Lanes<f32>], widest: usize) {
    let mut p = widest;
    while p > 0 {
        let (mut q, mut r, mut distance) = (widest, 0, p);
        loop {
            let mut first = r;
            while first + distance < x.len() {
                let last = (first + p).min(x.len() - distance);
                let (low, high) = x.split_at_mut(first + distance);
                for (low, high) in low[first..last].iter_mut().zip(high) {
                    (*low, *high) = ordered(*low, *high);
                }
                first += 2 * p;
            }
            if q == p {
                break;
            }
            (distance, r) = (q - p, p);
            q /= 2;
        }
        p /= 2;
    }
}

/// The smaller and the larger of each pair.
#[inline(always)]
fn ordered(a: Lanes<f32>, b: Lanes<f32>) -> (Lanes<f32>, Lanes<f32>) {
    let smaller = |lane: usize| {
        if b.0[lane] < a.0[lane] {
            b.0[lane]
        } else {
            a.0[lane]
        }
    };
    let larger = |lane: usize| {
        if b.0[lane] < a.0[lane] {
            a.0[lane]
        } else {
            b.0[lane]
        }
    };
    (Lanes::from_fn(smaller), Lanes::from_fn(larger))
}

fn sort_one_by_one(x: &mut [Lanes<f32>]) {
    let mut contour = Vec::with_capacity(x.len());
    for lane in 0..LANES {
        contour.clear();
        contour.extend(x.iter().map(|x| x.0[lane]));
        contour.sort_unstable_by(f32::total_cmp);
        for (x, value) in x.iter_mut().zip(&contour) {
            x.0[lane] = *value;
        }
    }
}

#[test]
fn contours_of_any_length_are_sorted() {
    let mut seed: u32 = 1;
    for n in (0..40).chain([100, 333, 512, 1000, 1025, 8200]) {
        let mut x: Vec<Lanes<f32>> = (0..n)
            .map(|_| {
                Lanes::from_fn(|lane| {
                    // Numerical Recipes' quick generator; some values are equal.
                    seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                    (seed >> 22) as f32 - 100.0 * lane as f32
                })
            })
            .collect();
        let sorted = |lane: usize| {
            let mut contour: Vec<f32> = x.iter().map(|x| x.0[lane]).collect();
            contour.sort_by(f32::total_cmp);
            contour
        };
        let expected: Vec<Vec<f32>> = (0..LANES).map(sorted).collect();
        crate::dsp::lanes::vectorised(|| sort(&mut x));
        for (lane, expected) in expected.iter().enumerate() {
            assert!(
                x.iter().map(|x| x.0[lane]).eq(expected.iter().copied()),
                "{n}"
            );
        }
    }
}
