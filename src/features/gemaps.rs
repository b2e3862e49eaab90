//! The older sets of the GeMAPS family: selections of the columns of [`egemaps`](super::egemaps), of one of two ways of
//! processing ([`Processing`]).

use super::{Analyses, Computation, Wanted, egemaps};
use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::catalogue::gemaps::Processing;
use crate::lld::LldTable;
use crate::lld::opensmile::egemaps::Contours;

pub(super) const fn computation(set: FeatureSet, processing: Processing) -> Computation {
    Computation {
        set,
        functionals,
        contours: table,
        deltas: None,
        wanted: match processing {
            // It has an analysis of its own.
            Processing::A => Wanted::NOTHING,
            Processing::B => egemaps::COMPUTATION.wanted,
        },
    }
}

fn contours<'a>(set: FeatureSet, analyses: &'a mut Analyses, audio: &Audio) -> &'a Contours {
    let processing = Processing::of(set).expect("a set of the family");
    egemaps::contours(analyses, audio, processing)
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
