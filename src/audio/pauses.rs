//! Long pauses cut short: from a recording that is taken as a whole, pauses say more about who waits than about who speaks.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::audio::spool::{Spool, Spooling};
use crate::dsp::activity::EDGE_S;
use crate::error::{Error, Result};

/// The longest pause that is left, in seconds: longer ones seldom lie within a sentence.
pub const LONGEST_PAUSE_S: f64 = 0.3;
/// Over so many seconds one side of a cut fades into the other.
const FADE_S: f64 = 0.005;
/// Samples that are read at once.
const BLOCK: usize = 1 << 16;

/// What becomes of pauses in recordings that are taken as a whole. Those cut into windows or turns keep theirs.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("cut".parse::<Pauses>()?, Pauses::Cut);
/// assert!("short".parse::<Pauses>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pauses {
    /// They stay as long as they are.
    #[default]
    Keep,
    /// Those over [`LONGEST_PAUSE_S`] are cut to that, also before the first word and after the last.
    Cut,
}

impl fmt::Display for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pauses::Keep => "keep",
            Pauses::Cut => "cut",
        })
    }
}

impl FromStr for Pauses {
    type Err = Error;

    fn from_str(text: &str) -> Result<Pauses> {
        match text {
            "keep" => Ok(Pauses::Keep),
            "cut" => Ok(Pauses::Cut),
            _ => Err(Error::Usage(format!(
                "pauses {text:?}: expected keep or cut"
            ))),
        }
    }
}

/// Samples without long pauses.
pub(super) struct Shortened {
    pub samples: Spool,
    /// Where somebody speaks in them.
    pub speech: Vec<Range<usize>>,
}

/// The samples, with pauses between these stretches of speech, before and after them of at most [`LONGEST_PAUSE_S`]; `None`
/// where they have no others, or where nobody speaks.
pub(super) fn shortened(
    samples: &Spool,
    speech: &[Range<usize>],
    sample_rate: u32,
    most_in_memory: usize,
) -> Result<Option<Shortened>, String> {
    let of = |seconds: f64| (seconds * f64::from(sample_rate)).round() as usize;
    // Stretches of speech are longer than what is heard of it.
    let longest = of(LONGEST_PAUSE_S - 2.0 * EDGE_S);
    let kept = kept(samples.len(), speech, longest);
    if kept.iter().map(|piece| piece.len()).sum::<usize>() == samples.len() {
        return Ok(None);
    }
    let fade = of(FADE_S);
    let mut out = Spooling::new(most_in_memory);
    let mut block = Vec::new();
    // What fades out of the piece before.
    let mut tail: Vec<f32> = Vec::new();
    for (place, piece) in kept.iter().enumerate() {
        let last = place + 1 == kept.len();
        // The fade takes the place of the last samples of the one piece and the first of the other.
        let end = if last { piece.end } else { piece.end - fade };
        for start in (piece.start..end).step_by(BLOCK) {
            samples.read(start..end.min(start + BLOCK), &mut block)?;
            if start == piece.start {
                for (at, (x, before)) in block.iter_mut().zip(&tail).enumerate() {
                    let share = (at + 1) as f32 / (tail.len() + 1) as f32;
                    *x = share * *x + (1.0 - share) * before;
                }
            }
            out.push(&block)?;
        }
        if !last {
            samples.read(end..piece.end, &mut tail)?;
        }
    }
    let moved = |stretch: &Range<usize>| {
        let mut before = 0;
        for piece in &kept {
            if stretch.end <= piece.end {
                let start = before + stretch.start - piece.start;
                return start..start + stretch.len();
            }
            before += piece.len() - fade;
        }
        unreachable!("speech is kept")
    };
    Ok(Some(Shortened {
        samples: out.finish()?,
        speech: speech.iter().map(moved).collect(),
    }))
}

/// What is left of `n` samples. Of a pause that is too long the middle goes, of one before or after all speech what is
/// farther from it.
fn kept(n: usize, speech: &[Range<usize>], longest: usize) -> Vec<Range<usize>> {
    let mut kept: Vec<Range<usize>> = Vec::new();
    let mut start = speech
        .first()
        .map_or(0, |first| first.start.saturating_sub(longest));
    for pair in speech.windows(2) {
        let (end, next) = (pair[0].end, pair[1].start);
        if next - end > longest {
            let half = longest / 2;
            kept.push(start..end + longest - half);
            start = next - half;
        }
    }
    let end = speech.last().map_or(n, |last| n.min(last.end + longest));
    kept.push(start..end);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 1000;

    fn cut(n: usize, speech: &[Range<usize>]) -> Option<(Vec<f32>, Vec<Range<usize>>)> {
        let numbers: Vec<f32> = (0..n).map(|x| x as f32).collect();
        let spool = Spool::in_memory(numbers);
        let found = shortened(&spool, speech, RATE, 1 << 20).unwrap();
        found.map(|found| (found.samples.into_vec().unwrap(), found.speech))
    }

    #[test]
    fn short_pauses_stay() {
        assert_eq!(cut(1000, &[]), None, "nobody speaks");
        assert_eq!(cut(1000, &[125..400, 550..875]), None);
    }

    #[test]
    fn long_pauses_are_cut_to_what_is_left() {
        let (samples, speech) = cut(3000, &[400..1000, 1700..2000]).unwrap();
        // 150 before, 600 of speech, 150 less a fade of 5, 300 of speech, 150 after.
        assert_eq!(samples.len(), 150 + 600 + 145 + 300 + 150);
        assert_eq!(speech, [150..750, 895..1195]);
        assert_eq!(samples[0], 250.0);
        for (stretch, from) in speech.iter().zip([400.0, 1700.0]) {
            let expected: Vec<f32> = (0..stretch.len()).map(|i| from + i as f32).collect();
            assert_eq!(samples[stretch.clone()], expected);
        }
        // The cut fades from one side to the other.
        let fade = &samples[750 + 69..750 + 76];
        assert!(fade.windows(2).all(|pair| pair[0] < pair[1]), "{fade:?}");
        assert_eq!((fade[0], fade[6]), (1069.0, 1630.0));
    }
}
