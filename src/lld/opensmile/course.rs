//! How smoothing and deltas of ComParE run out when the input ends (section 10.4 of its specification).
//!
//! The program works row by row, and what is made of a row is what is there at that moment: pitch is decided late, the voice
//! is measured later still, and the statistics take the rows that exist when they first can. What is kept here are counts:
//! of each row that a stage delivered, how many rows its inputs had. The values follow from these.

/// The contours of pitch and voice; of level; of the spectrum.
const GROUPS: usize = 3;
/// Rows on either side that smoothing and deltas look at.
const SMOOTHING: usize = 1;
const DELTAS: usize = 2;

/// What a stage saw of an input when it delivered a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Rows that were there.
    rows: usize,
    /// Later ones were taken for zeros, instead of the last of them.
    zeros_follow: bool,
}

impl Seen {
    /// The row that stood for row `i`, which may lie before the first; `None` for zeros.
    pub fn row(self, i: isize) -> Option<usize> {
        match usize::try_from(i).unwrap_or(0) {
            i if i < self.rows => Some(i),
            _ if self.zeros_follow => None,
            _ => Some(self.rows - 1),
        }
    }
}

/// What each stage saw, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Smoothing of pitch (of the voice, see `voice`), of level, of the spectrum.
    pub smoothed: [Vec<Seen>; GROUPS],
    /// What the smoothing of the voice saw of the voice, where that of pitch saw `smoothed[0]`.
    pub voice: Vec<Seen>,
    /// What the smoothing of level saw of the zero crossings.
    pub crossings: Vec<Seen>,
    /// Deltas of the same.
    pub deltas: [Vec<Seen>; GROUPS],
    /// Rows that the statistics of each block see.
    pub blocks: Blocks,
}

/// Rows that the statistics see (section 1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Level and its deltas.
    pub level: usize,
    /// Spectrum and its deltas.
    pub spectrum: usize,
    /// Pitch, voice and their deltas.
    pub voice: usize,
    /// Pitch alone.
    pub pitch: usize,
    /// Level and spectrum.
    pub means: usize,
    /// Their deltas.
    pub delta_means: usize,
}

/// The course of a recording of `long` frames of 60 ms, the pitch of `decided` of them known before its end, and `short` of
/// 20 ms.
pub fn course(long: usize, short: usize, decided: usize) -> Course {
    let mut run = Run {
        pitch: decided,
        voice: decided,
        long,
        short,
        smoothed: Default::default(),
        deltas: Default::default(),
        blocks: [None; 6],
    };
    run.deliver_all();
    run.finish();
    run.voice = long;
    run.deliver_all();
    run.finish();
    let [pitch, level, spectrum] = run.smoothed;
    let split = |rows: Vec<[Seen; 2]>| rows.into_iter().map(|[a, b]| (a, b)).unzip();
    let (pitch, voice) = split(pitch);
    let (level, crossings) = split(level);
    let (spectrum, _): (Vec<Seen>, Vec<Seen>) = split(spectrum);
    let rows = run.blocks.map(Option::unwrap_or_default);
    Course {
        smoothed: [pitch, level, spectrum],
        voice,
        crossings,
        deltas: run.deltas,
        blocks: Blocks {
            level: rows[0],
            spectrum: rows[1],
            voice: rows[2],
            pitch: rows[3],
            means: rows[4],
            delta_means: rows[5],
        },
    }
}

struct Run {
    /// Rows of pitch and of the voice that are there.
    pitch: usize,
    voice: usize,
    /// Frames of both streams.
    long: usize,
    short: usize,
    smoothed: [Vec<[Seen; 2]>; GROUPS],
    deltas: [Vec<Seen>; GROUPS],
    /// Rows of each block, once they are known.
    blocks: [Option<usize>; 6],
}

impl Run {
    /// Each stage delivers all it can while more input is to be expected.
    fn deliver_all(&mut self) {
        for group in 0..GROUPS {
            while self.smooth(group, false) {}
            while self.differ(group, false) {}
        }
    }

    /// Goes on, row by row, until nothing moves any more.
    fn finish(&mut self) {
        loop {
            let mut moves = self.pitch < self.long;
            self.pitch += usize::from(moves);
            for group in 0..GROUPS {
                moves |= self.smooth(group, true);
            }
            for group in 0..GROUPS {
                moves |= self.differ(group, true);
            }
            self.take_blocks();
            if !moves {
                return;
            }
        }
    }

