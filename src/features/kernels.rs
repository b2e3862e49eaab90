//! The sets `spectral_kernels` and `prosodic_kernels`. The module [`kernels`] of the functionals has the method and its
//! source.

use super::rich::Analysis;
use super::{Computation, Wanted};
use crate::catalogue::FeatureSet;
use crate::catalogue::kernels::{Kernels, PROSODIC, SPECTRAL};
use crate::functional::kernels;

pub(super) const SPECTRAL_COMPUTATION: Computation = Computation {
    set: FeatureSet::SPECTRAL_KERNELS,
    functionals: |_, analyses, audio, out| values(&SPECTRAL, analyses.rich(audio), out),
    contours: |set, analyses, audio| {
        let contours = &analyses.rich(audio).llds;
        contours.only(set.llds())
    },
    deltas: None,
    wanted: Wanted::NOTHING,
};

pub(super) const PROSODIC_COMPUTATION: Computation = Computation {
    set: FeatureSet::PROSODIC_KERNELS,
    functionals: |_, analyses, audio, out| values(&PROSODIC, analyses.rich(audio), out),
    contours: |set, analyses, audio| {
        let contours = &analyses.rich(audio).llds;
        contours.only(set.llds())
    },
    deltas: None,
    wanted: Wanted::NOTHING,
};

/// NaN where there is no frame.
fn values(set: &Kernels, analysis: &Analysis, out: &mut Vec<f32>) {
    let contours = analysis.in_speech(&set.descriptors);
    kernels::shares_above(&set.kernels, &set.scales, &contours, out);
}
