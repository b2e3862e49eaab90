//! The worked example of the specification of eGeMAPSv02 (section 16.1 of
//! `src/lld/opensmile/specifications/egemaps-v02.md`), step by step: values of openSMILE's own stages for frame 20,
//! which is voiced, and frame 80, which is noise. (The features of the whole are among the signals of
//! `opensmile.json`.)

use sentire::catalogue::gemaps::Processing;
use sentire::features::egemaps;
use sentire::lld::opensmile::egemaps::F0_HZ;
use sentire::lld::opensmile::f0::Summation;
use sentire::lld::opensmile::mel::Mel;
use sentire::lld::opensmile::stream::{self, Stream};
use sentire::lld::opensmile::{LOWEST_BAND_HZ, Plan, Wanted};

use crate::egemaps::test_signal;

const RATE: u32 = 16_000;
/// Where frames 20 and 80 begin.
const STARTS: [usize; 2] = [20 * 160, 80 * 160];

/// The signal on the scale on which openSMILE computes.
fn samples() -> Vec<f32> {
    test_signal(RATE)
        .iter()
        .map(|&x| f32::from(x) / 32767.0)
        .collect()
}

/// As equal as the digits that are given.
#[track_caller]
pub fn near(found: impl IntoIterator<Item = f32>, expected: &[f64], bound: f64) {
    let found: Vec<f32> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        let difference = (f64::from(*f) - e).abs();
        assert!(
            difference <= bound * e.abs().max(1e-2),
            "{found:?}, not {expected:?}"
        );
    }
}

#[test]
fn the_signal_is_that_of_the_specification() {
    let signal = test_signal(RATE);
    assert_eq!(signal[..8], [2, -43, -25, 5, 59, -43, 27, -36]);
    assert_eq!(
        signal[3200..3208],
        [-4191, -3325, -2361, -1461, -483, 521, 1513, 2430]
    );
    let sum: i64 = signal.iter().map(|&x| i64::from(x)).sum();
    let squares: i64 = signal.iter().map(|&x| i64::from(x) * i64::from(x)).sum();
    assert_eq!(
        (signal.len(), sum, squares),
        (24_000, -114_965, 801_278_276_213)
    );
}

#[test]
fn spectra_and_bands() {
    let samples = samples();
    let mut short = Stream::new(RATE, 0.020, stream::hamming);
    short.load(&samples, &STARTS);
    short.transform();
    let lane = |stream: &Stream, lane: usize, bins: std::ops::RangeInclusive<usize>| -> Vec<f32> {
        stream.magnitude[bins].iter().map(|m| m.0[lane]).collect()
    };
    let voiced = [
        0.177484, 0.171657, 1.173748, 7.194916, 14.573299, 15.164063, 8.184498, 0.982448,
    ];
    near(lane(&short, 0, 0..=7), &voiced, 1e-5);
    let noise = [
        0.000735, 0.005511, 0.010342, 0.015010, 0.015935, 0.010191, 0.003574, 0.008915,
    ];
    near(lane(&short, 1, 0..=7), &noise, 1e-4);

    let mut long = Stream::new(RATE, 0.060, stream::gauss);
    long.load(&samples, &STARTS);
    near(long.rms().0[..2].to_vec(), &[0.105579, 0.000691], 1e-4);
    long.transform();
    let voiced = [
        0.488207, 2.955436, 26.051678, 51.125732, 26.727640, 2.679489, 0.475610,
    ];
    near(lane(&long, 0, 6..=12), &voiced, 1e-5);

    let mel = Mel::new(&short, LOWEST_BAND_HZ);
    let power: Vec<_> = short.magnitude.iter().map(|&m| m * m).collect();
    let bands = mel.bands(&power);
    let expected = [189.25702, 355.18915, 102.133514, 67.69693, 0.0057831598];
    near(
        [0, 1, 2, 3, 25].map(|b: usize| bands[b].0[0]),
        &expected,
        1e-5,
    );
}

#[test]
fn candidates_of_the_pitch() {
    let mut long = Stream::new(RATE, 0.060, stream::gauss);
    long.load(&samples(), &STARTS);
    long.transform();
    let mut summation = Summation::new(&long);
    summation.sum(&long.magnitude);
    let found = summation.candidates(F0_HZ);
    let voiced = found[0];
    near(
        voiced.map(|c| c.f0_hz),
        &[141.32718, 70.457756, 281.31833, 0.0, 0.0, 0.0],
        1e-6,
    );
    near(
        voiced.map(|c| c.voicing),
        &[0.807894, 0.755164, 0.368272, 0.0, 0.0, 0.0],
        1e-5,
    );
    near(
        voiced.map(|c| c.score),
        &[4.125311, 3.236853, 1.25449, 0.0, 0.0, 0.0],
        1e-6,
    );
    let noise = found[1];
    let f0_hz = [185.3717, 158.50864, 312.889, 411.8168, 393.39587, 560.7046];
    near(noise.map(|c| c.f0_hz), &f0_hz, 1e-5);
    let voicing = [0.443009, 0.435207, 0.42765, 0.413806, 0.401611, 0.399289];
    near(noise.map(|c| c.voicing), &voicing, 1e-5);
}

#[test]
fn descriptors_before_and_after_smoothing() {
    let samples: Vec<f32> = test_signal(RATE)
        .iter()
        .map(|&x| f32::from(x) / 32768.0)
        .collect();
    let wanted = Wanted {
        egemaps: true,
        ..Wanted::NOTHING
    };
    let analysis = Plan::new(RATE, Processing::B).analyse(&samples, wanted);
    let contours = analysis.egemaps.unwrap();
    assert_eq!(
        (contours.short[0].len(), contours.long[0].len()),
        (149, 145)
    );
    assert_eq!(contours.decided, 144);
    let short = |frame: usize| contours.short.iter().map(move |contour| contour[frame]);
    // Loudness, alpha, Hammarberg, slopes, flux, MFCC.
    let voiced = [
        0.577021, -38.716167, 50.221287, 0.014942, -0.006790, 0.222719, 39.320465, 42.231953,
        30.27328, 15.579448,
    ];
    near(short(20), &voiced, 1e-4);
    let noise = [
        0.111495, 6.174809, -2.382943, 0.038095, 0.018985, 0.008010, -9.483556, 1.004617, 0.533552,
        4.405787,
    ];
    near(short(80), &noise, 1e-4);
    let long = |frame: usize| contours.long.iter().map(move |contour| contour[frame]);
    // F0, jitter, shimmer, HNR, H1-H2, H1-A3, formants.
    let voiced = [
        28.338427, 0.007806, 0.169130, 10.296388, 3.587041, 58.161896, 412.53, 1358.91, -9.622893,
        1636.72, 1378.55, -61.307693, 2741.36, 1408.77, -64.19775,
    ];
    near(long(20), &voiced, 1e-4);
    let noise = [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 352.89, 1641.70, -201.0, 1244.79, 1199.55, -201.0, 2169.23,
        1007.35, -201.0,
    ];
    near(long(80), &noise, 1e-4);

    let table = egemaps::table(&contours);
    let row = [
        0.552104, -41.174183, 52.669415, 0.024229, -0.004003, 0.218829, 39.40505, 47.088623,
        34.17941, 17.477346, 28.350784, 0.007677, 0.158414, 10.295402, 3.595325, 56.645252,
        526.94684, 1263.0308, -25.832022, 1832.682, 1218.0602, -61.674763, 2916.6614, 1108.1569,
        -62.705967,
    ];
    near(table.contours.iter().map(|contour| contour[20]), &row, 1e-4);
}
