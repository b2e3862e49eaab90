//! Log-correlation, the set `covariance`. The module [`covariance`] of the functionals has the method and its source.

use super::rich::Analysis;
use super::{Computation, Wanted};
use crate::catalogue::FeatureSet;
use crate::catalogue::covariance::DESCRIPTORS;
use crate::functional::covariance;

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::COVARIANCE,
    functionals: |_, analyses, audio, out| values(analyses.rich(audio), out),
    contours: |set, analyses, audio| analyses.rich(audio).llds.only(set.llds()),
    deltas: None,
    wanted: Wanted::NOTHING,
};

/// NaN where there are no two frames of speech.
fn values(analysis: &Analysis, out: &mut Vec<f32>) {
    covariance::log_correlations(&analysis.in_speech(&DESCRIPTORS), out);
}
