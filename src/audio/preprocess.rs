//! Optional preprocessing of a recording before its features are computed: trim, gain, windows. All of it is off by
//! default; what was used is recorded in tables and models.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dsp::level;
use crate::error::{Error, Result};

/// The level that a recording is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gain {
    /// Its own level, unchanged.
    #[default]
    None,
    /// Largest magnitude at full scale.
    Peak,
    /// Root mean square 20 dB below full scale.
    Rms,
}

impl Gain {
    /// Scales `samples` in place; digital silence stays as it is.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let mut samples = [0.0, 0.25, -0.5];
    /// Gain::Peak.apply(&mut samples);
    /// assert_eq!(samples, [0.0, 0.5, -1.0]);
    /// ```
    pub fn apply(self, samples: &mut [f32]) {
        let peak = level::larger_peak(0.0, samples);
        let squares = level::more_squares(0.0, samples);
        scale(samples, self.factor(peak, squares, samples.len()));
    }

    /// What `n` samples with this largest magnitude and sum of squares are to be multiplied by, if by anything.
    pub(super) fn factor(self, peak: f32, squares: f64, n: usize) -> Option<f64> {
        match self {
            Gain::None => None,
            Gain::Peak => Some(level::gain_of_peak(peak)),
            Gain::Rms => Some(level::gain_of_squares(squares, n)),
        }
    }
}

/// Multiplies samples.
pub(super) fn scale(samples: &mut [f32], factor: Option<f64>) {
    if let Some(factor) = factor {
        for x in samples {
            *x = (f64::from(*x) * factor) as f32;
        }
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Gain::None => "none",
            Gain::Peak => "peak",
            Gain::Rms => "rms",
        })
    }
}

impl FromStr for Gain {
    type Err = Error;

    fn from_str(text: &str) -> Result<Gain> {
        match text {
            "none" => Ok(Gain::None),
            "peak" => Ok(Gain::Peak),
            "rms" => Ok(Gain::Rms),
            _ => Err(Error::Usage(format!(
                "gain {text:?}: expected none, peak or rms"
            ))),
        }
    }
}

/// The windows that a recording is cut into; [`windows`](crate::dsp::frame::windows) defines which samples belong to
/// each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Length of a window in seconds.
    pub width_s: f64,
    /// From the beginning of one to that of the next, in seconds.
    pub hop_s: f64,
}

/// Shorter than a syllable a window says nothing of how something is spoken.
const SHORTEST_WINDOW_S: f64 = 0.1;
/// The hop of the frames that features are made of.
const SHORTEST_HOP_S: f64 = 0.01;

impl Window {
    /// Windows of `width_s` seconds (at least 0.1) that begin every `hop_s` seconds (0.01 to `width_s`, so that there
    /// are no gaps between them); without a hop, side by side. An error outside of these ranges.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let overlapping = Window::new(2.0, Some(1.0))?;
    /// assert_eq!((overlapping.width_s, overlapping.hop_s), (2.0, 1.0));
    /// assert_eq!(Window::new(2.0, None)?.hop_s, 2.0);
    /// assert!(Window::new(1.0, Some(1.5)).is_err(), "half a second between windows would be lost");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(width_s: f64, hop_s: Option<f64>) -> Result<Window> {
        if !(width_s.is_finite() && width_s >= SHORTEST_WINDOW_S) {
            return Err(Error::Usage(format!(
                "window {width_s}: expected at least {SHORTEST_WINDOW_S} (seconds)"
            )));
        }
        let hop_s = hop_s.unwrap_or(width_s);
        if !(SHORTEST_HOP_S..=width_s).contains(&hop_s) {
            return Err(Error::Usage(format!(
                "hop {hop_s}: expected {SHORTEST_HOP_S} to {width_s} (seconds); a hop beyond the window would leave gaps"
            )));
        }
        Ok(Window { width_s, hop_s })
    }
}

/// How a recording, or the part of one that a manifest lists, is cut into the stretches that rows describe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Segmentation {
    /// Not at all.
    #[default]
    Whole,
    /// Into windows of equal length.
    Windows(Window),
    /// Into stretches of speech.
    Speech(Turns),
}

/// Stretches of speech, found by voice activity ([`turns`](crate::dsp::activity::turns)).
///
/// ```
/// use sentire::prelude::*;
///
/// let turns: Turns = "speech:max=10".parse()?;
/// assert_eq!((turns.min_s, turns.max_s, turns.gap_s), (0.3, 10.0, 0.5));
/// assert_eq!(turns.to_string(), "speech:min=0.3,max=10,gap=0.5");
/// assert!("speech:gap=-1".parse::<Turns>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    /// The shortest that is kept, in seconds.
    pub min_s: f64,
    /// The longest, in seconds; what is longer is parted at its longest pauses.
    pub max_s: f64,
    /// Pauses shorter than this, in seconds, belong to a turn.
    pub gap_s: f64,
    /// The windows that each is cut into, if any.
    pub window: Option<Window>,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns {
            min_s: 0.3,
            max_s: 15.0,
            gap_s: 0.5,
            window: None,
        }
    }
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Turns {
            min_s,
            max_s,
            gap_s,
            ..
        } = self;
        write!(f, "speech:min={min_s},max={max_s},gap={gap_s}")
    }
}

