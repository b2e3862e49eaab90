//! Low-level descriptors: one number per frame. Their names, units and definitions stand in
//! [`catalogue`](crate::catalogue).

#[cfg(feature = "aubio")]
pub mod aubio;
pub mod chroma;
pub mod cpp;
pub mod energy;
pub mod f0;
pub mod formant;
pub mod mfcc;
pub mod opensmile;
pub mod perturbation;
pub mod spectral;

use std::collections::HashMap;

use crate::catalogue::Lld;

/// The contours of one recording.
///
/// ```
/// use sentire::prelude::*;
///
/// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// let contours = Extractor::new(&[FeatureSet::RICH]).llds(&recording.audio);
/// assert_eq!(contours.contours.len(), 95);
/// assert_eq!((contours.hop_s, contours.span_s(0)), (0.01, (0.0, 0.01)));
/// assert_eq!(contours.contour("f0_hz").map(<[f32]>::len), Some(contours.frames()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LldTable {
    /// One entry per contour.
    pub llds: Vec<Lld>,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Seconds that a row of the table covers, from its start.
    pub row_s: f64,
    /// The frame whose time each row bears, where that is not its own: as openSMILE has it where the input ends.
    pub frames_of_rows: Option<Vec<usize>>,
    /// Where the last row ends, in seconds, if it covers the rest of the recording.
    pub last_end_s: Option<f64>,
    /// One contour per descriptor, one value per frame; NaN where undefined.
    pub contours: Vec<Vec<f32>>,
}

impl LldTable {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.contours.first().map_or(0, Vec::len)
    }

    /// The time that row `frame` covers: start and end in seconds.
    pub fn span_s(&self, frame: usize) -> (f64, f64) {
        let timed = self
            .frames_of_rows
            .as_ref()
            .map_or(frame, |of_rows| of_rows[frame]);
        let start_s = timed as f64 * self.hop_s;
        let is_last = frame + 1 == self.frames();
        let end_s = self.last_end_s.filter(|_| is_last);
        (start_s, end_s.unwrap_or(start_s + self.row_s))
    }

    /// The contours of `llds` only, in that order. Panics if one of them is not in the table.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let silence = Audio { samples: vec![0.0; 16_000], sample_rate: 16_000 };
    /// let contours = Extractor::new(&[FeatureSet::RICH]).llds(&silence);
    /// let pitch = contours.llds.iter().filter(|lld| lld.family == Family::Pitch).cloned().collect();
    /// let pitch = contours.only(pitch);
    /// assert!(pitch.contour("f0_hz").is_some() && pitch.contour("mfcc_1").is_none());
    /// ```
    pub fn only(&self, llds: Vec<Lld>) -> LldTable {
        let contour = |lld: &Lld| {
            self.contour(&lld.name)
                .expect("one of its contours")
                .to_vec()
        };
        LldTable {
            contours: llds.iter().map(contour).collect(),
            llds,
            frames_of_rows: self.frames_of_rows.clone(),
            ..*self
        }
    }

    /// The contour named `name`, one value per frame; NaN where undefined.
    pub fn contour(&self, name: &str) -> Option<&[f32]> {
        let index = self.llds.iter().position(|lld| lld.name == name)?;
        Some(&self.contours[index])
    }
}

/// Contours that are being computed, by the names of their descriptors.
#[derive(Debug, Default)]
pub struct Contours(HashMap<String, Vec<f32>>);

impl Contours {
    /// Adds the contour of one descriptor.
    pub fn add(&mut self, name: impl Into<String>, contour: Vec<f32>) {
        self.0.insert(name.into(), contour);
    }

    /// Adds the contours of several, given frame by frame in the order of `names`.
    pub fn add_frames<const N: usize>(
        &mut self,
        names: [impl Into<String>; N],
        frames: &[[f32; N]],
    ) {
        for (k, name) in names.into_iter().enumerate() {
            self.add(name, frames.iter().map(|frame| frame[k]).collect());
        }
    }

    /// The contours of `llds`, in that order, with a row every `hop_s` seconds. Panics unless exactly these were added.
    pub fn into_table(mut self, llds: Vec<Lld>, hop_s: f64) -> LldTable {
        let mut take = |lld: &Lld| {
            let contour = self.0.remove(&lld.name);
            contour.unwrap_or_else(|| panic!("{} is computed", lld.name))
        };
        let contours = llds.iter().map(&mut take).collect();
        assert!(
            self.0.is_empty(),
            "not in the catalogue: {:?}",
            self.0.keys()
        );
        LldTable {
            llds,
            hop_s,
            row_s: hop_s,
            frames_of_rows: None,
            last_end_s: None,
            contours,
        }
    }
}
