//! The set `is09`: the 16 descriptors of the Interspeech 2009 emotion challenge, their changes, and 12 statistics of each:
//! 384 features, under openSMILE's names and with its numbers. `src/lld/opensmile/specifications/is09.md` defines them;
//! `sentire describe is09` lists them.

use super::{Analyses, Computation, Wanted, emobase};
use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::functional::opensmile::emobase::twelve;
use crate::lld::opensmile::emobase::Contours;

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::IS09,
    functionals: |_, analyses, audio, out| {
        emobase::statistics(contours(analyses, audio), twelve, out);
    },
    contours: |set, analyses, audio| emobase::table(contours(analyses, audio), set.llds()),
    deltas: Some(|set, analyses, audio| emobase::changes(contours(analyses, audio), set.deltas())),
    wanted: Wanted {
        is09: true,
        ..Wanted::NOTHING
    },
};

fn contours<'a>(analyses: &'a mut Analyses, audio: &Audio) -> &'a Contours {
    let contours = &analyses.emobase(audio).is09;
    contours.as_ref().expect("it is wanted")
}
