//! The rows of the tables of emobase and IS09: contours smoothed over three frames, and their changes (sections 8 and 11
//! of the specification of emobase).
//!
//! Of a recording of n frames the table of descriptors has n + 1 rows, that of changes n + 3, and statistics see n - 2 of
//! both, at least one.

use super::smooth::{Rule, delta};

/// Rows that statistics see, of a recording of `n` frames.
pub fn of_statistics(n: usize) -> usize {
    n.saturating_sub(2).max(1)
}

/// The rows of contour `x`, of a recording of `n` frames: n + 1. The last value of a contour is repeated; but the first row
/// waits for no second frame, and takes it for 0 if there is none.
pub fn smoothed(x: &[f32], n: usize) -> Vec<f32> {
    let last = x.len() - 1;
    let row = |i: usize| {
        let after = match (i, x.get(i + 1)) {
            (_, Some(&after)) => after,
            (0, None) => 0.0,
            (_, None) => x[last],
        };
        Rule::Plain.smooth(x[i.saturating_sub(1).min(last)], x[i.min(last)], after)
    };
    (0..=n).map(row).collect()
}

/// How the rows `y` of [`smoothed`] change, per frame: n + 3 rows. Both ends are repeated; but the first two rows wait for
/// no frame of a recording of one or two, and take what is missing for 0.
pub fn changes(y: &[f32]) -> Vec<f32> {
    // Row n is the last.
    let n = y.len() - 1;
    let row = |i: usize| {
        let before = |by: usize| y[i.saturating_sub(by).min(n)];
        let after = |by: usize| match i < 2 && by >= n {
            true => 0.0,
            false => y[(i + by).min(n)],
        };
        delta([before(2), before(1)], [after(1), after(2)])
    };
    (0..n + 3).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_has_the_change_of_1_between_its_ends() {
        let ramp: Vec<f32> = (0..9).map(|i| i as f32).collect();
        let rows = smoothed(&ramp, 9);
        assert_eq!(rows.len(), 10);
        assert_eq!(rows[0], 1.0 / 3.0);
        assert_eq!(rows[1..8], ramp[1..8]);
        // The last value is repeated: twice in row 8, in all of row 9.
        assert_eq!(rows[8..], [(8.0 + 7.0 + 8.0) / 3.0, 8.0]);
        let changes = changes(&rows);
        assert_eq!(changes.len(), 12);
        for change in &changes[3..6] {
            assert!((change - 1.0).abs() < 1e-6, "{changes:?}");
        }
        assert_eq!(changes[11], 0.0);
        assert_eq!(of_statistics(9), 7);
    }

    #[test]
    fn a_contour_with_frames_more_than_there_are_rows_shows_them() {
        assert_eq!(smoothed(&[3.0, 6.0, 9.0, 30.0], 2), [4.0, 6.0, 15.0]);
    }

    #[test]
    fn what_one_and_two_frames_lack_is_0_in_the_first_rows() {
        // Section 11.
        let one = smoothed(&[3.0], 1);
        assert_eq!(one, [2.0, 3.0]);
        let expected = [(-2.0 - 4.0) / 10.0, (-2.0 - 4.0) / 10.0, 0.3, 0.0];
        // Row 0: y_1 = y_2 = 0. Row 1: y_2 = y_3 = 0. Row 2: (y_1 - y_1) + 2 (y_1 - y_0).
        let found = changes(&one);
        assert_eq!(found.len(), 4);
        assert_eq!(found[..2], expected[..2]);
        assert_eq!(found[2..], [2.0 * (3.0 - 2.0) / 10.0, 0.0]);

        let two = smoothed(&[3.0, 6.0], 2);
        assert_eq!(two, [4.0, 5.0, 6.0]);
        // Row 0: y_2 = 0. Row 1: y_3 = 0.
        let rows_0_and_1 = [(1.0 - 8.0) / 10.0, (2.0 - 8.0) / 10.0];
        assert_eq!(changes(&two)[..2], rows_0_and_1);
        assert_eq!(changes(&two)[2..], [(1.0 + 4.0) / 10.0, 0.2, 0.0]);
        assert_eq!((of_statistics(1), of_statistics(2)), (1, 1));
    }
}