    /// Delivers a smoothed row of a group, if it can.
    fn smooth(&mut self, group: usize, has_ended: bool) -> bool {
        let inputs = match group {
            0 => [self.pitch, self.voice],
            1 => [self.short, self.long],
            _ => [self.short, self.short],
        };
        let i = self.smoothed[group].len();
        let seen = inputs.map(|rows| seen(i, SMOOTHING, rows, has_ended));
        let [Some(first), Some(second)] = seen else {
            return false;
        };
        self.smoothed[group].push([first, second]);
        true
    }

    /// Delivers a row of deltas of a group, if it can.
    fn differ(&mut self, group: usize, has_ended: bool) -> bool {
        let i = self.deltas[group].len();
        let seen = seen(i, DELTAS, self.smoothed[group].len(), has_ended);
        self.deltas[group].extend(seen);
        seen.is_some()
    }

    /// Notes the rows of the blocks that see their first one.
    fn take_blocks(&mut self) {
        let smoothed = [0, 1, 2].map(|group| self.smoothed[group].len());
        let deltas = [0, 1, 2].map(|group| self.deltas[group].len());
        let rows = [
            smoothed[1].min(deltas[1]),
            smoothed[2].min(deltas[2]),
            smoothed[0].min(deltas[0]),
            smoothed[0],
            smoothed[1].min(smoothed[2]),
            deltas[1].min(deltas[2]),
        ];
        for (block, rows) in self.blocks.iter_mut().zip(rows) {
            if block.is_none() && rows > 0 {
                *block = Some(rows);
            }
        }
    }
}

/// What a stage of this reach sees of an input of so many rows when it delivers row `i`; `None` if it cannot.
fn seen(i: usize, reach: usize, rows: usize, has_ended: bool) -> Option<Seen> {
    if rows == 0 {
        return None;
    }
    if i + reach < rows {
        return Some(Seen {
            rows,
            zeros_follow: false,
        });
    }
    (has_ended && i.saturating_sub(reach) < rows).then_some(Seen {
        rows,
        zeros_follow: i < reach,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_is_the_closed_form_of_the_specification() {
        // Section 10.5.
        for a in (5..14).chain([40]) {
            for m in 3..a {
                for b in a + 3..=a + 5 {
                    let course = course(a, b, m);
                    let rows = Blocks {
                        level: a - 2,
                        spectrum: b - 2,
                        voice: m - 2,
                        pitch: m,
                        means: a,
                        delta_means: a - 2,
                    };
                    assert_eq!(course.blocks, rows, "{a} {b} {m}");
                    let [pitch, level, spectrum] = &course.smoothed;
                    let shortest = pitch.len().min(level.len()).min(spectrum.len());
                    assert_eq!((pitch.len(), shortest), (a + 1, a + 1));
                    let [pitch, level, spectrum] = &course.deltas;
                    let shortest = pitch.len().min(level.len()).min(spectrum.len());
                    assert_eq!((pitch.len(), shortest), (a + 3, a + 3));
                    // Row M-1 of the voice sees frame M-1 twice, row M nothing else.
                    let voice = |row: usize, i: usize| course.voice[row].row(i as isize);
                    assert_eq!(voice(m - 1, m), Some(m - 1));
                    assert_eq!(voice(m, m), Some(m - 1));
                    let pitch = |row: usize, i: usize| course.smoothed[0][row].row(i as isize);
                    assert_eq!(pitch(m - 1, m), Some(m));
                    // In the deltas M-1 to M+2 row M stands for all later ones.
                    for row in m - 1..=m + 2 {
                        assert_eq!(
                            course.deltas[0][row].row(row as isize + 2),
                            Some(m),
                            "{a} {m}"
                        );
                    }
                    if (2..=5).contains(&(a - m)) {
                        let later = course.deltas[0][m + 3].row(m as isize + 5);
                        assert_eq!(later, Some((a - 1).min(m + 5)), "{a} {m}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_single_frame_has_two_rows_and_four_deltas() {
        // Section 13.
        let course = course(1, 5, 0);
        assert_eq!(course.smoothed[0].len(), 2);
        assert_eq!(course.deltas[0].len(), 4);
        let rows = Blocks {
            level: 1,
            spectrum: 3,
            voice: 1,
            pitch: 1,
            means: 1,
            delta_means: 1,
        };
        assert_eq!(course.blocks, rows);
    }
}
