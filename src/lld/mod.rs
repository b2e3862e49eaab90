//! Low-level descriptors: one number per frame, each with name, unit and definition as data.

#[cfg(feature = "aubio")]
pub mod aubio;
pub mod chroma;
pub mod cpp;
pub mod egemaps;
pub mod energy;
pub mod f0;
pub mod formant;
pub mod mfcc;
pub mod perturbation;
pub mod spectral;

use serde::Serialize;

/// What a low-level descriptor is: the entry that `sentire describe` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lld {
    /// Column name, snake_case; bears the unit where the descriptor has one.
    pub name: String,
    /// Unit in words or symbols; "1" for a pure number.
    pub unit: &'static str,
    /// What is computed, and from where the definition comes.
    pub definition: String,
    /// Whether statistics are taken over voiced frames only.
    pub voiced_only: bool,
}

impl Lld {
    /// A descriptor that is defined on every frame.
    pub fn new(name: impl Into<String>, unit: &'static str, definition: impl Into<String>) -> Lld {
        Lld {
            name: name.into(),
            unit,
            definition: definition.into(),
            voiced_only: false,
        }
    }

    /// The same descriptor, marked as one that has a value on voiced frames only.
    pub fn voiced(self) -> Lld {
        Lld {
            voiced_only: true,
            ..self
        }
    }
}

/// The contours of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct LldTable {
    /// One entry per contour.
    pub llds: Vec<Lld>,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Seconds that a row of the table stands for, from where its frame begins.
    pub row_s: f64,
    /// Where the last row ends, in seconds, if it stands for all that is left of the recording.
    pub last_end_s: Option<f64>,
    /// One contour per descriptor, one value per frame; NaN where undefined.
    pub contours: Vec<Vec<f32>>,
}

impl LldTable {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.contours.first().map_or(0, Vec::len)
    }

    /// What row `frame` stands for: from, to, in seconds.
    pub fn span_s(&self, frame: usize) -> (f64, f64) {
        let start_s = frame as f64 * self.hop_s;
        let is_last = frame + 1 == self.frames();
        let end_s = self.last_end_s.filter(|_| is_last);
        (start_s, end_s.unwrap_or(start_s + self.row_s))
    }

    /// The contours of `llds` alone.
    pub fn only(self, llds: Vec<Lld>) -> LldTable {
        let contour = |lld: &Lld| {
            self.contour(&lld.name)
                .expect("one of its contours")
                .to_vec()
        };
        LldTable {
            contours: llds.iter().map(contour).collect(),
            llds,
            ..self
        }
    }

    /// The contour named `name`.
    pub fn contour(&self, name: &str) -> Option<&[f32]> {
        let index = self.llds.iter().position(|lld| lld.name == name)?;
        Some(&self.contours[index])
    }
}
