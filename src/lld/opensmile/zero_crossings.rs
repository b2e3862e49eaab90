//! The rate at which the waveform crosses zero (section 4.3 of the specification of emobase, 9.2 of that of ComParE).
//!
//! Sample i of a frame counts if it has the other sign than the one before, or if it is 0 and its neighbours are not on one
//! side of zero. So each sample of a run of zeros counts, and digital silence has the highest rate.

/// Where a recording crosses zero.
pub struct ZeroCrossings {
    /// 1 for each sample that does, else 0; from the second sample to the last but one.
    crosses: Vec<u8>,
}

impl ZeroCrossings {
    /// Those of `samples`.
    pub fn new(samples: &[f32]) -> ZeroCrossings {
        let crosses = |around: &[f32; 3]| {
            let changes = around[0] * around[1] < 0.0;
            let passes = (around[1] == 0.0) & (around[0] * around[2] <= 0.0);
            u8::from(changes | passes)
        };
        ZeroCrossings {
            crosses: samples.array_windows().map(crosses).collect(),
        }
    }

    /// The share of the `width` samples of the frame at `start` that cross zero; its first and its last never do.
    pub fn rate(&self, start: usize, width: usize) -> f32 {
        let inner = &self.crosses[start..start + width - 2];
        inner.iter().map(|&crosses| u32::from(crosses)).sum::<u32>() as f32 / width as f32
    }
}

#[test]
fn signs_that_change_and_zeros_count() {
    let rate = |samples: &[f32]| ZeroCrossings::new(samples).rate(0, samples.len());
    assert_eq!(rate(&[1.0, -1.0, 1.0, -1.0, 1.0]), 3.0 / 5.0);
    assert_eq!(rate(&[1.0, 2.0, 3.0, 2.0, 1.0]), 0.0);
    // Of silence all but both ends (section 13).
    assert_eq!(rate(&[0.0; 960]), 958.0 / 960.0);
    // A zero between two signs is one crossing, between equal ones none.
    assert_eq!(rate(&[1.0, 0.0, -1.0, -1.0]), 1.0 / 4.0);
    assert_eq!(rate(&[1.0, 0.0, 1.0, 1.0]), 0.0);
    let crossings = ZeroCrossings::new(&[1.0, -1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        (crossings.rate(0, 4), crossings.rate(2, 4)),
        (2.0 / 4.0, 0.0)
    );
}
