//! The set `emobase`: openSMILE's 26 descriptors, their changes, and 19 statistics of each: 988 features, under openSMILE's
//! names and with its numbers. `src/lld/opensmile/specifications/emobase.md` defines them; `sentire describe emobase` lists
//! them.

use super::{Analyses, Computation, Wanted};
use crate::audio::Audio;
use crate::catalogue::{FeatureSet, Lld};
use crate::functional::opensmile::emobase::{Sorting, nineteen};
use crate::lld::LldTable;
use crate::lld::opensmile::emobase::Contours;
use crate::lld::opensmile::rows;

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::EMOBASE,
    functionals: |_, analyses, audio, out| functionals(contours(analyses, audio), out),
    contours: |set, analyses, audio| table(contours(analyses, audio), set.llds()),
    deltas: Some(|set, analyses, audio| changes(contours(analyses, audio), set.deltas())),
    wanted: Wanted {
        emobase: true,
        ..Wanted::NOTHING
    },
};

fn contours<'a>(analyses: &'a mut Analyses, audio: &Audio) -> &'a Contours {
    let contours = &analyses.emobase(audio).emobase;
    contours.as_ref().expect("it is wanted")
}

/// The table of contours as openSMILE writes it: smoothed, one row more than there are frames. A recording without a frame
/// has one row, in which all is undefined. (Sections 8.3 and 11; IS09 has the same tables.)
pub(super) fn table(contours: &Contours, llds: Vec<Lld>) -> LldTable {
    LldTable {
        llds,
        hop_s: contours.hop_s,
        row_s: contours.frame_s,
        frames_of_rows: Some(times(contours, contours.frames + 1)),
        last_end_s: Some(contours.duration_s),
        contours: contours
            .contours
            .iter()
            .map(|x| smoothed(contours, x))
            .collect(),
    }
}

/// The table of changes as openSMILE writes it, with three rows more than there are frames. (openSMILE says of the last
/// three that all begin where the first of them does: no further row of descriptors is there.)
pub(super) fn changes(contours: &Contours, llds: Vec<Lld>) -> LldTable {
    let changes = |x: &Vec<f32>| match contours.frames {
        0 => vec![f32::NAN],
        _ => rows::changes(&smoothed(contours, x)),
    };
    LldTable {
        contours: contours.contours.iter().map(changes).collect(),
        frames_of_rows: Some(times(contours, contours.frames + 3)),
        ..table(contours, llds)
    }
}

/// The frames of 25 ms whose times so many rows bear: what has no row of descriptors, or no frame, has the time of the last.
fn times(contours: &Contours, rows: usize) -> Vec<usize> {
    let last = contours.contours[0].len().saturating_sub(1);
    let last = last.min(contours.frames);
    (0..rows).map(|row| row.min(last)).collect()
}

/// The rows of contour `x`.
fn smoothed(contours: &Contours, x: &[f32]) -> Vec<f32> {
    match contours.frames {
        0 => vec![f32::NAN],
        n => rows::smoothed(x, n),
    }
}

/// Appends the values of the features, `N` of each contour and then of the changes of each, to `out`; NaN where there is no
/// frame.
pub(super) fn statistics<const N: usize>(
    contours: &Contours,
    mut of: impl FnMut(&[f32]) -> [f32; N],
    out: &mut Vec<f32>,
) {
    let n = contours.frames;
    if n == 0 {
        out.extend(std::iter::repeat_n(
            f32::NAN,
            2 * N * contours.contours.len(),
        ));
        return;
    }
    let seen = rows::of_statistics(n);
    let rows: Vec<Vec<f32>> = contours
        .contours
        .iter()
        .map(|x| rows::smoothed(x, n))
        .collect();
    for rows in &rows {
        out.extend(of(&rows[..seen]));
    }
    for rows in &rows {
        out.extend(of(&rows::changes(rows)[..seen]));
    }
}

