//! What tells the sets of the GeMAPS family apart: which of the features that [`egemaps`](super::egemaps) describes they have, and
//! how these are processed. The specification is `src/lld/opensmile/specifications/gemaps-family.md`.

use super::{Edition, FeatureSet};

/// The letter in the version of a set of the GeMAPS family: how formants, jitter and shimmer are made. They are different
/// features under the same names: a model that learned from the one must not be given the other.
///
/// ```
/// use sentire::catalogue::gemaps::Processing;
/// use sentire::prelude::*;
///
/// assert_eq!(Processing::of(FeatureSet::GEMAPS_V01A), Some(Processing::A));
/// assert_eq!(Processing::of(FeatureSet::EGEMAPS), Some(Processing::B));
/// assert_eq!(Processing::of(FeatureSet::RICH), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processing {
    /// Formants see all of a frame; which periods count for jitter and shimmer is decided by rounding (section 3 of the
    /// specification).
    A,
    /// Formants see the first part of a frame; periods count from a correlation of one half on. eGeMAPSv02 has it too.
    B,
}

impl Processing {
    /// The edition of the sets that are processed so.
    pub(super) const fn edition(self) -> Option<Edition> {
        let values = match self {
            Processing::A => "a",
            Processing::B => "b",
        };
        Some(Edition {
            of: "GeMAPS",
            values,
        })
    }

    /// That of a set of the family.
    pub fn of(set: FeatureSet) -> Option<Processing> {
        let member = MEMBERS.iter().find(|(name, _)| *name == set.name());
        member.map(|(_, member)| member.processing)
    }
}

/// What a set of the family has of what [`egemaps`](super::egemaps) describes.
pub(super) struct Member {
    /// What its features are not computed of: contours, or the mean square.
    no_features_of: &'static [&'static str],
    /// Contours that its table of contours does not have.
    no_contours_of: &'static [&'static str],
    pub(super) processing: Processing,
}

/// What the extended sets have more than the minimalistic ones.
const EXTENSION: &[&str] = &[
    "spectralFlux_sma3",
    "mfcc1_sma3",
    "mfcc2_sma3",
    "mfcc3_sma3",
    "mfcc4_sma3",
    "F2bandwidth_sma3nz",
    "F3bandwidth_sma3nz",
    "mean square",
];
/// Contours of which the older extended sets have statistics, but no table.
const BANDWIDTHS: &[&str] = &["F2bandwidth_sma3nz", "F3bandwidth_sma3nz"];

pub(super) const GEMAPS_V01B: Member = Member {
    no_features_of: EXTENSION,
    no_contours_of: EXTENSION,
    processing: Processing::B,
};
pub(super) const GEMAPS_V01A: Member = Member {
    processing: Processing::A,
    ..GEMAPS_V01B
};
pub(super) const EGEMAPS_V01B: Member = Member {
    no_features_of: &[],
    no_contours_of: BANDWIDTHS,
    processing: Processing::B,
};
pub(super) const EGEMAPS_V01A: Member = Member {
    processing: Processing::A,
    ..EGEMAPS_V01B
};
/// All of it.
pub(super) const EGEMAPS_V02: Member = Member {
    no_features_of: &[],
    no_contours_of: &[],
    processing: Processing::B,
};

/// Each set of the family by its name.
const MEMBERS: [(&str, Member); 5] = [
    ("gemaps", GEMAPS_V01B),
    ("gemaps-v01a", GEMAPS_V01A),
    ("egemaps-v01a", EGEMAPS_V01A),
    ("egemaps-v01b", EGEMAPS_V01B),
    ("egemaps", EGEMAPS_V02),
];

impl Member {
    /// Whether its table of contours has `contour`.
    pub(super) fn has_contour(&self, contour: &str) -> bool {
        !self.no_contours_of.contains(&contour)
    }

    /// Whether it has the features of `contour`.
    pub(super) fn has_features_of(&self, contour: &str) -> bool {
        !self.no_features_of.contains(&contour)
    }
}

/// What processing "a" changes about a contour of this range: where it departs from the paper, and the values that it takes. `None` where
/// the processing makes no difference.
pub(super) fn changed_by_a(
    contour: &str,
    range: &'static str,
) -> Option<(&'static str, &'static str)> {
    match contour {
        "jitterLocal_sma3nz" | "shimmerLocaldB_sma3nz" => Some((PERIODS, range)),
        "F1frequency_sma3nz" | "F2frequency_sma3nz" | "F3frequency_sma3nz" => {
            Some((FORMANT, "50 to 5500; 0 where there is none"))
        }
        "F1bandwidth_sma3nz" | "F2bandwidth_sma3nz" | "F3bandwidth_sma3nz" => {
            Some((FORMANT, "0 to some thousands, mostly 300 to 1500"))
        }
        _ => None,
    }
}

const PERIODS: &str = "not that of eGeMAPSv02: there is no least correlation; the first period of a frame counts if rounding its \
     correlation to single precision happened to lower it, a later one unless it is the worst so far and was not \
     lowered (gemaps-family.md, 3.3)";
const FORMANT: &str = "the polynomial has its signs reversed, and only a part of the band reaches it (at 16 kHz 3.4 kHz): not the \
     resonances, not comparable between sample rates, and not those of eGeMAPSv02, since all of the frame reaches it \
     (gemaps-family.md, 3.1)";
