//! The older sets of the GeMAPS family: selections of the columns of [`egemaps`](super::egemaps), of one of two ways of
//! processing ([`Processing`]).

use super::{Analyses, Computation, Wanted, egemaps};
use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::catalogue::gemaps::Processing;
use crate::lld::LldTable;
use crate::lld::opensmile::egemaps::Contours;

pub(super) const GEMAPS_COMPUTATION: Computation = Computation {
    set: FeatureSet::GEMAPS,
    functionals: |analyses, audio, out| functionals(FeatureSet::GEMAPS, analyses, audio, out),
    contours: |analyses, audio| table(FeatureSet::GEMAPS, analyses, audio),
    wanted: egemaps::COMPUTATION.wanted,
    deltas: None,
};

pub(super) const GEMAPS_V01A_COMPUTATION: Computation = Computation {
    set: FeatureSet::GEMAPS_V01A,
    functionals: |analyses, audio, out| functionals(FeatureSet::GEMAPS_V01A, analyses, audio, out),
    contours: |analyses, audio| table(FeatureSet::GEMAPS_V01A, analyses, audio),
    // It has an analysis of its own.
    wanted: Wanted::NOTHING,
    deltas: None,
};

pub(super) const EGEMAPS_V01A_COMPUTATION: Computation = Computation {
    set: FeatureSet::EGEMAPS_V01A,
    functionals: |analyses, audio, out| functionals(FeatureSet::EGEMAPS_V01A, analyses, audio, out),
    contours: |analyses, audio| table(FeatureSet::EGEMAPS_V01A, analyses, audio),
    wanted: Wanted::NOTHING,
    deltas: None,
};

pub(super) const EGEMAPS_V01B_COMPUTATION: Computation = Computation {
    set: FeatureSet::EGEMAPS_V01B,
    functionals: |analyses, audio, out| functionals(FeatureSet::EGEMAPS_V01B, analyses, audio, out),
    contours: |analyses, audio| table(FeatureSet::EGEMAPS_V01B, analyses, audio),
    wanted: egemaps::COMPUTATION.wanted,
    deltas: None,
};

fn contours<'a>(set: FeatureSet, analyses: &'a mut Analyses, audio: &Audio) -> &'a Contours {
    match Processing::of(set) {
        Some(Processing::A) => {
            let contours = &analyses.opensmile_a(audio).egemaps;
            contours.as_ref().expect("it is wanted")
        }
        _ => egemaps::contours(analyses, audio),
    }
}

/// Appends those of the features of `egemaps` that `set` has.
fn functionals(set: FeatureSet, analyses: &mut Analyses, audio: &Audio, out: &mut Vec<f32>) {
    let mut all = Vec::new();
    egemaps::functionals(contours(set, analyses, audio), &mut all);
    let columns = FeatureSet::EGEMAPS.columns().iter().zip(all);
    // Both in the same order.
    let mut wanted = set.columns().iter().peekable();
    out.extend(columns.filter_map(|(column, value)| {
        wanted
            .next_if(|wanted| wanted.name == column.name)
            .map(|_| value)
    }));
}

fn table(set: FeatureSet, analyses: &mut Analyses, audio: &Audio) -> LldTable {
    egemaps::table(contours(set, analyses, audio)).only(set.llds())
}