/// Appends the values of the 988 features to `out`.
fn functionals(contours: &Contours, out: &mut Vec<f32>) {
    let mut sorting = Sorting::default();
    statistics(contours, |x| nineteen(x, &mut sorting), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Extractor;
    use crate::lld::opensmile::example;

    fn example() -> Audio {
        let signal = example::signal().into_iter();
        Audio {
            samples: signal.map(|x| f32::from(x) / 32768.0).collect(),
            sample_rate: 16_000,
        }
    }

    fn row(table: &LldTable, frame: usize) -> Vec<f32> {
        table.contours.iter().map(|x| x[frame]).collect()
    }

    /// As equal as the digits that are given.
    #[track_caller]
    fn near(found: &[f32], expected: &[f64], bound: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f64::from(*f) - e).abs() <= bound * e.abs().max(1e-3),
                "{found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_tables_of_the_worked_example() {
        // Section 13.
        let mut extractor = Extractor::new(&[FeatureSet::EMOBASE]);
        let llds = extractor.llds(&example());
        assert_eq!(llds.frames(), 148);
        #[rustfmt::skip]
        near(&row(&llds, 20), &[4.9452819e-06, 1.3964344, 13.332551, 47.202892, 29.088457, 9.2446442, -15.620477, -29.859137, -33.58173, -20.557642, 3.1360123, 14.229957, 15.496974, 10.702401, 0.11745975, 0.19643654, 0.86718494, 1.3581778, 1.7262102, 2.1158218, 2.4385881, 2.7806118, 0.018333333, 0.84205037, 148.6949, 178.26263], 2e-5);
        #[rustfmt::skip]
        near(&row(&llds, 147), &[6.4177746e-10, 0.11020851, -38.64233, -10.324452, -5.7320304, 1.7548391, -1.4734534, 0.62941629, -8.5682783, 2.3187201, -4.2330742, -2.0106156, 0.51752609, -7.3409486, 0.6578818, 0.90267915, 1.2758251, 1.5430093, 1.8392059, 2.2013578, 2.5431311, 2.8183348, 0.45916668, 0.12449255, 0.0, 209.13756], 2e-5);
        assert_eq!(llds.span_s(0), (0.0, 0.025));
        assert_eq!(llds.span_s(147), (1.47, 1.5));
        let deltas = extractor.deltas(&example());
        assert_eq!(deltas.frames(), 150);
        #[rustfmt::skip]
        near(&row(&deltas, 20), &[4.3339055e-06, 0.25199667, 0.1564496, 0.37662163, 1.15485, 0.23605737, 1.7010224, -1.4524133, -0.26507893, -0.46904811, -0.6925965, 1.0139738, 1.6021492, -0.84134424, -0.0016482652, -0.0063493461, -0.00077155826, 0.018057907, -0.0044817207, -0.0066876649, -0.006751013, -0.0088940617, 0.0, -0.0023750425, -0.61294097, -8.5655155], 2e-4);
        assert_eq!(row(&deltas, 149), [0.0; 26]);
    }

    #[test]
    fn the_functionals_of_the_worked_example() {
        // Section 13: those of some contours.
        let values = Extractor::new(&[FeatureSet::EMOBASE]).functionals(&example());
        let columns = FeatureSet::EMOBASE.columns();
        #[rustfmt::skip]
        let expected = [
            ("pcm_loudness_sma", [3.93117, 0.0832166, 3.84795, 130.0, 79.0, 1.72247, 0.00354914, 1.46693, 0.95437, 1.24603, 1.1261, -0.184834, 1.82968, 0.499873, 1.92645, 2.611, 1.42657, 0.684554, 2.11113]),
            ("mfcc_sma[1]", [22.7678, -39.5819, 62.3496, 108.0, 143.0, 3.24275, 0.0316823, 0.961627, 20.0502, 533.029, 23.1255, -1.05209, 2.25851, -12.7652, 15.2431, 18.5424, 28.0083, 3.29926, 31.3076]),
            ("mfcc_sma[12]", [14.7914, -43.5226, 58.314, 56.0, 114.0, -7.07265, -0.324689, 16.3049, 10.4978, 167.077, 18.7557, -0.661145, 1.8379, -28.7817, 0.14055, 9.20788, 28.9223, 9.06733, 37.9896]),
            ("lspFreq_sma[3]", [1.57298, 1.16228, 0.4107, 74.0, 132.0, 1.36367, -0.000451967, 1.39621, 0.0971127, 0.0136394, 0.11831, 0.427126, 2.14556, 1.28699, 1.33608, 1.44145, 0.0490888, 0.105375, 0.154464]),
            ("pcm_zcr_sma", [0.51, 0.0175, 0.4925, 76.0, 16.0, 0.149902, 0.000105026, 0.14234, 0.177475, 0.0402335, 0.200631, 1.01156, 2.11415, 0.0183333, 0.0241667, 0.370833, 0.00583334, 0.346667, 0.3525]),
            ("voiceProb_sma", [0.926258, 0.126923, 0.799336, 107.0, 73.0, 0.683913, 0.000273569, 0.664216, 0.271271, 0.0964201, 0.310727, -1.03902, 2.21999, 0.407755, 0.849353, 0.906232, 0.441598, 0.0568795, 0.498477]),
            ("F0_sma", [300.422, 0.0, 300.422, 11.0, 0.0, 135.751, 0.26049, 116.996, 71.675, 7206.19, 85.5867, -0.633648, 2.03906, 53.6135, 157.442, 205.248, 103.828, 47.8065, 151.635]),
            ("F0env_sma", [227.252, 0.0, 227.252, 16.0, 0.0, 165.517, 0.789571, 108.668, 26.0672, 1531.52, 51.2226, -2.04987, 7.42024, 155.914, 166.607, 205.247, 10.6927, 38.6408, 49.3335]),
            ("pcm_loudness_sma_de", [0.764806, -0.831257, 1.59606, 95.0, 139.0, 9.80753e-05, -0.000917164, 0.0661338, 0.213916, 0.0825532, 0.289874, 0.0146908, 3.38436, -0.193501, 0.00171385, 0.142703, 0.195215, 0.140989, 0.336204]),
            ("mfcc_sma_de[1]", [13.5057, -15.4667, 28.9724, 93.0, 140.0, -0.0133155, -0.0229573, 1.63961, 2.12276, 14.5562, 3.93441, -0.305753, 9.17701, -0.441933, -0.0236433, 0.484558, 0.41829, 0.508201, 0.926491]),
            ("lspFreq_sma_de[3]", [0.0593726, -0.0759618, 0.135334, 139.0, 93.0, -4.89679e-05, 0.000111705, -0.00809174, 0.0173817, 0.000554821, 0.0240142, -0.303537, 3.92384, -0.0112316, 0.000517321, 0.0131929, 0.0117489, 0.0126755, 0.0244245]),
            ("voiceProb_sma_de", [0.169546, -0.180938, 0.350485, 92.0, 139.0, -1.57973e-05, -0.000314772, 0.0226478, 0.0278309, 0.00244906, 0.0512118, -0.223937, 8.24275, -0.00237504, 0.000110477, 0.00246342, 0.00248552, 0.00235295, 0.00483847]),
            ("F0_sma_de", [81.4177, -56.772, 138.19, 9.0, 139.0, 2.72332e-09, -0.0774833, 5.5788, 8.87032, 276.13, 16.9307, 1.00659, 10.7483, -1.43042, 0.0, 1.59827, 1.43042, 1.59827, 3.02869]),
        ];
        for (contour, expected) in expected {
            let first = columns
                .iter()
                .position(|column| column.name == format!("{contour}_max"));
            let found = &values[first.unwrap()..][..19];
            // 2.7e-9 is what rounding leaves of a sum of changes.
            near(found, &expected, 2e-4);
        }
    }

    #[test]
    fn short_recordings_have_the_rows_of_the_specification() {
        // Sections 8.3 and 11: rows of descriptors and of changes, and values or none. At 16 kHz frames are 640 and 400
        // samples long, 160 apart.
        let tone = |n| (0..n).map(|i| (i as f32 * 0.05).sin() * 0.3).collect();
        for (set, samples, frames) in [
            (FeatureSet::EMOBASE, 639, 0),
            (FeatureSet::EMOBASE, 640, 1),
            (FeatureSet::EMOBASE, 800, 2),
            (FeatureSet::EMOBASE, 960, 3),
            (FeatureSet::IS09, 399, 0),
            (FeatureSet::IS09, 400, 1),
            (FeatureSet::IS09, 560, 2),
            (FeatureSet::IS09, 720, 3),
        ] {
            let audio = Audio {
                samples: tone(samples),
                sample_rate: 16_000,
            };
            let mut extractor = Extractor::new(&[set]);
            let (llds, deltas) = (extractor.llds(&audio), extractor.deltas(&audio));
            let values = extractor.functionals(&audio);
            assert_eq!(values.len(), set.columns().len());
            assert!(
                values.iter().all(|x| x.is_finite() == (frames > 0)),
                "{set} {samples}"
            );
            let rows = (llds.frames(), deltas.frames());
            if frames == 0 {
                assert_eq!(rows, (1, 1));
                assert!(
                    row(&llds, 0)
                        .iter()
                        .chain(&row(&deltas, 0))
                        .all(|x| x.is_nan())
                );
                continue;
            }
            assert_eq!(rows, (frames + 1, frames + 3), "{set} {samples}");
            // Statistics see one row: the first.
            let per_contour = values.len() / (2 * llds.contours.len());
            let maxima: Vec<f32> = values.iter().step_by(per_contour).copied().collect();
            let first_rows = [row(&llds, 0), row(&deltas, 0)].concat();
            assert_eq!(maxima, first_rows, "{set} {samples}");
        }
    }

    #[test]
    fn both_sets_together_have_the_values_that_each_has_alone() {
        let sets = [FeatureSet::IS09, FeatureSet::EMOBASE];
        let together = Extractor::new(&sets).functionals(&example());
        let alone = sets.map(|set| Extractor::new(&[set]).functionals(&example()));
        assert_eq!(together, alone.concat());
    }
}
