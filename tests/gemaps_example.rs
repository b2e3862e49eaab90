//! The worked example of the specification of the GeMAPS family (section 6 of
//! `src/lld/opensmile/specifications/gemaps-family.md`): values of openSMILE's own stages with the processing of the sets
//! whose version ends in "a", for frame 20, which is voiced, and frame 80, which is noise, and what comes of them. (Steps
//! before the prediction: see the file of its unit tests, and `src/lld/opensmile/formant.rs`.)

use sentire::audio::Audio;
use sentire::catalogue::FeatureSet;
use sentire::catalogue::gemaps::Processing;
use sentire::features::Extractor;
use sentire::lld::opensmile::egemaps::Contours;
use sentire::lld::opensmile::{Plan, Wanted};

use crate::egemaps::test_signal;
use crate::egemaps_example::near;

const RATE: u32 = 16_000;

fn samples() -> Vec<f32> {
    let signal = test_signal(RATE);
    signal.iter().map(|&x| f32::from(x) / 32768.0).collect()
}

fn audio() -> Audio {
    Audio {
        samples: samples(),
        sample_rate: RATE,
    }
}

fn contours(processing: Processing) -> Contours {
    let wanted = Wanted {
        egemaps: true,
        ..Wanted::NOTHING
    };
    let analysis = Plan::new(RATE, processing).analyse(&samples(), wanted);
    analysis.egemaps.unwrap()
}

#[test]
fn formants() {
    let contours = contours(Processing::A);
    let of_frame = |frame: usize| [6, 9, 12, 7, 10, 13].map(|k: usize| contours.long[k][frame]);
    // Frequencies, then bandwidths.
    let voiced = [
        724.28558, 1983.4745, 2986.9998, 1031.1545, 790.17456, 646.22284,
    ];
    near(of_frame(20), &voiced, 1e-7);
    let noise = [
        427.8989, 1310.3058, 2177.2507, 1172.3867, 1067.0581, 993.29169,
    ];
    near(of_frame(80), &noise, 1e-7);
}

#[test]
fn which_periods_count_decides_jitter_and_shimmer() {
    let a = contours(Processing::A);
    // Frame, jitter, shimmer. In frames 22, 23 and 25 no period counts, and the values before are held.
    for (frame, jitter, shimmer) in [
        (10, 0.090973035, 0.26625502),
        (20, 0.016039608, 0.16912998),
        (21, 0.006915641, 0.29043695),
        (22, 0.006915641, 0.29043695),
        (23, 0.006915641, 0.29043695),
        (24, 0.016934456, 0.50656164),
        (25, 0.016934456, 0.50656164),
        (26, 0.00010555949, 0.39616984),
        (80, 0.0, 0.0),
    ] {
        near([a.long[1][frame]], &[jitter], 1e-7);
        near([a.long[2][frame]], &[shimmer], 1e-7);
    }
    // Correlations of at most one half, which processing "b" asks for more of.
    let b = contours(Processing::B);
    assert_eq!([b.long[1][10], b.long[2][10]], [0.0, 0.0]);
}

#[test]
fn a_row_of_descriptors() {
    let table = Extractor::new(&[FeatureSet::EGEMAPS_V01A]).llds(&audio());
    let row = [
        0.55210429,
        -41.174183,
        52.66943,
        0.024228767,
        -0.0040029022,
        0.21882875,
        39.40506,
        47.088612,
        34.179413,
        17.477358,
        28.350786,
        0.013269973,
        0.1592834,
        10.295403,
        3.5953245,
        56.666073,
        735.11743,
        1008.8945,
        -57.933197,
        2015.9557,
        -61.948589,
        2972.9719,
        -62.726788,
    ];
    near(table.contours.iter().map(|contour| contour[20]), &row, 2e-6);
    let minimalistic = Extractor::new(&[FeatureSet::GEMAPS_V01A]).llds(&audio());
    for (lld, contour) in minimalistic.llds.iter().zip(&minimalistic.contours) {
        assert_eq!(Some(&contour[..]), table.contour(&lld.name));
    }
}

#[test]
fn features() {
    let features = |set: FeatureSet| Extractor::new(&[set]).functionals(&audio());
    let (a, b) = (
        features(FeatureSet::EGEMAPS_V01A),
        features(FeatureSet::EGEMAPS_V01B),
    );
    // Those that the processing changes: of "a", of "b".
    let changed = [
        ("jitterLocal_sma3nz_amean", 0.0134638, 0.00502909),
        ("jitterLocal_sma3nz_stddevNorm", 1.77232, 0.438861),
        ("shimmerLocaldB_sma3nz_amean", 0.264159, 0.262653),
        ("shimmerLocaldB_sma3nz_stddevNorm", 0.415425, 0.43966),
        ("logRelF0-H1-A3_sma3nz_amean", 54.644, 54.8391),
        ("logRelF0-H1-A3_sma3nz_stddevNorm", 0.0824673, 0.0839389),
        ("F1frequency_sma3nz_amean", 744.685, 565.344),
        ("F1frequency_sma3nz_stddevNorm", 0.13778, 0.218008),
        ("F1bandwidth_sma3nz_amean", 1100.53, 1399.5),
        ("F1bandwidth_sma3nz_stddevNorm", 0.130775, 0.107674),
        ("F1amplitudeLogRelF0_sma3nz_amean", -91.8707, -65.0951),
        ("F1amplitudeLogRelF0_sma3nz_stddevNorm", -0.679531, -1.15724),
        ("F2frequency_sma3nz_amean", 1953.65, 1848.74),
        ("F2frequency_sma3nz_stddevNorm", 0.109288, 0.0797234),
        ("F2bandwidth_sma3nz_amean", 952.946, 1182.83),
        ("F2bandwidth_sma3nz_stddevNorm", 0.188542, 0.0928278),
        ("F2amplitudeLogRelF0_sma3nz_amean", -94.2071, -94.0637),
        (
            "F2amplitudeLogRelF0_sma3nz_stddevNorm",
            -0.615492,
            -0.617727,
        ),
        ("F3frequency_sma3nz_amean", 2954.8, 2963.64),
        ("F3frequency_sma3nz_stddevNorm", 0.0606312, 0.0616772),
        ("F3bandwidth_sma3nz_amean", 743.364, 1107.47),
        ("F3bandwidth_sma3nz_stddevNorm", 0.226598, 0.112733),
        ("F3amplitudeLogRelF0_sma3nz_amean", -94.6305, -94.7847),
        (
            "F3amplitudeLogRelF0_sma3nz_stddevNorm",
            -0.610949,
            -0.609167,
        ),
    ];
    for (k, name) in FeatureSet::EGEMAPS_V01A.names().enumerate() {
        match changed.iter().find(|(changed, ..)| *changed == name) {
            Some((_, of_a, of_b)) => {
                near([a[k]], &[*of_a], 1e-5);
                near([b[k]], &[*of_b], 1e-5);
            }
            None => near([a[k]], &[f64::from(b[k])], 1e-4),
        }
    }
    assert_eq!(features(FeatureSet::EGEMAPS), b);
    // The minimalistic sets have a part of them.
    for (set, of_extended) in [(FeatureSet::GEMAPS_V01A, a), (FeatureSet::GEMAPS, b)] {
        let names: Vec<String> = FeatureSet::EGEMAPS.names().collect();
        for (value, name) in features(set).into_iter().zip(set.names()) {
            let place = names.iter().position(|other| *other == name).unwrap();
            assert_eq!(value, of_extended[place], "{name}");
        }
    }
}