impl FromStr for Turns {
    type Err = Error;

    fn from_str(text: &str) -> Result<Turns> {
        let wrong = |what: &str| {
            Error::Usage(format!(
                "segment {text:?}: {what}; expected speech, or speech:min=S,max=S,gap=S with seconds from 0, and max at least 1 \
                 and min"
            ))
        };
        let given = match text.strip_prefix("speech") {
            Some("") => "",
            Some(given) => given.strip_prefix(':').ok_or_else(|| wrong("unknown"))?,
            None => return Err(wrong("unknown")),
        };
        let mut turns = Turns::default();
        for pair in given.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| wrong(pair))?;
            let value: f64 = value.parse().map_err(|_| wrong(pair))?;
            if !(value.is_finite() && value >= 0.0) {
                return Err(wrong(pair));
            }
            match key {
                "min" => turns.min_s = value,
                "max" => turns.max_s = value,
                "gap" => turns.gap_s = value,
                _ => return Err(wrong(&format!("unknown key {key:?}"))),
            }
        }
        match turns.max_s >= turns.min_s.max(1.0) {
            true => Ok(turns),
            false => Err(wrong("max is too small")),
        }
    }
}

impl Segmentation {
    /// The same within stretches of speech: windows are cut inside them.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let window = Window::new(2.0, None)?;
    /// let Segmentation::Speech(turns) = Segmentation::Windows(window).within(Turns::default()) else {
    ///     panic!("turns were asked for");
    /// };
    /// assert_eq!(turns.window, Some(window));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn within(self, turns: Turns) -> Segmentation {
        Segmentation::Speech(Turns {
            window: self.window(),
            ..turns
        })
    }

    /// The segmentation that the flags `--window` and `--hop` ask for; a hop without a window is an error.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let windows = Segmentation::Windows(Window::new(3.0, None)?);
    /// assert_eq!(Segmentation::from_flags(Some(3.0), None)?, windows);
    /// assert_eq!(Segmentation::from_flags(None, None)?, Segmentation::Whole);
    /// assert!(Segmentation::from_flags(None, Some(1.0)).is_err(), "a hop needs a window");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_flags(width_s: Option<f64>, hop_s: Option<f64>) -> Result<Segmentation> {
        match (width_s, hop_s) {
            (Some(width_s), hop_s) => Window::new(width_s, hop_s).map(Segmentation::Windows),
            (None, None) => Ok(Segmentation::Whole),
            (None, Some(_)) => Err(Error::Usage(
                "--hop says how far windows lie apart; give --window S too".into(),
            )),
        }
    }

    /// How long a stretch may be, in seconds; `None` where it may be the whole.
    pub fn longest_s(self) -> Option<f64> {
        match (self, self.window()) {
            (_, Some(window)) => Some(window.width_s),
            (Segmentation::Speech(turns), None) => Some(turns.max_s),
            _ => None,
        }
    }

    /// The windows, if it, or its turns, are cut into some.
    pub fn window(self) -> Option<Window> {
        match self {
            Segmentation::Whole => None,
            Segmentation::Windows(window) => Some(window),
            Segmentation::Speech(turns) => turns.window,
        }
    }
}

#[test]
fn windows_have_sensible_bounds() {
    let by_default = Window::new(2.0, None).unwrap();
    assert_eq!((by_default.width_s, by_default.hop_s), (2.0, 2.0));
    assert!(Window::new(0.1, Some(0.01)).is_ok());
    for (width, hop) in [
        (0.05, None),
        (0.0, None),
        (-1.0, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
        (1.0, Some(0.0)),
        (1.0, Some(1.5)),
        (1.0, Some(f64::NAN)),
    ] {
        assert!(Window::new(width, hop).is_err(), "{width} {hop:?}");
    }
    assert!(Segmentation::from_flags(None, Some(1.0)).is_err());
    let whole = Segmentation::from_flags(None, None).unwrap();
    assert_eq!(whole, Segmentation::Whole);
}

#[test]
fn a_gain_reaches_its_level() {
    let mut samples = [0.0, 0.25, -0.5];
    Gain::None.apply(&mut samples);
    assert_eq!(samples, [0.0, 0.25, -0.5]);
    Gain::Peak.apply(&mut samples);
    assert_eq!(samples, [0.0, 0.5, -1.0]);
    let mut square = [0.3, -0.3];
    Gain::Rms.apply(&mut square);
    assert!(square.iter().all(|x| (x.abs() - 0.1).abs() < 1e-7));
    let mut faint = [1e-40_f32, -1e-41];
    Gain::Peak.apply(&mut faint);
    assert!((faint[0] - 1.0).abs() < 1e-3, "{faint:?}");
}
